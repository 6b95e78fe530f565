//! Sign-in, refresh and sign-out.

use super::{
    jwt::{ACCESS_SECONDS, Access, Tokens},
    throttle::Throttle,
};
use crate::{
    accounts::service::{hash_password, key_hash, verify_password},
    clock::Env,
    db::{Db, DbError, System},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cartwheel_domain::{
    contact_point::EmailAddress,
    ids::{MemberId, SessionId},
    time::{DAY, Millis, SECOND},
};
use cartwheel_entity::{member, session};
use ring::hmac;
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, sea_query::Expr};
use std::{net::IpAddr, sync::Arc};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

/// How long a session lives without use.
pub const SESSION_LIFE: Millis = 30 * DAY;

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
    /// The session is over: signed out, expired, or its token was used twice.
    #[error("the session is over; sign in again")]
    Over,
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
}

/// Makes, renews and ends sessions.
#[derive(Clone)]
pub struct Sessions {
    db: Db,
    env: Env,
    tokens: Tokens,
    throttle: Throttle,
    hashing: Arc<Semaphore>,
    decoy: Arc<String>,
    family: Arc<hmac::Key>,
}

impl Sessions {
    /// Over a database, with the key for access tokens.
    ///
    /// # Errors
    /// When the decoy password cannot be hashed.
    pub fn new(db: Db, env: Env, key: &[u8]) -> Result<Self, SignInError> {
        // An unknown address costs the same hash as a known one, so that the clock tells nothing.
        let decoy = hash_password(&env, "decoy").map_err(|e| SignInError::Fault(e.to_string()))?;
        Ok(Self {
            db,
            env,
            tokens: Tokens::new(key),
            throttle: Throttle::default(),
            hashing: Arc::new(Semaphore::new(2)),
            decoy: Arc::new(decoy),
            family: Arc::new(hmac::Key::new(
                hmac::HMAC_SHA256,
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), b"refresh tokens").as_ref(),
            )),
        })
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
        let account = email.trim().to_lowercase();
        if let Some(seconds) = self.throttle.wait(address, &account, self.env.now()) {
            return Err(SignInError::Throttled(seconds));
        }
        // Counted before it is judged, so that many at once are not judged before the first is counted.
        self.throttle.tried(address, &account, self.env.now());
        let row = self.member_by_email(&account).await?;
        let hash = row.as_ref().map_or_else(|| self.decoy.to_string(), |m| m.password_hash.clone());
        let good = self.verify(password.to_owned(), hash).await?;
        let (true, Some(row)) = (good && password.len() <= 256, row) else {
            return Err(SignInError::Refused);
        };
        self.throttle.succeeded(address, &account);
        self.begin(MemberId(row.id), agent).await
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

    /// Argon2 off the request threads, two at a time: with two cores, more would stop everything else.
    async fn verify(&self, password: String, hash: String) -> Result<bool, SignInError> {
        let _turn = self.hashing.acquire().await.map_err(|e| SignInError::Fault(e.to_string()))?;
        let judged = tokio::task::spawn_blocking(move || verify_password(&password, &hash)).await;
        judged.map_err(|e| SignInError::Fault(e.to_string()))
    }

    async fn begin(&self, member: MemberId, agent: &str) -> Result<Granted, SignInError> {
        let (now, id) = (self.env.now(), self.env.id::<SessionId>());
        let refresh_token = self.mint(id);
        let row = session::ActiveModel {
            id: Set(id.uuid()),
            member_id: Set(member.uuid()),
            token_hash: Set(key_hash(&refresh_token)),
            previous_hash: Set(None),
            rotated_at: Set(now),
            successor_used: Set(false),
            user_agent: Set(agent.chars().filter(|c| !c.is_control()).take(200).collect()),
            created_at: Set(now),
            expires_at: Set(now + SESSION_LIFE),
            ended_at: Set(None),
        };
        let mut tx = self.db.write().await?;
        tx.system().await?.insert::<session::Entity>(row).await?;
        tx.commit().await?;
        self.granted(Access { member, session: id }, refresh_token)
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

    fn granted(&self, access: Access, refresh_token: String) -> Result<Granted, SignInError> {
        let access_token =
            self.tokens.issue(access, self.env.now()).map_err(|e| SignInError::Fault(e.to_string()))?;
        Ok(Granted { access_token, expires_in: ACCESS_SECONDS, refresh_token })
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
        tx.commit().await?;
        if changed.rows_affected != 1 || (replay && !lost_answer) {
            return Err(SignInError::Over);
        }
        self.granted(access, next)
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

    /// Who an access token belongs to, if its session is alive.
    ///
    /// # Errors
    /// What the database says.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Access>, DbError> {
        let Some(access) = self.tokens.read(token, self.env.now()) else { return Ok(None) };
        let mut tx = self.db.read().await?;
        let system = tx.system().await?;
        let row = system
            .find::<session::Entity>()
            .filter(session::Column::Id.eq(access.session.uuid()))
            .one(system.on())
            .await?;
        let alive = row.is_some_and(|s| {
            s.ended_at.is_none() && s.expires_at > self.env.now() && s.member_id == access.member.uuid()
        });
        Ok(alive.then_some(access))
    }
}

async fn session_by(system: &System<'_>, id: SessionId) -> Result<Option<session::Model>, DbError> {
    let query = system.find::<session::Entity>().filter(session::Column::Id.eq(id.uuid()));
    Ok(query.one(system.on()).await?)
}
