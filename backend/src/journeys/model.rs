//! A run between its row and the words of the domain.

use cartwheel_domain::{
    ids::{CartId, ContactId, JourneyId, RunId, StoreId, VersionId},
    journey::{JourneyState, NodeId, RunContext, RunState, RunStatus, WaitingFor, keys},
};
use cartwheel_entity::journey_run;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use cartwheel_domain::journey::keys::run_id;

/// Among the counts of a node: went on from it in another version.
pub const MOVED_OUT: &str = "moved_out";

/// `journey_run.status` of a run that rests.
pub const WAITING: i32 = 0;
/// … that a worker has.
pub const LEASED: i32 = 1;
/// … that is over.
pub const ENDED: i32 = 2;

/// What is kept in `run_context.data`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// The domain's own.
    #[serde(default)]
    pub context: RunContext,
    /// What the run waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<WaitingFor>,
}

/// Why a run's row cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A run without a cart: none of our triggers makes one.
    #[error("the run belongs to no cart")]
    NoCart,
    /// The node's name is none.
    #[error("the run stands at a node with an impossible name")]
    Node,
}

/// The domain's view of a run.
///
/// # Errors
/// [`Unreadable`]: the row was written by something else than this program.
pub fn run_state(row: &journey_run::Model, memory: &Memory) -> Result<RunState, Unreadable> {
    let cart_id = CartId(row.cart_id.ok_or(Unreadable::NoCart)?);
    let number = u32::try_from(row.entry).unwrap_or(0);
    Ok(RunState {
        store_id: StoreId(row.store_id),
        journey_id: JourneyId(row.journey_id),
        version_id: VersionId(row.version_id),
        run_id: RunId(row.id),
        contact_id: ContactId(row.contact_id),
        cart_id,
        entry_key: keys::entry_key(cart_id, number),
        node: row.node.parse::<NodeId>().map_err(|_| Unreadable::Node)?,
        visit: u32::try_from(row.visit).unwrap_or(0),
        status: if row.status == ENDED { RunStatus::Ended } else { RunStatus::Leased },
        wake_at: row.wake_at,
        waiting_for: memory.waiting_for.clone(),
        entered_at: row.entered_at,
        context: memory.context.clone(),
    })
}

/// Whether a journey runs, by its stored word: `on`, `paused`; everything else is off.
pub fn journey_state(status: &str) -> JourneyState {
    match status {
        "on" => JourneyState::Active,
        "paused" => JourneyState::Paused,
        _ => JourneyState::Off,
    }
}

/// Of two ids that name one person, the one that was merged into; one hop, as merging keeps them flat.
pub fn merged(id: Uuid, merged_into: Option<Uuid>) -> Uuid {
    merged_into.unwrap_or(id)
}
