//! Journeys: a drawn graph and one cart's passage through it, decided by a pure function.
//!
//! [`Definition`] is the graph, immutable once published. [`step`] takes a definition, where a run stands
//! ([`RunState`]), what is true now ([`Facts`]) and the time, and says where the run goes, what has to be done
//! and why. It draws nothing, reads no clock and keeps nothing: the same arguments give the same answer, so a
//! step that a crash repeats makes the same message under the same [`keys::send_key`].
//!
//! The database, the leases and the sending are the engine's (`backend::journeys`). What the console shows,
//! checks and edits (`validate`, `layout`, `edit`) is the code that runs.

mod condition;
mod definition;
mod entry;
mod evaluate;
pub mod keys;
mod node;
mod node_id;
mod problem;
mod state;
mod step;
mod trail;

pub use condition::Condition;
pub use definition::{ClockTime, Definition, FrequencyCap, MAX_BYTES, QuietHours, SCHEMA, Settings};
pub use entry::{Entry, NoEntry, PastEntries, admit};
pub use evaluate::{Check, evaluate};
pub use node::{
    Awaited, Branch, Channel, ConditionNode, ContentClass, Exit, Goal, Holdout, Message, Node, Purpose,
    ReEntry, Split, Trigger, Wait, WaitForEvent, WaitScope,
};
pub use node_id::{NodeId, NodeIdError};
pub use problem::{Code, Problem, listed};
pub use state::{
    Arrived, CartFacts, CartStatus, ContactFacts, Engagement, Facts, Group, JourneyState, LineFacts,
    RunContext, RunState, RunStatus, WaitingFor,
};
pub use step::{EXIT_LIMIT_VISITS, Effect, EndReason, Outcome, PAUSE_RECHECK, PUT_OFF, Transition, step};
pub use trail::{Decision, TrailEntry};
