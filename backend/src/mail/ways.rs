//! The servers of a store as workers use them: opened, in their order; and what workers find of them.

use super::provider::{ProviderError, all, find, security, sign_in};
use crate::{
    accounts::{MasterKey, keys::KeyError},
    channels::email::{
        server::{Server, Typed},
        url::{Security, SmtpUrl},
    },
    clock::Env,
    db::{Db, DbError, Scoped, StoreScope},
};
use cartwheel_domain::{
    ids::{ProviderId, StoreId},
    mail::{Service, WarmUp, readable},
    time::{Millis, SECOND},
};
use cartwheel_entity::mail_provider;
use moka::sync::Cache;
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
use std::sync::Arc;

/// A server as workers use it.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Which.
    pub id: ProviderId,
    /// What stands behind it.
    pub service: Service,
    /// Address in From, where it is not the store's.
    pub sender: Option<String>,
    /// Its plan for warming up.
    pub warm_up: Option<WarmUp>,
    /// Where it is.
    pub server: Arc<Server>,
}

/// A row as workers use it. One whose sign-in does not open is left out, and said so.
///
/// # Errors
/// [`KeyError`].
pub async fn usable(
    scoped: &Scoped<'_>,
    key: &MasterKey,
    row: &mail_provider::Model,
    local: bool,
) -> Result<Option<Provider>, KeyError> {
    let id = ProviderId(row.id);
    let Some(known) = sign_in(scoped, key, row).await? else {
        tracing::warn!(provider = %id, "how to sign in does not open: it was changed in the database; enter it anew");
        return Ok(None);
    };
    let typed = Typed {
        host: &row.host,
        port: u16::try_from(row.port).unwrap_or(0),
        security: security(&row.security).unwrap_or(Security::StartTls),
        credentials: (!known.user.is_empty()).then_some((known.user, known.password)),
    };
    let url = match SmtpUrl::typed(typed, local) {
        Ok(url) => url,
        Err(unusable) => {
            tracing::warn!(provider = %id, said = unusable.1, "a mail server cannot be used");
            return Ok(None);
        }
    };
    Ok(Some(Provider {
        id,
        service: Service::from_name(&row.service).unwrap_or(Service::Smtp),
        sender: row.sender.clone(),
        warm_up: warm_up(row),
        server: Arc::new(Server { key: format!("{id} {}", row.updated_at), url }),
    }))
}

/// The plan of a row.
pub fn warm_up(row: &mail_provider::Model) -> Option<WarmUp> {
    row.warm_from.map(|from| WarmUp { from, first: u32::try_from(row.warm_first).unwrap_or(WarmUp::USUAL) })
}

/// The servers of stores that are on, opened, kept for a second.
#[derive(Clone)]
pub struct Providers {
    env: Env,
    key: MasterKey,
    local: bool,
    known: Cache<StoreId, (Arc<Vec<Provider>>, Millis)>,
}

impl Providers {
    /// Knows none yet. `local`: see [`SmtpUrl::typed`].
    pub fn new(env: Env, key: MasterKey, local: bool) -> Self {
        Self { env, key, local, known: Cache::new(10_000) }
    }

    /// Whether servers may be on this very machine.
    pub fn local(&self) -> bool {
        self.local
    }

    /// Those of a store that are on, in their order.
    ///
    /// # Errors
    /// What the database says, or why a key cannot be had.
    pub async fn of(&self, scoped: &Scoped<'_>) -> Result<Arc<Vec<Provider>>, DbError> {
        let (store, now) = (scoped.store_id(), self.env.now());
        if let Some((known, _)) = self.known.get(&store).filter(|(_, at)| (now - at).abs() < SECOND) {
            return Ok(known);
        }
        let mut found = Vec::new();
        for row in all(scoped).await?.iter().filter(|row| row.off_at.is_none()) {
            found.extend(usable(scoped, &self.key, row, self.local).await?);
        }
        let found = Arc::new(found);
        self.known.insert(store, (Arc::clone(&found), now));
        Ok(found)
    }
}

/// Opens the database for one store's servers; for what is not part of another transaction.
///
/// # Errors
/// [`ProviderError`].
pub async fn one(
    db: &Db,
    scope: &StoreScope,
    key: &MasterKey,
    id: ProviderId,
    local: bool,
) -> Result<Option<Provider>, ProviderError> {
    let mut tx = db.read().await?;
    let scoped = tx.enter(scope).await?;
    let row = find(&scoped, id).await?;
    Ok(usable(&scoped, key, &row, local).await?)
}

/// Writes down that a server is left alone until then, and what it said.
///
/// # Errors
/// What the database says.
pub async fn opened(scoped: &Scoped<'_>, id: ProviderId, until: Millis, said: &str) -> Result<(), DbError> {
    use mail_provider::Column as C;
    scoped
        .update::<mail_provider::Entity>()
        .col_expr(C::DownUntil, Expr::value(until))
        .col_expr(C::DownSaid, Expr::value(readable(said)))
        .filter(C::Id.eq(id.uuid()))
        .exec(scoped.on())
        .await?;
    Ok(())
}
