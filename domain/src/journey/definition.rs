//! The graph of a journey as JSON: `"schema": 1`, refused whole when any part is not understood.

use super::{
    condition::Condition,
    node::{Node, WaitScope},
    node_id::NodeId,
    places::Place,
    problem::{Code, Problem, listed},
};
use crate::{
    consent::Channel,
    schedule::{Cap, QuietHours},
    time::SECOND,
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// The only schema there is so far.
pub const SCHEMA: u32 = 1;

/// Longest JSON of a definition we read, bytes.
pub const MAX_BYTES: usize = 512 * 1024;

/// A journey: nodes by id, and where it starts. Immutable once published; a run keeps to the version it began with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Definition {
    /// [`SCHEMA`].
    pub schema: u32,
    /// A name for people.
    pub name: String,
    /// The trigger.
    pub start: NodeId,
    /// What holds for every run.
    pub settings: Settings,
    /// The graph.
    pub nodes: BTreeMap<NodeId, Node>,
    /// Where somebody put nodes in the drawing. Nothing that runs looks at it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub places: BTreeMap<NodeId, Place>,
}

/// What holds for every run of a journey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A purchase ends the run. Always so for carts and checkouts; a quote's run may go on after the order.
    pub exit_on_purchase: bool,
    /// A contact begins this journey at most once in so many seconds; 0 for no limit.
    pub cool_down_seconds: i64,
    /// A limit for this journey's messages beside the store's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_cap: Option<FrequencyCap>,
    /// Hours without messages, in the recipient's zone, beside those of law and store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHours>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { exit_on_purchase: true, cool_down_seconds: 0, frequency_cap: None, quiet_hours: None }
    }
}

/// At most `messages` to one contact within any `window_seconds`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrequencyCap {
    /// How many; at least 1.
    pub messages: i64,
    /// Length of the sliding window, seconds.
    pub window_seconds: i64,
}

impl FrequencyCap {
    /// The same as the scheduler counts it.
    pub fn cap(&self) -> Cap {
        let max = u32::try_from(self.messages.max(1)).unwrap_or(u32::MAX);
        Cap { max, window: self.window_seconds.max(0).saturating_mul(SECOND) }
    }
}

/// The outer form, nodes still unread, so that a mistake in one can be told with its id and all of them at once.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    schema: u32,
    name: String,
    start: NodeId,
    #[serde(default)]
    settings: Settings,
    nodes: RawNodes,
    #[serde(default)]
    places: RawNodes,
}

#[derive(Default)]
struct RawNodes(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for RawNodes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = RawNodes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object by the ids of nodes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawNodes, A::Error> {
                let mut nodes = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    nodes.push(pair);
                }
                Ok(RawNodes(nodes))
            }
        }
        d.deserialize_map(Pairs)
    }
}

impl RawNodes {
    /// Each by its node, and what is wrong with each that cannot be read.
    fn read<T: DeserializeOwned>(self, field: &str, problems: &mut Vec<Problem>) -> BTreeMap<NodeId, T> {
        let mut read = BTreeMap::new();
        for (name, raw) in self.0 {
            let id = name
                .parse::<NodeId>()
                .map_err(|e| problems.push(Problem::unreadable(Some(&name), field, e)))
                .ok();
            let one = serde_json::from_str::<T>(raw.get());
            let one = one.map_err(|e| problems.push(Problem::unreadable(Some(&name), field, e))).ok();
            let (Some(id), Some(one)) = (id, one) else { continue };
            if read.insert(id.clone(), one).is_some() {
                problems.push(Problem::at(&id, field, Code::Duplicate, &id));
            }
        }
        read
    }
}

impl Raw {
    fn read(self) -> Result<Definition, Vec<Problem>> {
        let mut problems = Vec::new();
        if self.schema != SCHEMA {
            problems.push(Problem::whole("schema", Code::UnknownSchema, self.schema));
        }
        let nodes = self.nodes.read::<Node>("", &mut problems);
        let places = self.places.read::<Place>("place", &mut problems);
        if problems.is_empty() {
            Ok(Definition {
                schema: self.schema,
                name: self.name,
                start: self.start,
                settings: self.settings,
                nodes,
                places,
            })
        } else {
            Err(problems)
        }
    }
}

/// What the steps of a journey have to know beside cart and contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Some condition asks about lines.
    pub lines: bool,
    /// Some condition or wait asks about earlier messages.
    pub engagement: bool,
    /// Some wait asks for the recipient's clock.
    pub zone: bool,
    /// On which channels some choice asks whether the person can be reached.
    pub reach: BTreeSet<Channel>,
    /// Some choice asks on which the person clicked last.
    pub clicks: bool,
}

impl Definition {
    /// What has to be loaded for its steps.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        let (mut reach, mut clicks) = (BTreeSet::new(), false);
        let mut look = |condition: &Condition, _: usize| {
            needs.engagement |= condition.message().is_some();
            needs.lines |= matches!(
                condition,
                Condition::CartLines { .. }
                    | Condition::ItemQuantity { .. }
                    | Condition::HasProduct { .. }
                    | Condition::HasSku { .. }
                    | Condition::HasCategory { .. }
            );
        };
        for node in self.nodes.values() {
            match node {
                Node::Condition(n) => n.test.walk(1, &mut look),
                Node::Trigger(n) => n.filter.iter().for_each(|f| f.walk(1, &mut look)),
                Node::ChannelChoice(n) => {
                    reach.extend(n.ways.iter().map(|way| way.channel));
                    clicks |= n.by_preference;
                }
                _ => {}
            }
        }
        (needs.reach, needs.clicks) = (reach, clicks);
        needs.engagement |= self.nodes.values().any(|node| match node {
            Node::WaitForEvent(wait) => wait.events.iter().any(|event| event.scope() == WaitScope::Run),
            _ => false,
        });
        needs.zone = self.nodes.values().any(|node| matches!(node, Node::WaitUntil(_)));
        needs
    }

    /// Reads a definition. Unknown fields, nodes with one id, and nodes that do not have the form are refused, each
    /// with the node named. Whether the graph makes sense is [`Definition::validate`]'s question.
    ///
    /// # Errors
    /// Everything that could not be read.
    pub fn from_json(text: &str) -> Result<Self, Vec<Problem>> {
        if text.len() > MAX_BYTES {
            return Err(vec![Problem::whole("", Code::TooLong, format!("{MAX_BYTES} bytes"))]);
        }
        serde_json::from_str::<Raw>(text).map_err(|e| vec![Problem::unreadable(None, "", e)])?.read()
    }

    /// The JSON that is stored and hashed: fields in a fixed order, so that equal definitions have equal texts.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("names, numbers and maps with text keys always have a JSON form")
    }

    /// A node by id.
    pub fn node(&self, id: &NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// The trigger, when the start is one.
    pub fn trigger(&self) -> Option<&super::node::Trigger> {
        match self.nodes.get(&self.start) {
            Some(Node::Trigger(trigger)) => Some(trigger),
            _ => None,
        }
    }

    /// Gives the holdout, where there is one, another size; out of range is brought to the nearest bound.
    pub(super) fn hold_out(&mut self, percent: i64) {
        for node in self.nodes.values_mut() {
            if let Node::Holdout(holdout) = node {
                holdout.percent = percent.clamp(0, 100);
            }
        }
    }

    /// The holdout's node and its percent, when there is one.
    pub fn holdout(&self) -> Option<(&NodeId, i64)> {
        self.nodes.iter().find_map(|(id, node)| match node {
            Node::Holdout(h) => Some((id, h.percent)),
            _ => None,
        })
    }
}

impl<'de> Deserialize<'de> for Definition {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Raw::deserialize(d)?.read().map_err(|problems| serde::de::Error::custom(listed(&problems)))
    }
}
