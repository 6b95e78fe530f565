//! For `cartwheel doctor`: what is sealed by which key.

use super::{
    KeyError,
    ring::MasterKey,
    rotate::rows_after,
    walk::{self, Keys, State, Table},
};
use crate::db::Db;

/// Most values that are named.
const NAMED: usize = 5;

/// What is sealed how.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Data keys, the root among them.
    pub keys: u64,
    /// Those of them that an older master key wraps.
    pub old_keys: u64,
    /// Sealed values.
    pub values: u64,
    /// Those of them that were sealed by a data key that was replaced, or before there were any.
    pub old_values: u64,
    /// Keys and values that do not open.
    pub lost: u64,
    /// Some of them, and why.
    pub named: Vec<String>,
}

impl Survey {
    fn lose(&mut self, what: String) {
        self.lost += 1;
        if self.named.len() < NAMED {
            self.named.push(what);
        }
    }
}

/// Looks at all keys and all sealed values; writes nothing.
///
/// # Errors
/// What the database says.
pub async fn survey(db: &Db, ring: &MasterKey) -> Result<Survey, KeyError> {
    let mut found = Survey::default();
    let current = ring.masters().current().0.to_owned();
    let mut after = None;
    loop {
        let mut tx = db.read().await?;
        let rows = rows_after(&tx.system().await?, after, None).await?;
        for row in &rows {
            found.keys += 1;
            found.old_keys += u64::from(row.by != current);
            // Not from the cache: it is the row that is looked at.
            if let Err(error) = ring.open_row(row) {
                found.lose(error.to_string());
            }
        }
        match rows.last() {
            Some(row) => after = Some((row.store, row.id)),
            None => break,
        }
    }
    for table in Table::ALL {
        let mut last = None;
        loop {
            let mut tx = db.read().await?;
            let system = tx.system().await?;
            let items = walk::page(&system, table, last.as_ref()).await?;
            let keys = Keys::of(&system, &items).await?;
            for item in &items {
                found.values += 1;
                match keys.judge(ring, item) {
                    State::Current => {}
                    State::Old => found.old_values += 1,
                    State::Lost(why) => found.lose(format!("{}: {why}", item.place.named())),
                }
            }
            match items.into_iter().last() {
                Some(item) => last = Some(item),
                None => break,
            }
        }
    }
    Ok(found)
}
