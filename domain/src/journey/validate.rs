//! Is a definition fit to be published? Every problem is told at once, with the node and the field.

use super::{
    condition::Condition,
    definition::{Definition, SCHEMA},
    graph,
    node::{ChannelChoice, Message, Node, ReEntry, Split, Trigger, UpdateContact, WaitForEvent, Webhook},
    node_id::NodeId,
    places::MAX_PLACE,
    problem::{Code, Problem},
};
use crate::{
    consent::{Channel, ContentClass},
    event::{CartKind, EventKind},
};
use serde_json::Value;
use std::{collections::BTreeSet, fmt::Display};

/// The longest wait: 365 days, in seconds.
pub const MAX_SECONDS: i64 = 365 * 86_400;
/// The most nodes of a journey.
pub const MAX_NODES: usize = 200;
/// The deepest nesting of a condition.
pub const MAX_DEPTH: usize = 8;
/// The most parts of a condition, connectives included.
pub const MAX_TESTS: usize = 100;
/// The most branches of a split.
pub const MAX_BRANCHES: usize = 20;
/// The most tags and traits that one node changes.
pub const MAX_TAGS: usize = 20;
/// The longest subject, characters.
pub const MAX_SUBJECT: usize = 250;

const MAX_TEXT: usize = 200;
/// On what a journey can send.
pub const CHANNELS: [Channel; 3] = [Channel::Email, Channel::Sms, Channel::Push];

impl Definition {
    /// Everything that speaks against publishing this definition: the journey as a whole first, then node by node.
    ///
    /// # Errors
    /// All problems, not only the first.
    pub fn validate(&self) -> Result<(), Vec<Problem>> {
        let mut v = Validation { def: self, problems: Vec::new() };
        v.whole();
        for (id, node) in &self.nodes {
            v.node(id, node);
        }
        v.places();
        graph::check(self, &mut v.problems);
        if v.problems.is_empty() { Ok(()) } else { Err(v.problems) }
    }
}

struct Validation<'a> {
    def: &'a Definition,
    problems: Vec<Problem>,
}

impl Validation<'_> {
    fn whole_problem(&mut self, field: &str, code: Code, value: impl Display) {
        self.problems.push(Problem::whole(field, code, value));
    }

    fn say(&mut self, node: &NodeId, field: impl Into<String>, code: Code, value: impl Display) {
        self.problems.push(Problem::at(node, field, code, value));
    }

    fn range(&mut self, node: Option<&NodeId>, field: &str, n: i64, least: i64, most: i64) {
        let (code, limit) = match n {
            n if n < least => (Code::TooSmall, least),
            n if n > most => (Code::TooLarge, most),
            _ => return,
        };
        match node {
            Some(node) => self.say(node, field, code, limit),
            None => self.whole_problem(field, code, limit),
        }
    }

    fn text(&mut self, node: &NodeId, field: String, text: &str, most: usize) {
        if text.trim().is_empty() {
            self.say(node, field, Code::Missing, "");
        } else if text.chars().count() > most {
            self.say(node, field, Code::TooLong, format!("{most} characters"));
        }
    }

    fn list<T: Ord + Display>(&mut self, node: &NodeId, field: &str, items: impl IntoIterator<Item = T>) {
        let mut seen = BTreeSet::new();
        let mut doubles = BTreeSet::new();
        for item in items {
            if seen.contains(&item) {
                doubles.insert(item.to_string());
            }
            seen.insert(item);
        }
        if seen.is_empty() {
            self.say(node, field, Code::Missing, "");
        }
        for double in doubles {
            self.say(node, field, Code::Duplicate, double);
        }
    }

    fn whole(&mut self) {
        let def = self.def;
        if def.schema != SCHEMA {
            self.whole_problem("schema", Code::UnknownSchema, def.schema);
        }
        if def.name.trim().is_empty() {
            self.whole_problem("name", Code::Missing, "");
        } else if def.name.chars().count() > 120 {
            self.whole_problem("name", Code::TooLong, "120 characters");
        } else if def.name.chars().any(char::is_control) {
            self.whole_problem("name", Code::ControlCharacter, "");
        }
        if def.nodes.len() > MAX_NODES {
            self.whole_problem("nodes", Code::TooLong, format!("{MAX_NODES} nodes"));
        }
        match def.node(&def.start) {
            None => self.whole_problem("start", Code::UnknownTarget, &def.start),
            Some(Node::Trigger(_)) => {}
            Some(_) => self.whole_problem("start", Code::StartIsNoTrigger, &def.start),
        }
        let settings = &def.settings;
        self.range(None, "settings.cool_down_seconds", settings.cool_down_seconds, 0, MAX_SECONDS);
        if let Some(cap) = settings.frequency_cap {
            self.range(None, "settings.frequency_cap.messages", cap.messages, 1, 100);
            self.range(None, "settings.frequency_cap.window_seconds", cap.window_seconds, 1, MAX_SECONDS);
        }
        let only_quotes = def.trigger().is_some_and(|t| t.on.iter().all(|k| *k == CartKind::Quote));
        if !settings.exit_on_purchase && !only_quotes {
            self.whole_problem("settings.exit_on_purchase", Code::PurchaseMustEnd, "");
        }
    }

    fn places(&mut self) {
        for (id, place) in &self.def.places {
            if self.def.node(id).is_none() {
                self.say(id, "place", Code::UnknownTarget, id);
            }
            for steps in [place.0, place.1] {
                self.range(Some(id), "place", steps, -MAX_PLACE, MAX_PLACE);
            }
        }
    }

    fn node(&mut self, id: &NodeId, node: &Node) {
        match node {
            Node::Trigger(n) => self.trigger(id, n),
            Node::Wait(n) => self.range(Some(id), "seconds", n.seconds, 0, MAX_SECONDS),
            Node::WaitUntil(n) => {
                let mut seen = BTreeSet::new();
                let twice: Vec<_> = n.weekdays.iter().filter(|day| !seen.insert(**day)).collect();
                for day in twice {
                    self.say(id, "weekdays", Code::Duplicate, day);
                }
            }
            Node::WaitForEvent(n) => self.wait_for_event(id, n),
            Node::Condition(n) => self.condition(id, "if", &n.test, true),
            Node::Split(n) => self.split(id, n),
            Node::ChannelChoice(n) => self.channel_choice(id, n),
            Node::Holdout(n) => self.range(Some(id), "percent", n.percent, 0, 100),
            Node::UpdateContact(n) => self.update_contact(id, n),
            Node::Message(n) => self.message(id, n),
            Node::Webhook(n) => self.webhook(id, n),
            Node::Goal(n) if n.on != EventKind::OrderPlaced => {
                self.say(id, "on", Code::UnknownGoal, n.on.as_str())
            }
            Node::Goal(_) | Node::Exit(_) => {}
        }
    }

    fn trigger(&mut self, id: &NodeId, n: &Trigger) {
        if *id != self.def.start {
            self.say(id, "", Code::SecondTrigger, "");
        }
        self.list(id, "on", n.on.iter().map(|k| k.as_str()));
        if let Some(filter) = &n.filter {
            self.condition(id, "filter", filter, false);
        }
        if let ReEntry::Again { after_seconds, at_most } = n.re_entry {
            self.range(Some(id), "re_entry.after_seconds", after_seconds, 0, MAX_SECONDS);
            self.range(Some(id), "re_entry.at_most", at_most, 2, 100);
        }
    }

    fn wait_for_event(&mut self, id: &NodeId, n: &WaitForEvent) {
        self.list(id, "events", n.events.iter().copied());
        self.range(Some(id), "timeout_seconds", n.timeout_seconds, 1, MAX_SECONDS);
        if let Some(message) = &n.message {
            self.is_message(id, "message".into(), message);
        }
    }

    fn update_contact(&mut self, id: &NodeId, n: &UpdateContact) {
        let all = n.add_tags.len() + n.remove_tags.len() + n.set_traits.len();
        if all == 0 {
            self.say(id, "add_tags", Code::Missing, "");
        }
        if all > MAX_TAGS {
            self.say(id, "add_tags", Code::TooLong, format!("{MAX_TAGS} tags and traits"));
        }
        let mut seen = BTreeSet::new();
        for (field, tags) in [("add_tags", &n.add_tags), ("remove_tags", &n.remove_tags)] {
            for (i, tag) in tags.iter().enumerate() {
                self.text(id, format!("{field}.{i}"), tag, MAX_TEXT);
                if !seen.insert(tag.trim().to_lowercase()) {
                    self.say(id, format!("{field}.{i}"), Code::Duplicate, tag);
                }
            }
        }
        for (name, value) in &n.set_traits {
            let field = format!("set_traits.{}", name.chars().take(48).collect::<String>());
            self.text(id, field.clone(), name, MAX_TEXT);
            match value {
                Value::String(text) if text.chars().count() > MAX_TEXT => {
                    self.say(id, field, Code::TooLong, format!("{MAX_TEXT} characters"));
                }
                Value::Array(_) | Value::Object(_) => self.say(id, field, Code::NotComparable, ""),
                _ => {}
            }
        }
    }

    fn webhook(&mut self, id: &NodeId, n: &Webhook) {
        if n.fields.len() > MAX_TAGS {
            self.say(id, "fields", Code::TooLong, format!("{MAX_TAGS} fields"));
        }
        for (name, value) in &n.fields {
            let field = format!("fields.{}", name.chars().take(48).collect::<String>());
            self.text(id, field.clone(), name, MAX_TEXT);
            match value {
                Value::String(text) if text.chars().count() > MAX_TEXT => {
                    self.say(id, field, Code::TooLong, format!("{MAX_TEXT} characters"));
                }
                Value::Array(_) | Value::Object(_) => self.say(id, field, Code::NotComparable, ""),
                _ => {}
            }
        }
    }

    fn is_message(&mut self, id: &NodeId, field: String, message: &NodeId) {
        if !matches!(self.def.node(message), Some(Node::Message(_))) {
            self.say(id, field, Code::NotAMessage, message);
        }
    }

    fn split(&mut self, id: &NodeId, n: &Split) {
        if n.branches.len() < 2 {
            self.say(id, "branches", Code::TooSmall, "2");
        }
        if n.branches.len() > MAX_BRANCHES {
            self.say(id, "branches", Code::TooLong, format!("{MAX_BRANCHES} branches"));
        }
        for (i, branch) in n.branches.iter().enumerate() {
            self.range(Some(id), &format!("branches.{i}.weight"), branch.weight, 1, 10_000);
            if branch.label.chars().count() > 60 {
                self.say(id, format!("branches.{i}.label"), Code::TooLong, "60 characters");
            }
        }
    }

    fn channel_choice(&mut self, id: &NodeId, n: &ChannelChoice) {
        self.list(id, "ways", n.ways.iter().map(|way| way.channel.as_str()));
        for (i, way) in n.ways.iter().enumerate() {
            if !CHANNELS.contains(&way.channel) {
                self.say(id, format!("ways.{i}.channel"), Code::OtherChannel, way.channel);
            }
        }
    }

    fn message(&mut self, id: &NodeId, n: &Message) {
        let key_ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
        if n.template.is_empty() {
            self.say(id, "template", Code::Missing, "");
        } else if n.template.len() > 64 || !n.template.bytes().all(key_ok) {
            self.say(id, "template", Code::BadTemplateKey, n.template.chars().take(64).collect::<String>());
        }
        if !CHANNELS.contains(&n.channel) {
            self.say(id, "channel", Code::OtherChannel, n.channel);
        } else if !n.channel.purposes().contains(&n.purpose) {
            let purposes: Vec<_> = n.channel.purposes().iter().map(|p| p.as_str()).collect();
            let said = format!("{}; give {} for {}", n.purpose, purposes.join(" or "), n.channel);
            self.say(id, "purpose", Code::OtherPurpose, said);
        }
        if !matches!(n.content_class, ContentClass::Informational | ContentClass::Promotional) {
            self.say(id, "content_class", Code::OtherClass, n.content_class);
        }
        if n.channel != Channel::Email && !n.subject.is_empty() {
            self.say(id, "subject", Code::NoSubject, n.channel);
        }
        for (language, subject) in &n.subject {
            let field = format!("subject.{language}");
            self.text(id, field.clone(), subject, MAX_SUBJECT);
            if subject.chars().any(char::is_control) {
                self.say(id, field, Code::ControlCharacter, "");
            }
        }
    }

    fn condition(&mut self, id: &NodeId, field: &str, condition: &Condition, messages: bool) {
        let mut deepest = 0;
        let mut parts = Vec::new();
        condition.walk(1, &mut |part, depth| {
            deepest = deepest.max(depth);
            parts.push(part);
        });
        if deepest > MAX_DEPTH {
            self.say(id, field, Code::TooLong, format!("{MAX_DEPTH} levels"));
        }
        if parts.len() > MAX_TESTS {
            self.say(id, field, Code::TooLong, format!("{MAX_TESTS} tests"));
        }
        for part in parts {
            self.test(id, field, part, messages);
        }
    }

    fn test(&mut self, id: &NodeId, field: &str, test: &Condition, messages: bool) {
        let at = |name: &str| format!("{field}.{name}");
        let mut texts: Vec<(&str, &str)> = Vec::new();
        match test {
            Condition::All { of } | Condition::Any { of } if of.is_empty() => {
                self.say(id, at("of"), Code::Missing, "")
            }
            Condition::CartValue { at_least, at_most, .. }
            | Condition::CartLines { at_least, at_most }
            | Condition::ItemQuantity { at_least, at_most }
            | Condition::OrdersCount { at_least, at_most } => {
                let empty = match (at_least, at_most) {
                    (None, None) => true,
                    (Some(least), Some(most)) => least > most,
                    _ => false,
                };
                if empty {
                    self.say(id, field, Code::EmptyRange, "");
                }
            }
            Condition::HasProduct { id: product } => texts.push(("id", product)),
            Condition::HasSku { sku } => texts.push(("sku", sku)),
            Condition::HasCategory { category } => texts.push(("category", category)),
            Condition::HasTag { tag } => texts.push(("tag", tag)),
            Condition::Language { is } => self.list(id, &at("is"), is),
            Condition::Country { is } => self.list(id, &at("is"), is),
            Condition::TraitEquals { name, value } => {
                texts.push(("name", name));
                match value {
                    Value::String(text) if text.chars().count() > MAX_TEXT => {
                        self.say(id, at("value"), Code::TooLong, format!("{MAX_TEXT} characters"));
                    }
                    Value::String(_) | Value::Number(_) | Value::Bool(_) => {}
                    _ => self.say(id, at("value"), Code::NotComparable, ""),
                }
            }
            _ => {}
        }
        for (name, text) in texts {
            self.text(id, at(name), text, MAX_TEXT);
        }
        match test.message() {
            // Before a run has begun there is no message to ask about.
            Some(message) if !messages => self.say(id, at("message"), Code::NotAMessage, message),
            Some(message) => self.is_message(id, at("message"), message),
            None => {}
        }
    }
}
