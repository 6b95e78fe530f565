//! The end of a cart ends its runs.

use crate::{
    db::{Among, DbError, Scoped},
    webhooks::{Happening, tell},
};
use cartwheel_domain::{hook::HookKinds, time::Millis};
use cartwheel_entity::{journey_run, message, run_wait};
use sea_orm::{
    ColumnTrait, ExprTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, Value},
};
use uuid::Uuid;

/// Ends the open runs of carts and cancels what they have in the outbox, in the caller's transaction. A worker that
/// holds one of them finds its epoch gone and writes nothing.
///
/// # Errors
/// What the database says.
pub async fn end_runs(
    scoped: &Scoped<'_>,
    wanted: HookKinds,
    carts: &[Uuid],
    reason: &str,
    now: Millis,
) -> Result<(), DbError> {
    if carts.is_empty() {
        return Ok(());
    }
    use journey_run::Column as R;
    let open = scoped.find::<journey_run::Entity>().select_only();
    let open = open.columns([R::Id, R::JourneyId, R::CartId, R::ContactId, R::HeldOut]);
    let open = open.filter(R::CartId.among(carts.iter().copied())).filter(R::Status.lt(2));
    type Open = (Uuid, Uuid, Option<Uuid>, Uuid, Option<bool>);
    let open: Vec<Open> = open.into_tuple().all(scoped.on()).await?;
    let runs: Vec<Uuid> = open.iter().map(|run| run.0).collect();
    let told = open.into_iter().map(|(run, journey, cart, contact, held_out)| {
        Happening::run_ended(run, (journey, cart, contact), held_out, reason)
    });
    tell(scoped, wanted, now, told.collect()).await?;
    scoped
        .update::<journey_run::Entity>()
        .col_expr(R::Status, Expr::value(2))
        .col_expr(R::Epoch, Expr::col(R::Epoch).add(1))
        .col_expr(R::EndedAt, Expr::value(now))
        .col_expr(R::EndReason, Expr::value(reason))
        .col_expr(R::LeaseOwner, Expr::value(Value::String(None)))
        .col_expr(R::LeaseUntil, Expr::value(Value::BigInt(None)))
        .filter(R::Id.among(runs.iter().copied()))
        .filter(R::Status.lt(2))
        .exec(scoped.on())
        .await?;
    scoped.delete_among::<run_wait::Entity, _>(run_wait::Column::RunId, runs).await?;
    use message::Column as M;
    // Runs first: a step that is being committed holds its run, so its message is there by now. Then messages: the last
    // look takes the same rows, so a hand-over is committed before this, or sees it.
    scoped
        .update::<message::Entity>()
        .col_expr(M::Status, Expr::value(4))
        .col_expr(M::Epoch, Expr::col(M::Epoch).add(1))
        .col_expr(M::Reason, Expr::value(reason))
        .col_expr(M::LeaseOwner, Expr::value(Value::String(None)))
        .col_expr(M::LeaseUntil, Expr::value(Value::BigInt(None)))
        .filter(M::CartId.among(carts.iter().copied()))
        .filter(M::Status.is_in([0, 1]))
        .exec(scoped.on())
        .await?;
    Ok(())
}
