//! Something happened that a run may be waiting for.

use super::model::WAITING;
use crate::db::{Among, DbError, Scoped};
use cartwheel_domain::{journey::Awaited, time::Millis};
use cartwheel_entity::{journey_run, run_wait};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect, sea_query::Expr};
use std::collections::{BTreeSet, HashSet};
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
    // Events and keys as two lists, whatever of them did not happen together: each pair is a look-up by the primary key.
    // For "this event of that run, or …" SQLite reads all waits of the store.
    let asked: HashSet<(&str, &str)> = happened.iter().map(|(e, key)| (e.as_str(), key.as_str())).collect();
    let events: BTreeSet<&str> = asked.iter().map(|(event, _)| *event).collect();
    let keys: BTreeSet<&str> = asked.iter().map(|(_, key)| *key).collect();
    let rows: Vec<(String, String, Uuid)> = scoped
        .find::<run_wait::Entity>()
        .select_only()
        .columns([W::Event, W::Key, W::RunId])
        .filter(W::Event.among(events))
        .filter(W::Key.among(keys))
        .into_tuple()
        .all(scoped.on())
        .await?;
    let found: Vec<Uuid> = rows
        .into_iter()
        .filter(|(event, key, _)| asked.contains(&(event.as_str(), key.as_str())))
        .map(|(_, _, run)| run)
        .collect();
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
