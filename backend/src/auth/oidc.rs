//! Sign-in at a provider (OpenID Connect Core 1.0): any that the operator names and that tells about itself by discovery. The code flow
//! with PKCE (RFC 7636), `state` and `nonce`, by openidconnect.
//!
//! A provider vouches for an account of its own, not for an address: it opens a session for the member who has connected the two
//! while signed in, by password. Whoever has a code here is asked for it after the provider as after the password.
//!
//! What a browser went away with is in a signed note (`note.rs`) in a cookie, so that an answer counts only in the browser that
//! asked. The provider takes each of its codes once.

use super::{
    jwt::Access,
    passkey::held,
    providers::{self, Provider},
    session::{Granted, Sessions, SignInError},
};
use crate::{
    accounts::mailbox::Letter,
    clock::Env,
    config,
    db::{DbError, System},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cartwheel_domain::ids::{MemberId, MemberIdentityId, SessionId};
use cartwheel_entity::{member_identity, session};
use sea_orm::{ActiveValue::Set, ColumnTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use std::{net::IpAddr, sync::Arc};
use subtle::ConstantTimeEq;

/// Accounts at providers that somebody has connected at most.
const MOST: u64 = 20;
/// Tries with one note: the provider would answer no more than one anyway.
const TRIES: usize = 5;
/// Longest code or word of a provider that is looked at.
const LONGEST: usize = 4_000;

const NOTE: &str = "provider";

/// The providers of this service.
#[derive(Clone, Default)]
pub struct Oidc(Arc<[Provider]>);

impl Oidc {
    /// Over the providers that the settings name; nobody is asked before somebody signs in.
    ///
    /// # Errors
    /// Which of them is wrong, and why.
    pub fn new(
        settings: &[config::Provider],
        public_url: &str,
        env: &Env,
    ) -> Result<Self, providers::SetUpError> {
        let back = format!("{public_url}/auth/provider/back");
        let again =
            |(n, one): (usize, &config::Provider)| settings[..n].iter().any(|other| other.id == one.id);
        if let Some((_, one)) = settings.iter().enumerate().find(|pair| again(*pair)) {
            return Err(providers::SetUpError {
                id: one.id.clone(),
                said: "its id stands there twice".into(),
            });
        }
        settings
            .iter()
            .map(|one| Provider::new(one.clone(), &back, env.clone()))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn named(&self, id: &str) -> Option<&Provider> {
        self.0.iter().find(|provider| provider.id() == id)
    }
}

/// What somebody went to the provider for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Aim {
    SignIn,
    /// To connect the account they have there, in this session.
    Connect {
        member: uuid::Uuid,
        session: uuid::Uuid,
    },
}

/// What a browser goes away with.
#[derive(Serialize, Deserialize)]
struct Away {
    provider: String,
    aim: Aim,
    state: String,
    nonce: String,
    verifier: String,
}

/// Where to send a browser.
#[derive(Debug)]
pub struct Departure {
    /// The provider's page.
    pub url: String,
    /// To bring back in a cookie.
    pub note: String,
}

/// What came of it.
pub enum Arrival {
    /// Signed in.
    In(Granted),
    /// The account is connected.
    Connected,
}

/// What the provider's page sent a browser back with.
#[derive(Debug, Default, Deserialize)]
pub struct Back {
    /// What it went away with.
    #[serde(default)]
    pub state: String,
    /// To be exchanged for who it is.
    #[serde(default)]
    pub code: String,
    /// Why there is none.
    #[serde(default)]
    pub error: String,
    /// Who says so, where the provider tells (RFC 9207).
    pub iss: Option<String>,
}

/// Whether coming back was about connecting, which decides on the page that shows what came of it.
pub struct Returned {
    /// It was.
    pub connecting: bool,
    /// What came of it.
    pub outcome: Result<Arrival, SignInError>,
}

impl Sessions {
    /// The same, with providers.
    #[must_use]
    pub fn with_providers(mut self, oidc: Oidc) -> Self {
        self.oidc = oidc;
        self
    }

    /// Ids and names of the providers one can sign in at.
    pub fn providers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.oidc.0.iter().map(|provider| (provider.id(), provider.name()))
    }

    /// The name of the provider that calls itself so; `None` when it is not one of ours any more.
    pub fn provider_of(&self, issuer: &str) -> Option<&str> {
        self.oidc.0.iter().find(|provider| provider.issuer() == issuer).map(Provider::name)
    }

    /// Sends a browser to a provider, to come back as whoever it is there.
    ///
    /// # Errors
    /// [`SignInError`]: there is no such provider, or it cannot be asked.
    pub async fn depart(&self, provider: &str, address: Option<IpAddr>) -> Result<Departure, SignInError> {
        // Each may make us ask the provider about itself.
        if let Some(seconds) = self.throttle.wait_of(address, "", usize::MAX, self.env.now()) {
            return Err(SignInError::Throttled(seconds));
        }
        self.leave(provider, Aim::SignIn).await
    }

    /// The same, to connect what somebody has there; by the refresh token of their session and the password.
    ///
    /// # Errors
    /// [`SignInError`]: the session is over, the password is wrong, there are too many, the provider cannot be asked.
    pub async fn depart_to_connect(
        &self,
        refresh_token: &str,
        provider: &str,
        password: &str,
    ) -> Result<Departure, SignInError> {
        let access = self.of_refresh_token(refresh_token).await?;
        self.shown(access, password).await?;
        let aim = Aim::Connect { member: access.member.uuid(), session: access.session.uuid() };
        self.leave(provider, aim).await
    }

    async fn leave(&self, provider: &str, aim: Aim) -> Result<Departure, SignInError> {
        let provider = self.oidc.named(provider).ok_or(SignInError::NotOffered)?;
        let word = || URL_SAFE_NO_PAD.encode(self.env.random::<32>());
        let away =
            Away { provider: provider.id().into(), aim, state: word(), nonce: word(), verifier: word() };
        let url =
            provider.page(&away.state, &away.nonce, &away.verifier).await.map_err(SignInError::Provider)?;
        Ok(Departure { url, note: self.note(NOTE, &away)? })
    }

    /// Takes a browser back from a provider.
    pub async fn come_back(&self, note: &str, back: &Back, address: Option<IpAddr>, agent: &str) -> Returned {
        let away = self.noted::<Away>(NOTE, note).map(|noted| noted.said);
        let connecting = away.as_ref().is_some_and(|away| away.aim != Aim::SignIn);
        let outcome = match away {
            Some(away) => self.arrive(&away, back, address, agent).await,
            None => Err(SignInError::NoChallenge),
        };
        Returned { connecting, outcome }
    }

    async fn arrive(
        &self,
        away: &Away,
        back: &Back,
        address: Option<IpAddr>,
        agent: &str,
    ) -> Result<Arrival, SignInError> {
        if back.code.is_empty() && !back.error.is_empty() {
            // Whoever thinks better of it at the provider is refused by it (RFC 6749, 4.1.2.1); some forget the state then, and
            // nothing is opened by it.
            let said: String = back.error.chars().filter(|c| !c.is_control()).take(60).collect();
            return Err(if said == "access_denied" {
                SignInError::Refused
            } else {
                SignInError::Provider(said)
            });
        }
        let same: bool = away.state.as_bytes().ct_eq(back.state.as_bytes()).into();
        if !same || back.code.is_empty() || back.code.len() > LONGEST {
            return Err(SignInError::NoChallenge);
        }
        let account = format!("provider {}", away.state);
        if let Some(seconds) = self.throttle.wait_of(address, &account, TRIES, self.env.now()) {
            return Err(SignInError::Throttled(seconds));
        }
        self.throttle.tried(address, &account, self.env.now());
        let provider = self.oidc.named(&away.provider).ok_or(SignInError::NotOffered)?;
        if back.iss.as_ref().is_some_and(|iss| iss != provider.issuer()) {
            return Err(SignInError::Provider("another provider answered".into()));
        }
        let who = provider.who(&back.code, &away.verifier, &away.nonce).await.map_err(|said| {
            tracing::warn!(provider = provider.id(), reason = %said, "a provider did not say who somebody is");
            SignInError::Provider(said)
        })?;
        let arrival = match away.aim {
            Aim::SignIn => self.enter(provider, &who, agent).await.map(Arrival::In),
            Aim::Connect { member, session } => {
                let access = Access { member: MemberId(member), session: SessionId(session) };
                self.connect(access, provider, &who).await.map(|()| Arrival::Connected)
            }
        };
        // A code to show is no refusal.
        if matches!(arrival, Ok(_) | Err(SignInError::SecondFactor(_))) {
            self.throttle.succeeded(address, &account);
        }
        arrival
    }

    async fn enter(
        &self,
        provider: &Provider,
        who: &providers::Who,
        agent: &str,
    ) -> Result<Granted, SignInError> {
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        let row = identity(&system, provider, who).await?.ok_or(SignInError::Unconnected)?;
        let used =
            member_identity::ActiveModel { last_used_at: Set(Some(self.env.now())), ..Default::default() };
        let this = member_identity::Column::Id.eq(row.id);
        let owner = held(&system, row.member_id).await?.ok_or(SignInError::Unconnected)?;
        let changed =
            system.update::<member_identity::Entity>().set(used).filter(this).exec(system.on()).await?;
        // It may have been disconnected while its owner was waited for.
        if changed.rows_affected != 1 {
            return Err(SignInError::Unconnected);
        }
        tx.commit().await?;
        self.begin(&owner, agent).await
    }

    async fn connect(
        &self,
        access: Access,
        provider: &Provider,
        who: &providers::Who,
    ) -> Result<(), SignInError> {
        let now = self.env.now();
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        let owner = held(&system, access.member.uuid()).await?.ok_or(SignInError::Over)?;
        let alive = system
            .find::<session::Entity>()
            .filter(session::Column::Id.eq(access.session.uuid()))
            .filter(session::Column::MemberId.eq(owner.id))
            .filter(session::Column::EndedAt.is_null())
            .filter(session::Column::ExpiresAt.gt(now));
        if alive.one(system.on()).await?.is_none() {
            return Err(SignInError::Over);
        }
        match identity(&system, provider, who).await? {
            Some(row) if row.member_id == owner.id => return Ok(()),
            Some(_) => return Err(SignInError::Elsewhere),
            None => {}
        }
        let mine = member_identity::Column::MemberId.eq(owner.id);
        if system.find::<member_identity::Entity>().filter(mine).count(system.on()).await? >= MOST {
            return Err(SignInError::TooMany);
        }
        let new = member_identity::ActiveModel {
            id: Set(self.env.id::<MemberIdentityId>().uuid()),
            member_id: Set(owner.id),
            issuer: Set(provider.issuer().into()),
            subject: Set(who.subject.clone()),
            email: Set(who.email.clone()),
            created_at: Set(now),
            last_used_at: Set(None),
        };
        system.insert::<member_identity::Entity>(new).await?;
        let letter = Letter::ProviderConnected { provider: provider.name().into() };
        self.tell(&system, &owner, letter).await?;
        Ok(tx.commit().await?)
    }

    /// Accounts at providers that a member has connected, the oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn identities(&self, member: MemberId) -> Result<Vec<member_identity::Model>, DbError> {
        let mut tx = self.db.read().await?;
        let system = tx.system().await?;
        let query = system
            .find::<member_identity::Entity>()
            .filter(member_identity::Column::MemberId.eq(member.uuid()))
            .order_by_asc(member_identity::Column::CreatedAt)
            .order_by_asc(member_identity::Column::Id)
            .limit(MOST);
        Ok(query.all(system.on()).await?)
    }

    /// Takes a connection away, for the password. Sessions it has opened stay.
    ///
    /// # Errors
    /// [`SignInError`]: the password is wrong. `false` when there is no such connection.
    pub async fn disconnect(
        &self,
        access: Access,
        id: MemberIdentityId,
        password: &str,
    ) -> Result<bool, SignInError> {
        let row = self.shown(access, password).await?;
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        let this = member_identity::Column::Id.eq(id.uuid());
        let mine = member_identity::Column::MemberId.eq(row.id);
        let found = system.find::<member_identity::Entity>().filter(this.clone()).filter(mine.clone());
        let Some(found) = found.one(system.on()).await? else { return Ok(false) };
        system.delete::<member_identity::Entity>().filter(this).filter(mine).exec(system.on()).await?;
        let provider = self.provider_of(&found.issuer).unwrap_or(&found.issuer).to_owned();
        self.tell(&system, &row, Letter::ProviderDisconnected { provider }).await?;
        tx.commit().await?;
        Ok(true)
    }
}

async fn identity(
    system: &System<'_>,
    provider: &Provider,
    who: &providers::Who,
) -> Result<Option<member_identity::Model>, sea_orm::DbErr> {
    let query = system
        .find::<member_identity::Entity>()
        .filter(member_identity::Column::Issuer.eq(provider.issuer()))
        .filter(member_identity::Column::Subject.eq(&who.subject));
    query.one(system.on()).await
}
