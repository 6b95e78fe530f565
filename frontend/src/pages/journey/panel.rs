//! The form for the node picked, or for the whole journey. What is typed is judged at once.

use cartwheel_domain::journey::{Change, Message, Node, NodeId};
use cartwheel_domain::locale::Language;
use leptos::prelude::*;

use super::draft::Draft;
use crate::i18n::{Lang, t};
use crate::route::Parameters;
use crate::ui::{Field, Icon, IconButton, NumberField, Select};
use crate::words;

/// Units in which people think of a wait, with their seconds.
const UNITS: [(&str, i64); 3] = [("minutes", 60), ("hours", 3_600), ("days", 86_400)];

/// The form.
pub fn panel(draft: Draft, parameters: Parameters) -> AnyView {
    let picked = Memo::new(move |_| parameters.get("node"));
    view! {
        <section class="card" aria-labelledby="panel" aria-live="polite">
            {move || {
                let id = picked.get();
                let node: Option<(NodeId, Node)> = draft
                    .shown
                    .with_untracked(|definition| definition.nodes.iter().find(|(key, _)| key.as_str() == id).map(|(key, node)| (key.clone(), node.clone())));
                match node {
                    Some((id, node)) => of_node(draft, id, &node, parameters),
                    None => of_journey(draft),
                }
            }}
        </section>
    }
    .into_any()
}

fn of_journey(draft: Draft) -> AnyView {
    let name = RwSignal::new(draft.shown.with_untracked(|definition| definition.name.clone()));
    write_back(name, move |name| Some(Change::SetName { name }), draft);
    let error = Signal::derive(move || draft.problem(None, "name").map(|problem| words::problem(&problem)));
    view! {
        <div class="card__head"><h2 id="panel">{t::journey()}</h2></div>
        <div class="card__body stack">
            <Field id="journey-name" label=t::journey_name() value=name error=error />
            <p class="muted small">{t::journey_pick()}</p>
        </div>
    }
    .into_any()
}

/// Sends what is typed to the draft, but not what stands in the field at first.
fn write_back(value: RwSignal<String>, change: impl Fn(String) -> Option<Change> + 'static, draft: Draft) {
    Effect::new(move |before: Option<String>| {
        let now = value.get();
        if before.is_some_and(|before| before != now)
            && let Some(change) = change(now.clone())
        {
            draft.change(change);
        }
        now
    });
}

fn of_node(draft: Draft, id: NodeId, node: &Node, parameters: Parameters) -> AnyView {
    let form = match node {
        Node::Wait(wait) => span_form(draft, id, wait.seconds, "seconds", t::wait_label()),
        Node::WaitForEvent(wait) => {
            span_form(draft, id, wait.timeout_seconds, "timeout_seconds", t::await_label())
        }
        Node::Holdout(holdout) => holdout_form(draft, id, holdout.percent),
        Node::Message(message) => message_form(draft, &id, message),
        Node::Trigger(_) => view! { <p class="muted small">{t::trigger_words()}</p> }.into_any(),
        Node::Goal(_) => view! { <p class="muted small">{t::goal_words()}</p> }.into_any(),
        Node::Exit(_) => view! { <p class="muted small">{t::exit_words()}</p> }.into_any(),
        Node::Condition(_) | Node::Split(_) | Node::WaitUntil(_) | Node::UpdateContact(_) => {
            view! { <p class="muted small">{words::node_about(node)}</p> }.into_any()
        }
    };
    view! {
        <div class="card__head">
            <h2 id="panel">{words::node_name(node)}</h2>
            <IconButton label=t::close() sign=Icon::X on_press=move |()| parameters.set(&[("node", "")]) />
        </div>
        <div class="card__body stack">{form}</div>
    }
    .into_any()
}

/// The largest unit that gives a whole number.
fn unit_of(seconds: i64) -> (&'static str, i64) {
    UNITS.into_iter().rev().find(|(_, unit)| seconds > 0 && seconds % unit == 0).unwrap_or(UNITS[0])
}

/// Digits and unit as seconds; what is no number is -1, which the journey refuses with words.
fn seconds(digits: &str, unit: &str) -> i64 {
    let unit = UNITS.into_iter().find(|(name, _)| *name == unit).map_or(60, |(_, seconds)| seconds);
    digits.trim().parse::<i64>().map_or(-1, |number| number.saturating_mul(unit))
}

fn span_form(draft: Draft, id: NodeId, now: i64, field: &'static str, label: String) -> AnyView {
    let (name, size) = unit_of(now);
    let digits = RwSignal::new((now / size).to_string());
    let unit = RwSignal::new(name.to_owned());
    let node = id.clone();
    Effect::new(move |before: Option<i64>| {
        let now = seconds(&digits.get(), &unit.get());
        if before.is_some_and(|before| before != now) {
            draft.change(Change::SetWait { node: node.clone(), seconds: now });
        }
        now
    });
    let error = Signal::derive(move || {
        draft.problem(Some(id.as_str()), field).map(|problem| words::problem(&problem))
    });
    let options = vec![
        ("minutes".to_owned(), t::unit_minutes()),
        ("hours".to_owned(), t::unit_hours()),
        ("days".to_owned(), t::unit_days()),
    ];
    let choice = move || {
        view! { <Select id="wait-unit" label=t::unit() options=options.clone() value=unit on_pick=move |value: String| unit.set(value) /> }
            .into_any()
    };
    view! { <NumberField id="wait" label=label value=digits error=error unit=choice hint=t::wait_hint() /> }
        .into_any()
}

fn holdout_form(draft: Draft, id: NodeId, percent: i64) -> AnyView {
    let digits = RwSignal::new(percent.to_string());
    write_back(
        digits,
        |digits| Some(Change::SetHoldout { percent: digits.trim().parse().unwrap_or(-1) }),
        draft,
    );
    let error = Signal::derive(move || {
        draft.problem(Some(id.as_str()), "percent").map(|problem| words::problem(&problem))
    });
    let unit = || view! { <span class="affix__unit">"%"</span> }.into_any();
    view! { <NumberField id="holdout" label=t::holdout_label() value=digits error=error unit=unit hint=t::holdout_hint() /> }.into_any()
}

fn message_form(draft: Draft, id: &NodeId, message: &Message) -> AnyView {
    let template = RwSignal::new(message.template.clone());
    let node = id.clone();
    write_back(template, move |template| Some(Change::SetTemplate { node: node.clone(), template }), draft);
    let mut options: Vec<(String, String)> =
        ["recovery_1", "recovery_2", "recovery_3"].map(|key| (key.to_owned(), words::template(key))).to_vec();
    if !options.iter().any(|(key, _)| *key == message.template) {
        options.push((message.template.clone(), message.template.clone()));
    }
    let subjects: Vec<_> =
        Lang::ALL.into_iter().map(|lang| subject_field(draft, id, message, lang)).collect();
    view! {
        <Select id="template" label=t::message_template() options=options value=template on_pick=move |value: String| template.set(value) visible_label=true />
        <fieldset class="stack">
            <legend class="field__label">{t::message_subjects()}</legend>
            <p class="field__hint">{t::message_subjects_hint()}</p>
            {subjects}
        </fieldset>
    }
    .into_any()
}

fn subject_field(draft: Draft, id: &NodeId, message: &Message, lang: Lang) -> AnyView {
    let language = match lang {
        Lang::En => Language::En,
        Lang::De => Language::De,
        Lang::Fr => Language::Fr,
        Lang::It => Language::It,
    };
    let value = RwSignal::new(message.subject.get(&language).cloned().unwrap_or_default());
    let node = id.clone();
    write_back(
        value,
        move |subject| Some(Change::SetSubject { node: node.clone(), language, subject }),
        draft,
    );
    let (node, field) = (id.clone(), format!("subject.{}", lang.code()));
    let error = Signal::derive(move || {
        draft.problem(Some(node.as_str()), &field).map(|problem| words::problem(&problem))
    });
    view! { <Field id=format!("subject-{}", lang.code()) label=lang.own_name() value=value error=error placeholder=t::message_subject_own() /> }
        .into_any()
}

#[cfg(test)]
mod tests {
    use super::{seconds, unit_of};

    #[test]
    fn a_wait_is_shown_in_its_largest_whole_unit() {
        assert_eq!(unit_of(3_600), ("hours", 3_600));
        assert_eq!(unit_of(82_800), ("hours", 3_600));
        assert_eq!(unit_of(86_400), ("days", 86_400));
        assert_eq!(unit_of(90 * 60), ("minutes", 60));
        assert_eq!(unit_of(0), ("minutes", 60));
    }

    #[test]
    fn what_is_no_number_is_refused_later() {
        assert_eq!(seconds("2", "hours"), 7_200);
        assert_eq!(seconds("", "hours"), -1);
        assert_eq!(seconds("9223372036854775807", "days"), i64::MAX);
    }
}
