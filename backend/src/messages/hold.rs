//! Messages of stores whose plan lets nothing go out for now. Each is put off once, to when the hold ends; whoever ends it sooner
//! lets them go.

use crate::db::{DbError, System};
use cartwheel_domain::time::{DAY, Millis};
use cartwheel_entity::message;
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
use uuid::Uuid;

/// `reason`: the plan lets nothing go out for now.
pub const HELD: &str = "plan_hold";

/// How long to wait where nobody knows when the hold ends.
pub const LOOK_AGAIN: Millis = DAY;

/// Lets the messages of a store that waited for its plan go. The lane leads to the queued ones without passing the sent.
///
/// # Errors
/// What the database says.
pub async fn release(system: &System<'_>, (store, lane): (Uuid, i32), now: Millis) -> Result<u64, DbError> {
    let done = system
        .update::<message::Entity>()
        .col_expr(message::Column::NextAt, Expr::value(now))
        .filter(Expr::cust("status = 0"))
        .filter(message::Column::Lane.eq(lane))
        .filter(message::Column::StoreId.eq(store))
        .filter(message::Column::Reason.eq(HELD))
        .exec(system.on())
        .await?;
    Ok(done.rows_affected)
}
