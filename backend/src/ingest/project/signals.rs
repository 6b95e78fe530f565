//! When something of a store was last seen, written at most once a minute.

use crate::db::{DbError, Scoped};
use cartwheel_domain::{
    ids::StoreId,
    time::{MINUTE, Millis},
};
use cartwheel_entity::store_signal;
use sea_orm::ActiveValue::Set;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// What was written when, by this process.
#[derive(Default)]
pub struct Signals(Mutex<HashMap<(StoreId, &'static str), Millis>>);

impl Signals {
    /// Writes down that these were seen now. `first_…` signals keep their first time.
    ///
    /// # Errors
    /// What the database says.
    pub async fn seen(
        &self,
        scoped: &Scoped<'_>,
        names: &[&'static str],
        now: Millis,
    ) -> Result<(), DbError> {
        let store = scoped.store_id();
        let due: Vec<&'static str> = {
            let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let due = |name: &&&'static str| {
                let first = name.starts_with("first_");
                last.get(&(store, **name)).is_none_or(|at| !first && (now - at).abs() >= MINUTE)
            };
            let due: Vec<_> = names.iter().filter(due).copied().collect();
            last.extend(due.iter().map(|name| ((store, *name), now)));
            due
        };
        let row = |name: &&'static str| store_signal::ActiveModel {
            store_id: Set(store.uuid()),
            name: Set((*name).to_owned()),
            at: Set(now),
        };
        let (first, last): (Vec<_>, Vec<_>) = due.iter().partition(|name| name.starts_with("first_"));
        if !first.is_empty() {
            scoped.insert_new::<store_signal::Entity>(first.into_iter().map(|n| row(&n)).collect()).await?;
        }
        if !last.is_empty() {
            let rows = last.into_iter().map(|n| row(&n)).collect();
            scoped.upsert::<store_signal::Entity>(rows, &[store_signal::Column::At]).await?;
        }
        Ok(())
    }

    /// Forgets what a failed transaction noted.
    pub fn forget(&self, store: StoreId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _), _| *of != store);
    }
}
