//! Queued messages that events have overtaken. Always in the transaction of the event itself.

use super::model::{CANCELLED, LEASED, QUEUED};
use crate::{
    db::{Db, DbError, Scoped, StoreScope},
    journeys::model::ENDED,
};
use cartwheel_domain::{
    consent::Channel,
    ids::{CartId, ContactId, StoreId},
    journey::EndReason,
    time::Millis,
};
use cartwheel_entity::{
    billing_account, cart, circle_member, circle_seat, journey_run, mail_token, message, meter_report,
    run_wait, service_mail, session, store, suppression, usage_hour,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ExprTrait, IntoActiveModel, QueryFilter,
    sea_query::{Expr, OnConflict, SimpleExpr, Value},
};
use std::collections::BTreeMap;
use uuid::Uuid;

async fn cancel(scoped: &Scoped<'_>, which: SimpleExpr, reason: &str) -> Result<u64, DbError> {
    let done = scoped
        .update::<message::Entity>()
        .col_expr(message::Column::Status, Expr::value(CANCELLED))
        .col_expr(message::Column::Reason, Expr::value(reason))
        .col_expr(message::Column::Epoch, Expr::col(message::Column::Epoch).add(1))
        .filter(which)
        .filter(message::Column::Status.is_in([QUEUED, LEASED]))
        .exec(scoped.on())
        .await?;
    Ok(done.rows_affected)
}

/// Cancels what is queued about a cart: it was bought, emptied or has expired.
///
/// # Errors
/// What the database says.
pub async fn of_cart(scoped: &Scoped<'_>, cart: CartId, reason: &str) -> Result<u64, DbError> {
    cancel(scoped, message::Column::CartId.eq(cart.uuid()), reason).await
}

/// Cancels what is queued for a person: they unsubscribed, objected, bought elsewhere, or asked to be forgotten. Call
/// it in the transaction that records their no: a hand-over that goes on at that very moment writes the same rows,
/// so it is committed before the no, or sees it.
///
/// # Errors
/// What the database says.
pub async fn of_contact(scoped: &Scoped<'_>, contact: ContactId, reason: &str) -> Result<u64, DbError> {
    cancel(scoped, message::Column::ContactId.eq(contact.uuid()), reason).await
}

/// The same on one channel: they said no there.
///
/// # Errors
/// What the database says.
pub async fn on_channel(
    scoped: &Scoped<'_>,
    contact: ContactId,
    channel: Channel,
    reason: &str,
) -> Result<u64, DbError> {
    let theirs = message::Column::ContactId.eq(contact.uuid());
    cancel(scoped, theirs.and(message::Column::Channel.eq(channel.as_str())), reason).await
}

/// What was stopped after a backup was put in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Messages that were queued.
    pub messages: u64,
    /// Runs that were under way.
    pub runs: u64,
    /// Carts whose timers were running.
    pub carts: u64,
}

/// Stops everything a backup was about to do, in all stores: it may have been done after the backup was made. Queued messages
/// are cancelled, runs end, open carts are not judged left until something happens to them; who was signed in is
/// signed out, since they may have signed out meanwhile, and links in mails of the service lead nowhere.
///
/// # Errors
/// What the database says; nothing was changed then.
pub async fn after_restore(db: &Db, now: Millis) -> Result<Stopped, DbError> {
    let mut tx = db.write().await?;
    let system = tx.system().await?;
    let on = system.on();
    let messages = system
        .update::<message::Entity>()
        .col_expr(message::Column::Status, Expr::value(CANCELLED))
        .col_expr(message::Column::Reason, Expr::value("restored"))
        .col_expr(message::Column::Epoch, Expr::col(message::Column::Epoch).add(1))
        .filter(message::Column::Status.is_in([QUEUED, LEASED]))
        .exec(on)
        .await?
        .rows_affected;
    use journey_run::Column as R;
    let runs = system
        .update::<journey_run::Entity>()
        .col_expr(R::Status, Expr::value(ENDED))
        .col_expr(R::EndReason, Expr::value(EndReason::Cancelled.as_str()))
        .col_expr(R::EndedAt, Expr::value(now))
        .col_expr(R::LeaseOwner, Expr::value(Value::String(None)))
        .col_expr(R::LeaseUntil, Expr::value(Value::BigInt(None)))
        .col_expr(R::Epoch, Expr::col(R::Epoch).add(1))
        .filter(R::Status.lt(ENDED))
        .exec(on)
        .await?
        .rows_affected;
    system.delete::<run_wait::Entity>().exec(on).await?;
    let carts = system
        .update::<cart::Entity>()
        .col_expr(cart::Column::IdleAt, Expr::value(Value::BigInt(None)))
        .filter(cart::Column::IdleAt.is_not_null())
        .exec(on)
        .await?
        .rows_affected;
    system
        .update::<session::Entity>()
        .col_expr(session::Column::EndedAt, Expr::value(now))
        .filter(session::Column::EndedAt.is_null())
        .exec(on)
        .await?;
    // A link that chooses a password may have been used since, and must not work again.
    system.delete::<mail_token::Entity>().exec(on).await?;
    system.delete::<service_mail::Entity>().exec(on).await?;
    // What was to be reported of usage may have been since, long enough ago that Stripe would take it for new.
    system
        .update::<meter_report::Entity>()
        .col_expr(meter_report::Column::Status, Expr::value(3))
        .col_expr(meter_report::Column::Said, Expr::value("restored"))
        .filter(meter_report::Column::Status.eq(0))
        .exec(on)
        .await?;
    system
        .update::<usage_hour::Entity>()
        .col_expr(usage_hour::Column::Reported, Expr::col(usage_hour::Column::Accepted))
        .exec(on)
        .await?;
    system
        .update::<billing_account::Entity>()
        .col_expr(billing_account::Column::AskAt, Expr::value(now))
        .exec(on)
        .await?;
    // What was shared after the backup was made is shared again, as far as its addresses are known.
    system
        .update::<circle_member::Entity>()
        .col_expr(circle_member::Column::FilledTo, Expr::value(Value::Uuid(None)))
        .col_expr(circle_member::Column::FilledAt, Expr::value(Value::BigInt(None)))
        .exec(on)
        .await?;
    crate::webhooks::replay::stop_all(&system, now).await?;
    tx.commit().await?;
    Ok(Stopped { messages, runs, carts })
}

/// Takes standing noes over from the database that was replaced: who said no after the backup was made has said no, also
/// one who had taken an earlier no back. Stores the backup does not know have nobody to write to. Says how many there are.
///
/// # Errors
/// The old database cannot be read, or is of another version.
pub async fn keep_noes(old: &Db, new: &Db) -> Result<usize, DbError> {
    use suppression::Column as S;
    let mut tx = old.read().await?;
    let system = tx.system().await?;
    let noes = system.find::<suppression::Entity>().filter(S::LiftedAt.is_null()).all(system.on()).await?;
    drop(tx);
    let mut tx = new.read().await?;
    let system = tx.system().await?;
    let stores = system.find::<store::Entity>().all(system.on()).await?;
    drop(tx);
    let mut by_store: BTreeMap<uuid::Uuid, Vec<suppression::ActiveModel>> =
        stores.into_iter().map(|store| (store.id, Vec::new())).collect();
    for no in noes {
        if let Some(known) = by_store.get_mut(&no.store_id) {
            known.push(no.into_active_model().reset_all());
        }
    }
    let (mut tx, mut kept) = (new.write().await?, 0);
    for (store, noes) in by_store.into_iter().filter(|(_, noes)| !noes.is_empty()) {
        kept += noes.len();
        let scoped = tx.enter(&StoreScope::system(StoreId(store))).await?;
        let again = OnConflict::columns([S::StoreId, S::Channel, S::AddressHash])
            .update_columns([S::Reason, S::MessageId, S::CreatedAt, S::LiftedAt])
            .to_owned();
        scoped.insert_with::<suppression::Entity>(noes, again).await?;
    }
    tx.commit().await?;
    keep_apart(old, new).await?;
    Ok(kept)
}

/// Who has stopped sharing whom not to contact after the backup was made, has stopped.
async fn keep_apart(old: &Db, new: &Db) -> Result<(), DbError> {
    let mut tx = old.read().await?;
    let system = tx.system().await?;
    // A database of a version without circles has nobody who shares, and after it nobody does.
    let there = system.find::<circle_member::Entity>().all(system.on()).await.unwrap_or_default();
    drop(tx);
    let seats: Vec<Uuid> = there.into_iter().map(|member| member.seat_id).collect();
    let mut tx = new.write().await?;
    let system = tx.system().await?;
    let gone = system.find::<circle_member::Entity>().all(system.on()).await?;
    for member in gone.into_iter().filter(|member| !seats.contains(&member.seat_id)) {
        let seat = circle_member::Column::SeatId.eq(member.seat_id);
        system.delete::<circle_member::Entity>().filter(seat).exec(system.on()).await?;
        system
            .update::<circle_seat::Entity>()
            .col_expr(circle_seat::Column::LeftAt, Expr::value(member.joined_at))
            .filter(circle_seat::Column::Id.eq(member.seat_id))
            .exec(system.on())
            .await?;
    }
    tx.commit().await
}
