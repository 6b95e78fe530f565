//! Journeys: a drawn graph and one cart's passage through it, decided by a pure function.
//!
//! [`Definition`] is the graph, immutable once published. [`step`] takes a definition, where a run stands
//! ([`RunState`]), what is true now ([`Facts`]) and the time, and says where the run goes, what has to be done
//! and why. It draws nothing, reads no clock and keeps nothing: the same arguments give the same answer, so a
//! step that a crash repeats makes the same message under the same [`keys::send_key`].
//!
//! The database, the leases and the sending are the engine's (`backend::journeys`). What the console shows,
//! checks and edits ([`Definition::validate`], [`layout`], [`Definition::with`]) is the code that runs.

mod blueprint;
mod choice;
mod clip;
mod compare;
mod condition;
mod default;
mod definition;
mod edit;
mod entry;
mod evaluate;
mod graph;
pub mod keys;
pub mod layout;
pub mod merge;
mod node;
mod node_id;
mod outcome;
mod places;
mod problem;
mod schema;
mod state;
mod step;
mod takeover;
mod trail;
mod validate;

pub use crate::consent::{Channel, ContentClass, Purpose};
pub use blueprint::Blueprint;
pub use compare::{Comparison, Led, Mark, compare};
pub use condition::Condition;
pub use default::{DEFAULT_JSON, default_recovery_journey, default_recovery_journey_with};
pub use definition::{Definition, FrequencyCap, MAX_BYTES, Needs, SCHEMA, Settings};
pub use edit::Change;
pub use entry::{Entry, LOOK_BACK, NoEntry, PastEntries, admit};
pub use evaluate::{Check, evaluate};
pub use node::{
    Awaited, Branch, ChannelChoice, ChannelWay, ConditionNode, Exit, Goal, Holdout, Message, Node,
    PREFERRED_CHANNEL, ReEntry, Split, Trigger, UpdateContact, Wait, WaitForEvent, WaitScope, WaitUntil,
    Webhook, Weekday,
};
pub use node_id::{NodeId, NodeIdError};
pub use outcome::{Effect, EndReason, Outcome, Transition};
pub use places::{MAX_PLACE, Place};
pub use problem::{Code, Problem, listed};
pub use schema::{EXAMPLES, JSON_SCHEMA};
pub use state::{
    Arrived, CartFacts, CartStatus, ContactFacts, Engagement, Facts, Group, JourneyState, LineFacts,
    NO_ADDRESS, Reach, RunContext, RunState, RunStatus, WaitingFor,
};
pub use step::{EXIT_LIMIT_VISITS, PAUSE_RECHECK, PUT_OFF, step};
pub use trail::{Decision, TrailEntry, WAYS};
pub use validate::{
    CHANNELS, MAX_BRANCHES, MAX_DEPTH, MAX_NODES, MAX_SECONDS, MAX_SUBJECT, MAX_TAGS, MAX_TESTS,
};
