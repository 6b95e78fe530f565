//! Sign-in, refresh and sign-out.

pub use super::ends::Which;
pub(super) use super::ends::end_sessions;
pub use super::mailbox::Join;
use super::{
    device::DEVICE_TRIES,
    hashing::Hashing,
    jwt::{ACCESS_SECONDS, Access, Tokens},
    mailbox::Mailbox,
    oidc::Oidc,
    passkey::Passkeys,
    second_factor,
    throttle::Throttle,
};
use crate::{
    accounts::{
        MasterKey, password,
        service::key_hash,
        team::{
            self,
            invitations::{self, Joiner, Offer},
        },
    },
    clock::Env,
    db::{Db, DbError, System},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cartwheel_domain::{
    contact_point::EmailAddress,
    ids::{MemberId, SessionId, StoreId},
    time::{DAY, Millis, SECOND},
};
use cartwheel_entity::{member, session};
use ring::hmac;
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use std::{net::IpAddr, sync::Arc};
use subtle::ConstantTimeEq;

/// How long a session lives without use.
pub const SESSION_LIFE: Millis = 30 * DAY;

/// Failed tries of an account in an hour, from anywhere.
const TRIES: usize = 100;
/// Failed tries of a session to change the password, in an hour.
pub(super) const CHANGES: usize = 5;

/// How long the token before the live one may be shown again, for answers lost on the way.
const GRACE: Millis = 10 * SECOND;

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Unknown address or wrong password; which of the two is not said.
    #[error("the e-mail address or the password is not right")]
    Refused,
    /// Too many failed tries.
    #[error("too many failed tries; try again in {0} seconds")]
    Throttled(u64),
    /// So many sign in at this moment that no more can wait.
    #[error("too many people sign in at this moment; try again in a few seconds")]
    Busy,
    /// The session is over: signed out, expired, or its token was used twice.
    #[error("the session is over; sign in again")]
    Over,
    /// The invitation was used up, withdrawn, or is too old.
    #[error("this invitation cannot be used any more; ask for a new one")]
    NoInvitation,
    /// The link of a mail was used, overtaken, or is too old.
    #[error("this link cannot be used any more; ask for a new one")]
    NoLink,
    /// The password was right; a code is needed too. This is the challenge it is shown with.
    #[error("a code is needed too")]
    SecondFactor(String),
    /// The password was shown too long ago, or is another now.
    #[error("this took too long; begin again")]
    NoChallenge,
    /// It is no code, or it was shown before.
    #[error("this is not the code, or it was used already; wait for the next one")]
    WrongCode,
    /// There is a second factor.
    #[error("a code is asked for already; switch that off first")]
    AlreadyOn,
    /// There is none, or none that was begun.
    #[error("no code is asked for; set an app up first")]
    NotStarted,
    /// Owners of agencies cannot be without.
    #[error("owners of agencies cannot do without; give your agencies another owner first")]
    Required,
    /// There are as many as there may be.
    #[error("there are too many; remove one first")]
    TooMany,
    /// The account at the provider is connected with nobody here.
    #[error(
        "nobody here is connected with this account; sign in with your password and connect it under your account"
    )]
    Unconnected,
    /// The account at the provider is connected with somebody else.
    #[error("this account is connected with somebody else here; disconnect it there first")]
    Elsewhere,
    /// The provider did not do its part.
    #[error("the provider could not say who you are: {0}")]
    Provider(String),
    /// The service sends no mails, or lets no strangers in.
    #[error("this server does not offer that; ask whoever runs it")]
    NotOffered,
    /// The password or the name cannot be one.
    #[error("{0}: {1}")]
    Invalid(&'static str, String),
    /// A fault of ours.
    #[error("sign-in is not possible at the moment: {0}")]
    Fault(String),
    /// The database said no.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<sea_orm::DbErr> for SignInError {
    fn from(e: sea_orm::DbErr) -> Self {
        Self::Db(e.into())
    }
}

/// What a signed-in browser gets.
pub struct Granted {
    /// Access token for the `Authorization` header.
    pub access_token: String,
    /// Its life, seconds.
    pub expires_in: i64,
    /// Refresh token for the HttpOnly cookie; `None` when the browser's own is still good.
    pub refresh_token: String,
    /// For the cookie by which the browser is known as one of the member's.
    pub device: String,
}

/// Makes, renews and ends sessions.
#[derive(Clone)]
pub struct Sessions {
    pub(super) db: Db,
    pub(super) env: Env,
    pub(super) master: MasterKey,
    pub(super) tokens: Tokens,
    pub(super) throttle: Throttle,
    pub(super) asks: Throttle,
    pub(super) mailbox: Option<Mailbox>,
    pub(super) passkeys: Option<Passkeys>,
    pub(super) oidc: Oidc,
    breached: Option<password::Breached>,
    hashing: Hashing,
    decoy: Arc<String>,
    /// What was hashed so far, without salt and hash.
    #[cfg(test)]
    pub(super) hashed: Arc<std::sync::Mutex<Vec<String>>>,
    family: Arc<hmac::Key>,
}

impl Sessions {
    /// Over a database, with the key that all others are derived from.
    ///
    /// # Errors
    /// When the decoy password cannot be hashed.
    pub fn new(db: Db, env: Env, master: MasterKey) -> Result<Self, SignInError> {
        let key = hmac::sign(&master.derive("access tokens", StoreId(uuid::Uuid::nil())), b"v1");
        let key = key.as_ref();
        // An unknown address costs the same hash as a known one, so that the clock tells nothing.
        let decoy = password::hash(&env, "decoy").map_err(|e| SignInError::Fault(e.to_string()))?;
        Ok(Self {
            db,
            env,
            master,
            tokens: Tokens::new(key),
            throttle: Throttle::default(),
            asks: Throttle::default(),
            mailbox: None,
            passkeys: None,
            oidc: Oidc::default(),
            breached: None,
            hashing: Hashing::default(),
            decoy: Arc::new(decoy),
            #[cfg(test)]
            hashed: Arc::default(),
            family: Arc::new(hmac::Key::new(
                hmac::HMAC_SHA256,
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), b"refresh tokens").as_ref(),
            )),
        })
    }

    /// The same, refusing new passwords of a list.
    #[must_use]
    pub fn with_breached(mut self, list: Option<password::Breached>) -> Self {
        self.breached = list;
        self
    }

    /// Signs a member in by password.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        address: Option<IpAddr>,
        agent: &str,
    ) -> Result<Granted, SignInError> {
        self.sign_in_on(None, email, password, address, agent).await
    }

    /// The same, on a browser that shows the cookie it was given: the tries of one that is known are counted apart, so that nobody
    /// else's lock it out.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in_on(
        &self,
        device: Option<&str>,
        email: &str,
        password: &str,
        address: Option<IpAddr>,
        agent: &str,
    ) -> Result<Granted, SignInError> {
        let account = email.trim().to_lowercase();
        let known = match device {
            Some(device) => self.known(device, &account).await?,
            None => None,
        };
        let whom = known.as_deref().map_or((account.as_str(), TRIES), |device| (device, DEVICE_TRIES));
        let member = self.prove(&account, password, address, whom).await?;
        self.begin(&member, agent).await
    }

    /// The member who shows their address and password. Each try is counted, wherever it comes from: by caller, and by what
    /// is named, of which so many may fail in an hour.
    pub(super) async fn prove(
        &self,
        email: &str,
        password: &str,
        address: Option<IpAddr>,
        (account, most): (&str, usize),
    ) -> Result<member::Model, SignInError> {
        if let Some(seconds) = self.throttle.wait_of(address, account, most, self.env.now()) {
            return Err(SignInError::Throttled(seconds));
        }
        // Counted before it is judged, so that many at once are not judged before the first is counted.
        self.throttle.tried(address, account, self.env.now());
        let row = self.member_by_email(email).await?;
        let hash = row.as_ref().map_or_else(|| self.decoy.to_string(), |m| m.password_hash.clone());
        let good = self.verify(password.to_owned(), hash).await.inspect_err(|_| {
            // Nothing was judged, so nothing was guessed.
            self.throttle.succeeded(address, account);
        })?;
        let (true, Some(row)) = (good && password.len() <= password::LONGEST, row) else {
            return Err(SignInError::Refused);
        };
        self.throttle.succeeded(address, account);
        Ok(row)
    }

    async fn member_by_email(&self, email: &str) -> Result<Option<member::Model>, SignInError> {
        let Ok(email) = email.parse::<EmailAddress>() else { return Ok(None) };
        let mut tx = self.db.read().await?;
        let system = tx.system().await?;
        Ok(system
            .find::<member::Entity>()
            .filter(member::Column::Email.eq(email.as_str()))
            .one(system.on())
            .await?)
    }

    async fn verify(&self, password: String, hash: String) -> Result<bool, SignInError> {
        #[cfg(test)]
        {
            let work = hash.split('$').take(4).collect::<Vec<_>>().join("$");
            self.hashed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(work);
        }
        self.hashing.run(move || password::verify(&password, &hash)).await
    }

    /// The hash of a new password, if it may be one for somebody of these names.
    pub(super) async fn chosen(&self, password: &str, names: Vec<String>) -> Result<String, SignInError> {
        let (env, password, breached) = (self.env.clone(), password.to_owned(), self.breached.clone());
        let judged = self.hashing.run(move || {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let weak = |weak: password::Weak| SignInError::Invalid("password", weak.to_string());
            password::check(&password, &names).map_err(weak)?;
            if let Some(list) = breached
                && list.has(&password).map_err(|e| SignInError::Fault(e.to_string()))?
            {
                return Err(weak(password::Weak::Guessable));
            }
            password::hash(&env, &password).map_err(|e| SignInError::Fault(e.to_string()))
        });
        judged.await?
    }

    /// What the link of an invitation offers; `None` when it cannot be used any more.
    ///
    /// # Errors
    /// What the database says.
    pub async fn offer(&self, token: &str) -> Result<Option<Offer>, SignInError> {
        let mut tx = self.db.read().await?;
        Ok(invitations::offer(&mut tx, &self.env, token).await?)
    }

    /// Takes an invitation up and signs in: a member proves to be one by their password, somebody new chooses name and
    /// password.
    ///
    /// # Errors
    /// [`SignInError`]: no invitation, a wrong password, one that cannot be one.
    pub async fn join(
        &self,
        join: Join<'_>,
        address: Option<IpAddr>,
        agent: &str,
    ) -> Result<Granted, SignInError> {
        let offer = self.offer(join.token).await?.ok_or(SignInError::NoInvitation)?;
        let joiner = match offer.known {
            Some(_) => {
                let whom = (offer.email.as_str(), TRIES);
                Joiner::Known(MemberId(self.prove(&offer.email, join.password, address, whom).await?.id))
            }
            None => {
                let name = team::name("name", join.name)
                    .map_err(|_| SignInError::Invalid("name", team::NAME.into()))?;
                let names = vec![name.clone(), offer.email.clone(), offer.name.clone()];
                let password_hash = self.chosen(join.password, names).await?;
                Joiner::New { name, password_hash, language: join.language.code().into() }
            }
        };
        let mut tx = self.db.write().await?;
        let member = invitations::accept(&mut tx, &self.env, &offer, joiner).await?;
        let member = member.ok_or(SignInError::NoInvitation)?;
        let system = tx.system().await?;
        let query = system.find::<member::Entity>().filter(member::Column::Id.eq(member.uuid()));
        let row = query.one(system.on()).await?.ok_or(SignInError::NoInvitation)?;
        tx.commit().await?;
        self.begin(&row, agent).await
    }

    /// Gives a member another password and ends all their other sessions, at once.
    ///
    /// # Errors
    /// [`SignInError`]: the old password is wrong, or the new one cannot be one.
    pub async fn change_password(
        &self,
        access: Access,
        old: &str,
        new: &str,
        address: Option<IpAddr>,
    ) -> Result<(), SignInError> {
        let row = {
            let mut tx = self.db.read().await?;
            let system = tx.system().await?;
            let query = system.find::<member::Entity>().filter(member::Column::Id.eq(access.member.uuid()));
            query.one(system.on()).await?.ok_or(SignInError::Over)?
        };
        // Counted for the session: whoever has only its token must not lock the account for its owner.
        let session = format!("session {}", access.session);
        let row = self.prove(&row.email, old, address, (&session, CHANGES)).await?;
        let hash = self.chosen(new, vec![row.name.clone(), row.email.clone()]).await?;
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        // The tokens before the member, as where one is used: two changes at once wait for each other and not in a circle.
        self.tell_changed(&system, &row).await?;
        // Only in place of the one that was shown: of two changes at once the second has proved nothing.
        let changed = system
            .update::<member::Entity>()
            .col_expr(member::Column::PasswordHash, Expr::value(hash))
            .filter(member::Column::Id.eq(row.id))
            .filter(member::Column::PasswordHash.eq(&row.password_hash))
            .exec(system.on())
            .await?;
        if changed.rows_affected != 1 {
            return Err(SignInError::Refused);
        }
        end_sessions(&system, self.env.now(), access.member, Which::But(access.session)).await?;
        Ok(tx.commit().await?)
    }

    /// The sessions of a member that are alive, the last used first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn list(&self, member: MemberId) -> Result<Vec<session::Model>, DbError> {
        let mut tx = self.db.read().await?;
        let system = tx.system().await?;
        let query = system
            .find::<session::Entity>()
            .filter(session::Column::MemberId.eq(member.uuid()))
            .filter(session::Column::EndedAt.is_null())
            .filter(session::Column::ExpiresAt.gt(self.env.now()))
            .order_by_desc(session::Column::RotatedAt)
            .limit(200);
        Ok(query.all(system.on()).await?)
    }

    /// Ends sessions of a member, at once and everywhere; says how many.
    ///
    /// # Errors
    /// What the database says.
    pub async fn end(&self, member: MemberId, which: Which) -> Result<u64, DbError> {
        let mut tx = self.db.write().await?;
        let ended = end_sessions(&tx.system().await?, self.env.now(), member, which).await?;
        tx.commit().await?;
        Ok(ended)
    }

    pub(super) async fn begin(&self, member: &member::Model, agent: &str) -> Result<Granted, SignInError> {
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        self.unchanged(&system, member).await?;
        if second_factor::is_on(&system, member.id).await? {
            return Err(SignInError::SecondFactor(self.challenge(member)));
        }
        let granted = self.open(&system, member, agent, false).await?;
        tx.commit().await?;
        Ok(granted)
    }

    /// Holds a member until the commit, if the password that was shown is still theirs: one that was changed since opens no session,
    /// its change has ended the others already.
    pub(super) async fn unchanged(
        &self,
        system: &System<'_>,
        member: &member::Model,
    ) -> Result<(), SignInError> {
        let query = system
            .find::<member::Entity>()
            .filter(member::Column::Id.eq(member.id))
            .filter(member::Column::PasswordHash.eq(&member.password_hash))
            .lock_exclusive();
        query.one(system.on()).await?.map(drop).ok_or(SignInError::Refused)
    }

    /// Opens a session for a member who is held.
    pub(super) async fn open(
        &self,
        system: &System<'_>,
        member: &member::Model,
        agent: &str,
        second_factor: bool,
    ) -> Result<Granted, SignInError> {
        let (now, id) = (self.env.now(), self.env.id::<SessionId>());
        let refresh_token = self.mint(id);
        let row = session::ActiveModel {
            id: Set(id.uuid()),
            member_id: Set(member.id),
            token_hash: Set(key_hash(&refresh_token)),
            previous_hash: Set(None),
            rotated_at: Set(now),
            successor_used: Set(false),
            user_agent: Set(agent.chars().filter(|c| !c.is_control()).take(200).collect()),
            created_at: Set(now),
            expires_at: Set(now + SESSION_LIFE),
            ended_at: Set(None),
            second_factor: Set(second_factor),
        };
        system.insert::<session::Entity>(row).await?;
        let access = Access { member: MemberId(member.id), session: id };
        self.granted(access, refresh_token, self.device(member, id.uuid()))
    }

    /// A refresh token: session, 32 random bytes, and half an HMAC over both. That it names its session lets every token of
    /// a family, however old, be known as one of it.
    fn mint(&self, session: SessionId) -> String {
        let mut bytes = session.uuid().as_bytes().to_vec();
        bytes.extend(self.env.random::<32>());
        let tag = hmac::sign(&self.family, &bytes);
        bytes.extend(&tag.as_ref()[..16]);
        format!("cwr_{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The session a refresh token was made for; `None` when it is none of ours.
    fn session_of(&self, token: &str) -> Option<SessionId> {
        let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix("cwr_")?).ok()?;
        let (said, tag) = bytes.split_at_checked(48)?;
        let own = hmac::sign(&self.family, said);
        let genuine: bool = tag.ct_eq(&own.as_ref()[..16]).into();
        let id = uuid::Uuid::from_slice(&said[..16]).ok()?;
        genuine.then_some(SessionId(id))
    }

    fn granted(&self, access: Access, refresh_token: String, device: String) -> Result<Granted, SignInError> {
        let access_token =
            self.tokens.issue(access, self.env.now()).map_err(|e| SignInError::Fault(e.to_string()))?;
        Ok(Granted { access_token, expires_in: ACCESS_SECONDS, refresh_token, device })
    }

    /// Exchanges a refresh token for a new pair. A token that was used before, however long ago, ends the session, unless its answer
    /// was lost a moment ago and the successor has not been used.
    ///
    /// # Errors
    /// [`SignInError::Over`].
    pub async fn refresh(&self, token: &str) -> Result<Granted, SignInError> {
        if token.len() > 100 {
            return Err(SignInError::Over);
        }
        let (now, hash) = (self.env.now(), key_hash(token));
        let Some(id) = self.session_of(token) else { return Err(SignInError::Over) };
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        let row = session_by(&system, id).await?.filter(|s| s.ended_at.is_none() && s.expires_at > now);
        let Some(row) = row else { return Err(SignInError::Over) };
        let access = Access { member: MemberId(row.member_id), session: SessionId(row.id) };
        let replay = row.token_hash != hash;
        let lost_answer = row.previous_hash.as_ref() == Some(&hash)
            && !row.successor_used
            && now - row.rotated_at <= GRACE
            && row.rotated_at <= now;
        let mut change = session::ActiveModel::default();
        let next = self.mint(id);
        if replay && !lost_answer {
            change.ended_at = Set(Some(now));
        } else {
            change.previous_hash = Set(Some(hash.clone()));
            change.token_hash = Set(key_hash(&next));
            change.rotated_at = Set(if replay { row.rotated_at } else { now });
            change.successor_used = Set(replay);
            change.expires_at = Set(now + SESSION_LIFE);
        }
        let changed = system
            .update::<session::Entity>()
            .set(change)
            .filter(session::Column::Id.eq(row.id))
            .filter(session::Column::TokenHash.eq(&row.token_hash))
            .filter(session::Column::EndedAt.is_null())
            .exec(system.on())
            .await?;
        let query = system.find::<member::Entity>().filter(member::Column::Id.eq(row.member_id));
        let member = query.one(system.on()).await?;
        tx.commit().await?;
        let member = member.filter(|_| changed.rows_affected == 1 && (!replay || lost_answer));
        let device = self.device(&member.ok_or(SignInError::Over)?, row.id);
        self.granted(access, next, device)
    }

    /// The session whose refresh token is shown, without using it up.
    ///
    /// # Errors
    /// [`SignInError::Over`]: it is none, or not the latest.
    pub(super) async fn of_refresh_token(&self, token: &str) -> Result<Access, SignInError> {
        let id = self.session_of(token).filter(|_| token.len() <= 100).ok_or(SignInError::Over)?;
        let mut tx = self.db.read().await?;
        let system = tx.system().await?;
        let query = system
            .find::<session::Entity>()
            .filter(session::Column::Id.eq(id.uuid()))
            .filter(session::Column::TokenHash.eq(key_hash(token)))
            .filter(session::Column::EndedAt.is_null())
            .filter(session::Column::ExpiresAt.gt(self.env.now()));
        let row = query.one(system.on()).await?.ok_or(SignInError::Over)?;
        Ok(Access { member: MemberId(row.member_id), session: id })
    }

    /// Ends the session of a refresh token, at once and everywhere. An unknown token is no error.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sign_out(&self, token: &str) -> Result<(), SignInError> {
        let Some(id) = self.session_of(token) else { return Ok(()) };
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        system
            .update::<session::Entity>()
            .col_expr(session::Column::EndedAt, Expr::value(self.env.now()))
            .filter(session::Column::Id.eq(id.uuid()))
            .filter(session::Column::EndedAt.is_null())
            .exec(system.on())
            .await?;
        Ok(tx.commit().await?)
    }
}

async fn session_by(system: &System<'_>, id: SessionId) -> Result<Option<session::Model>, DbError> {
    // Held until the commit: of two tabs that renew at once the second must see what the first has written.
    let query = system.find::<session::Entity>().filter(session::Column::Id.eq(id.uuid())).lock_exclusive();
    Ok(query.one(system.on()).await?)
}
