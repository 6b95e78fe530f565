//! Standing noes, kept by the keyed hash of the address so that they outlive erasure.

use super::circle::{self, Shared};
use crate::{
    accounts::MasterKey,
    clock::Env,
    db::{DbError, Scoped},
};
use cartwheel_domain::{
    consent::{Channel, SuppressionReason},
    ids::{MessageId, SuppressionId},
};
use cartwheel_entity::suppression;
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, sea_query::Expr};
use std::collections::HashMap;

async fn row(
    scoped: &Scoped<'_>,
    channel: Channel,
    hash: &str,
) -> Result<Option<suppression::Model>, DbError> {
    Ok(scoped
        .find::<suppression::Entity>()
        .filter(suppression::Column::Channel.eq(channel.as_str()))
        .filter(suppression::Column::AddressHash.eq(hash))
        .one(scoped.on())
        .await?)
}

/// The noes that stand for some addresses, each with its channel.
///
/// # Errors
/// What the database says.
pub async fn standing_among<'a>(
    scoped: &Scoped<'_>,
    key: &MasterKey,
    addresses: &[(&'a str, &'a str)],
) -> Result<Vec<Shared<'a>>, DbError> {
    let hashed: Vec<(&str, String, &str)> = addresses
        .iter()
        .map(|(channel, address)| (*channel, key.address_hash(scoped.store_id(), channel, address), *address))
        .collect();
    let columns = (suppression::Column::Channel, suppression::Column::AddressHash);
    let pairs = hashed.iter().map(|(channel, hash, _)| (*channel, hash.as_str())).collect();
    let rows = scoped.find_pairs::<suppression::Entity>(columns, &pairs).await?;
    let by_hash: HashMap<&str, (&'a str, &'a str)> =
        hashed.iter().map(|(channel, hash, address)| (hash.as_str(), (*channel, *address))).collect();
    let rows = rows.into_iter().filter(|row| row.lifted_at.is_none());
    let found = rows.filter_map(|row| {
        let (channel, address) = by_hash.get(row.address_hash.as_str()).copied()?;
        Some(Shared { channel, address, reason: row.reason, at: row.created_at })
    });
    Ok(found.collect())
}

/// Suppresses an address on a channel, and in the circles the store is in. A graver reason that stands already stays; says whether
/// anything changed.
///
/// # Errors
/// What the database says.
pub async fn suppress(
    scoped: &Scoped<'_>,
    env: &Env,
    key: &MasterKey,
    (channel, address): (Channel, &str),
    reason: SuppressionReason,
    message: Option<MessageId>,
) -> Result<bool, DbError> {
    let hash = key.address_hash(scoped.store_id(), channel.as_str(), address);
    let fresh = suppression::ActiveModel {
        store_id: Set(scoped.store_id().uuid()),
        id: Set(env.id::<SuppressionId>().uuid()),
        channel: Set(channel.as_str().into()),
        address_hash: Set(hash.clone()),
        reason: Set(reason.as_str().into()),
        message_id: Set(message.map(MessageId::uuid)),
        created_at: Set(env.now()),
        lifted_at: Set(None),
    };
    if scoped.insert_new::<suppression::Entity>(vec![fresh]).await? > 0 {
        share(scoped, env, key, (channel, address), reason).await?;
        return Ok(true);
    }
    // There is a row: another answer of this person, perhaps at this very moment.
    let Some(found) = row(scoped, channel, &hash).await? else { return Ok(false) };
    let standing = SuppressionReason::from_name(&found.reason);
    if found.lifted_at.is_none() && standing.is_none_or(|standing| standing <= reason) {
        return Ok(false);
    }
    scoped
        .update::<suppression::Entity>()
        .col_expr(suppression::Column::Reason, Expr::value(reason.as_str()))
        .col_expr(suppression::Column::MessageId, Expr::value(message.map(MessageId::uuid)))
        .col_expr(suppression::Column::CreatedAt, Expr::value(env.now()))
        .col_expr(suppression::Column::LiftedAt, Expr::value(None::<i64>))
        .filter(suppression::Column::Id.eq(found.id))
        .exec(scoped.on())
        .await?;
    share(scoped, env, key, (channel, address), reason).await?;
    Ok(true)
}

async fn share(
    scoped: &Scoped<'_>,
    env: &Env,
    key: &MasterKey,
    (channel, address): (Channel, &str),
    reason: SuppressionReason,
) -> Result<(), DbError> {
    let no = Shared { channel: channel.as_str(), address, reason: reason.as_str().to_owned(), at: env.now() };
    circle::share(scoped, env, key, &[no]).await
}

/// Lifts a suppression after the person asked to be written to again, or a member took their own block back.
/// What an address or a mailbox said (bounced, complained) and what was erased cannot be lifted here.
/// Says whether anything changed.
///
/// # Errors
/// What the database says.
pub async fn lift(
    scoped: &Scoped<'_>,
    env: &Env,
    key: &MasterKey,
    (channel, address): (Channel, &str),
) -> Result<bool, DbError> {
    use SuppressionReason::{Manual, Objected, Unsubscribed};
    let hash = key.address_hash(scoped.store_id(), channel.as_str(), address);
    // Not while what stood before this store joined a circle is being added there.
    scoped.lock().await?;
    let done = scoped
        .update::<suppression::Entity>()
        .col_expr(suppression::Column::LiftedAt, Expr::value(env.now()))
        .filter(suppression::Column::Channel.eq(channel.as_str()))
        .filter(suppression::Column::AddressHash.eq(hash))
        .filter(
            suppression::Column::Reason
                .is_in([Manual, Objected, Unsubscribed].map(SuppressionReason::as_str)),
        )
        .filter(suppression::Column::LiftedAt.is_null())
        .exec(scoped.on())
        .await?;
    if done.rows_affected == 0 {
        return Ok(false);
    }
    circle::take_back(scoped, env, key, (channel, address)).await?;
    Ok(true)
}

/// The reason that stands for an address on a channel; `None` when it may be written to.
///
/// # Errors
/// What the database says.
pub async fn standing(
    scoped: &Scoped<'_>,
    key: &MasterKey,
    (channel, address): (Channel, &str),
) -> Result<Option<SuppressionReason>, DbError> {
    let hash = key.address_hash(scoped.store_id(), channel.as_str(), address);
    let found = row(scoped, channel, &hash).await?.filter(|r| r.lifted_at.is_none());
    // A word of a later version is still a no.
    Ok(found.map(|r| SuppressionReason::from_name(&r.reason).unwrap_or(SuppressionReason::Manual)))
}
