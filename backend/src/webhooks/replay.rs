//! What has been told is told again, under the same id; and what is old is forgotten.

use super::{
    DELIVERED, FAILED, IN_HAND, WAITING,
    endpoint::{self, HookError},
};
use crate::{
    clock::Env,
    db::{Among, Db, DbError, Scoped},
};
use cartwheel_domain::{
    ids::{DeliveryId, HookId},
    time::{DAY, Millis},
};
use cartwheel_entity::hook_delivery;
use sea_orm::{
    ColumnTrait, ExprTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, SimpleExpr, Value},
};
use uuid::Uuid;

/// How long deliveries and what was answered are kept.
pub const KEPT: Millis = 30 * DAY;

/// Deliveries forgotten in one transaction.
const PART: u64 = 500;

async fn again(scoped: &Scoped<'_>, which: SimpleExpr, now: Millis) -> Result<u64, DbError> {
    use hook_delivery::Column as C;
    let done = scoped
        .update::<hook_delivery::Entity>()
        .col_expr(C::Status, Expr::value(WAITING))
        .col_expr(C::NextAt, Expr::value(now))
        .col_expr(C::Round, Expr::col(C::Attempt))
        .col_expr(C::Reason, Expr::value(Value::String(None)))
        .col_expr(C::DoneAt, Expr::value(Value::BigInt(None)))
        .col_expr(C::Epoch, Expr::col(C::Epoch).add(1))
        .filter(which)
        .exec(scoped.on())
        .await?;
    Ok(done.rows_affected)
}

/// One delivery again, from the beginning of the schedule, whatever became of it. One that a worker has in hand stays with it.
///
/// # Errors
/// [`HookError::NoDelivery`], [`HookError::Off`]; what the database says.
pub async fn one(scoped: &Scoped<'_>, env: &Env, id: DeliveryId) -> Result<(), HookError> {
    use hook_delivery::Column as C;
    let query = scoped.find::<hook_delivery::Entity>().filter(C::Id.eq(id.uuid()));
    let row = query.one(scoped.on()).await?.ok_or(HookError::NoDelivery)?;
    if endpoint::find(scoped, HookId(row.endpoint_id)).await?.off_why.is_some() {
        return Err(HookError::Off);
    }
    again(scoped, C::Id.eq(id.uuid()).and(C::Status.ne(IN_HAND)), env.now()).await?;
    Ok(())
}

/// All of an endpoint again that have failed and happened at `since` or later; says how many.
///
/// # Errors
/// [`HookError::NoEndpoint`], [`HookError::Off`]; what the database says.
pub async fn failed(scoped: &Scoped<'_>, env: &Env, id: HookId, since: Millis) -> Result<u64, HookError> {
    use hook_delivery::Column as C;
    if endpoint::find(scoped, id).await?.off_why.is_some() {
        return Err(HookError::Off);
    }
    let which = C::EndpointId.eq(id.uuid()).and(C::Status.eq(FAILED)).and(C::CreatedAt.gte(since));
    Ok(again(scoped, which, env.now()).await?)
}

/// Forgets deliveries that are older than [`KEPT`] and done, over all stores; says how many.
///
/// # Errors
/// What the database says.
pub async fn sweep(db: &Db, env: &Env) -> Result<u64, DbError> {
    use hook_delivery::Column as C;
    let mut tx = db.write().await?;
    let system = tx.system().await?;
    let old = system.find::<hook_delivery::Entity>().select_only().column(C::Id);
    let old = old.filter(C::CreatedAt.lt(env.now() - KEPT)).filter(C::Status.is_in([DELIVERED, FAILED]));
    let old: Vec<Uuid> = old.limit(PART).into_tuple().all(system.on()).await?;
    if old.is_empty() {
        return Ok(0);
    }
    // Their attempts go with them.
    let gone = system.delete::<hook_delivery::Entity>().filter(C::Id.among(old.iter().copied()));
    let gone = gone.filter(C::Status.is_in([DELIVERED, FAILED])).exec(system.on()).await?;
    tx.commit().await?;
    Ok(gone.rows_affected)
}

/// Stops what a backup was about to tell: it may have been told after the backup was made. It can be replayed by whoever wants it.
///
/// # Errors
/// What the database says.
pub async fn stop_all(system: &crate::db::System<'_>, now: Millis) -> Result<u64, DbError> {
    use hook_delivery::Column as C;
    let done = system
        .update::<hook_delivery::Entity>()
        .col_expr(C::Status, Expr::value(FAILED))
        .col_expr(C::Reason, Expr::value("restored"))
        .col_expr(C::DoneAt, Expr::value(now))
        .col_expr(C::Epoch, Expr::col(C::Epoch).add(1))
        .filter(C::Status.is_in([WAITING, IN_HAND]))
        .exec(system.on())
        .await?;
    Ok(done.rows_affected)
}
