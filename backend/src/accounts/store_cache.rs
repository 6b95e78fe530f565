//! What every request and every step needs to know of a store, kept for a second.

use super::{
    keys::MasterKey,
    secrets::{self, SecretError, SecretKind},
    service::key_hash,
};
use crate::{
    clock::Env,
    config::Secret,
    db::{Db, DbError, StoreScope},
};
use cartwheel_domain::{
    hook::HookKinds,
    ids::{OrganisationId, StoreId},
    mail::Judgement,
    settings::StoreSettings,
    time::{Millis, SECOND},
};
use cartwheel_entity::store;
use moka::sync::Cache;
use sea_orm::{ColumnTrait, Condition, QueryFilter};
use std::sync::Arc;

/// A store as the service sees it.
#[derive(Debug, Clone)]
pub struct StoreInfo {
    /// Which.
    pub id: StoreId,
    /// Whose.
    pub organisation_id: OrganisationId,
    /// Name.
    pub name: String,
    /// Sends nothing outside.
    pub sandbox: bool,
    /// The snippet's key.
    pub public_key: String,
    /// Lane of work.
    pub lane: i32,
    /// Settings.
    pub settings: StoreSettings,
    /// When it was made.
    pub created_at: Millis,
    /// Why its messages wait, and until when where that is known.
    pub hold: Option<(String, Option<Millis>)>,
    /// What some endpoint of its outgoing webhooks wants to hear of.
    pub hooks: HookKinds,
    /// Whether it has a mail server of its own that is on.
    pub mail_own: bool,
    /// Whether its mail goes slowly or not at all, and why (`bounces`, `complaints`).
    pub mail_guard: Option<(Judgement, String)>,
    /// Since when.
    pub mail_guard_at: Option<Millis>,
    /// The public half of its pair of keys for web push; `None` while that was never switched on.
    pub push_key: Option<String>,
    read_at: Millis,
}

/// Which of a store's keys somebody showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShopKey {
    /// The secret write key: a server of the shop.
    Write,
    /// The public key: anybody's browser.
    Public,
}

/// Looks stores up by id or key. An entry is used for at most a second by the injected clock, so that a change by
/// another process or by the operator's command is seen soon, and a burst does not ask the database each time.
#[derive(Clone)]
pub struct Stores {
    db: Db,
    env: Env,
    by_id: Cache<StoreId, Arc<StoreInfo>>,
    by_key: Cache<String, (StoreId, ShopKey)>,
    secrets: Cache<(StoreId, &'static str), (Secret, Millis)>,
}

const FRESH: Millis = SECOND;

/// What stands in the store's row of its mail.
fn guarded(text: &str) -> Option<(Judgement, String)> {
    let (word, why) = text.split_once(' ')?;
    Some((Judgement::from_name(word)?, why.to_owned()))
}

impl Stores {
    /// An empty cache over a database.
    pub fn new(db: Db, env: Env) -> Self {
        Self { db, env, by_id: Cache::new(10_000), by_key: Cache::new(10_000), secrets: Cache::new(1_000) }
    }

    /// The store of this id.
    ///
    /// # Errors
    /// What the database says.
    pub async fn by_id(&self, id: StoreId) -> Result<Option<Arc<StoreInfo>>, DbError> {
        if let Some(info) = self.by_id.get(&id).filter(|i| (self.env.now() - i.read_at).abs() < FRESH) {
            return Ok(Some(info));
        }
        self.load(Condition::all().add(store::Column::Id.eq(id.uuid()))).await
    }

    /// The store a key belongs to, and which of its keys it is. Keys carry their own entropy, so an indexed
    /// look-up by hash is safe against timing.
    ///
    /// # Errors
    /// What the database says.
    pub async fn by_key(&self, key: &str) -> Result<Option<(Arc<StoreInfo>, ShopKey)>, DbError> {
        // Ours are letters, digits, - and _; PostgreSQL cannot even be asked for a NUL.
        if key.len() > 100 || !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Ok(None);
        }
        if let Some((id, kind)) = self.by_key.get(key) {
            return Ok(self.by_id(id).await?.map(|info| (info, kind)));
        }
        let hash = key_hash(key);
        let which =
            Condition::any().add(store::Column::PublicKey.eq(key)).add(store::Column::WriteKeyHash.eq(&hash));
        let Some(info) = self.load(which).await? else { return Ok(None) };
        let kind = if info.public_key == key { ShopKey::Public } else { ShopKey::Write };
        self.by_key.insert(key.to_owned(), (info.id, kind));
        Ok(Some((info, kind)))
    }

    /// A credential of a store, opened; `None` when it has none. A burst of webhooks neither asks the database nor opens
    /// the seal for each.
    ///
    /// # Errors
    /// [`SecretError`].
    pub async fn secret(
        &self,
        key: &MasterKey,
        id: StoreId,
        kind: SecretKind,
    ) -> Result<Option<Secret>, SecretError> {
        let (place, now) = ((id, kind.as_str()), self.env.now());
        if let Some((secret, _)) = self.secrets.get(&place).filter(|(_, at)| (now - at).abs() < FRESH) {
            return Ok(Some(secret));
        }
        let mut tx = self.db.read().await?;
        let scoped = tx.enter(&StoreScope::shop(id)).await?;
        let found = secrets::get(&scoped, key, kind).await?;
        match &found {
            Some(secret) => self.secrets.insert(place, (secret.clone(), now)),
            None => self.secrets.invalidate(&place),
        }
        Ok(found)
    }

    /// Forgets a store, after a change by this very process.
    pub fn forget(&self, id: StoreId) {
        self.by_id.invalidate(&id);
        for kind in SecretKind::ALL {
            self.secrets.invalidate(&(id, kind.as_str()));
        }
    }

    async fn load(&self, which: Condition) -> Result<Option<Arc<StoreInfo>>, DbError> {
        let mut tx = self.db.read().await?;
        let system = tx.system().await?;
        let Some(row) = system.find::<store::Entity>().filter(which).one(system.on()).await? else {
            return Ok(None);
        };
        let settings = serde_json::from_value(row.settings).map_err(|e| {
            sea_orm::DbErr::Custom(format!("the settings of store {} cannot be read: {e}", row.id))
        })?;
        let info = Arc::new(StoreInfo {
            id: StoreId(row.id),
            organisation_id: OrganisationId(row.organisation_id),
            name: row.name,
            sandbox: row.sandbox,
            public_key: row.public_key,
            lane: row.lane,
            settings,
            created_at: row.created_at,
            hold: row.hold.map(|why| (why, row.hold_until)),
            hooks: HookKinds::of_bits(row.hooks),
            mail_own: row.mail_own,
            mail_guard: row.mail_guard.as_deref().and_then(guarded),
            mail_guard_at: row.mail_guard_at,
            push_key: row.push_key,
            read_at: self.env.now(),
        });
        self.by_id.insert(info.id, info.clone());
        Ok(Some(info))
    }
}
