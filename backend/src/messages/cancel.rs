//! Queued messages that events have overtaken. Always in the transaction of the event itself.

use super::model::{CANCELLED, LEASED, QUEUED};
use crate::db::{Db, DbError, Scoped};
use cartwheel_domain::ids::{CartId, ContactId};
use cartwheel_entity::message;
use sea_orm::{
    ColumnTrait, ExprTrait, QueryFilter,
    sea_query::{Expr, SimpleExpr},
};

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

/// Cancels everything that is queued or in hand, in all stores: after a backup was put in place, what it still holds as
/// queued may have been sent since. Says how many.
///
/// # Errors
/// What the database says.
pub async fn everything_queued(db: &Db, reason: &str) -> Result<u64, DbError> {
    let mut tx = db.write().await?;
    let system = tx.system().await?;
    let done = system
        .update::<message::Entity>()
        .col_expr(message::Column::Status, Expr::value(CANCELLED))
        .col_expr(message::Column::Reason, Expr::value(reason))
        .col_expr(message::Column::Epoch, Expr::col(message::Column::Epoch).add(1))
        .filter(message::Column::Status.is_in([QUEUED, LEASED]))
        .exec(system.on())
        .await?;
    tx.commit().await?;
    Ok(done.rows_affected)
}
