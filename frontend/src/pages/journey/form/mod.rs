//! The forms of a journey's nodes. What is typed is judged at once.

mod choice;
mod condition;
mod event;
mod message;
mod question;
mod span;
mod split;
mod trigger;
mod until;
mod update;
mod webhook;

use cartwheel_domain::journey::{Change, Definition, Node, NodeId};
use cartwheel_domain::money::Currency;
use leptos::prelude::*;

use super::draft::Draft;
use crate::i18n::t;
use crate::ui::{Icon, NumberField, icon};
use crate::words;

/// A node being changed. Copies are the same.
#[derive(Clone, Copy)]
pub struct Form {
    /// The draft it is part of.
    pub draft: Draft,
    id: StoredValue<NodeId>,
    /// What the store counts in.
    currency: Currency,
}

impl Form {
    /// The form of the node with this id.
    pub fn new(draft: Draft, id: NodeId, currency: Currency) -> Self {
        Self { draft, id: StoredValue::new(id), currency }
    }

    /// The node's id.
    pub fn id(self) -> NodeId {
        self.id.get_value()
    }

    /// The fields, and what is wrong beside them.
    pub fn view(self, node: &Node) -> AnyView {
        let fields = match node {
            Node::Trigger(trigger) => trigger::form(self, trigger),
            Node::Wait(wait) => span::wait(self, wait.seconds, "seconds", t::wait_label()),
            Node::WaitUntil(wait) => until::form(self, wait),
            Node::WaitForEvent(wait) => event::form(self, wait),
            Node::Condition(condition) => condition::form(self, &condition.test),
            Node::Split(split) => split::form(self, split),
            Node::ChannelChoice(choice) => choice::form(self, choice),
            Node::Holdout(holdout) => percent(self, holdout.percent),
            Node::UpdateContact(update) => update::form(self, update),
            Node::Message(message) => message::form(self, message),
            Node::Webhook(webhook) => webhook::form(self, webhook),
            Node::Goal(_) => view! { <p class="muted small">{t::goal_words()}</p> }.into_any(),
            Node::Exit(_) => view! { <p class="muted small">{t::exit_words()}</p> }.into_any(),
        };
        view! { {self.elsewhere(at_fields(node))} {fields} }.into_any()
    }

    /// Makes the node something else of its kind.
    fn set(self, change: impl FnOnce(&mut Node)) {
        let id = self.id();
        let Some(mut node) = self.draft.shown.with_untracked(|shown| shown.node(&id).cloned()) else {
            return;
        };
        change(&mut node);
        self.draft.change(Change::Set { node: id, to: Box::new(node) });
    }

    /// What is wrong with a field.
    fn error(self, field: impl Into<String>) -> Signal<Option<String>> {
        let field = field.into();
        Signal::derive(move || {
            let id = self.id();
            self.draft.problem(Some(id.as_str()), &field).map(|problem| words::problem(&problem))
        })
    }

    /// What is wrong with the node and stands at none of its fields.
    fn elsewhere(self, fields: &'static [&'static str]) -> impl IntoView {
        move || {
            let id = self.id();
            let at_field = |field: &str| fields.iter().any(|known| field.starts_with(known));
            let told: Vec<String> = self.draft.problems.with(|problems| {
                let mine = problems.iter().filter(|one| one.node.as_deref() == Some(id.as_str()));
                mine.filter(|one| !at_field(&one.field)).map(words::problem).collect()
            });
            told.into_iter().map(wrong).collect_view()
        }
    }
}

/// The fields at which problems of a node are told.
const fn at_fields(node: &Node) -> &'static [&'static str] {
    match node {
        Node::Trigger(_) => &["on", "re_entry"],
        Node::Wait(_) => &["seconds"],
        Node::WaitForEvent(_) => &["events", "message", "timeout_seconds"],
        Node::Condition(_) => &["if"],
        Node::Split(_) => &["branches"],
        Node::ChannelChoice(_) => &["ways"],
        Node::Holdout(_) => &["percent"],
        Node::Message(_) => &["subject"],
        Node::WaitUntil(_) | Node::UpdateContact(_) | Node::Webhook(_) | Node::Goal(_) | Node::Exit(_) => &[],
    }
}

/// A line that says what is wrong.
fn wrong(words: String) -> AnyView {
    view! { <p class="field__error" role="alert">{icon(Icon::CircleAlert)}<span>{words}</span></p> }
        .into_any()
}

/// Does something with what is typed, but not with what stands there at first.
pub fn follow<T: Clone + PartialEq + 'static>(typed: impl Fn() -> T + 'static, act: impl Fn(T) + 'static) {
    Effect::new(move |before: Option<T>| {
        let now = typed();
        if before.is_some_and(|before| before != now) {
            untrack(|| act(now.clone()));
        }
        now
    });
}

/// The messages of a journey, in the order of their names, each with words that no other has.
fn messages(definition: &Definition) -> Vec<(String, String)> {
    let all = || definition.nodes.iter().filter(|(_, node)| matches!(node, Node::Message(_)));
    let named = |(id, node): (&NodeId, &Node)| {
        let about = words::node_about(node);
        let same = all().filter(|(_, other)| words::node_about(other) == about).count();
        (id.to_string(), if same > 1 { format!("{about} · {id}") } else { about })
    };
    all().map(named).collect()
}

/// The messages to choose from, and the one chosen even when it is gone.
fn message_options(definition: &Definition, chosen: &str) -> Vec<(String, String)> {
    let mut options = messages(definition);
    if !chosen.is_empty() && !options.iter().any(|(id, _)| id == chosen) {
        options.push((chosen.to_owned(), t::message_removed()));
    }
    options
}

fn percent(form: Form, percent: i64) -> AnyView {
    let digits = RwSignal::new(shown(percent));
    follow(
        move || digits.get(),
        move |digits| form.draft.change(Change::SetHoldout { percent: digits.trim().parse().unwrap_or(-1) }),
    );
    let unit = || view! { <span class="affix__unit">"%"</span> }.into_any();
    view! { <NumberField id="holdout" label=t::holdout_label() value=digits error=form.error("percent") unit=unit hint=t::holdout_hint() /> }.into_any()
}

/// A number as digits; nothing for the one that stands for no number.
fn shown(number: i64) -> String {
    if number < 0 { String::new() } else { number.to_string() }
}

#[cfg(test)]
mod tests {
    use cartwheel_domain::journey::Blueprint;

    use super::*;
    use crate::i18n::{Lang, install};

    #[test]
    fn two_messages_of_one_text_are_told_apart() {
        assert!(install(Lang::En, include_str!("../../../../lang/en.json")));
        let quote = Blueprint::Quote.definition("Quote", 10);
        let twice = |text: &str| Definition::from_json(&quote.to_json().replace("recovery_2", text)).unwrap();
        assert_eq!(messages(&twice("recovery_2")).iter().filter(|(_, words)| words.contains('·')).count(), 0);
        let told = messages(&twice("recovery_1"));
        assert_eq!(told.iter().filter(|(id, words)| words.ends_with(id.as_str())).count(), 2);
        assert_eq!(message_options(&quote, "gone").last().unwrap().1, t::message_removed());
    }

    #[test]
    fn every_form_is_drawn() {
        assert!(install(Lang::En, include_str!("../../../../lang/en.json")));
        let owner = Owner::new();
        let quote = Blueprint::Quote.definition("Quote", 10);
        let html: String = owner.with(|| {
            let draft = Draft::open("journey_1", 1, quote.clone());
            let drawn = quote
                .nodes
                .iter()
                .map(|(id, node)| Form::new(draft, id.clone(), Currency::EUR).view(node).to_html());
            drawn.collect()
        });
        for part in
            ["type=\"time\"", "type=\"checkbox\"", "type=\"radio\"", "id=\"holdout\"", "id=\"template\""]
        {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        assert!(!html.contains("role=\"alert\""), "nothing is wrong at first: {html}");
    }
}
