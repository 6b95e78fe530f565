//! Queries.

use super::keys::{Key, KeyKind};
use crate::db::{DbError, Scoped};
use cartwheel_entity::{cart, cart_key};
use sea_orm::{ColumnTrait, QueryFilter};
use std::collections::BTreeSet;
use uuid::Uuid;

pub(super) async fn keys(scoped: &Scoped<'_>, wanted: &BTreeSet<Key>) -> Result<Vec<(Key, Uuid)>, DbError> {
    use cart_key::Column as C;
    let pairs = wanted.iter().map(|key| (key.kind.as_str(), key.value.as_str())).collect();
    let found = scoped.find_pairs::<cart_key::Entity>((C::Kind, C::Value), &pairs).await?;
    let named =
        |row: cart_key::Model| Some((Key::new(KeyKind::from_name(&row.kind)?, row.value), row.cart_id));
    Ok(found.into_iter().filter_map(named).collect())
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

/// The open carts of contacts who have few, closed ones included in what is read.
pub(super) async fn open_of_all(scoped: &Scoped<'_>, contacts: &[Uuid]) -> Result<Vec<cart::Model>, DbError> {
    let mut found =
        scoped.find_among::<cart::Entity, _>(cart::Column::ContactId, contacts.iter().copied()).await?;
    found.retain(|model| super::status(model).open());
    Ok(found)
}

/// The tokens of a cart.
pub(super) async fn keys_of(scoped: &Scoped<'_>, cart: Uuid) -> Result<Vec<Key>, DbError> {
    let rows =
        scoped.find::<cart_key::Entity>().filter(cart_key::Column::CartId.eq(cart)).all(scoped.on()).await?;
    Ok(rows.into_iter().filter_map(|row| Some(Key::new(KeyKind::from_name(&row.kind)?, row.value))).collect())
}
