//! What is different between two versions of a journey, in sentences. No name of a field is ever shown.

use cartwheel_domain::journey::{
    Comparison, Definition, Mark, Message, Node, NodeId, ReEntry, Settings, Split, Trigger,
};
use serde_json::Value;

use super::journey::{asked, node_about, node_name, way};
use crate::i18n::{Lang, format, t};
use crate::ui::Icon;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The step it is about, if it is about one.
    pub node: Option<NodeId>,
    /// What became of it; none where only its ways or nothing of it changed.
    pub mark: Option<Mark>,
    /// The sentence.
    pub words: String,
    /// What exactly, where more than a sentence is to be said.
    pub more: Vec<String>,
}

/// The word for a mark.
pub fn mark(mark: Mark) -> String {
    match mark {
        Mark::Added => t::mark_added(),
        Mark::Removed => t::mark_removed(),
        Mark::Changed => t::mark_changed(),
    }
}

/// The sign for a mark.
pub fn mark_sign(mark: Mark) -> Icon {
    match mark {
        Mark::Added => Icon::Plus,
        Mark::Removed => Icon::Minus,
        Mark::Changed => Icon::RotateCw,
    }
}

/// A step in a few words.
pub fn step(node: &Node) -> String {
    let about = node_about(node);
    if about.is_empty() { node_name(node) } else { format!("{}: {about}", node_name(node)) }
}

fn named(definition: &Definition, id: &NodeId) -> String {
    definition.node(id).map(step).unwrap_or_default()
}

/// All that is different, what is new and what is gone first.
pub fn changes(found: &Comparison, before: &Definition, after: &Definition) -> Vec<Told> {
    let of = |wanted: Mark| found.nodes.iter().filter(move |(_, mark)| **mark == wanted).map(|(id, _)| id);
    let told = |id: &NodeId, mark: Mark, words: String, more: Vec<String>| Told {
        node: Some(id.clone()),
        mark: Some(mark),
        words,
        more,
    };
    let mut all = Vec::new();
    for id in of(Mark::Added) {
        let before_it = after.nodes.iter().find(|(_, node)| node.targets().iter().any(|(_, to)| *to == id));
        let words = match before_it {
            Some((_, node)) => t::change_added_after(&step(node), &named(after, id)),
            None => named(after, id),
        };
        all.push(told(id, Mark::Added, words, Vec::new()));
    }
    all.extend(of(Mark::Removed).map(|id| told(id, Mark::Removed, named(before, id), Vec::new())));
    for id in of(Mark::Changed) {
        if let (Some(old), Some(new)) = (before.node(id), after.node(id)) {
            all.push(told(id, Mark::Changed, step(new), values(old, new, (before, after))));
        }
    }
    for led in &found.led {
        let Some(node) = after.node(&led.from) else { continue };
        let (was, is) = (named(before, &led.before), named(after, &led.after));
        let from = match way(node, &led.way) {
            Some(way) => format!("{} ({way})", step(node)),
            None => step(node),
        };
        all.push(Told {
            node: Some(led.from.clone()),
            mark: None,
            words: t::change_led(&is, &was, &from),
            more: Vec::new(),
        });
    }
    let whole = |words: String| Told { node: None, mark: None, words, more: Vec::new() };
    if before.name != after.name {
        all.push(whole(value(&t::journey_name(), &before.name, &after.name)));
    }
    all.extend(settings(&before.settings, &after.settings).into_iter().map(whole));
    if found.moved > 0 {
        all.push(whole(t::change_moved(found.moved as i64)));
    }
    all
}

fn value(what: &str, before: &str, after: &str) -> String {
    let shown = |value: &str| if value.is_empty() { t::change_none() } else { value.to_owned() };
    t::change_value(&shown(after), &shown(before), what)
}

/// What is different in a step, as far as there are words for it; at least that something is.
fn values(before: &Node, after: &Node, (old, new): (&Definition, &Definition)) -> Vec<String> {
    let mut lines = Vec::new();
    let mut differ = |what: String, was: String, is: String| {
        if was != is {
            lines.push(value(&what, &was, &is));
        }
    };
    if before.kind() != after.kind() {
        return vec![value(&t::change_kind(), &node_name(before), &node_name(after))];
    }
    differ(t::change_about(), node_about(before), node_about(after));
    match (before, after) {
        (Node::Trigger(was), Node::Trigger(is)) => {
            differ(t::re_entry(), re_entry(was), re_entry(is));
            let filter = |trigger: &Trigger| trigger.filter.as_ref().map(asked).unwrap_or_default();
            differ(t::change_filter(), filter(was), filter(is));
        }
        (Node::Split(was), Node::Split(is)) => {
            let ways = |split: &Split, node: &Node| {
                let names =
                    (0..split.branches.len()).filter_map(|i| way(node, &format!("branches.{i}.next")));
                names.collect::<Vec<_>>().join(" / ")
            };
            differ(t::split_ways(), ways(was, before), ways(is, after));
        }
        (Node::ChannelChoice(was), Node::ChannelChoice(is)) => {
            let preferred = |on: bool| if on { t::yes() } else { t::no() };
            differ(t::choice_prefer(), preferred(was.by_preference), preferred(is.by_preference));
        }
        (Node::Message(was), Node::Message(is)) => {
            for lang in Lang::ALL {
                let subject = |message: &Message| {
                    let own = message.subject.iter().find(|(language, _)| language.code() == lang.code());
                    own.map(|(_, subject)| subject.clone()).unwrap_or_default()
                };
                differ(t::change_subject(lang.own_name()), subject(was), subject(is));
            }
        }
        (Node::UpdateContact(was), Node::UpdateContact(is)) => {
            let traits = |values: &std::collections::BTreeMap<String, Value>| {
                let told = values.iter().map(|(name, value)| match value {
                    Value::String(text) => format!("{name} = {text}"),
                    other => format!("{name} = {other}"),
                });
                told.collect::<Vec<_>>().join(", ")
            };
            differ(t::change_traits(), traits(&was.set_traits), traits(&is.set_traits));
        }
        (Node::WaitForEvent(was), Node::WaitForEvent(is)) => {
            let message = |id: &Option<NodeId>, definition| {
                id.as_ref().map(|id| named(definition, id)).unwrap_or_default()
            };
            differ(t::await_message(), message(&was.message, old), message(&is.message, new));
        }
        _ => {}
    }
    if lines.is_empty() {
        lines.push(t::change_other());
    }
    lines
}

fn re_entry(trigger: &Trigger) -> String {
    match trigger.re_entry {
        ReEntry::Once => t::re_entry_once(),
        ReEntry::Again { after_seconds, at_most } => {
            let times = t::change_times(&format::span(after_seconds), &format::number(at_most));
            format!("{}, {times}", t::re_entry_again())
        }
    }
}

fn settings(before: &Settings, after: &Settings) -> Vec<String> {
    let mut lines = Vec::new();
    let mut differ = |what: String, was: String, is: String| {
        if was != is {
            lines.push(value(&what, &was, &is));
        }
    };
    let yes_or_no = |it: bool| if it { t::yes() } else { t::no() };
    differ(t::change_purchase(), yes_or_no(before.exit_on_purchase), yes_or_no(after.exit_on_purchase));
    let span = |seconds: i64| if seconds == 0 { String::new() } else { format::span(seconds) };
    differ(t::change_cool_down(), span(before.cool_down_seconds), span(after.cool_down_seconds));
    let cap = |settings: &Settings| {
        let told = settings
            .frequency_cap
            .map(|cap| format!("{} / {}", format::number(cap.messages), format::span(cap.window_seconds)));
        told.unwrap_or_default()
    };
    differ(t::change_cap(), cap(before), cap(after));
    let quiet = |settings: &Settings| {
        let told = settings.quiet_hours.as_ref().and_then(|hours| serde_json::to_value(hours).ok());
        told.map(|told| {
            format!(
                "{}–{}",
                told["from"].as_str().unwrap_or_default(),
                told["to"].as_str().unwrap_or_default()
            )
        })
        .unwrap_or_default()
    };
    differ(t::change_quiet(), quiet(before), quiet(after));
    lines
}

#[cfg(test)]
mod tests {
    use cartwheel_domain::journey::{Change, Place, compare, default_recovery_journey};
    use cartwheel_domain::locale::Language;

    use super::*;
    use crate::i18n::install;

    fn id(name: &str) -> NodeId {
        name.parse().unwrap()
    }

    fn told(changes_made: &[Change]) -> Vec<Told> {
        assert!(install(Lang::En, include_str!("../../lang/en.json")));
        let before = default_recovery_journey();
        let after = before.with(changes_made).unwrap();
        changes(&compare(&before, &after), &before, &after)
    }

    #[test]
    fn differences_are_sentences_without_names_of_fields() {
        let wait = serde_json::from_str::<Node>(r#"{"type":"wait","seconds":7200,"next":"x"}"#).unwrap();
        let all = told(&[
            Change::Insert {
                id: id("wait_9"),
                after: id("mail_1"),
                way: "next".into(),
                node: Box::new(wait),
            },
            Change::Remove { node: id("mail_3"), keep: None },
            Change::SetWait { node: id("wait_1"), seconds: 7_200 },
            Change::SetHoldout { percent: 25 },
            Change::SetSubject { node: id("mail_1"), language: Language::De, subject: "Noch da".into() },
            Change::SetName { name: "Mine".into() },
            Change::SetCoolDown { seconds: 86_400 },
            Change::Place { places: [(id("left"), Place(1, 1)), (id("wait_1"), Place(9, 9))].into() },
        ]);
        let text: Vec<String> =
            all.iter().flat_map(|one| std::iter::once(&one.words).chain(&one.more)).cloned().collect();
        let whole = text.join("\n");
        for part in ["Wait: 2 hours", "E-mail", "Deutsch", "Noch da", "Mine", "25", "2 steps"] {
            assert!(whole.contains(part), "{part} is missing in {whole}");
        }
        for field in ["seconds", "percent", "subject.", "nodes", "wait_", "mail_", "cool_down", "exit_on"] {
            assert!(!whole.contains(field), "{field} stands in {whole}");
        }
        let marks: Vec<_> =
            all.iter().filter_map(|one| Some((one.node.clone()?.to_string(), one.mark?))).collect();
        let expected = [
            ("wait_9", Mark::Added),
            ("mail_3", Mark::Removed),
            ("control", Mark::Changed),
            ("mail_1", Mark::Changed),
            ("wait_1", Mark::Changed),
        ];
        assert_eq!(marks, expected.map(|(id, mark)| (id.to_owned(), mark)));
    }

    #[test]
    fn what_has_no_words_of_its_own_is_told_to_be_different() {
        let mut text: Value = serde_json::from_str(&default_recovery_journey().to_json()).unwrap();
        text["nodes"]["mail_1"]["content_class"] = "promotional".into();
        text["nodes"]["mail_1"]["purpose"] = "marketing_email".into();
        let to = serde_json::from_value(text["nodes"]["mail_1"].clone()).unwrap();
        let all = told(&[Change::Set { node: id("mail_1"), to: Box::new(to) }]);
        assert_eq!((all.len(), all[0].more.clone()), (1, vec![t::change_other()]));
        assert_eq!(told(&[]), []);
    }
}
