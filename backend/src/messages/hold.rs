//! Messages of stores whose plan lets nothing go out for now. Each is put off once, to when the hold ends; whoever ends it sooner
//! lets them go: of each run the latest alone, since three reminders at once would be two too many.

use super::model::CANCELLED;
use crate::db::{DbError, System};
use cartwheel_domain::time::{DAY, Millis};
use cartwheel_entity::message;
use sea_orm::{
    ColumnTrait, ExprTrait, QueryFilter,
    sea_query::{Alias, Expr, Query},
};
use uuid::Uuid;

/// `reason`: the plan lets nothing go out for now.
pub const HELD: &str = "plan_hold";

/// `reason`: a later message of the same run waited as well, and went instead.
pub const SUPERSEDED: &str = "superseded";

/// How long to wait where nobody knows when the hold ends.
pub const LOOK_AGAIN: Millis = DAY;

/// Lets the messages of a store that waited for this reason go. The lane leads to the queued ones without passing the sent.
///
/// # Errors
/// What the database says.
pub async fn release(
    system: &System<'_>,
    (store, lane): (Uuid, i32),
    reason: &str,
    now: Millis,
) -> Result<u64, DbError> {
    use message::Column as C;
    let newer = || Alias::new("newer");
    let later = Query::select()
        .expr(Expr::val(1))
        .from_as(message::Entity, newer())
        .and_where(Expr::col((newer(), C::StoreId)).equals((message::Entity, C::StoreId)))
        .and_where(Expr::col((newer(), C::RunId)).equals((message::Entity, C::RunId)))
        .and_where(Expr::col((newer(), C::CreatedAt)).gt(Expr::col((message::Entity, C::CreatedAt))))
        .and_where(Expr::col((newer(), C::Reason)).eq(reason))
        .and_where(Expr::cust("newer.status = 0"))
        .to_owned();
    system
        .update::<message::Entity>()
        .col_expr(C::Status, Expr::value(CANCELLED))
        .col_expr(C::Reason, Expr::value(SUPERSEDED))
        .col_expr(C::Epoch, Expr::col(C::Epoch).add(1))
        .filter(Expr::cust("status = 0"))
        .filter(C::Lane.eq(lane))
        .filter(C::StoreId.eq(store))
        .filter(C::Reason.eq(reason))
        .filter(Expr::exists(later))
        .exec(system.on())
        .await?;
    let done = system
        .update::<message::Entity>()
        .col_expr(message::Column::NextAt, Expr::value(now))
        .filter(Expr::cust("status = 0"))
        .filter(message::Column::Lane.eq(lane))
        .filter(message::Column::StoreId.eq(store))
        .filter(message::Column::Reason.eq(reason))
        .exec(system.on())
        .await?;
    Ok(done.rows_affected)
}
