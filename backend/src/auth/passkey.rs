//! Passkeys (WebAuthn, W3C Level 2): a key of a device or a password manager in place of the password. The device asks its owner for a
//! finger, a face or a PIN, so that one is two factors in itself, and it signs for our address alone, so that no copy of our pages
//! gets anything.
//!
//! The owner is found by the key and need not be named: nobody learns by asking who has an account. What a ceremony began with
//! travels in a signed note (`note.rs`). It could be shown twice, so a key takes only what was begun after it was used last: of the
//! same answer the second finds that it has been.

use super::{
    jwt::Access,
    session::{Granted, Sessions, SignInError},
};
use crate::{
    accounts::mailbox::Letter,
    db::{DbError, System},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cartwheel_domain::ids::{MemberId, PasskeyId};
use cartwheel_entity::{member, passkey};
use sea_orm::{ActiveValue::Set, ColumnTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use std::{net::IpAddr, sync::Arc};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder,
};

/// Passkeys somebody has at most.
const MOST: u64 = 20;
/// Longest name of one, characters.
pub const LONGEST_NAME: usize = 60;
/// Longest answer of a browser that is looked at, bytes.
const ANSWER: usize = 64 * 1_024;
/// Tries with one note.
const TRIES: usize = 5;

const NEW: &str = "new passkey";
const SIGN_IN: &str = "passkey";

/// Where passkeys are good.
#[derive(Clone)]
pub struct Passkeys(Arc<Webauthn>);

impl Passkeys {
    /// At the console's address; `None` where browsers have no passkeys: at a bare IP address, or without TLS on anything but
    /// `localhost`.
    pub fn at(public_url: &str) -> Option<Self> {
        let origin = Url::parse(public_url).ok()?;
        let host = origin.domain()?.to_owned();
        if origin.scheme() != "https" && host != "localhost" {
            return None;
        }
        let webauthn = WebauthnBuilder::new(&host, &origin).ok()?.rp_name("Cartwheel").build().ok()?;
        Some(Self(Arc::new(webauthn)))
    }
}

/// A ceremony that has begun.
pub struct Begun {
    /// To bring back with the browser's answer.
    pub note: String,
    /// What the browser needs, JSON: `{"publicKey": …}`, binary values in base64url.
    pub options: serde_json::Value,
}

/// What a key is being made for.
#[derive(Serialize, Deserialize)]
struct Making {
    member: uuid::Uuid,
    session: uuid::Uuid,
    state: PasskeyRegistration,
}

impl Sessions {
    /// The same, with passkeys.
    #[must_use]
    pub fn with_passkeys(mut self, passkeys: Option<Passkeys>) -> Self {
        self.passkeys = passkeys;
        self
    }

    /// Whether there are passkeys here.
    pub fn has_passkeys(&self) -> bool {
        self.passkeys.is_some()
    }

    fn webauthn(&self) -> Result<&Webauthn, SignInError> {
        self.passkeys.as_ref().map(|it| it.0.as_ref()).ok_or(SignInError::NotOffered)
    }

    /// A member's passkeys, the oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn passkeys(&self, member: MemberId) -> Result<Vec<passkey::Model>, DbError> {
        let mut tx = self.db.read().await?;
        let system = tx.system().await?;
        Ok(passkeys_of(&system, member).await?)
    }

    /// Begins to add a passkey, for the password: whoever finds an open browser adds none.
    ///
    /// # Errors
    /// [`SignInError`]: the password is wrong, there are too many, the server has no passkeys.
    pub async fn start_passkey(&self, access: Access, password: &str) -> Result<Begun, SignInError> {
        let webauthn = self.webauthn()?;
        let row = self.shown(access, password).await?;
        let known = self.passkeys(access.member).await?;
        if known.len() as u64 >= MOST {
            return Err(SignInError::TooMany);
        }
        let known = known.iter().filter_map(|row| URL_SAFE_NO_PAD.decode(&row.credential).ok());
        let known = known.collect();
        let (options, state) =
            webauthn.start_passkey_registration(row.id, &row.email, &row.name, Some(known)).map_err(fault)?;
        let mut options = serde_json::to_value(options).map_err(fault)?;
        // Sign-in names nobody, so the key must know whose it is.
        let selection = &mut options["publicKey"]["authenticatorSelection"];
        selection["residentKey"] = "required".into();
        selection["requireResidentKey"] = true.into();
        let making = Making { member: row.id, session: access.session.uuid(), state };
        Ok(Begun { note: self.note(NEW, &making)?, options })
    }

    /// Adds a passkey that a browser has made.
    ///
    /// # Errors
    /// [`SignInError`]: the note is of another session or too old, the answer is none, the name cannot be one, there are too many.
    pub async fn add_passkey(
        &self,
        access: Access,
        note: &str,
        answer: &str,
        name: &str,
    ) -> Result<PasskeyId, SignInError> {
        let webauthn = self.webauthn()?;
        let name = named(name)?;
        let making = self.noted::<Making>(NEW, note).ok_or(SignInError::NoChallenge)?.said;
        if making.member != access.member.uuid() || making.session != access.session.uuid() {
            return Err(SignInError::NoChallenge);
        }
        let answer: RegisterPublicKeyCredential = read(answer)?;
        let made = webauthn.finish_passkey_registration(&answer, &making.state).map_err(unconvincing)?;
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        let row = held(&system, making.member).await?.ok_or(SignInError::Over)?;
        let mine = passkey::Column::MemberId.eq(row.id);
        if system.find::<passkey::Entity>().filter(mine).count(system.on()).await? >= MOST {
            return Err(SignInError::TooMany);
        }
        let credential = URL_SAFE_NO_PAD.encode(made.cred_id());
        if by_credential(&system, &credential).await?.is_some() {
            return Err(SignInError::AlreadyOn);
        }
        let id: PasskeyId = self.env.id();
        let new = passkey::ActiveModel {
            id: Set(id.uuid()),
            member_id: Set(row.id),
            credential: Set(credential),
            public_key: Set(serde_json::to_string(&made).map_err(fault)?),
            name: Set(name),
            created_at: Set(self.env.now()),
            last_used_at: Set(None),
        };
        system.insert::<passkey::Entity>(new).await?;
        self.tell(&system, &row, Letter::PasskeyAdded).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Takes a passkey away, for the password. Sessions it has opened stay.
    ///
    /// # Errors
    /// [`SignInError`]: the password is wrong. `false` when there is no such passkey.
    pub async fn remove_passkey(
        &self,
        access: Access,
        id: PasskeyId,
        password: &str,
    ) -> Result<bool, SignInError> {
        let row = self.shown(access, password).await?;
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        let gone = system
            .delete::<passkey::Entity>()
            .filter(passkey::Column::Id.eq(id.uuid()))
            .filter(passkey::Column::MemberId.eq(row.id))
            .exec(system.on())
            .await?;
        if gone.rows_affected == 0 {
            return Ok(false);
        }
        self.tell(&system, &row, Letter::PasskeyRemoved).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Begins to sign somebody in by a passkey, whoever it is.
    ///
    /// # Errors
    /// [`SignInError::NotOffered`].
    pub fn start_passkey_sign_in(&self) -> Result<Begun, SignInError> {
        let (mut options, state) = self.webauthn()?.start_discoverable_authentication().map_err(fault)?;
        // By a button and not by a field's suggestions.
        options.mediation = None;
        let note = self.note(SIGN_IN, &state)?;
        Ok(Begun { note, options: serde_json::to_value(options).map_err(fault)? })
    }

    /// Opens a session for what a passkey has signed. It counts as password and code.
    ///
    /// # Errors
    /// [`SignInError`]: the note is too old or was used, nobody has this passkey, the signature is not its own.
    pub async fn finish_passkey_sign_in(
        &self,
        note: &str,
        answer: &str,
        address: Option<IpAddr>,
        agent: &str,
    ) -> Result<Granted, SignInError> {
        let webauthn = self.webauthn()?;
        let begun =
            self.noted::<DiscoverableAuthentication>(SIGN_IN, note).ok_or(SignInError::NoChallenge)?;
        let answer: PublicKeyCredential = read(answer)?;
        let account = format!("passkey {note}");
        if let Some(seconds) = self.throttle.wait_of(address, &account, TRIES, self.env.now()) {
            return Err(SignInError::Throttled(seconds));
        }
        self.throttle.tried(address, &account, self.env.now());
        let (member, credential) =
            webauthn.identify_discoverable_authentication(&answer).map_err(unconvincing)?;
        let credential = URL_SAFE_NO_PAD.encode(credential);
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        // The member is held before the key is read: of two answers at once the second sees what the first has written.
        let owner = held(&system, member).await?.ok_or(SignInError::Refused)?;
        let row = by_credential(&system, &credential).await?.filter(|row| row.member_id == owner.id);
        let row = row.ok_or(SignInError::Refused)?;
        let mut key: Passkey = serde_json::from_str(&row.public_key).map_err(fault)?;
        let shown = webauthn
            .finish_discoverable_authentication_v2(&answer, begun.said, DiscoverableKey::from(&key))
            .map_err(unconvincing)?;
        if row.last_used_at.is_some_and(|used| begun.at <= used) {
            return Err(SignInError::NoChallenge);
        }
        let mut change =
            passkey::ActiveModel { last_used_at: Set(Some(self.env.now())), ..Default::default() };
        if key.update_credential(&shown) == Some(true) {
            change.public_key = Set(serde_json::to_string(&key).map_err(fault)?);
        }
        let this = passkey::Column::Id.eq(row.id);
        system.update::<passkey::Entity>().set(change).filter(this).exec(system.on()).await?;
        let granted = self.open(&system, &owner, agent, true).await?;
        tx.commit().await?;
        self.throttle.succeeded(address, &account);
        Ok(granted)
    }
}

/// A name as it is kept.
fn named(name: &str) -> Result<String, SignInError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(SignInError::Invalid("name", format!("1 to {LONGEST_NAME} characters")));
    }
    Ok(name.to_owned())
}

/// What a browser said, in the form it says it (`PublicKeyCredential.toJSON`).
fn read<T: serde::de::DeserializeOwned>(answer: &str) -> Result<T, SignInError> {
    let bounded = (answer.len() <= ANSWER).then_some(answer);
    bounded.and_then(|answer| serde_json::from_str(answer).ok()).ok_or(SignInError::Refused)
}

async fn passkeys_of(system: &System<'_>, member: MemberId) -> Result<Vec<passkey::Model>, sea_orm::DbErr> {
    let query = system
        .find::<passkey::Entity>()
        .filter(passkey::Column::MemberId.eq(member.uuid()))
        .order_by_asc(passkey::Column::CreatedAt)
        .order_by_asc(passkey::Column::Id)
        .limit(MOST);
    query.all(system.on()).await
}

async fn by_credential(
    system: &System<'_>,
    credential: &str,
) -> Result<Option<passkey::Model>, sea_orm::DbErr> {
    let this = passkey::Column::Credential.eq(credential);
    system.find::<passkey::Entity>().filter(this).one(system.on()).await
}

/// A member, held until the commit.
pub(super) async fn held(
    system: &System<'_>,
    id: uuid::Uuid,
) -> Result<Option<member::Model>, sea_orm::DbErr> {
    let query = system.find::<member::Entity>().filter(member::Column::Id.eq(id)).lock_exclusive();
    query.one(system.on()).await
}

fn unconvincing(e: webauthn_rs::prelude::WebauthnError) -> SignInError {
    tracing::info!(reason = %e, "a passkey was refused");
    SignInError::Refused
}

fn fault(e: impl std::fmt::Display) -> SignInError {
    SignInError::Fault(e.to_string())
}
