//! Where a run stands, and what a step may know of the world.

use super::{node::Awaited, node_id::NodeId};
pub use crate::cart::Status as CartStatus;
use crate::{
    consent::Channel,
    event::{CartKind, LineItem},
    ids::{CartId, ContactId, JourneyId, RunId, StoreId, VersionId},
    locale::{Country, Language},
    money::Money,
    time::Millis,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Whether a run still moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Rests until `wake_at`.
    Waiting,
    /// A worker has it.
    Leased,
    /// Over, for good.
    Ended,
}

impl RunStatus {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Leased => "leased",
            Self::Ended => "ended",
        }
    }

    /// The status of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Waiting, Self::Leased, Self::Ended].into_iter().find(|s| s.as_str() == name)
    }
}

/// One cart's passage through one version of a journey, as stored.
///
/// `node` is where the run rests: the start before its first step, then the wait it is in (already begun), or a
/// message that is put off. `visit` is that node's number of visits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunState {
    /// Tenant.
    pub store_id: StoreId,
    /// The journey; its versions share the holdout.
    pub journey_id: JourneyId,
    /// The version it keeps to.
    pub version_id: VersionId,
    /// The run.
    pub run_id: RunId,
    /// Whom it concerns.
    pub contact_id: ContactId,
    /// What was left.
    pub cart_id: CartId,
    /// [`super::keys::entry_key`].
    pub entry_key: String,
    /// Where it rests.
    pub node: NodeId,
    /// Which visit of that node this is, from 1; 0 before the first step.
    pub visit: u32,
    /// Whether it still moves.
    pub status: RunStatus,
    /// When it is due.
    pub wake_at: Millis,
    /// What it waits for, when it rests at a wait for an event.
    pub waiting_for: Option<WaitingFor>,
    /// When it began: the moment of abandonment.
    pub entered_at: Millis,
    /// The small rest.
    pub context: RunContext,
}

/// What a resting run waits for. `until` is kept here since an arriving event brings `wake_at` forward.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitingFor {
    /// Any one of these.
    pub events: Vec<Awaited>,
    /// The message that engagement is about; any when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<NodeId>,
    /// Since when: whoever loads [`Facts::arrived`] leaves out what was accepted before.
    pub since: Millis,
    /// Deadline; what arrives at or after it came too late.
    pub until: Millis,
}

/// What a run carries from step to step, stored as JSON beside the hot row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunContext {
    /// The group, once the run has passed the holdout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
    /// How often each node was visited.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub visits: BTreeMap<NodeId, u32>,
    /// Whether a goal was marked; it is marked once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub goal: bool,
}

/// The two groups of a holdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Gets the messages.
    Treated,
    /// Gets nothing.
    HeldOut,
}

impl Group {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Treated => "treated",
            Self::HeldOut => "held_out",
        }
    }
}

/// Whether the journey runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JourneyState {
    /// Runs.
    #[default]
    Active,
    /// Runs keep their place and do nothing.
    Paused,
    /// Switched off: runs end.
    Off,
}

/// What is true at the moment of a step, loaded for a whole batch before any transaction is open.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Whether the journey runs.
    pub journey: JourneyState,
    /// The cart.
    pub cart: CartFacts,
    /// The person.
    pub contact: ContactFacts,
    /// The recipient's time zone; the store's where nothing tells theirs ([`crate::schedule::guess_zone`]).
    pub zone: Tz,
    /// Whether the contact, on any device, placed an order since the run began.
    pub ordered_since_entry: bool,
    /// What became of the run's messages, by message node.
    pub engagement: BTreeMap<NodeId, Engagement>,
    /// Where the person can be reached, for the channels that a [`super::ChannelChoice`] names; a channel that is missing here is closed.
    pub reach: BTreeMap<Channel, Reach>,
    /// The newest event the run waits for, when one arrived.
    pub arrived: Option<Arrived>,
}

/// The cart, checkout or quote as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartFacts {
    /// What it is.
    pub kind: CartKind,
    /// Where it stands.
    pub status: CartStatus,
    /// A machine's, a test's or a member of staff's: never mailed.
    pub excluded: bool,
    /// Total.
    pub value: Money,
    /// Lines.
    pub lines: Vec<LineFacts>,
}

/// What conditions ask of a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineFacts {
    /// Product id of the shop.
    pub product_id: Option<String>,
    /// Variant id of the shop.
    pub variant_id: Option<String>,
    /// Stock-keeping unit.
    pub sku: Option<String>,
    /// Category.
    pub category: Option<String>,
    /// Pieces.
    pub quantity: u32,
}

impl From<LineItem> for LineFacts {
    fn from(l: LineItem) -> Self {
        Self {
            product_id: l.product_id,
            variant_id: l.variant_id,
            sku: l.sku,
            category: l.category,
            quantity: l.quantity,
        }
    }
}

/// What conditions ask of a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContactFacts {
    /// Erased on request: the run ends.
    pub erased: bool,
    /// Has an e-mail address.
    pub has_email: bool,
    /// Has a phone number.
    pub has_phone: bool,
    /// Reads.
    pub language: Option<Language>,
    /// Lives in.
    pub country: Option<Country>,
    /// Tags.
    pub tags: BTreeSet<String>,
    /// Traits.
    pub traits: serde_json::Map<String, serde_json::Value>,
    /// Orders placed, ever.
    pub orders: u32,
}

/// What became of one message node's messages in this run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Engagement {
    /// Handed over.
    pub sent: bool,
    /// Opened by a person.
    pub opened: bool,
    /// Clicked by a person.
    pub clicked: bool,
}

/// Whether a person can be reached on a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// The gate would let a reminder pass, and there is an address.
    pub open: bool,
    /// The gate's rule that says so, or [`NO_ADDRESS`].
    pub rule: String,
    /// When they last clicked in a message on it; clicks of machines do not count.
    pub clicked_at: Option<Millis>,
}

/// Why somebody cannot be reached whom the gate was not asked about.
pub const NO_ADDRESS: &str = "no_address";

/// An event that a waiting run was woken by. It can be seen from its arrival until the wait is
/// cleared, so that a step that is repeated, or comes late, sees it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived {
    /// Which.
    pub event: Awaited,
    /// When it was accepted, by our clock.
    pub at: Millis,
}
