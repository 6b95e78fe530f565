//! Whose data keys: a store's, reached through its scope, or the service's own.

use super::{KeyError, Place, bound, cipher::Key, masters::Masters};
use crate::{
    clock::Env,
    db::{DbError, Scoped, System},
};
use cartwheel_domain::{ids::StoreId, time::Millis};
use cartwheel_entity::{data_key, service_key};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

/// The kind of the service's key that seals.
pub(super) const DATA: &str = "data";
/// The kind of the root.
pub(super) const ROOT: &str = "root";

/// Where a value is sealed and opened: in a store, or above the stores.
#[derive(Clone, Copy)]
pub enum Vault<'a, 't> {
    /// A store's.
    Store(&'a Scoped<'t>),
    /// The service's own.
    Service(&'a System<'t>),
}

impl<'a, 't> From<&'a Scoped<'t>> for Vault<'a, 't> {
    fn from(scoped: &'a Scoped<'t>) -> Self {
        Self::Store(scoped)
    }
}

impl<'a, 't> From<&'a System<'t>> for Vault<'a, 't> {
    fn from(system: &'a System<'t>) -> Self {
        Self::Service(system)
    }
}

/// A key as the database keeps it.
#[derive(Debug, Clone)]
pub(super) struct Wrapped {
    pub store: Option<StoreId>,
    pub id: Uuid,
    /// `None` for a store's.
    pub kind: Option<String>,
    pub text: String,
    pub by: String,
}

impl From<data_key::Model> for Wrapped {
    fn from(row: data_key::Model) -> Self {
        Self {
            store: Some(StoreId(row.store_id)),
            id: row.id,
            kind: None,
            text: row.wrapped,
            by: row.wrapped_by,
        }
    }
}

impl From<service_key::Model> for Wrapped {
    fn from(row: service_key::Model) -> Self {
        Self { store: None, id: row.id, kind: Some(row.kind), text: row.wrapped, by: row.wrapped_by }
    }
}

impl Wrapped {
    /// Wraps a key by the current master key, bound to the row it is for.
    pub(super) fn new(
        store: Option<StoreId>,
        kind: Option<&str>,
        id: Uuid,
        (masters, env): (&Masters, &Env),
        key: &Key,
    ) -> Self {
        let mut new =
            Self { store, id, kind: kind.map(str::to_owned), text: String::new(), by: String::new() };
        new.wrap(masters, env, key);
        new
    }

    fn bound(&self) -> String {
        match &self.kind {
            None => bound(self.store, "data_key", "wrapped", &self.id.to_string()),
            Some(kind) => bound(None, "service_key", "wrapped", &format!("{kind}/{}", self.id)),
        }
    }

    /// Wraps it anew.
    pub(super) fn wrap(&mut self, masters: &Masters, env: &Env, key: &Key) {
        let (print, master) = masters.current();
        self.text = master.seal(env, &self.bound(), key.bytes());
        print.clone_into(&mut self.by);
    }

    /// The key inside.
    pub(super) fn open(&self, master: &Key) -> Result<Key, KeyError> {
        let bytes = master.open(&self.bound(), &self.text).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Key::new).ok_or_else(|| KeyError::Broken(self.named()))
    }

    pub(super) fn named(&self) -> String {
        match (&self.store, &self.kind) {
            (Some(store), _) => format!("the data key {} of {store}", self.id),
            (None, kind) => format!("the service's {} key {}", kind.as_deref().unwrap_or_default(), self.id),
        }
    }

    pub(super) fn service_row(self, now: Millis) -> service_key::ActiveModel {
        service_key::ActiveModel {
            id: Set(self.id),
            kind: Set(self.kind.unwrap_or_default()),
            wrapped: Set(self.text),
            wrapped_by: Set(self.by),
            created_at: Set(now),
            retired_at: Set(None),
        }
    }

    fn store_row(self, store: StoreId, now: Millis) -> data_key::ActiveModel {
        data_key::ActiveModel {
            store_id: Set(store.uuid()),
            id: Set(self.id),
            wrapped: Set(self.text),
            wrapped_by: Set(self.by),
            created_at: Set(now),
            retired_at: Set(None),
        }
    }
}

impl Vault<'_, '_> {
    fn store(self) -> Option<StoreId> {
        match self {
            Self::Store(scoped) => Some(scoped.store_id()),
            Self::Service(_) => None,
        }
    }

    /// Whether a value at a place may be sealed and opened here.
    pub(super) fn holds(self, place: Place) -> bool {
        place.store() == self.store()
    }

    /// The key that seals what is new, kept from being retired until the transaction ends: whoever replaces it finds what
    /// is sealed by it now.
    pub(super) async fn current(self) -> Result<Option<Wrapped>, DbError> {
        Ok(match self {
            Self::Store(scoped) => {
                let query = scoped.find::<data_key::Entity>().filter(data_key::Column::RetiredAt.is_null());
                query.lock_shared().one(scoped.on()).await?.map(Wrapped::from)
            }
            Self::Service(system) => {
                let query = system
                    .find::<service_key::Entity>()
                    .filter(service_key::Column::Kind.eq(DATA))
                    .filter(service_key::Column::RetiredAt.is_null());
                query.lock_shared().one(system.on()).await?.map(Wrapped::from)
            }
        })
    }

    pub(super) async fn by_id(self, id: Uuid) -> Result<Option<Wrapped>, DbError> {
        Ok(match self {
            Self::Store(scoped) => {
                let query = scoped.find::<data_key::Entity>().filter(data_key::Column::Id.eq(id));
                query.one(scoped.on()).await?.map(Wrapped::from)
            }
            Self::Service(system) => {
                let query = system
                    .find::<service_key::Entity>()
                    .filter(service_key::Column::Kind.eq(DATA))
                    .filter(service_key::Column::Id.eq(id));
                query.one(system.on()).await?.map(Wrapped::from)
            }
        })
    }

    /// Adds a key, unless another transaction was first: then that one's is the key.
    pub(super) async fn add(self, masters: &Masters, env: &Env, now: Millis) -> Result<(), DbError> {
        let key = Key::random(env);
        match self {
            Self::Store(scoped) => {
                let store = scoped.store_id();
                let row = Wrapped::new(Some(store), None, env.uuid(), (masters, env), &key);
                scoped.insert_new::<data_key::Entity>(vec![row.store_row(store, now)]).await?;
            }
            Self::Service(system) => {
                let row = Wrapped::new(None, Some(DATA), env.uuid(), (masters, env), &key);
                system.insert_new::<service_key::Entity>(row.service_row(now)).await?;
            }
        }
        Ok(())
    }
}
