//! The handle on all keys that the parts of the service carry.

use super::{
    KeyError, Place,
    cipher::Key,
    masters::{Given, Masters},
    vault::{ROOT, Vault, Wrapped},
    walk,
};
use crate::{
    clock::Env,
    config::Secret,
    db::{Db, DbError, System},
};
use cartwheel_domain::ids::{OrganisationId, StoreId};
use cartwheel_entity::{data_key, service_key};
use moka::sync::Cache;
use ring::hmac;
use sea_orm::{ColumnTrait, DbErr, QueryFilter};
use std::sync::{Arc, PoisonError, RwLock};
use uuid::Uuid;

/// What a sealed value begins with. Without it, it is of the time before there were data keys: base64 has no point.
const FORM: &str = "v1.";

/// Data keys that are kept unwrapped. A store has one, seldom two.
const KEPT: u64 = 20_000;

/// The key that all others hang on: it opens the data keys that seal credentials, and knows the root from which the keys of links
/// and address hashes are derived. Cheap to clone; clones share what they have unwrapped.
#[derive(Clone)]
pub struct MasterKey(pub(super) Arc<Ring>);

pub(super) struct Ring {
    pub(super) root: Key,
    masters: RwLock<Arc<Masters>>,
    unwrapped: Cache<(Option<StoreId>, Uuid), Key>,
}

impl MasterKey {
    pub(super) fn over(root: Key, masters: Masters) -> Self {
        let masters = RwLock::new(Arc::new(masters));
        Self(Arc::new(Ring { root, masters, unwrapped: Cache::new(KEPT) }))
    }

    /// Opens the keys of a database. One that has none yet begins with the master key as its root, which it was until now;
    /// of several processes that start at once, one writes it.
    ///
    /// # Errors
    /// [`KeyError`]: the master keys cannot be read, or are not those of this database.
    pub async fn open(db: &Db, env: &Env, given: &Given) -> Result<Self, KeyError> {
        let masters = masters(db, env, given).await?;
        if root(db).await?.is_none() {
            let mut tx = db.write().await?;
            let system = tx.system().await?;
            begin(&system, env, &masters).await?;
            tx.commit().await?;
        }
        Self::of(db, masters).await
    }

    /// The same without writing to the database, which is taken as if it had begun.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn look(db: &Db, env: &Env, given: &Given) -> Result<Self, KeyError> {
        let masters = masters(db, env, given).await?;
        if root(db).await?.is_some() {
            return Self::of(db, masters).await;
        }
        let mut tx = db.read().await?;
        beginning(&tx.system().await?, &masters).await.map(|root| Self::over(root, masters))
    }

    async fn of(db: &Db, masters: Masters) -> Result<Self, KeyError> {
        let kept = root(db).await?.ok_or_else(|| lost("the root was not kept"))?;
        let master = masters.by_print(&kept.by).ok_or_else(|| masters.foreign(&kept.by))?;
        let root = kept.open(master)?;
        if let Some(wanted) = unknown(db, &masters).await? {
            return Err(masters.foreign(&wanted));
        }
        Ok(Self::over(root, masters))
    }

    /// A fixed key for tests: root and master key in one.
    #[cfg(feature = "testing")]
    pub fn for_tests() -> Self {
        let text = Secret::new("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
        let masters = Masters::parse(&text, "the tests").expect("a key");
        Self::over(Key::new([7; 32]), masters)
    }

    /// A key for one use in one store: HMAC-SHA-256 of purpose and store under the root. Different purposes
    /// give unrelated keys.
    pub fn derive(&self, purpose: &str, store: StoreId) -> hmac::Key {
        self.derive_for(purpose, store.uuid())
    }

    fn derive_for(&self, purpose: &str, whose: Uuid) -> hmac::Key {
        let root = hmac::Key::new(hmac::HMAC_SHA256, self.0.root.bytes());
        let mut context = hmac::Context::with_key(&root);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(whose.as_bytes());
        hmac::Key::new(hmac::HMAC_SHA256, context.sign().as_ref())
    }

    /// A key for one use above the stores.
    pub fn derive_global(&self, purpose: &str) -> hmac::Key {
        let root = hmac::Key::new(hmac::HMAC_SHA256, self.0.root.bytes());
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, purpose.as_bytes()).as_ref())
    }

    /// How a suppression keeps an address: HMAC-SHA-256 under a key of the store's own, in hex. It outlives erasure
    /// and tells nothing to whoever has the database alone. `address` is in canonical form.
    pub fn address_hash(&self, store: StoreId, channel: &str, address: &str) -> String {
        hashed(&self.derive("suppression", store), channel, address)
    }

    /// How the circle of an agency keeps an address: the same under a key of the circle's own, so that what two circles keep cannot be
    /// compared, nor with what a store keeps.
    pub fn circle_hash(&self, agency: OrganisationId, channel: &str, address: &str) -> String {
        hashed(&self.derive_for("circle", agency.uuid()), channel, address)
    }

    /// Seals a text by the current data key of its store or of the service, in the transaction that writes it. The key is
    /// made where there is none.
    ///
    /// # Errors
    /// [`KeyError::Foreign`] when the data key is wrapped by a master key that is not at hand; what the database says.
    pub async fn seal<'a, 't: 'a>(
        &self,
        vault: impl Into<Vault<'a, 't>>,
        env: &Env,
        place: Place,
        text: &str,
    ) -> Result<String, KeyError> {
        let vault = vault.into();
        if !vault.holds(place) {
            return Err(lost("a value of one store was to be sealed in another"));
        }
        // A key may be retired between two looks, but not again and again.
        for _ in 0..4 {
            if let Some(row) = vault.current().await? {
                let key = self.opened(&row)?;
                let sealed = key.seal(env, &place.bound(), text.as_bytes());
                return Ok(format!("{FORM}{}.{sealed}", row.id.simple()));
            }
            // Once in the life of a store: the file is asked which key is the current one now.
            vault.add(&self.fresh(), env, env.now()).await?;
        }
        Err(lost("a data key was made and is gone"))
    }

    /// Opens what was sealed for a place; `None` when it was sealed elsewhere or changed.
    ///
    /// # Errors
    /// [`KeyError::Foreign`] when its data key is wrapped by a master key that is not at hand; what the database says.
    pub async fn unseal<'a, 't: 'a>(
        &self,
        vault: impl Into<Vault<'a, 't>>,
        place: Place,
        sealed: &str,
    ) -> Result<Option<Secret>, KeyError> {
        let vault = vault.into();
        if !vault.holds(place) {
            return Ok(None);
        }
        let Some(id) = key_of(sealed) else { return Ok(self.open_with(None, place, sealed)) };
        if let Some(key) = self.0.unwrapped.get(&(place.store(), id)) {
            return Ok(self.open_with(Some(&key), place, sealed));
        }
        let Some(row) = vault.by_id(id).await? else { return Ok(None) };
        let key = self.opened(&row)?;
        Ok(self.open_with(Some(&key), place, sealed))
    }

    /// Opens a value by the data key it names, or by the root.
    pub(super) fn open_with(&self, key: Option<&Key>, place: Place, sealed: &str) -> Option<Secret> {
        let plain = match (key, key_of(sealed)) {
            (Some(key), Some(_)) => key.open(&place.bound(), sealed.rsplit_once('.')?.1)?,
            (None, None) => self.0.root.open(&place.bound_once(), sealed)?,
            _ => return None,
        };
        Some(Secret::new(String::from_utf8(plain).ok()?))
    }

    /// The key in a row, from memory where it has been opened before.
    pub(super) fn opened(&self, row: &Wrapped) -> Result<Key, KeyError> {
        let name = (row.store, row.id);
        if let Some(key) = self.0.unwrapped.get(&name) {
            return Ok(key);
        }
        let key = self.open_row(row)?;
        self.0.unwrapped.insert(name, key.clone());
        Ok(key)
    }

    /// The key in a row, by one of the master keys at hand, or of those that are in their file by now.
    pub(super) fn open_row(&self, row: &Wrapped) -> Result<Key, KeyError> {
        let mut masters = self.masters();
        if masters.by_print(&row.by).is_none() {
            masters = self.fresh();
        }
        let master = masters.by_print(&row.by).ok_or_else(|| masters.foreign(&row.by))?;
        row.open(master)
    }

    pub(super) fn masters(&self) -> Arc<Masters> {
        self.0.masters.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The master keys as they are in their file now. A file that cannot be read changes nothing.
    pub(super) fn fresh(&self) -> Arc<Masters> {
        if let Some(read) = self.masters().again() {
            *self.0.masters.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
        }
        self.masters()
    }
}

fn hashed(key: &hmac::Key, channel: &str, address: &str) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(channel.as_bytes());
    context.update(&[0]);
    context.update(address.as_bytes());
    hex::encode(context.sign().as_ref())
}

/// The id of the data key that has sealed a value; `None` for one of the old form.
pub(super) fn key_of(sealed: &str) -> Option<Uuid> {
    let (id, _) = sealed.strip_prefix(FORM)?.split_once('.')?;
    Uuid::try_parse(id).ok()
}

fn lost(what: &str) -> KeyError {
    KeyError::Db(DbError::Orm(DbErr::Custom(what.to_owned())))
}

/// The master keys the settings name. A file is made only where nothing was ever sealed: else the right one is missing.
async fn masters(db: &Db, env: &Env, given: &Given) -> Result<Masters, KeyError> {
    match given {
        Given::Text(text) => Masters::parse(text, "CARTWHEEL_MASTER_KEY"),
        Given::File { path, make } => {
            if let Some(read) = Masters::read(path)? {
                return Ok(read);
            }
            let mut tx = db.read().await?;
            let system = tx.system().await?;
            let used = any_key(&system).await? || !walk::samples(&system).await?.is_empty();
            if used || !make {
                return Err(KeyError::Missing(path.clone()));
            }
            Masters::make(path, env)
        }
    }
}

async fn any_key(system: &System<'_>) -> Result<bool, DbError> {
    Ok(system.find::<service_key::Entity>().one(system.on()).await?.is_some())
}

async fn root(db: &Db) -> Result<Option<Wrapped>, DbError> {
    let mut tx = db.read().await?;
    let system = tx.system().await?;
    let query = system.find::<service_key::Entity>().filter(service_key::Column::Kind.eq(ROOT));
    let query = query.filter(service_key::Column::RetiredAt.is_null());
    Ok(query.one(system.on()).await?.map(Wrapped::from))
}

/// The root of a database that has none: what was the master key until now. It must open what there is.
async fn beginning(system: &System<'_>, masters: &Masters) -> Result<Key, KeyError> {
    let (print, current) = masters.current();
    if masters.prints().len() > 1 {
        return Err(KeyError::Several { place: masters.place().to_owned() });
    }
    let ring = MasterKey::over(current.clone(), masters.clone());
    let samples = walk::samples(system).await?;
    let opens = |item: &walk::Item| ring.open_with(None, item.place, &item.sealed).is_some();
    if !samples.is_empty() && !samples.iter().any(opens) {
        return Err(KeyError::Strange { place: masters.place().to_owned(), given: print.to_owned() });
    }
    Ok(current.clone())
}

/// Gives a database its root and the service its first data key, unless another process was first.
async fn begin(system: &System<'_>, env: &Env, masters: &Masters) -> Result<(), KeyError> {
    let root = beginning(system, masters).await?;
    let row = Wrapped::new(None, Some(ROOT), env.uuid(), (masters, env), &root);
    system.insert_new::<service_key::Entity>(row.service_row(env.now())).await?;
    Vault::Service(system).add(masters, env, env.now()).await?;
    Ok(())
}

/// The fingerprint of a master key that wraps something and is not at hand.
async fn unknown(db: &Db, masters: &Masters) -> Result<Option<String>, DbError> {
    let mut tx = db.read().await?;
    let system = tx.system().await?;
    let known = masters.prints();
    let query = system.find::<service_key::Entity>();
    let query = query.filter(service_key::Column::WrappedBy.is_not_in(known.clone()));
    if let Some(row) = query.one(system.on()).await? {
        return Ok(Some(row.wrapped_by));
    }
    let query = system.find::<data_key::Entity>().filter(data_key::Column::WrappedBy.is_not_in(known));
    Ok(query.one(system.on()).await?.map(|row| row.wrapped_by))
}
