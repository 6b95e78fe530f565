//! Putting a step in after another, and taking one out.

use cartwheel_domain::event::EventKind;
use cartwheel_domain::journey::{
    Awaited, Branch, Change, Channel, ChannelChoice, ChannelWay, Condition, ConditionNode, ContentClass,
    Definition, Goal, Holdout, Message, Node, NodeId, Purpose, Split, UpdateContact, Wait, WaitForEvent,
    WaitUntil, Webhook,
};
use cartwheel_domain::schedule::LocalTime;
use leptos::prelude::*;

use super::form::Form;
use super::panel::Picker;
use crate::i18n::t;
use crate::ui::{Button, ButtonKind, Choice, Confirm, Icon, Menu, MenuItem, icon, radios};
use crate::words;

const DAY: i64 = 86_400;

/// A way that leads from a node: its name in the journey, its word where there are several, and where it leads.
#[derive(Clone, Debug, PartialEq)]
struct Way {
    name: String,
    word: Option<String>,
    to: NodeId,
}

/// What can come after the node, and the node's own end.
pub fn steps(form: Form, node: &Node, picker: Picker) -> AnyView {
    let ways = Memo::new(move |_| {
        let id = form.id();
        let ways = form.draft.shown.with(|shown| ways(shown, &id));
        ways.into_iter().map(|way| (way.name, way.word)).collect::<Vec<_>>()
    });
    if matches!(node, Node::Exit(_)) {
        return ().into_any();
    }
    let menus = move || {
        let all = ways.get().into_iter();
        all.map(|(way, word)| view! { <li>{adding(form, picker, way, word)}</li> }).collect_view()
    };
    let removal = (!matches!(node, Node::Trigger(_))).then(|| removing(form, picker));
    view! {
        <div class="journey__next stack stack--close">
            <ul class="stack stack--close" role="list">{menus}</ul>
            {removal}
        </div>
    }
    .into_any()
}

/// The ways that lead from a node.
fn ways(definition: &Definition, id: &NodeId) -> Vec<Way> {
    let Some(node) = definition.node(id) else { return Vec::new() };
    let targets = node.targets().into_iter();
    targets.map(|(name, to)| Way { word: words::way(node, &name), name, to: to.clone() }).collect()
}

/// What can be put in after a node, as it is at first. Where it leads does not count.
fn offered(definition: &Definition, after: &NodeId) -> Vec<Node> {
    let next = || definition.start.clone();
    let way = |channel| ChannelWay { channel, next: next() };
    let branch = || Branch { weight: 50, label: String::new(), next: next() };
    let mut all = vec![
        Node::Wait(Wait { seconds: DAY, next: next() }),
        Node::WaitForEvent(WaitForEvent {
            events: vec![Awaited::Clicked],
            message: None,
            timeout_seconds: DAY,
            happened: next(),
            timed_out: next(),
        }),
        Node::Condition(ConditionNode { test: Condition::FirstTimeBuyer {}, yes: next(), no: next() }),
        Node::Split(Split { branches: vec![branch(), branch()] }),
        Node::ChannelChoice(ChannelChoice {
            ways: vec![way(Channel::Email), way(Channel::Sms)],
            by_preference: false,
            none: next(),
        }),
        Node::Message(Message {
            channel: Channel::Email,
            template: "recovery_1".to_owned(),
            content_class: ContentClass::Informational,
            purpose: Purpose::CartEmail,
            subject: std::collections::BTreeMap::new(),
            next: next(),
        }),
        Node::Message(Message {
            channel: Channel::Sms,
            template: "recovery_sms".to_owned(),
            content_class: ContentClass::Informational,
            purpose: Purpose::CartSms,
            subject: std::collections::BTreeMap::new(),
            next: next(),
        }),
        Node::Message(Message {
            channel: Channel::Push,
            template: "recovery_push".to_owned(),
            content_class: ContentClass::Informational,
            purpose: Purpose::Push,
            subject: std::collections::BTreeMap::new(),
            next: next(),
        }),
        Node::Webhook(Webhook { endpoint: None, fields: std::collections::BTreeMap::new(), next: next() }),
        Node::UpdateContact(UpdateContact {
            add_tags: vec![t::update_first()],
            remove_tags: Vec::new(),
            set_traits: std::collections::BTreeMap::new(),
            next: next(),
        }),
        Node::Goal(Goal { on: EventKind::OrderPlaced, next: next() }),
    ];
    if let Some(time) = LocalTime::new(9, 0) {
        all.insert(1, Node::WaitUntil(WaitUntil { time, weekdays: Vec::new(), next: next() }));
    }
    // Nobody in the control group may have heard anything, so it stands first.
    if *after == definition.start && definition.holdout().is_none() {
        all.push(Node::Holdout(Holdout { percent: 10, next: next() }));
    }
    all
}

fn adding(form: Form, picker: Picker, way: String, word: Option<String>) -> AnyView {
    let label = word.map_or_else(t::step_add, |word| t::step_add_on(&word));
    let shown = label.clone();
    let face = move || view! { {icon(Icon::Plus)} <span class="truncate">{shown.clone()}</span> }.into_any();
    let items = move || {
        let nodes = form.draft.shown.with_untracked(|shown| offered(shown, &form.id()));
        nodes
            .into_iter()
            .map(|node| {
                let (label, sign, way) = (words::node_name(&node), words::node_sign(&node), way.clone());
                let pick = move |()| insert(form, picker, &way, node.clone());
                view! { <MenuItem label=label sign=sign on_pick=pick /> }
            })
            .collect_view()
    };
    view! { <Menu label=label class="btn" face=face left=true>{items()}</Menu> }.into_any()
}

fn insert(form: Form, picker: Picker, way: &str, node: Node) {
    let id = form.draft.shown.with_untracked(|shown| shown.free_id(node.kind()));
    let (after, way) = (form.id(), way.to_owned());
    form.draft.change(Change::Insert { id: id.clone(), after, way, node: Box::new(node) });
    picker.pick(id.as_str());
}

fn removing(form: Form, picker: Picker) -> AnyView {
    let (asking, kept) = (RwSignal::new(false), RwSignal::new(String::new()));
    let now = move || form.draft.shown.with_untracked(|shown| ways(shown, &form.id()));
    let remove = move || {
        let kept = kept.get_untracked();
        let Some(way) = now().into_iter().find(|way| way.name == kept) else { return };
        form.draft.change(Change::Remove { node: form.id(), keep: Some(kept) });
        asking.set(false);
        let stays = form.draft.shown.with_untracked(|shown| shown.node(&way.to).is_some());
        picker.pick(if stays { way.to.as_str() } else { "" });
    };
    let press = move |()| {
        let ways = now();
        let Some(first) = ways.first() else { return };
        kept.set(first.name.clone());
        if ways.iter().all(|way| way.to == first.to) { remove() } else { asking.set(true) }
    };
    let choices = move || {
        let choice = |way: Way| {
            let led = form.draft.shown.with_untracked(|shown| shown.node(&way.to).map(words::step));
            Choice { name: way.word.unwrap_or_default(), words: led.unwrap_or_default(), value: way.name }
        };
        let all = now().into_iter().map(choice).collect();
        radios("step-keep", t::step_keep(), all, kept, None)
    };
    view! {
        <div><Button label=t::step_remove() kind=ButtonKind::Quiet sign=Icon::X on_press=press /></div>
        <Confirm
            title=Signal::derive(t::step_remove_title)
            words=Signal::derive(t::step_remove_words)
            act=Signal::derive(t::step_remove)
            open=asking
            busy=false
            outcome=choices
            on_act=move |()| remove()
        />
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use cartwheel_domain::journey::Blueprint;

    use super::*;

    fn id(name: &str) -> NodeId {
        name.parse().unwrap()
    }

    #[test]
    fn whatever_is_offered_can_be_published_as_it_is() {
        assert!(crate::i18n::install(crate::i18n::Lang::En, include_str!("../../../lang/en.json")));
        let empty = Blueprint::Empty.definition("Mine", 10);
        let all = offered(&empty, &empty.start);
        assert_eq!(all.len(), 13);
        for node in all {
            let (new, node) = (empty.free_id(node.kind()), Box::new(node));
            let put =
                Change::Insert { id: new.clone(), after: empty.start.clone(), way: "next".to_owned(), node };
            let drawn = empty.with(&[put]).unwrap();
            let led: Vec<String> = ways(&drawn, &new).into_iter().map(|way| way.to.to_string()).collect();
            assert!(!led.is_empty() && led.iter().all(|to| to == "end"), "{led:?}");
        }
    }

    #[test]
    fn one_control_group_is_offered_where_it_can_stand() {
        let groups = |definition: &Definition, after: &str| {
            offered(definition, &id(after)).iter().filter(|node| matches!(node, Node::Holdout(_))).count()
        };
        let quote = Blueprint::Quote.definition("Quote", 10);
        let empty = Blueprint::Empty.definition("Mine", 10);
        assert_eq!((groups(&empty, "left"), groups(&quote, "left"), groups(&quote, "wait_1")), (1, 0, 0));
    }
}
