//! Queries.

use crate::db::{Among, DbError, Scoped};
use cartwheel_domain::time::Millis;
use cartwheel_entity::{order_refund, shop_order};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::BTreeSet;
use uuid::Uuid;

pub(super) async fn by_external_ids(
    scoped: &Scoped<'_>,
    ids: &BTreeSet<String>,
) -> Result<Vec<shop_order::Model>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    scoped.find_among::<shop_order::Entity, _>(shop_order::Column::ExternalId, ids).await
}

pub(super) async fn refunds(
    scoped: &Scoped<'_>,
    orders: &[Uuid],
) -> Result<Vec<order_refund::Model>, DbError> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let of = order_refund::Column::OrderId.among(orders.iter().copied());
    Ok(scoped.find::<order_refund::Entity>().filter(of).all(scoped.on()).await?)
}

/// The bought orders of a contact placed at or after `since`, oldest first; at most a hundred.
///
/// # Errors
/// What the database says.
pub async fn bought_since(
    scoped: &Scoped<'_>,
    contact: Uuid,
    since: Millis,
) -> Result<Vec<shop_order::Model>, DbError> {
    let query = scoped
        .find::<shop_order::Entity>()
        .filter(shop_order::Column::ContactId.eq(contact))
        .filter(shop_order::Column::PlacedAt.gte(since))
        .filter(shop_order::Column::State.ne("unfinished"))
        .order_by_asc(shop_order::Column::PlacedAt)
        .order_by_asc(shop_order::Column::ExternalId)
        .limit(100);
    Ok(query.all(scoped.on()).await?)
}
