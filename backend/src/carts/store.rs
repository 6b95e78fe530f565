//! Queries.

use super::keys::{Key, KeyKind};
use crate::db::{DbError, Scoped};
use cartwheel_entity::{cart, cart_key};
use sea_orm::{ColumnTrait, QueryFilter};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const CHUNK: usize = 5_000;

pub(super) async fn keys(scoped: &Scoped<'_>, wanted: &BTreeSet<Key>) -> Result<Vec<(Key, Uuid)>, DbError> {
    let mut by_kind: BTreeMap<KeyKind, Vec<&str>> = BTreeMap::new();
    for key in wanted {
        by_kind.entry(key.kind).or_default().push(&key.value);
    }
    let mut found = Vec::new();
    for (kind, values) in by_kind {
        for part in values.chunks(CHUNK) {
            let query = scoped
                .find::<cart_key::Entity>()
                .filter(cart_key::Column::Kind.eq(kind.as_str()))
                .filter(cart_key::Column::Value.is_in(part.iter().copied()));
            found.extend(query.all(scoped.on()).await?.into_iter().map(|row| (Key::new(kind, row.value), row.cart_id)));
        }
    }
    Ok(found)
}

pub(super) async fn by_ids(scoped: &Scoped<'_>, ids: &[Uuid]) -> Result<Vec<cart::Model>, DbError> {
    let mut found = Vec::with_capacity(ids.len());
    for part in ids.chunks(CHUNK) {
        let query = scoped.find::<cart::Entity>().filter(cart::Column::Id.is_in(part.iter().copied()));
        found.extend(query.all(scoped.on()).await?);
    }
    Ok(found)
}

/// The open carts of a contact. A person has few; the index leads to all of theirs.
pub(super) async fn open_of(scoped: &Scoped<'_>, contact: Uuid) -> Result<Vec<cart::Model>, DbError> {
    let query = scoped
        .find::<cart::Entity>()
        .filter(cart::Column::ContactId.eq(contact))
        .filter(cart::Column::Status.is_in(["active", "checkout", "abandoned"]));
    Ok(query.all(scoped.on()).await?)
}

/// The tokens of a cart.
pub(super) async fn keys_of(scoped: &Scoped<'_>, cart: Uuid) -> Result<Vec<Key>, DbError> {
    let rows = scoped.find::<cart_key::Entity>().filter(cart_key::Column::CartId.eq(cart)).all(scoped.on()).await?;
    Ok(rows.into_iter().filter_map(|row| Some(Key::new(KeyKind::from_name(&row.kind)?, row.value))).collect())
}
