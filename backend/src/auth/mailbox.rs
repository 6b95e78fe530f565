//! What is done through a mailbox: making an account, and choosing another password.
//!
//! Whoever asks is told the same whether the address has an account or not, after the same work; only the mailbox learns more.
//! The link's token works once. A password chosen by it ends all sessions and is told to the mailbox.

use super::session::{Granted, Sessions, SignInError};
use crate::{
    accounts::{
        mailbox::{self, Letter, Mail, Purpose},
        service::{OrganisationKind, make_organisation},
        team,
    },
    db::{DbError, System},
};
use cartwheel_domain::{contact_point::EmailAddress, ids::MemberId, locale::Language};
use cartwheel_entity::{member, session};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, sea_query::Expr};
use std::net::IpAddr;

/// Mails one address may be asked to be sent in an hour before the asker is told to wait; far fewer go out.
const ASKS: usize = 10;

/// What the service can do through mailboxes.
#[derive(Clone)]
pub struct Mailbox {
    /// Whether strangers may make accounts.
    pub sign_up: bool,
}

/// Somebody who takes an invitation up.
#[derive(Debug, Clone, Copy)]
pub struct Join<'a> {
    /// The token of the link.
    pub token: &'a str,
    /// The name of somebody new.
    pub name: &'a str,
    /// A member's password, or the one somebody new chooses.
    pub password: &'a str,
    /// The language of somebody new.
    pub language: Language,
}

/// Somebody who makes an account.
#[derive(Debug, Clone, Copy)]
pub struct SignUp<'a> {
    /// The token of the link.
    pub token: &'a str,
    /// As colleagues see them.
    pub name: &'a str,
    /// The name of what they work for.
    pub organisation: &'a str,
    /// Whether it looks after the stores of others.
    pub agency: bool,
    /// The password they choose.
    pub password: &'a str,
    /// The console's language for them.
    pub language: Language,
}

impl Sessions {
    /// The same, sending mails.
    #[must_use]
    pub fn with_mailbox(mut self, mailbox: Mailbox) -> Self {
        self.mailbox = Some(mailbox);
        self
    }

    /// Whether a forgotten password can be replaced, and whether strangers may make accounts.
    pub fn ways(&self) -> (bool, bool) {
        (self.mailbox.is_some(), self.mailbox.as_ref().is_some_and(|m| m.sign_up))
    }

    fn mailbox(&self, purpose: Purpose) -> Result<&Mailbox, SignInError> {
        let open = self.mailbox.as_ref().filter(|m| purpose == Purpose::Reset || m.sign_up);
        open.ok_or(SignInError::NotOffered)
    }

    /// Asks for a mail with a link. What comes of it only the mailbox is told.
    ///
    /// # Errors
    /// [`SignInError`]: not offered here, no address, too often.
    pub async fn ask(
        &self,
        purpose: Purpose,
        email: &str,
        language: Language,
        address: Option<IpAddr>,
    ) -> Result<(), SignInError> {
        self.mailbox(purpose)?;
        let master = &self.master;
        let email: EmailAddress = email
            .parse()
            .map_err(|_| SignInError::Invalid("email", "an address such as ann@example.com".into()))?;
        let asked = format!("{} {}", purpose.as_str(), email.as_str());
        if let Some(seconds) = self.asks.wait_of(address, &asked, ASKS, self.env.now()) {
            return Err(SignInError::Throttled(seconds));
        }
        self.asks.tried(address, &asked, self.env.now());
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        let known = member_of(&system, &email).await?;
        let language = known.as_ref().and_then(|m| m.language.parse().ok()).unwrap_or(language);
        let letter = |token: String| match (purpose, &known) {
            (Purpose::SignUp, None) => Letter::SignUp { token },
            (Purpose::SignUp, Some(_)) => Letter::Known,
            (Purpose::Reset, Some(_)) => Letter::Reset { token },
            (Purpose::Reset, None) => Letter::Nothing,
        };
        mailbox::send_token(&system, &self.env, master, purpose, (&email, language), letter).await?;
        Ok(tx.commit().await?)
    }

    /// Whose mailbox a link came from; `None` when it leads nowhere any more.
    ///
    /// # Errors
    /// What the database says.
    pub async fn address_of(
        &self,
        purpose: Purpose,
        token: &str,
    ) -> Result<Option<EmailAddress>, SignInError> {
        let mut tx = self.db.read().await?;
        let system = tx.system().await?;
        let Some(email) = mailbox::address_of(&system, &self.env, purpose, token).await? else {
            return Ok(None);
        };
        // Of an address that has an account by now, a link that makes one leads nowhere; of one without, the other.
        let known = member_of(&system, &email).await?.is_some();
        Ok((known == (purpose == Purpose::Reset)).then_some(email))
    }

    /// Makes an account and its organisation, and signs in.
    ///
    /// # Errors
    /// [`SignInError`]: the link leads nowhere, a name or a password that cannot be one.
    pub async fn sign_up(&self, new: SignUp<'_>, agent: &str) -> Result<Granted, SignInError> {
        self.mailbox(Purpose::SignUp)?;
        let email = self.address_of(Purpose::SignUp, new.token).await?.ok_or(SignInError::NoLink)?;
        let named =
            |field, text| team::name(field, text).map_err(|_| SignInError::Invalid(field, team::NAME.into()));
        let (name, organisation) = (named("name", new.name)?, named("organisation", new.organisation)?);
        let names = vec![name.clone(), organisation.clone(), email.to_string()];
        let password_hash = self.chosen(new.password, names).await?;

        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        if !mailbox::use_up(&system, &self.env, new.token, &email).await?
            || member_of(&system, &email).await?.is_some()
        {
            return Err(SignInError::NoLink);
        }
        let member: MemberId = self.env.id();
        let row = member::ActiveModel {
            id: Set(member.uuid()),
            email: Set(email.to_string()),
            name: Set(name),
            password_hash: Set(password_hash),
            language: Set(new.language.code().into()),
            created_at: Set(self.env.now()),
        };
        system.insert::<member::Entity>(row).await?;
        let row = member_of(&system, &email).await?.ok_or(SignInError::NoLink)?;
        let kind = if new.agency { OrganisationKind::Agency } else { OrganisationKind::Merchant };
        make_organisation(&mut tx, &self.env, member, organisation, kind).await?;
        tx.commit().await?;
        self.begin(&row, agent).await
    }

    /// Chooses another password by a link, ends all sessions, and signs in.
    ///
    /// # Errors
    /// [`SignInError`]: the link leads nowhere, a password that cannot be one.
    pub async fn reset(&self, token: &str, password: &str, agent: &str) -> Result<Granted, SignInError> {
        self.mailbox(Purpose::Reset)?;
        let master = &self.master;
        let email = self.address_of(Purpose::Reset, token).await?.ok_or(SignInError::NoLink)?;
        let found = {
            let mut tx = self.db.read().await?;
            member_of(&tx.system().await?, &email).await?
        };
        let row = found.ok_or(SignInError::NoLink)?;
        let hash = self.chosen(password, vec![row.name, row.email]).await?;

        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        if !mailbox::use_up(&system, &self.env, token, &email).await? {
            return Err(SignInError::NoLink);
        }
        system
            .update::<member::Entity>()
            .col_expr(member::Column::PasswordHash, Expr::value(hash))
            .filter(member::Column::Id.eq(row.id))
            .exec(system.on())
            .await?;
        system
            .update::<session::Entity>()
            .col_expr(session::Column::EndedAt, Expr::value(self.env.now()))
            .filter(session::Column::MemberId.eq(row.id))
            .filter(session::Column::EndedAt.is_null())
            .exec(system.on())
            .await?;
        let row = member_of(&system, &email).await?.ok_or(SignInError::NoLink)?;
        mailbox::queue(&system, &self.env, master, &changed(&row)).await?;
        tx.commit().await?;
        // Whoever guessed at the old password has guessed in vain; who reads the mailbox is let in.
        self.throttle.forget(email.as_str());
        self.begin(&row, agent).await
    }

    /// Tells a mailbox that the password was changed, and makes links that could change it lead nowhere.
    pub(super) async fn tell_changed(&self, system: &System<'_>, row: &member::Model) -> Result<(), DbError> {
        if self.mailbox.is_none() {
            return Ok(());
        }
        if let Ok(email) = row.email.parse() {
            mailbox::overtake(system, &self.env, &email).await?;
        }
        mailbox::queue(system, &self.env, &self.master, &changed(row)).await
    }
}

fn changed(row: &member::Model) -> Mail {
    let language = row.language.parse().unwrap_or(Language::En);
    Mail { to: row.email.clone(), language, letter: Letter::PasswordChanged }
}

async fn member_of(system: &System<'_>, email: &EmailAddress) -> Result<Option<member::Model>, DbError> {
    let query = system.find::<member::Entity>().filter(member::Column::Email.eq(email.as_str()));
    Ok(query.one(system.on()).await?)
}
