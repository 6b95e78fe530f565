//! Something happened that a run may be waiting for.

use super::model::WAITING;
use crate::db::{DbError, Scoped};
use cartwheel_domain::{journey::Awaited, time::Millis};
use cartwheel_entity::{journey_run, run_wait};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QuerySelect, sea_query::Expr};
use uuid::Uuid;

/// Makes runs due that wait for one of these, in the caller's transaction. The key is that of
/// `domain::journey::keys::wait_key`: the cart's, the contact's or the run's id as text. What the run makes of it
/// is decided by its step, which reads the event itself.
///
/// Says how many were woken; the caller then notifies [`crate::wake::Wake::runs`] after its commit.
///
/// # Errors
/// What the database says.
pub async fn wake_runs(
    scoped: &Scoped<'_>,
    happened: &[(Awaited, String)],
    now: Millis,
) -> Result<u64, DbError> {
    if happened.is_empty() {
        return Ok(0);
    }
    let mut any = Condition::any();
    for (event, key) in happened {
        any = any.add(
            Condition::all()
                .add(run_wait::Column::Event.eq(event.as_str()))
                .add(run_wait::Column::Key.eq(key)),
        );
    }
    let found: Vec<Uuid> = scoped
        .find::<run_wait::Entity>()
        .select_only()
        .column(run_wait::Column::RunId)
        .filter(any)
        .into_tuple()
        .all(scoped.on())
        .await?;
    if found.is_empty() {
        return Ok(0);
    }
    let woken = scoped
        .update::<journey_run::Entity>()
        .col_expr(journey_run::Column::WakeAt, Expr::value(now))
        .filter(journey_run::Column::Id.is_in(found))
        .filter(journey_run::Column::Status.eq(WAITING))
        .filter(journey_run::Column::WakeAt.gt(now))
        .exec(scoped.on())
        .await?;
    Ok(woken.rows_affected)
}
