//! What a step answers: where the run goes, what has to be done, and why.

use super::{
    node::{Awaited, UpdateContact},
    node_id::NodeId,
    state::{Group, RunContext, WaitingFor},
    trail::TrailEntry,
};
use crate::{
    consent::{Channel, ContentClass, Purpose},
    ids::HookId,
    locale::Language,
    time::Millis,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a step decided. Everything in it is committed in one transaction, or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Where the run goes.
    pub transition: Transition,
    /// What it carries there.
    pub context: RunContext,
    /// What has to be done.
    pub effects: Vec<Effect>,
    /// Why, for the timeline.
    pub trail: Vec<TrailEntry>,
}

/// Where a run goes.
#[derive(Debug, Clone, PartialEq)]
pub enum Transition {
    /// Rests.
    Wait {
        /// Here.
        node: NodeId,
        /// On this visit of the node.
        visit: u32,
        /// Until then.
        wake_at: Millis,
        /// For this to happen, or until then.
        wait_for: Option<WaitingFor>,
    },
    /// Is over.
    End {
        /// The node it ended at.
        node: NodeId,
        /// Why.
        reason: EndReason,
    },
}

/// Why a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Came to an exit.
    Completed,
    /// Came to an exit in the group that gets nothing.
    HeldOut,
    /// The cart was bought without our help.
    Converted,
    /// The cart was bought after a message.
    Recovered,
    /// The same person bought, with another cart or on another device.
    Ordered,
    /// The cart is too old.
    Expired,
    /// The person asked to be forgotten.
    Erased,
    /// The cart turned out to be a machine's, a test's or a member of staff's.
    Excluded,
    /// The trigger does not want this cart.
    NotAdmitted,
    /// The journey was switched off.
    JourneyOff,
    /// The person said no. Decided by the engine when an unsubscription arrives, not by the step.
    Unsubscribed,
    /// The shopper took the cart up again; leaving it again is a new entry. Decided by the projection of its events.
    CameBack,
    /// The person answered a message: from there on people talk. Decided by the engine when the answer arrives.
    Answered,
    /// A member ended it in the console. Decided by the engine.
    Cancelled,
    /// Came to one node more than [`super::EXIT_LIMIT_VISITS`] times.
    LoopLimit,
    /// The version's graph points nowhere; validation lets no such version be published.
    Broken,
}

impl EndReason {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Completed,
        Self::HeldOut,
        Self::Converted,
        Self::Recovered,
        Self::Ordered,
        Self::Expired,
        Self::Erased,
        Self::Excluded,
        Self::NotAdmitted,
        Self::JourneyOff,
        Self::Unsubscribed,
        Self::CameBack,
        Self::Answered,
        Self::Cancelled,
        Self::LoopLimit,
        Self::Broken,
    ];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::HeldOut => "held_out",
            Self::Converted => "converted",
            Self::Recovered => "recovered",
            Self::Ordered => "ordered",
            Self::Expired => "expired",
            Self::Erased => "erased",
            Self::Excluded => "excluded",
            Self::NotAdmitted => "not_admitted",
            Self::JourneyOff => "journey_off",
            Self::Unsubscribed => "unsubscribed",
            Self::CameBack => "came_back",
            Self::Answered => "answered",
            Self::Cancelled => "cancelled",
            Self::LoopLimit => "loop_limit",
            Self::Broken => "broken",
        }
    }

    /// The reason of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == name)
    }

    /// Why an order ends the runs of a cart: its own (`own`), or another's of the same person; and whether it is attributed to a message.
    pub const fn of_order(own: bool, by_message: bool) -> Self {
        match (own, by_message) {
            (true, true) => Self::Recovered,
            (true, false) => Self::Converted,
            (false, _) => Self::Ordered,
        }
    }

    /// Whether what a run had asked for still goes after it ended like this: it came to its end by itself. What the world has overtaken
    /// does not.
    pub const fn lets_go(self) -> bool {
        matches!(self, Self::Completed | Self::HeldOut | Self::LoopLimit | Self::Broken)
    }

    /// Whether a purchase ended the run.
    pub const fn is_purchase(self) -> bool {
        matches!(self, Self::Converted | Self::Recovered | Self::Ordered)
    }
}

/// What has to be done, as data.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// One row for the outbox; on conflict of `send_key` nothing.
    SendMessage {
        /// The message node.
        node: NodeId,
        /// Which visit of it.
        visit: u32,
        /// How.
        channel: Channel,
        /// Template key.
        template: String,
        /// The store's own subject by language; empty for the template's.
        subject: BTreeMap<Language, String>,
        /// What the words do.
        content_class: ContentClass,
        /// The permission it needs.
        purpose: Purpose,
        /// [`super::keys::send_key`].
        send_key: String,
    },
    /// One thing to tell by webhook; on conflict of `send_key` nothing.
    CallWebhook {
        /// The node.
        node: NodeId,
        /// Which visit of it.
        visit: u32,
        /// Which endpoint; `None` for all that listen.
        endpoint: Option<HookId>,
        /// The node's constant fields.
        fields: BTreeMap<String, serde_json::Value>,
        /// [`super::keys::send_key`].
        send_key: String,
    },
    /// Tags and traits of the contact are changed.
    UpdateContact {
        /// The node that says how.
        change: UpdateContact,
    },
    /// One row of `run_wait` for each event and key; an arriving event sets the run's `wake_at`.
    RegisterWait {
        /// The node that waits.
        node: NodeId,
        /// Events, and by which key each is found ([`super::keys::wait_key`]).
        waits: Vec<(Awaited, String)>,
        /// After this they are of no use.
        until: Millis,
    },
    /// The run no longer waits for events: its rows of `run_wait` go.
    ClearWaits,
    /// The order came that the journey is for.
    GoalReached {
        /// The goal node.
        node: NodeId,
    },
    /// The person is in this group from here on; counted once for each person and journey.
    Exposure {
        /// The holdout node.
        node: NodeId,
        /// Which group.
        group: Group,
        /// Where the hash put the person, 0 to 9999.
        bucket: u32,
        /// The holdout's size, hundredths of the people.
        percent: i64,
    },
}
