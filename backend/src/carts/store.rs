//! Queries.

use super::keys::{Key, KeyKind};
use crate::db::{DbError, Scoped};
use cartwheel_entity::{cart, cart_key};
use sea_orm::{ColumnTrait, Condition, ExprTrait, QueryFilter};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const CHUNK: usize = 5_000;

pub(super) async fn keys(scoped: &Scoped<'_>, wanted: &BTreeSet<Key>) -> Result<Vec<(Key, Uuid)>, DbError> {
    let mut by_kind: BTreeMap<KeyKind, Vec<&str>> = BTreeMap::new();
    for key in wanted {
        by_kind.entry(key.kind).or_default().push(&key.value);
    }
    use cart_key::Column as C;
    let (mut found, mut any, mut asked) = (Vec::new(), Condition::any(), 0);
    for (kind, values) in by_kind {
        for part in values.chunks(CHUNK) {
            // One statement for all kinds; each is a look-up by the primary key.
            any = any.add(C::Kind.eq(kind.as_str()).and(C::Value.is_in(part.iter().copied())));
            asked += part.len();
            if asked >= CHUNK {
                let full = std::mem::replace(&mut any, Condition::any());
                found.extend(scoped.find::<cart_key::Entity>().filter(full).all(scoped.on()).await?);
                asked = 0;
            }
        }
    }
    if asked > 0 {
        found.extend(scoped.find::<cart_key::Entity>().filter(any).all(scoped.on()).await?);
    }
    let named =
        |row: cart_key::Model| Some((Key::new(KeyKind::from_name(&row.kind)?, row.value), row.cart_id));
    Ok(found.into_iter().filter_map(named).collect())
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
    let rows =
        scoped.find::<cart_key::Entity>().filter(cart_key::Column::CartId.eq(cart)).all(scoped.on()).await?;
    Ok(rows.into_iter().filter_map(|row| Some(Key::new(KeyKind::from_name(&row.kind)?, row.value))).collect())
}
