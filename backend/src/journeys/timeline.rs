//! The read side: what was decided for a run or a cart, and with which values.

use crate::db::{Among, DbError, Scoped};
use cartwheel_domain::{
    ids::{CartId, ContactId, RunId, VersionId},
    time::Millis,
};
use cartwheel_entity::{journey_run, node_count, run_step};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

/// One decision of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Which run.
    pub run: RunId,
    /// At which node.
    pub node: String,
    /// On which visit.
    pub visit: i32,
    /// When.
    pub at: Millis,
    /// The word of `domain::journey::Decision`.
    pub decision: String,
    /// The values that decided it.
    pub values: serde_json::Value,
}

/// Most entries read at once; a journey's own limits keep runs far below it.
const MOST: u64 = 1_000;

/// Everything decided for these runs, oldest first.
///
/// # Errors
/// What the database says.
pub async fn of_runs(scoped: &Scoped<'_>, runs: &[RunId]) -> Result<Vec<Entry>, DbError> {
    let rows = scoped
        .find::<run_step::Entity>()
        .filter(run_step::Column::RunId.among(runs.iter().map(|r| r.uuid())))
        .order_by_asc(run_step::Column::At)
        .order_by_asc(run_step::Column::Id)
        .limit(MOST)
        .all(scoped.on())
        .await?;
    Ok(rows
        .into_iter()
        .map(|r| Entry {
            run: RunId(r.run_id),
            node: r.node,
            visit: r.visit,
            at: r.at,
            decision: r.decision,
            values: r.detail,
        })
        .collect())
}

/// The runs of a cart, newest first, ended ones included. They are found by the contact, as the index of carts holds
/// only runs that still move.
///
/// # Errors
/// What the database says.
pub async fn runs_of_cart(
    scoped: &Scoped<'_>,
    cart: CartId,
    contact: ContactId,
) -> Result<Vec<journey_run::Model>, DbError> {
    Ok(scoped
        .find::<journey_run::Entity>()
        .filter(journey_run::Column::ContactId.eq(contact.uuid()))
        .filter(journey_run::Column::CartId.eq(cart.uuid()))
        .order_by_desc(journey_run::Column::EnteredAt)
        .limit(MOST)
        .all(scoped.on())
        .await?)
}

/// The runs of a contact, newest first.
///
/// # Errors
/// What the database says.
pub async fn runs_of_contact(
    scoped: &Scoped<'_>,
    contact: ContactId,
) -> Result<Vec<journey_run::Model>, DbError> {
    Ok(scoped
        .find::<journey_run::Entity>()
        .filter(journey_run::Column::ContactId.eq(contact.uuid()))
        .order_by_desc(journey_run::Column::EnteredAt)
        .limit(MOST)
        .all(scoped.on())
        .await?)
}

/// How many passed each node of a version: `(node, outcome, n)`; the outcome `entered` counts visits.
///
/// # Errors
/// What the database says.
pub async fn node_counts(
    scoped: &Scoped<'_>,
    version: VersionId,
) -> Result<Vec<(String, String, i64)>, DbError> {
    let rows = scoped
        .find::<node_count::Entity>()
        .filter(node_count::Column::VersionId.eq(version.uuid()))
        .all(scoped.on())
        .await?;
    Ok(rows.into_iter().map(|r| (r.node, r.outcome, r.n)).collect())
}
