//! Mails of the service itself, to members and to those who would be, never to shoppers; and the tokens in them that prove
//! who reads a mailbox.
//!
//! A mail is queued in the transaction that makes it necessary and deleted once it is handed over. Until then it is sealed,
//! since its link opens an account. `post` puts it into words and hands it over.

use super::{
    keys::{MasterKey, Place},
    service::key_hash,
};
use crate::{
    clock::Env,
    db::{DbError, Role, System},
};
use cartwheel_domain::{
    contact_point::EmailAddress,
    ids::MailId,
    locale::Language,
    time::{DAY, HOUR, Millis},
};
use cartwheel_entity::{mail_token, service_mail};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use serde::{Deserialize, Serialize};

/// How long a mail that tells something is tried to be handed over.
const NEWS: Millis = 3 * DAY;

/// Tokens of one address and purpose in an hour. More than these nobody needs, and nobody's mailbox is filled by a stranger.
const TOKENS: u64 = 3;

/// What a token in a mail is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To make an account.
    SignUp,
    /// To choose another password.
    Reset,
}

impl Purpose {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::Reset => "reset",
        }
    }

    /// How long its link works.
    pub const fn life(self) -> Millis {
        match self {
            Self::SignUp => DAY,
            Self::Reset => HOUR,
        }
    }
}

/// What owners are told of what they pay for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillingNews {
    /// A share of a month's cap is used.
    Usage {
        /// A channel's name, or `contacts`.
        measure: String,
        /// 80 or 100.
        percent: i64,
        /// So many.
        used: i64,
        /// Of so many.
        cap: i64,
        /// When the next month begins.
        until: Millis,
    },
    /// The trial is about to end.
    TrialEnds {
        /// When.
        at: Millis,
    },
    /// A payment failed, and sending goes on until then.
    PaymentFailed {
        /// When it pauses.
        until: Millis,
    },
    /// A payment has been missing for too long: sending pauses.
    Unpaid,
    /// It has been over for a while, and then the people in the stores are erased.
    Erasure {
        /// When.
        at: Millis,
    },
    /// The subscription is over, and everything is kept until then.
    Ended {
        /// Until when.
        until: Millis,
    },
}

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Letter {
    /// Somebody is asked to join an organisation.
    Invitation {
        /// Its name.
        organisation: String,
        /// Who asks.
        by: String,
        /// What they may do.
        role: String,
        /// For the link.
        token: String,
    },
    /// The link that makes an account.
    SignUp {
        /// For the link.
        token: String,
    },
    /// An account was wanted for an address that has one.
    Known,
    /// The link that chooses another password.
    Reset {
        /// For the link.
        token: String,
    },
    /// The password was changed.
    PasswordChanged,
    /// A code is asked for from now on.
    SecondFactorOn,
    /// No code is asked for any more.
    SecondFactorOff,
    /// The recovery codes were replaced.
    RecoveryCodesRenewed,
    /// A recovery code was used.
    RecoveryCodeUsed {
        /// How many are left.
        left: u64,
    },
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// An account at a provider signs one in from now on.
    ProviderConnected {
        /// The provider's name.
        provider: String,
    },
    /// It does not any more.
    ProviderDisconnected {
        /// The provider's name.
        provider: String,
    },
    /// The staff of this service asks to be let into a store.
    AccessAsked {
        /// The store, for the link.
        store_id: String,
        /// The store's name.
        store: String,
        /// Who asks.
        by: String,
        /// Why.
        reason: String,
        /// For how many hours.
        hours: i64,
    },
    /// Something of what the organisation pays for.
    Billing {
        /// Its name.
        organisation: String,
        /// Where its plan is shown, from the service's address on.
        page: String,
        /// What.
        news: BillingNews,
    },
    /// An endpoint of a store's outgoing webhooks was switched off.
    WebhookOff {
        /// The store's name.
        store: String,
        /// The endpoint's host.
        host: String,
        /// Where it is shown, from the service's address on.
        page: String,
        /// It said so itself; else nothing has reached it for days.
        gone: bool,
    },
    /// Nothing: what is asked for an unknown address costs as much as for a known one, and nothing goes out.
    Nothing,
}

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Whom it goes to.
    pub to: String,
    /// The language it is written in.
    pub language: Language,
    /// What it says.
    pub letter: Letter,
}

/// Queues a mail that is of use until `expires`.
async fn queue_until(
    system: &System<'_>,
    env: &Env,
    master: &MasterKey,
    mail: &Mail,
    expires: Millis,
) -> Result<(), DbError> {
    let id: MailId = env.id();
    let text = serde_json::to_string(mail).map_err(|e| DbError::Orm(sea_orm::DbErr::Json(e.to_string())))?;
    let row = service_mail::ActiveModel {
        id: Set(id.uuid()),
        sealed: Set(master.seal(system, env, Place::Mail(id), &text).await?),
        attempts: Set(0),
        created_at: Set(env.now()),
        due_at: Set(env.now()),
        expires_at: Set(expires),
    };
    system.insert::<service_mail::Entity>(row).await
}

/// Queues a mail, in the transaction of what it tells.
///
/// # Errors
/// What the database says.
pub async fn queue(system: &System<'_>, env: &Env, master: &MasterKey, mail: &Mail) -> Result<(), DbError> {
    queue_until(system, env, master, mail, env.now() + NEWS).await
}

/// What a queued mail says; `None` when it does not open.
///
/// # Errors
/// Its key is wrapped by a master key that is not at hand; what the database says.
pub async fn open(
    system: &System<'_>,
    master: &MasterKey,
    row: &service_mail::Model,
) -> Result<Option<Mail>, DbError> {
    let text = master.unseal(system, Place::Mail(MailId(row.id)), &row.sealed).await?;
    Ok(text.and_then(|text| serde_json::from_str(text.expose()).ok()))
}

/// An invitation's mail.
#[derive(Debug, Clone, Copy)]
pub struct Invited<'a> {
    /// Whom it goes to.
    pub to: &'a str,
    /// The inviter's language.
    pub language: Language,
    /// The organisation's name.
    pub organisation: &'a str,
    /// The inviter's name.
    pub by: &'a str,
    /// What they may do.
    pub role: Role,
    /// For the link.
    pub token: &'a str,
    /// When the link stops working.
    pub expires: Millis,
}

/// Queues an invitation's mail.
///
/// # Errors
/// What the database says.
pub async fn queue_invitation(
    system: &System<'_>,
    env: &Env,
    master: &MasterKey,
    invited: Invited<'_>,
) -> Result<(), DbError> {
    let letter = Letter::Invitation {
        organisation: invited.organisation.to_owned(),
        by: invited.by.to_owned(),
        role: invited.role.as_str().to_owned(),
        token: invited.token.to_owned(),
    };
    let mail = Mail { to: invited.to.to_owned(), language: invited.language, letter };
    queue_until(system, env, master, &mail, invited.expires).await
}

/// Makes a token for an address and queues what `letter` makes of it, unless the address has had its share of this hour.
/// What is written is the same whatever the letter is, so that the time it takes tells nothing.
///
/// # Errors
/// What the database says.
pub async fn send_token(
    system: &System<'_>,
    env: &Env,
    master: &MasterKey,
    purpose: Purpose,
    (to, language): (&EmailAddress, Language),
    letter: impl FnOnce(String) -> Letter,
) -> Result<(), DbError> {
    let recent = system
        .find::<mail_token::Entity>()
        .filter(mail_token::Column::Email.eq(to.as_str()))
        .filter(mail_token::Column::Purpose.eq(purpose.as_str()))
        .filter(mail_token::Column::CreatedAt.gt(env.now() - HOUR))
        .count(system.on())
        .await?;
    if recent >= TOKENS {
        return Ok(());
    }
    let token = env.secret::<24>("cwm_");
    let expires = env.now() + purpose.life();
    let row = mail_token::ActiveModel {
        token_hash: Set(key_hash(&token)),
        purpose: Set(purpose.as_str().into()),
        email: Set(to.as_str().into()),
        created_at: Set(env.now()),
        expires_at: Set(expires),
        used_at: Set(None),
    };
    system.insert::<mail_token::Entity>(row).await?;
    let mail = Mail { to: to.as_str().into(), language, letter: letter(token) };
    queue_until(system, env, master, &mail, expires).await
}

/// Whose mailbox a token came from; `None` when it was never made, is used up, or too old.
///
/// # Errors
/// What the database says.
pub async fn address_of(
    system: &System<'_>,
    env: &Env,
    purpose: Purpose,
    token: &str,
) -> Result<Option<EmailAddress>, DbError> {
    if token.len() > 100 {
        return Ok(None);
    }
    let query = system
        .find::<mail_token::Entity>()
        .filter(mail_token::Column::TokenHash.eq(key_hash(token)))
        .filter(mail_token::Column::Purpose.eq(purpose.as_str()))
        .filter(mail_token::Column::UsedAt.is_null())
        .filter(mail_token::Column::ExpiresAt.gt(env.now()));
    Ok(query.one(system.on()).await?.and_then(|row| row.email.parse().ok()))
}

/// Uses a token up, and with it all others of the address: the links that were not used lead nowhere any more. `false` when
/// somebody else has used it meanwhile.
///
/// # Errors
/// What the database says.
pub async fn use_up(
    system: &System<'_>,
    env: &Env,
    token: &str,
    email: &EmailAddress,
) -> Result<bool, DbError> {
    // All of the address in one order, so that two links used at once wait for each other and not in a circle.
    let query = system
        .find::<mail_token::Entity>()
        .filter(mail_token::Column::Email.eq(email.as_str()))
        .filter(mail_token::Column::UsedAt.is_null())
        .order_by_asc(mail_token::Column::TokenHash)
        .lock_exclusive();
    let (open, hash) = (query.all(system.on()).await?, key_hash(token));
    overtake(system, env, email).await?;
    Ok(open.iter().any(|row| row.token_hash == hash))
}

/// Makes the links that were sent to an address lead nowhere.
///
/// # Errors
/// What the database says.
pub async fn overtake(system: &System<'_>, env: &Env, email: &EmailAddress) -> Result<(), DbError> {
    system
        .update::<mail_token::Entity>()
        .col_expr(mail_token::Column::UsedAt, Expr::value(env.now()))
        .filter(mail_token::Column::Email.eq(email.as_str()))
        .filter(mail_token::Column::UsedAt.is_null())
        .exec(system.on())
        .await?;
    Ok(())
}

/// Forgets tokens that stopped working a day ago; says how many.
///
/// # Errors
/// What the database says.
pub async fn sweep(system: &System<'_>, env: &Env) -> Result<u64, DbError> {
    let done = system
        .delete::<mail_token::Entity>()
        .filter(mail_token::Column::ExpiresAt.lt(env.now() - DAY))
        .exec(system.on())
        .await?;
    Ok(done.rows_affected)
}
