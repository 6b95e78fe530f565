//! What changed, for those who watch.
//!
//! While somebody watches a store, one look a half-second asks for what changed since the last, by the index the list
//! uses; whichever process changed it. With nobody watching it asks nothing. A watcher that falls behind misses steps in
//! between, never the latest state.

use crate::db::{Db, DbError, Scoped, StoreScope};
use cartwheel_domain::{
    ids::{CartId, MessageId, StoreId},
    time::Millis,
};
use cartwheel_entity::{cart, message};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::broadcast;
use uuid::Uuid;

/// What can be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Watch {
    /// Carts, every change of them.
    Carts,
    /// Messages: new ones, and what becomes of the latest [`LATEST`].
    Messages,
}

/// Something that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// A cart.
    Cart(CartId),
    /// A message.
    Message(MessageId),
}

/// In which store what changed.
pub type Change = (StoreId, Changed);

/// Most carts told at once; after a larger burst the list is read anew anyway.
const MOST: u64 = 100;
/// So many messages, the latest of a store, are watched for what becomes of them.
const LATEST: u64 = 50;

/// What a message looked like: its status, and when it was sent, opened, clicked and answered with no.
type Look = (i32, [Option<Millis>; 4]);

/// Where the last look stood.
enum Seen {
    Carts(Millis),
    /// None: not looked yet.
    Messages(Option<HashMap<Uuid, Look>>),
}

struct Watched {
    watchers: usize,
    seen: Seen,
}

type Key = (StoreId, Watch);

/// Hands changes to those who watch.
#[derive(Clone)]
pub struct Live {
    sender: broadcast::Sender<Change>,
    watched: Arc<Mutex<HashMap<Key, Watched>>>,
}

impl Default for Live {
    fn default() -> Self {
        Self { sender: broadcast::channel(1024).0, watched: Arc::default() }
    }
}

/// A watcher; its store is asked about until it is dropped.
pub struct Watcher {
    key: Key,
    live: Live,
    /// What changed, in all watched stores.
    pub changes: broadcast::Receiver<Change>,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut watched = self.live.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = watched.get_mut(&self.key) {
            one.watchers -= 1;
            if one.watchers == 0 {
                watched.remove(&self.key);
            }
        }
    }
}

impl Live {
    /// Watches a store from now on.
    pub fn watch(&self, store: StoreId, what: Watch, now: Millis) -> Watcher {
        let key = (store, what);
        let seen = match what {
            Watch::Carts => Seen::Carts(now),
            Watch::Messages => Seen::Messages(None),
        };
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.entry(key).or_insert(Watched { watchers: 0, seen }).watchers += 1;
        Watcher { key, live: self.clone(), changes: self.sender.subscribe() }
    }

    /// Looks once at everything that is watched and tells what changed.
    ///
    /// # Errors
    /// What the database says.
    pub async fn look(&self, db: &Db) -> Result<(), DbError> {
        let watched: Vec<Key> = {
            let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
            watched.keys().copied().collect()
        };
        for key in watched {
            let mut tx = db.read().await?;
            let scoped = tx.enter(&StoreScope::system(key.0)).await?;
            let changes = match key.1 {
                Watch::Carts => self.carts(&scoped, key).await?,
                Watch::Messages => self.messages(&scoped, key).await?,
            };
            for change in changes {
                // Fails only when the last watcher has just left.
                let _ = self.sender.send((key.0, change));
            }
        }
        Ok(())
    }

    /// Carts changed since the last look, the earliest change first.
    async fn carts(&self, scoped: &Scoped<'_>, key: Key) -> Result<Vec<Changed>, DbError> {
        let Some(since) = self.with(key, |seen| match seen {
            Seen::Carts(since) => Some(*since),
            Seen::Messages(_) => None,
        }) else {
            return Ok(Vec::new());
        };
        let rows: Vec<(Uuid, Millis)> = scoped
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
        if let Some((_, latest)) = rows.first().copied() {
            self.with(key, |seen| {
                *seen = Seen::Carts(latest);
                Some(())
            });
        }
        Ok(rows.into_iter().rev().map(|(id, _)| Changed::Cart(CartId(id))).collect())
    }

    /// Messages that are new or look different than at the last look, the earliest first. The first look only takes note.
    async fn messages(&self, scoped: &Scoped<'_>, key: Key) -> Result<Vec<Changed>, DbError> {
        use message::Column as M;
        let query = scoped.find::<message::Entity>().select_only();
        let query =
            query.columns([M::Id, M::Status, M::SentAt, M::OpenedAt, M::ClickedAt, M::UnsubscribedAt]);
        type Row = (Uuid, i32, Option<Millis>, Option<Millis>, Option<Millis>, Option<Millis>);
        let rows: Vec<Row> = query
            .order_by_desc(M::CreatedAt)
            .order_by_desc(M::Id)
            .limit(LATEST)
            .into_tuple()
            .all(scoped.on())
            .await?;
        let looks: Vec<(Uuid, Look)> = rows
            .into_iter()
            .map(|(id, status, sent, opened, clicked, gone)| (id, (status, [sent, opened, clicked, gone])))
            .collect();
        let now = looks.iter().copied().collect();
        let before = self.with(key, |seen| match std::mem::replace(seen, Seen::Messages(Some(now))) {
            Seen::Messages(before) => before,
            Seen::Carts(_) => None,
        });
        let Some(before) = before else { return Ok(Vec::new()) };
        let changed = looks.into_iter().rev().filter(|(id, look)| before.get(id) != Some(look));
        Ok(changed.map(|(id, _)| Changed::Message(MessageId(id))).collect())
    }

    /// Works on what was seen last; `None` when nobody watches any more.
    fn with<T>(&self, key: Key, work: impl FnOnce(&mut Seen) -> Option<T>) -> Option<T> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut watched.get_mut(&key)?.seen)
    }
}

#[cfg(test)]
mod tests;
