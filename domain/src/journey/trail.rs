//! What a step decided, with the values that decided it.

use super::node_id::NodeId;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One line of a run's timeline. The console says it in the reader's language from `decision` and `values`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrailEntry {
    /// Where.
    pub node: NodeId,
    /// Which visit of the node, from 1.
    pub visit: u32,
    /// When.
    pub at: Millis,
    /// What.
    pub decision: Decision,
    /// Why.
    pub values: Map<String, Value>,
}

impl TrailEntry {
    /// Whether this is the first word at this visit of the node: its entry.
    pub fn enters(&self) -> bool {
        let back = matches!(
            self.decision,
            Decision::Ended | Decision::EventHappened | Decision::EventTimedOut | Decision::NotAdmitted
        );
        let over = self.decision == Decision::WaitOver && self.values.contains_key("late_ms");
        !back && !over
    }
}

/// What can be decided. In brackets the values that come with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The run began (`cart_kind`, `value_minor`, `currency`, `checks`).
    Entered,
    /// The trigger's filter does not hold (`checks`), or it does not name this kind of cart (`cart_kind`).
    NotAdmitted,
    /// Began to wait: for a time (`seconds`, `until`), or until a local time (`time`, `weekdays`, `zone`, `until`).
    WaitStarted,
    /// The wait is over (`late_ms`), or there was nothing to wait for (`seconds` 0).
    WaitOver,
    /// Began to wait for an event (`events`, `until`).
    AwaitStarted,
    /// The event came (`event`, `event_at`).
    EventHappened,
    /// The event did not come in time (`events`, `until`).
    EventTimedOut,
    /// The condition holds (`checks`).
    ConditionYes,
    /// The condition does not hold (`checks`).
    ConditionNo,
    /// Went one way of a split (`branch`, `label`, `bucket`, `weights`).
    Split,
    /// Took the way of a channel, or the one for nobody (`channel`, `branch`, `preferred`, `asked`: each channel in the order in which
    /// it was asked, with `open` and `rule`).
    ChannelChosen,
    /// In the group that gets nothing (`bucket`, `percent`).
    HeldOut,
    /// In the group that gets the messages (`bucket`, `percent`).
    Treated,
    /// Something was written down about the person (`add_tags`, `remove_tags`, `set_traits`).
    ContactUpdated,
    /// A message went to the outbox (`channel`, `template`, `send_key`).
    MessageQueued,
    /// No message, since the run is held out (`channel`, `template`).
    MessageSilenced,
    /// A webhook was written down to be told (`endpoint`, `fields`, `send_key`).
    WebhookQueued,
    /// No webhook, since the run is held out (`endpoint`).
    WebhookSilenced,
    /// No message yet: the shopper is in the shop (`cart_status`, `until`).
    ShopperIsBack,
    /// The order came (`on`).
    GoalReached,
    /// No order so far (`on`).
    GoalNotReached,
    /// Goes on with another version from here (`from`, `to`: their numbers).
    MovedIn,
    /// The run is over (`reason`).
    Ended,
}

/// Decisions that take one of two ways, with the field that names the way's target.
pub const WAYS: [(Decision, &str); 4] = [
    (Decision::ConditionYes, "yes"),
    (Decision::ConditionNo, "no"),
    (Decision::EventHappened, "happened"),
    (Decision::EventTimedOut, "timed_out"),
];

impl Decision {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::NotAdmitted => "not_admitted",
            Self::WaitStarted => "wait_started",
            Self::WaitOver => "wait_over",
            Self::AwaitStarted => "await_started",
            Self::EventHappened => "event_happened",
            Self::EventTimedOut => "event_timed_out",
            Self::ConditionYes => "condition_yes",
            Self::ConditionNo => "condition_no",
            Self::Split => "split",
            Self::ChannelChosen => "channel_chosen",
            Self::HeldOut => "held_out",
            Self::Treated => "treated",
            Self::ContactUpdated => "contact_updated",
            Self::MessageQueued => "message_queued",
            Self::MessageSilenced => "message_silenced",
            Self::WebhookQueued => "webhook_queued",
            Self::WebhookSilenced => "webhook_silenced",
            Self::ShopperIsBack => "shopper_is_back",
            Self::GoalReached => "goal_reached",
            Self::GoalNotReached => "goal_not_reached",
            Self::MovedIn => "moved_in",
            Self::Ended => "ended",
        }
    }
}
