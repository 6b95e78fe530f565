//! Queries.

use super::keys::{Key, KeyKind};
use crate::db::{Among, DbError, Scoped};
use cartwheel_entity::{cart, cart_key};
use sea_orm::{ColumnTrait, QueryFilter};
use std::collections::BTreeSet;
use uuid::Uuid;

const CHUNK: usize = 5_000;

pub(super) async fn keys(scoped: &Scoped<'_>, wanted: &BTreeSet<Key>) -> Result<Vec<(Key, Uuid)>, DbError> {
    use cart_key::Column as C;
    let kinds: BTreeSet<KeyKind> = wanted.iter().map(|key| key.kind).collect();
    let values: BTreeSet<&str> = wanted.iter().map(|key| key.value.as_str()).collect();
    let values: Vec<&str> = values.into_iter().collect();
    let mut found = Vec::with_capacity(wanted.len());
    for part in values.chunks(CHUNK) {
        // Kinds and values as two lists, whatever of them was not asked for together: each pair is a look-up by the primary
        // key. For "this kind with these values, or that kind with those" SQLite reads all tokens of the store.
        let query = scoped.find::<cart_key::Entity>().filter(C::Kind.is_in(kinds.iter().map(|k| k.as_str())));
        found.extend(query.filter(C::Value.among(part.iter().copied())).all(scoped.on()).await?);
    }
    let named =
        |row: cart_key::Model| Some((Key::new(KeyKind::from_name(&row.kind)?, row.value), row.cart_id));
    Ok(found.into_iter().filter_map(named).filter(|(key, _)| wanted.contains(key)).collect())
}

pub(super) async fn by_ids(scoped: &Scoped<'_>, ids: &[Uuid]) -> Result<Vec<cart::Model>, DbError> {
    scoped.find_among::<cart::Entity, _>(cart::Column::Id, ids.iter().copied()).await
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
    let rows =
        scoped.find::<cart_key::Entity>().filter(cart_key::Column::CartId.eq(cart)).all(scoped.on()).await?;
    Ok(rows.into_iter().filter_map(|row| Some(Key::new(KeyKind::from_name(&row.kind)?, row.value))).collect())
}
