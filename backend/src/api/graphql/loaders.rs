//! One batch look-up per relation, so that a list of a hundred carts asks for its contacts once.

use super::access::Api;
use crate::db::{Among, DbError, StoreScope};
use async_graphql::dataloader::Loader;
use cartwheel_domain::ids::StoreId;
use cartwheel_entity::{cart, contact, message, shop_order};
use sea_orm::QueryFilter;
use std::{collections::HashMap, hash::Hash, sync::Arc};
use uuid::Uuid;

/// An id together with the proof that its store is open to the caller.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The proof.
    pub scope: StoreScope,
    /// The row.
    pub id: Uuid,
}

impl Key {
    fn parts(&self) -> (StoreId, Uuid) {
        (self.scope.store_id(), self.id)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

macro_rules! loader {
    ($(#[$doc:meta])* $name:ident, $table:ident) => {
        $(#[$doc])*
        pub struct $name(pub Api);

        impl Loader<Key> for $name {
            type Value = $table::Model;
            type Error = Arc<DbError>;

            async fn load(&self, keys: &[Key]) -> Result<HashMap<Key, Self::Value>, Self::Error> {
                let mut found = HashMap::new();
                let mut tx = self.0.db.read().await?;
                let mut rest: Vec<Key> = keys.to_vec();
                // One store after the other; a request nearly always has one.
                while let Some(first) = rest.first().copied() {
                    let (mine, others) = rest.into_iter().partition(|k: &Key| k.scope.store_id() == first.scope.store_id());
                    rest = others;
                    let ids: Vec<Uuid> = mine.iter().map(|k| k.id).collect();
                    let scoped = tx.enter(&first.scope).await?;
                    let rows = scoped.find::<$table::Entity>().filter($table::Column::Id.among(ids)).all(scoped.on()).await;
                    for row in rows.map_err(DbError::from)? {
                        found.insert(Key { scope: first.scope, id: row.id }, row);
                    }
                }
                Ok(found)
            }
        }
    };
}

loader! {
    /// Contacts by id.
    Contacts, contact
}
loader! {
    /// Carts by id.
    Carts, cart
}
loader! {
    /// Orders by id.
    Orders, shop_order
}
loader! {
    /// Messages by id.
    Messages, message
}
