//! The nodes a journey is drawn from.
//!
//! Numbers are wide and signed on purpose: `-5` is read, and then refused by validation with the name of the
//! node and the field, which a parser could not say as well.

use super::{condition::Condition, node_id::NodeId};
use crate::{
    consent::{Channel, ContentClass, Purpose},
    event::{CartKind, EventKind},
    ids::HookId,
    locale::Language,
    schedule::LocalTime,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

/// One node; JSON tells the kind in `type`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Node {
    /// Where a run begins.
    Trigger(Trigger),
    /// Stays for a time.
    Wait(Wait),
    /// Stays until the clock on the recipient's wall shows a time.
    WaitUntil(WaitUntil),
    /// Stays until something happens, or for a time.
    WaitForEvent(WaitForEvent),
    /// Goes one of two ways by what is true now.
    Condition(ConditionNode),
    /// Goes one of several ways by a hash of the contact.
    Split(Split),
    /// Goes the way of the first channel on which the person may be reached now.
    ChannelChoice(ChannelChoice),
    /// Keeps a share of the people silent, so that the effect can be known.
    Holdout(Holdout),
    /// Writes something down about the person.
    UpdateContact(UpdateContact),
    /// Hands one message to the outbox.
    Message(Message),
    /// Tells a program of the merchant that a run has come here.
    Webhook(Webhook),
    /// Marks whether the order came.
    Goal(Goal),
    /// The end.
    Exit(Exit),
}

impl Node {
    /// The word in `type`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Trigger(_) => "trigger",
            Self::Wait(_) => "wait",
            Self::WaitUntil(_) => "wait_until",
            Self::WaitForEvent(_) => "wait_for_event",
            Self::Condition(_) => "condition",
            Self::Split(_) => "split",
            Self::ChannelChoice(_) => "channel_choice",
            Self::Holdout(_) => "holdout",
            Self::UpdateContact(_) => "update_contact",
            Self::Message(_) => "message",
            Self::Webhook(_) => "webhook",
            Self::Goal(_) => "goal",
            Self::Exit(_) => "exit",
        }
    }

    /// Where a run can go from here: the field that names the target, and the target, in drawing order.
    pub fn targets(&self) -> Vec<(String, &NodeId)> {
        let one = |next| vec![("next".to_owned(), next)];
        match self {
            Self::Trigger(n) => one(&n.next),
            Self::Wait(n) => one(&n.next),
            Self::WaitUntil(n) => one(&n.next),
            Self::WaitForEvent(n) => {
                vec![("happened".into(), &n.happened), ("timed_out".into(), &n.timed_out)]
            }
            Self::Condition(n) => vec![("yes".into(), &n.yes), ("no".into(), &n.no)],
            Self::Split(n) => {
                n.branches.iter().enumerate().map(|(i, b)| (format!("branches.{i}.next"), &b.next)).collect()
            }
            Self::ChannelChoice(n) => {
                let ways = n.ways.iter().enumerate().map(|(i, w)| (format!("ways.{i}.next"), &w.next));
                ways.chain([("none".to_owned(), &n.none)]).collect()
            }
            Self::Holdout(n) => one(&n.next),
            Self::UpdateContact(n) => one(&n.next),
            Self::Message(n) => one(&n.next),
            Self::Webhook(n) => one(&n.next),
            Self::Goal(n) => one(&n.next),
            Self::Exit(_) => Vec::new(),
        }
    }

    /// The same, to be led elsewhere.
    pub(super) fn targets_mut(&mut self) -> Vec<(String, &mut NodeId)> {
        let one = |next| vec![("next".to_owned(), next)];
        match self {
            Self::Trigger(n) => one(&mut n.next),
            Self::Wait(n) => one(&mut n.next),
            Self::WaitUntil(n) => one(&mut n.next),
            Self::WaitForEvent(n) => {
                vec![("happened".into(), &mut n.happened), ("timed_out".into(), &mut n.timed_out)]
            }
            Self::Condition(n) => vec![("yes".into(), &mut n.yes), ("no".into(), &mut n.no)],
            Self::Split(n) => {
                let branches = n.branches.iter_mut().enumerate();
                branches.map(|(i, b)| (format!("branches.{i}.next"), &mut b.next)).collect()
            }
            Self::ChannelChoice(n) => {
                let ways =
                    n.ways.iter_mut().enumerate().map(|(i, w)| (format!("ways.{i}.next"), &mut w.next));
                ways.chain([("none".to_owned(), &mut n.none)]).collect()
            }
            Self::Holdout(n) => one(&mut n.next),
            Self::UpdateContact(n) => one(&mut n.next),
            Self::Message(n) => one(&mut n.next),
            Self::Webhook(n) => one(&mut n.next),
            Self::Goal(n) => one(&mut n.next),
            Self::Exit(_) => Vec::new(),
        }
    }

    /// Whether a run that comes here always stays for some time, so that a loop through here is no spin.
    pub const fn rests(&self) -> bool {
        match self {
            Self::Wait(n) => n.seconds > 0,
            // The next such time always lies ahead.
            Self::WaitUntil(_) => true,
            Self::WaitForEvent(n) => n.timeout_seconds > 0,
            _ => false,
        }
    }
}

/// Where a run begins: something was left unfinished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// Which kinds of cart.
    pub on: Vec<CartKind>,
    /// Only those for which this holds at the moment of abandonment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Condition>,
    /// May a cart that was left, taken up and left again begin anew?
    #[serde(default)]
    pub re_entry: ReEntry,
    /// The first node after it.
    pub next: NodeId,
}

/// Whether one cart or quote may run through the journey more than once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum ReEntry {
    /// Once for each cart.
    #[default]
    Once,
    /// At each abandonment, but no sooner than so many seconds after the last beginning, and so many times in all.
    Again {
        /// Seconds since the last beginning with this cart.
        after_seconds: i64,
        /// How many runs one cart may have in all.
        at_most: i64,
    },
}

/// Stays for a time. 0 goes on at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// How long, at most 365 days.
    pub seconds: i64,
    /// Then.
    pub next: NodeId,
}

/// Stays until the clock on the recipient's wall next shows a time, on one of some days of the week. Whoever comes at that very time
/// stays until it comes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitUntil {
    /// `09:00`, in the recipient's zone; in the store's where nothing tells theirs.
    pub time: LocalTime,
    /// Only on these days; on any when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<Weekday>,
    /// Then.
    pub next: NodeId,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// The first (ISO 8601).
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth.
    Thursday,
    /// The fifth.
    Friday,
    /// The sixth.
    Saturday,
    /// The seventh.
    Sunday,
}

impl Weekday {
    /// All of them, from Monday.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// As in a definition.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }

    /// As the calendar has it.
    pub const fn of_calendar(self) -> chrono::Weekday {
        match self {
            Self::Monday => chrono::Weekday::Mon,
            Self::Tuesday => chrono::Weekday::Tue,
            Self::Wednesday => chrono::Weekday::Wed,
            Self::Thursday => chrono::Weekday::Thu,
            Self::Friday => chrono::Weekday::Fri,
            Self::Saturday => chrono::Weekday::Sat,
            Self::Sunday => chrono::Weekday::Sun,
        }
    }
}

impl fmt::Display for Weekday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Stays until one of the events happens, or the time is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitForEvent {
    /// Any one of these.
    pub events: Vec<Awaited>,
    /// The message that `opened` and `clicked` are about; any message of the run when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<NodeId>,
    /// How long, at most 365 days.
    pub timeout_seconds: i64,
    /// When it happened in time.
    pub happened: NodeId,
    /// When it did not.
    pub timed_out: NodeId,
}

/// Something a run can wait for: an event of the canonical vocabulary, or a person's engagement with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Awaited {
    /// An event of the shop.
    Event(EventKind),
    /// A person opened a message of this run; machine opens do not count.
    Opened,
    /// A person clicked in a message of this run; scanners do not count.
    Clicked,
}

/// Which id stands in the key of a registered wait, so that an arriving event finds the run with one look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitScope {
    /// The cart of the run.
    Cart,
    /// The contact of the run.
    Contact,
    /// The run itself.
    Run,
}

impl Awaited {
    /// The name in a definition and in `run_wait.event`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event(kind) => kind.as_str(),
            Self::Opened => "opened",
            Self::Clicked => "clicked",
        }
    }

    /// By which id an arriving event finds the waiting runs. What happens to the cart concerns that cart only;
    /// an order or a look at a product concerns the person; engagement concerns the run that sent.
    pub const fn scope(self) -> WaitScope {
        match self {
            Self::Opened | Self::Clicked => WaitScope::Run,
            Self::Event(
                EventKind::CartItemAdded
                | EventKind::CartItemRemoved
                | EventKind::CartUpdated
                | EventKind::CartDeleted
                | EventKind::CheckoutStarted
                | EventKind::QuoteRequested
                | EventKind::CouponApplied,
            ) => WaitScope::Cart,
            Self::Event(_) => WaitScope::Contact,
        }
    }
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Awaited {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "opened" => Ok(Self::Opened),
            "clicked" => Ok(Self::Clicked),
            "custom" => {
                Err("\"custom\" says nothing about what happened; name an event of the vocabulary".into())
            }
            other => EventKind::from_name(other).map(Self::Event).ok_or_else(|| {
                format!("{:?} is no event that can be waited for", other.chars().take(48).collect::<String>())
            }),
        }
    }
}

impl Serialize for Awaited {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Awaited {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Goes one of two ways by what is true now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionNode {
    /// The question.
    #[serde(rename = "if")]
    pub test: Condition,
    /// When it holds.
    pub yes: NodeId,
    /// When it does not.
    pub no: NodeId,
}

/// Goes one of several ways by a hash of (journey, node, contact): nothing is drawn, a repeated step goes the same way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// At least two.
    pub branches: Vec<Branch>,
}

/// One way of a split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// Share of the people, relative to the other branches; at least 1.
    pub weight: i64,
    /// A word for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Where it goes.
    pub next: NodeId,
}

/// Goes the way of the first channel on which the consent gate would let a reminder to the person pass now, and on which they have
/// an address. The last look before each message stays what decides: this only chooses where to try.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelChoice {
    /// The ways, the first to be tried first; each channel once.
    pub ways: Vec<ChannelWay>,
    /// Ask first what the person prefers: the channel their trait [`PREFERRED_CHANNEL`] names, then those on which they clicked,
    /// the latest first; then the ways as they stand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_preference: bool,
    /// Where those go who can be reached on none of them.
    pub none: NodeId,
}

/// One way of a [`ChannelChoice`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelWay {
    /// On what the person must be reachable.
    pub channel: Channel,
    /// Where this way leads.
    pub next: NodeId,
}

/// The trait in which a person's own choice of a channel stands: `email`, `sms` or `push`.
pub const PREFERRED_CHANNEL: &str = "preferred_channel";

/// Keeps a share of the people silent. The group is a hash of (store, journey, contact): a person stays in it over
/// all runs and versions. A run that is held out goes on through the graph, so that the same things are observed,
/// but no channel hears of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holdout {
    /// How many of a hundred people get nothing, 0 to 100.
    pub percent: i64,
    /// Both groups go on here.
    pub next: NodeId,
}

/// Writes something down about the person, whichever group they are in. Tags are compared without regard to case, as conditions do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateContact {
    /// Tags the person gets, if they have not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add_tags: Vec<String>,
    /// Tags that are taken off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove_tags: Vec<String>,
    /// Traits that are set: a text, a number, `true` or `false`; `null` takes one away.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set_traits: BTreeMap<String, serde_json::Value>,
    /// Then.
    pub next: NodeId,
}

impl UpdateContact {
    /// Changes tags and traits; says whether anything is different now.
    pub fn apply(
        &self,
        tags: &mut BTreeSet<String>,
        traits: &mut serde_json::Map<String, serde_json::Value>,
    ) -> bool {
        let before = (tags.clone(), traits.clone());
        let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        tags.retain(|tag| !self.remove_tags.iter().any(|gone| same(gone, tag)));
        for tag in &self.add_tags {
            if !tags.iter().any(|there| same(there, tag)) {
                tags.insert(tag.trim().to_owned());
            }
        }
        for (name, value) in &self.set_traits {
            if value.is_null() {
                traits.remove(name);
            } else {
                traits.insert(name.clone(), value.clone());
            }
        }
        before != (tags.clone(), traits.clone())
    }
}

/// Hands one message to the outbox. Whether it is sent is judged there, at the last moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// How.
    pub channel: Channel,
    /// Key of the template, for example `recovery_1`.
    #[serde(default)]
    pub template: String,
    /// What the words do.
    pub content_class: ContentClass,
    /// The permission it needs.
    pub purpose: Purpose,
    /// The store's own subject by language, in place of the template's; Liquid as in the template.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub subject: BTreeMap<Language, String>,
    /// Then.
    pub next: NodeId,
}

/// Tells a program of the merchant that a run has come here, by a webhook. Silent for whoever is held out: what that program does may be
/// a message too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Which endpoint of the store; when left out, all that have chosen `journey.webhook`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<HookId>,
    /// Constant fields for that program: each a text, a number, `true`, `false` or `null`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, serde_json::Value>,
    /// Then.
    pub next: NodeId,
}

/// Marks whether an order has come since the run began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// What counts; `order_placed`.
    pub on: EventKind,
    /// Then.
    pub next: NodeId,
}

/// The end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exit {}
