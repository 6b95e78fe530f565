//! Erasure: what names a person goes, what counts stays, and a keyed hash keeps the standing no.

use crate::{
    accounts::MasterKey,
    clock::Env,
    consent::{circle, suppression as suppressions},
    db::{DbError, Scoped},
};
use cartwheel_domain::ids::SuppressionId;
use cartwheel_entity::{
    cart, contact, contact_identity, event, journey_run, message, message_content, push_device, run_wait,
    shop_order, suppression,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ExprTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, Value},
};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Why people are erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// They asked for it.
    Asked,
    /// Their store is gone from its platform; they have said nothing.
    StoreGone,
}

/// Erases people. Their runs end, what waits in the outbox is cancelled, texts of events and messages are emptied,
/// addresses become keyed hashes in the suppression list. Carts and orders stay as figures without a name.
///
/// # Errors
/// What the database says.
pub async fn erase_contacts(
    scoped: &Scoped<'_>,
    env: &Env,
    key: &MasterKey,
    ids: &[Uuid],
    why: Why,
) -> Result<(), DbError> {
    if ids.is_empty() {
        return Ok(());
    }
    let (now, store) = (env.now(), scoped.store_id());
    let on = scoped.on();
    let known = contact_identity::Column::ContactId.is_in(ids.iter().copied());
    let identities = scoped.find::<contact_identity::Entity>().filter(known.clone()).all(on).await?;
    let standing = identities.iter().filter_map(|i| {
        let channel = circle::channel_of(&i.kind)?;
        Some(suppression::ActiveModel {
            store_id: Set(store.uuid()),
            id: Set(env.id::<SuppressionId>().uuid()),
            channel: Set(channel.into()),
            address_hash: Set(key.address_hash(store, channel, &i.value)),
            reason: Set("erased".into()),
            message_id: Set(None),
            created_at: Set(now),
            lifted_at: Set(None),
        })
    });
    let standing: Vec<_> = standing.collect();
    put_back(scoped, now, &standing).await?;
    scoped.insert_new::<suppression::Entity>(standing).await?;
    if why == Why::Asked {
        // Each as it stands now: an erasure does not soften what was graver.
        let addresses: Vec<(&str, &str)> = identities
            .iter()
            .filter_map(|i| Some((circle::channel_of(&i.kind)?, i.value.as_str())))
            .collect();
        let noes = suppressions::standing_among(scoped, key, &addresses).await?;
        circle::share(scoped, env, key, &noes).await?;
    }
    scoped.delete::<contact_identity::Entity>().filter(known).exec(on).await?;

    use contact::Column as C;
    let nothing = || Expr::value(Value::String(None));
    scoped
        .update::<contact::Entity>()
        .col_expr(C::Email, nothing())
        .col_expr(C::Phone, nothing())
        .col_expr(C::ExternalId, nothing())
        .col_expr(C::FirstName, nothing())
        .col_expr(C::LastName, nothing())
        .col_expr(C::Locale, nothing())
        .col_expr(C::TimeZone, nothing())
        .col_expr(C::Traits, Expr::value(json!({})))
        .col_expr(C::Tags, Expr::value(json!([])))
        .col_expr(C::ErasedAt, Expr::value(now))
        .filter(C::Id.is_in(ids.iter().copied()))
        .exec(on)
        .await?;
    scoped
        .update::<event::Entity>()
        .col_expr(event::Column::Raw, Expr::value("{}"))
        .filter(event::Column::ContactId.is_in(ids.iter().copied()))
        .exec(on)
        .await?;
    end_runs(scoped, now, ids).await?;
    scoped.delete_among::<push_device::Entity, _>(push_device::Column::ContactId, ids.to_vec()).await?;
    scoped
        .update::<cart::Entity>()
        .col_expr(cart::Column::RecoveryUrl, nothing())
        .col_expr(cart::Column::Approver, nothing())
        .col_expr(cart::Column::IdleAt, Expr::value(Value::BigInt(None)))
        .filter(cart::Column::ContactId.is_in(ids.iter().copied()))
        .exec(on)
        .await?;
    scoped
        .update::<shop_order::Entity>()
        .col_expr(shop_order::Column::Number, nothing())
        .filter(shop_order::Column::ContactId.is_in(ids.iter().copied()))
        .exec(on)
        .await?;
    Ok(())
}

/// A no that was lifted once stands again: whoever is erased is written to no more.
async fn put_back(scoped: &Scoped<'_>, now: i64, noes: &[suppression::ActiveModel]) -> Result<(), DbError> {
    let mut hashes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for no in noes {
        hashes.entry(no.channel.as_ref()).or_default().push(no.address_hash.as_ref());
    }
    use suppression::Column as S;
    for (channel, hashes) in hashes {
        scoped
            .update::<suppression::Entity>()
            .col_expr(S::Reason, Expr::value("erased"))
            .col_expr(S::CreatedAt, Expr::value(now))
            .col_expr(S::LiftedAt, Expr::value(Value::BigInt(None)))
            .filter(S::Channel.eq(channel))
            .filter(S::AddressHash.is_in(hashes))
            .filter(S::LiftedAt.is_not_null())
            .exec(scoped.on())
            .await?;
    }
    Ok(())
}

async fn end_runs(scoped: &Scoped<'_>, now: i64, ids: &[Uuid]) -> Result<(), DbError> {
    let on = scoped.on();
    let carts = scoped.find::<cart::Entity>().select_only().column(cart::Column::Id);
    let carts: Vec<Uuid> =
        carts.filter(cart::Column::ContactId.is_in(ids.iter().copied())).into_tuple().all(on).await?;
    use journey_run::Column as R;
    let runs = scoped.find::<journey_run::Entity>().select_only().column(R::Id);
    let runs: Vec<Uuid> =
        runs.filter(R::CartId.is_in(carts)).filter(R::Status.lt(2)).into_tuple().all(on).await?;
    scoped
        .update::<journey_run::Entity>()
        .col_expr(R::Status, Expr::value(2))
        .col_expr(R::Epoch, Expr::col(R::Epoch).add(1))
        .col_expr(R::EndedAt, Expr::value(now))
        .col_expr(R::EndReason, Expr::value("erased"))
        .col_expr(R::LeaseOwner, Expr::value(Value::String(None)))
        .col_expr(R::LeaseUntil, Expr::value(Value::BigInt(None)))
        .filter(R::Id.is_in(runs.iter().copied()))
        .exec(on)
        .await?;
    scoped.delete::<run_wait::Entity>().filter(run_wait::Column::RunId.is_in(runs)).exec(on).await?;
    use message::Column as M;
    let messages = scoped.find::<message::Entity>().select_only().column(M::Id);
    let messages: Vec<Uuid> =
        messages.filter(M::ContactId.is_in(ids.iter().copied())).into_tuple().all(on).await?;
    scoped
        .update::<message::Entity>()
        .col_expr(M::Status, Expr::value(4))
        .col_expr(M::Epoch, Expr::col(M::Epoch).add(1))
        .col_expr(M::Reason, Expr::value("erased"))
        .filter(M::Id.is_in(messages.iter().copied()))
        .filter(M::Status.lt(2))
        .exec(on)
        .await?;
    scoped
        .update::<message::Entity>()
        .col_expr(M::Subject, Expr::value(Value::String(None)))
        .filter(M::Id.is_in(messages.iter().copied()))
        .exec(on)
        .await?;
    let content = message_content::Column::MessageId.is_in(messages);
    scoped.delete::<message_content::Entity>().filter(content).exec(on).await?;
    Ok(())
}
