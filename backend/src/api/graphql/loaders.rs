//! One batch look-up per relation, so that a list of a hundred carts asks for its contacts once.

use super::access::Api;
use crate::{
    consent::suppression,
    db::{Among, DbError, StoreScope},
};
use async_graphql::{
    Data,
    dataloader::{DataLoader, Loader},
};
use cartwheel_domain::{consent::Channel, ids::StoreId};
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

/// An address of somebody, together with the proof that the store is open to the caller.
#[derive(Debug, Clone)]
pub struct Address {
    /// The proof.
    pub scope: StoreScope,
    /// The address.
    pub email: String,
}

impl Address {
    fn parts(&self) -> (StoreId, &str) {
        (self.scope.store_id(), &self.email)
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Address {}

impl Hash for Address {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

/// Addresses that have a standing no.
pub struct Suppressed(pub Api);

impl Loader<Address> for Suppressed {
    type Value = ();
    type Error = Arc<DbError>;

    async fn load(&self, keys: &[Address]) -> Result<HashMap<Address, Self::Value>, Self::Error> {
        let mut found = HashMap::new();
        let mut tx = self.0.db.read().await?;
        let mut rest: Vec<&Address> = keys.iter().collect();
        while let Some(first) = rest.first().copied() {
            let (mine, others) = rest.into_iter().partition(|k| k.scope.store_id() == first.scope.store_id());
            rest = others;
            let scoped = tx.enter(&first.scope).await?;
            let named = Vec::<&Address>::into_iter(mine).map(|k| (Channel::Email.as_str(), k.email.as_str()));
            let named: Vec<_> = named.collect();
            let standing = suppression::standing_among(&scoped, &self.0.master, &named).await?;
            let address = |email: &str| Address { scope: first.scope, email: email.to_owned() };
            found.extend(standing.into_iter().map(|no| (address(no.address), ())));
        }
        Ok(found)
    }
}

/// Puts one of each beside a request or a socket.
pub fn insert(data: &mut Data, api: &Api) {
    data.insert(DataLoader::new(Contacts(api.clone()), tokio::spawn));
    data.insert(DataLoader::new(Carts(api.clone()), tokio::spawn));
    data.insert(DataLoader::new(Orders(api.clone()), tokio::spawn));
    data.insert(DataLoader::new(Messages(api.clone()), tokio::spawn));
    data.insert(DataLoader::new(Suppressed(api.clone()), tokio::spawn));
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
