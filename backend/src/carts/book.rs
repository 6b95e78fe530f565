//! The carts one transaction touches.

use super::{keys::Key, store};
use crate::db::{DbError, Scoped};
use cartwheel_entity::{cart, cart_key};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

struct Row {
    model: cart::Model,
    dirty: bool,
}

/// The carts and tokens one transaction touches.
pub struct Book {
    store: Uuid,
    rows: HashMap<Uuid, Row>,
    keys: HashMap<Key, Uuid>,
    pointed: BTreeSet<Key>,
}

impl Book {
    /// Reads the carts behind these tokens.
    ///
    /// # Errors
    /// What the database says.
    pub async fn load(scoped: &Scoped<'_>, wanted: &BTreeSet<Key>) -> Result<Self, DbError> {
        let mut book = Self {
            store: scoped.store_id().uuid(),
            rows: HashMap::new(),
            keys: HashMap::new(),
            pointed: BTreeSet::new(),
        };
        book.read_keys(scoped, wanted).await?;
        Ok(book)
    }

    /// Reads the carts behind further tokens.
    ///
    /// # Errors
    /// What the database says.
    pub async fn read_keys(&mut self, scoped: &Scoped<'_>, wanted: &BTreeSet<Key>) -> Result<(), DbError> {
        let found = store::keys(scoped, wanted).await?;
        let ids: BTreeSet<Uuid> = found.iter().map(|(_, id)| *id).collect();
        for (key, id) in found {
            self.keys.entry(key).or_insert(id);
        }
        self.read(scoped, &ids.into_iter().collect::<Vec<_>>()).await
    }

    /// Reads carts by id.
    ///
    /// # Errors
    /// What the database says.
    pub async fn read(&mut self, scoped: &Scoped<'_>, ids: &[Uuid]) -> Result<(), DbError> {
        let missing: Vec<Uuid> = ids.iter().copied().filter(|id| !self.rows.contains_key(id)).collect();
        for model in store::by_ids(scoped, &missing).await? {
            self.rows.insert(model.id, Row { model, dirty: false });
        }
        Ok(())
    }

    /// The open carts of a contact, those of this transaction included, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn open_of(&mut self, scoped: &Scoped<'_>, contact: Uuid) -> Result<Vec<Uuid>, DbError> {
        for model in store::open_of(scoped, contact).await? {
            self.rows.entry(model.id).or_insert(Row { model, dirty: false });
        }
        Ok(self.open_here(contact))
    }

    /// Reads the open carts of contacts that have few: those of whom little was known until now.
    ///
    /// # Errors
    /// What the database says.
    pub async fn read_open(&mut self, scoped: &Scoped<'_>, contacts: &[Uuid]) -> Result<(), DbError> {
        for model in store::open_of_all(scoped, contacts).await? {
            self.rows.entry(model.id).or_insert(Row { model, dirty: false });
        }
        Ok(())
    }

    /// Of what was read or made, the open carts of a contact, oldest first.
    pub fn open_here(&self, contact: Uuid) -> Vec<Uuid> {
        let mine = self.rows.values().map(|r| &r.model);
        let mine = mine.filter(|m| m.contact_id == Some(contact) && super::status(m).open());
        let mut ids: Vec<(i64, Uuid)> = mine.map(|m| (m.source_at, m.id)).collect();
        ids.sort_unstable();
        ids.into_iter().map(|(_, id)| id).collect()
    }

    /// The tokens of a cart, those of this transaction included.
    ///
    /// # Errors
    /// What the database says.
    pub async fn keys_of(&mut self, scoped: &Scoped<'_>, cart: Uuid) -> Result<Vec<Key>, DbError> {
        for key in store::keys_of(scoped, cart).await? {
            self.keys.entry(key).or_insert(cart);
        }
        let mut mine: Vec<Key> =
            self.keys.iter().filter(|(_, id)| **id == cart).map(|(k, _)| k.clone()).collect();
        mine.sort_unstable();
        Ok(mine)
    }

    /// A cart that was read or made.
    pub fn get(&self, id: Uuid) -> Option<&cart::Model> {
        self.rows.get(&id).map(|r| &r.model)
    }

    /// Changes a cart that was read or made.
    pub fn change<T>(&mut self, id: Uuid, change: impl FnOnce(&mut cart::Model) -> T) -> Option<T> {
        let row = self.rows.get_mut(&id)?;
        row.dirty = true;
        Some(change(&mut row.model))
    }

    /// Adds a cart.
    pub fn add(&mut self, model: cart::Model) {
        self.rows.insert(model.id, Row { model, dirty: true });
    }

    /// The cart a token leads to.
    pub fn at(&self, key: &Key) -> Option<Uuid> {
        self.keys.get(key).copied()
    }

    /// Leads a token to a cart. The basket it led to before stays findable for late events.
    pub fn point(&mut self, key: &Key, cart: Uuid) {
        let before = self.keys.insert(key.clone(), cart);
        if before == Some(cart) {
            return;
        }
        self.pointed.insert(key.clone());
        if let (Some(before), Some(past)) = (before, key.past()) {
            self.keys.insert(past.clone(), before);
            self.pointed.insert(past);
        }
    }

    /// Leads a token to a cart unless it leads to one already.
    pub fn point_if_free(&mut self, key: Key, cart: Uuid) {
        if !self.keys.contains_key(&key) {
            self.keys.insert(key.clone(), cart);
            self.pointed.insert(key);
        }
    }

    /// Contacts that went up in another one take their carts along.
    pub fn moved(&mut self, from: Uuid, into: Uuid) {
        for row in self.rows.values_mut().filter(|r| r.model.contact_id == Some(from)) {
            row.model.contact_id = Some(into);
            row.dirty = true;
        }
    }

    /// Writes what changed: carts, then tokens. Says which carts.
    ///
    /// # Errors
    /// What the database says.
    pub async fn flush(&mut self, scoped: &Scoped<'_>) -> Result<Vec<Uuid>, DbError> {
        let changed = self.rows.values().filter(|r| r.dirty).map(|r| r.model.id).collect();
        let dirty = self.rows.values_mut().filter(|r| r.dirty);
        let rows: Vec<_> = dirty
            .map(|r| {
                r.dirty = false;
                r.model.clone().into_active_model().reset_all()
            })
            .collect();
        scoped.upsert::<cart::Entity>(rows, COLUMNS).await?;
        let pointed = std::mem::take(&mut self.pointed).into_iter().filter_map(|key| {
            let cart_id = *self.keys.get(&key)?;
            Some(cart_key::ActiveModel {
                store_id: Set(self.store),
                kind: Set(key.kind.as_str().into()),
                value: Set(key.value),
                cart_id: Set(cart_id),
            })
        });
        let pointed: Vec<_> = pointed.collect();
        scoped.upsert::<cart_key::Entity>(pointed, &[cart_key::Column::CartId]).await?;
        Ok(changed)
    }
}

const COLUMNS: &[cart::Column] = {
    use cart::Column::*;
    &[
        Kind,
        Status,
        ContactId,
        Currency,
        TotalMinor,
        ItemCount,
        Items,
        SourceAt,
        LastActivityAt,
        IdleAt,
        AbandonedAt,
        FinishedAt,
        OrderId,
        RecoveredBy,
        RecoveryUrl,
        ValidUntil,
        CompanyId,
        Approver,
        Number,
        Step,
        Coupon,
        Bot,
        Test,
        Staff,
        Entries,
        UpdatedAt,
    ]
};
