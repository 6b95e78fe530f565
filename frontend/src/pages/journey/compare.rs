//! Two versions in one drawing: what is new, what is gone and what changed, by colour, sign and word; and a list in sentences.

use std::sync::Arc;

use cartwheel_domain::journey::layout::{Edge, layout_of_both};
use cartwheel_domain::journey::{Comparison, Definition, Mark, NodeId, compare, listed};
use leptos::prelude::*;
use serde_json::Value;

use super::canvas::{Picture, Pointers, SIZES, Surface, canvas};
use super::draft::Draft;
use super::still::still;
use crate::api::use_query;
use crate::graphql;
use crate::graphql::journey::JourneyStoreJourneyVersions as Version;
use crate::graphql::journey_versions::{ResponseData, Variables};
use crate::i18n::t;
use crate::route::Parameters;
use crate::ui::{Button, Select, Tone, icon, notice, skeleton_block, stateful};
use crate::words::{self, Told};

/// The comparison that the address asks for: `compare` is the number of the version before, `with` of the one after, or nothing for the
/// journey as it stands in the form.
pub fn comparison(
    draft: Draft,
    versions: &[Version],
    (store, journey): (String, String),
    parameters: Parameters,
) -> AnyView {
    let numbers: Vec<String> = versions.iter().map(|version| version.number.to_string()).collect();
    let named = |number: &String| (number.clone(), t::journey_version(number));
    let earlier: Vec<_> = numbers.iter().map(named).collect();
    let later: Vec<_> =
        std::iter::once((String::new(), t::compare_now())).chain(numbers.iter().map(named)).collect();
    let query = use_query::<graphql::JourneyVersions>(move || {
        let before = parameters.get("compare").parse().ok()?;
        let after = parameters.get("with").parse().unwrap_or(before);
        Some(Variables { store: store.clone(), journey: journey.clone(), before, after })
    });
    let content = move |data: Arc<ResponseData>| {
        let found = data.store.as_ref().and_then(|store| store.journey.as_ref());
        let before = found.and_then(|one| one.before.as_ref()).map(|one| read(&one.definition));
        let after = if parameters.get("with").is_empty() {
            Some(Ok(draft.shown.get()))
        } else {
            found.and_then(|one| one.after.as_ref()).map(|one| read(&one.definition))
        };
        match (before, after) {
            (Some(Ok(before)), Some(Ok(after))) => compared(before, after),
            (Some(Err(said)), _) | (_, Some(Err(said))) => notice(
                Tone::Negative,
                t::journey_unreadable(),
                view! { <pre class="small">{said}</pre> }.into_any(),
            ),
            _ => notice(Tone::Caution, t::compare_gone(), ().into_any()),
        }
    };
    view! {
        <div class="compare stack">
            <div class="row compare__head">
                <Select id="compare-before" label=t::compare_before() options=earlier value=parameters.signal("compare") visible_label=true
                    on_pick=move |number: String| parameters.set(&[("compare", &number)]) />
                <Select id="compare-after" label=t::compare_after() options=later value=parameters.signal("with") visible_label=true
                    on_pick=move |number: String| parameters.set(&[("with", &number)]) />
                <Button label=t::compare_close() on_press=move |()| parameters.set(&[("compare", ""), ("with", "")]) />
            </div>
            {stateful(query, skeleton_block, content)}
        </div>
    }
    .into_any()
}

fn read(definition: &Value) -> Result<Definition, String> {
    Definition::from_json(&definition.to_string()).map_err(|problems| listed(&problems))
}

const fn class(mark: Option<Mark>) -> &'static str {
    match mark {
        Some(Mark::Added) => "is-added",
        Some(Mark::Removed) => "is-removed",
        Some(Mark::Changed) => "is-changed",
        None => "is-same",
    }
}

/// A mark as it stands on a step and in the list: its sign and its word.
fn badge(mark: Mark) -> AnyView {
    let class = format!("graph__mark {}", class(Some(mark)));
    view! { <span class=class>{icon(words::mark_sign(mark))}{words::mark(mark)}</span> }.into_any()
}

fn compared(before: Definition, after: Definition) -> AnyView {
    let found = compare(&before, &after);
    if found.is_empty() {
        return notice(Tone::Information, t::compare_same(), ().into_any());
    }
    let told = words::changes(&found, &before, &after);
    let drawn = Picture::new(layout_of_both(&before, &after, SIZES));
    let start = after.start.to_string();
    let sheet = sheet(&drawn, &found, &before, &after);
    let picture = Memo::new(move |_| drawn.clone());
    let surface = Surface::new(picture, start);
    let rows: Vec<_> = told.into_iter().map(|one| row(one, surface)).collect();
    view! {
        {canvas(surface, Pointers::new(surface, None), None, t::compare_drawing(), sheet)}
        <section class="card" aria-labelledby="differences">
            <div class="card__head"><h3 id="differences">{t::compare_list()}</h3></div>
            <div class="card__body"><ol class="stack">{rows}</ol></div>
        </section>
    }
    .into_any()
}

fn sheet(picture: &Picture, found: &Comparison, before: &Definition, after: &Definition) -> AnyView {
    let leads = |definition: &Definition, from: &NodeId, to: &NodeId, field: &str| {
        let node = definition.nodes.get(from);
        node.is_some_and(|node| node.targets().iter().any(|(way, target)| way == field && *target == to))
    };
    let of_way = |edge: &Edge| {
        let was = leads(before, &edge.from, &edge.to, &edge.field);
        let is = leads(after, &edge.from, &edge.to, &edge.field);
        class(match (was, is) {
            (true, false) => Some(Mark::Removed),
            (false, _) => Some(Mark::Added),
            _ => None,
        })
    };
    let of_node = |id: &NodeId| {
        let mark = found.nodes.get(id).copied();
        (class(mark), mark.map(badge))
    };
    still(picture, &[after, before], of_node, of_way)
}

/// One sentence; the step it is about can be shown in the drawing.
fn row(one: Told, surface: Surface) -> AnyView {
    let Told { node, mark, words, more } = one;
    let more: Vec<_> = more.into_iter().map(|line| view! { <li class="muted">{line}</li> }).collect();
    let more = (!more.is_empty()).then(|| view! { <ul class="compare__more small">{more}</ul> });
    let show = node.map(|node| {
        let of = words.clone();
        let press = move |()| {
            surface.reveal(node.as_str());
            surface.focus(node.as_str());
        };
        view! { <Button label=t::compare_show() kind=crate::ui::ButtonKind::Quiet of=of on_press=press /> }
    });
    view! {
        <li class="row row--between compare__row">
            <div class="stack stack--tight">
                <p>{mark.map(badge)} " " {words}</p>
                {more}
            </div>
            {show}
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use cartwheel_domain::journey::{Change, default_recovery_journey};

    use super::*;
    use crate::i18n::{Lang, install};

    fn html(changes: &[Change]) -> String {
        assert!(install(Lang::En, include_str!("../../../lang/en.json")));
        let before = default_recovery_journey();
        let after = before.with(changes).unwrap();
        Owner::new().with(|| compared(before, after).to_html())
    }

    #[test]
    fn what_is_gone_is_still_drawn_and_each_mark_has_its_word() {
        let wait = serde_json::from_str(r#"{"type":"wait","seconds":7200,"next":"x"}"#).unwrap();
        let html = html(&[
            Change::Insert {
                id: "wait_9".parse().unwrap(),
                after: "mail_1".parse().unwrap(),
                way: "next".into(),
                node: wait,
            },
            Change::Remove { node: "mail_3".parse().unwrap(), keep: None },
            Change::SetHoldout { percent: 25 },
        ]);
        // On the step and in the list.
        for mark in ["is-added", "is-removed", "is-changed"] {
            assert_eq!(html.matches(&format!("graph__mark {mark}")).count(), 2, "{mark} in {html}");
        }
        for part in [
            "data-node=\"mail_3\"",
            "data-node=\"wait_9\"",
            "New",
            "Gone",
            "Changed",
            "graph__edge is-removed",
            "graph__edge is-added",
        ] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        assert_eq!(html.matches("data-node=").count(), 12);
    }

    #[test]
    fn nothing_different_is_said() {
        let html = html(&[]);
        assert!(html.contains("Nothing is different") && !html.contains("graph__node"), "{html}");
    }
}
