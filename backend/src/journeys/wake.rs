//! Something happened that a run may be waiting for.

use super::model::WAITING;
use crate::db::{Among, DbError, Scoped};
use cartwheel_domain::{journey::Awaited, time::Millis};
use cartwheel_entity::{journey_run, run_wait};
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
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
    use run_wait::Column as W;
    let pairs = happened.iter().map(|(event, key)| (event.as_str(), key.as_str())).collect();
    let rows = scoped.find_pairs::<run_wait::Entity>((W::Event, W::Key), &pairs).await?;
    let found: Vec<Uuid> = rows.into_iter().map(|row| row.run_id).collect();
    if found.is_empty() {
        return Ok(0);
    }
    let woken = scoped
        .update::<journey_run::Entity>()
        .col_expr(journey_run::Column::WakeAt, Expr::value(now))
        .filter(journey_run::Column::Id.among(found))
        .filter(journey_run::Column::Status.eq(WAITING))
        .filter(journey_run::Column::WakeAt.gt(now))
        .exec(scoped.on())
        .await?;
    Ok(woken.rows_affected)
}
