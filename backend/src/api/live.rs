//! What changed, for those who watch.
//!
//! While somebody watches a store, one look a half-second asks for carts that changed since the last, by the index the
//! list uses; whichever process changed them. With nobody watching it asks nothing. A watcher that falls behind misses
//! steps in between, never the latest state.

use crate::db::{Db, DbError, StoreScope};
use cartwheel_domain::{
    ids::{CartId, StoreId},
    time::Millis,
};
use cartwheel_entity::cart;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::broadcast;

/// A cart that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CartChanged {
    /// In which store.
    pub store: StoreId,
    /// Which cart.
    pub cart: CartId,
}

/// Most changes told at once; after a larger burst the list is read anew anyway.
const MOST: u64 = 100;

struct Watched {
    watchers: usize,
    since: Millis,
}

/// Hands changes to those who watch.
#[derive(Clone)]
pub struct Live {
    sender: broadcast::Sender<CartChanged>,
    stores: Arc<Mutex<HashMap<StoreId, Watched>>>,
}

impl Default for Live {
    fn default() -> Self {
        Self { sender: broadcast::channel(1024).0, stores: Arc::default() }
    }
}

/// A watcher; its store is asked about until it is dropped.
pub struct Watcher {
    store: StoreId,
    live: Live,
    /// What changed, in all watched stores.
    pub changes: broadcast::Receiver<CartChanged>,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut stores = self.live.stores.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watched) = stores.get_mut(&self.store) {
            watched.watchers -= 1;
            if watched.watchers == 0 {
                stores.remove(&self.store);
            }
        }
    }
}

impl Live {
    /// Watches a store from now on.
    pub fn watch(&self, store: StoreId, now: Millis) -> Watcher {
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        stores.entry(store).or_insert(Watched { watchers: 0, since: now }).watchers += 1;
        Watcher { store, live: self.clone(), changes: self.sender.subscribe() }
    }

    /// Looks once at every watched store and tells what changed.
    ///
    /// # Errors
    /// What the database says.
    pub async fn look(&self, db: &Db) -> Result<(), DbError> {
        let watched: Vec<(StoreId, Millis)> = {
            let stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
            stores.iter().map(|(id, w)| (*id, w.since)).collect()
        };
        for (store, since) in watched {
            let mut tx = db.read().await?;
            let scoped = tx.enter(&StoreScope::system(store)).await?;
            let rows: Vec<(uuid::Uuid, Millis)> = scoped
                .find::<cart::Entity>()
                .select_only()
                .column(cart::Column::Id)
                .column(cart::Column::UpdatedAt)
                .filter(cart::Column::UpdatedAt.gt(since))
                .order_by_desc(cart::Column::UpdatedAt)
                .limit(MOST)
                .into_tuple()
                .all(scoped.on())
                .await?;
            let Some(latest) = rows.first().map(|(_, at)| *at) else { continue };
            if let Some(watched) = self.stores.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&store)
            {
                watched.since = latest;
            }
            for (cart, _) in rows.into_iter().rev() {
                // Fails only when the last watcher has just left.
                let _ = self.sender.send(CartChanged { store, cart: CartId(cart) });
            }
        }
        Ok(())
    }
}
