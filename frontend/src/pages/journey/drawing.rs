//! The drawing of the draft: places come from `domain`, so the picture is the same everywhere. Nodes are buttons in reading
//! order; lines are drawn beneath.

use cartwheel_domain::journey::layout::{Edge, layout};
use cartwheel_domain::journey::{Definition, Node};
use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::canvas::{Hand, Picture, Pointers, SIZES, Selection, Surface, canvas, path, place, tip};
use super::draft::{Counts, Draft};
use super::keys;
use crate::i18n::{format, t};
use crate::ui::{icon, use_toasts};
use crate::words;

/// The drawing of the draft, for whoever may change it or only look.
pub fn drawing(draft: Draft, counts: StoredValue<Counts>, selection: Selection, may: bool) -> AnyView {
    let picture = Memo::new(move |_| draft.shown.with(|shown| Picture::new(layout(shown, SIZES))));
    let surface = Surface::new(picture, draft.shown.with_untracked(|shown| shown.start.to_string()));
    let hand = may.then(|| Hand::new(draft, selection, surface, use_toasts()));
    let pointers = Pointers::new(surface, hand);
    if let Some(hand) = hand {
        keys::carry(hand);
    }
    Effect::new(move |_| {
        let picked = selection.all();
        if let Some(only) = picked.first().filter(|_| picked.len() == 1) {
            surface.reveal(only.as_str());
        }
    });
    let drawn = view! {
        {move || draft.shown.with(|shown| picture.with(|picture| counts.with_value(|counts| lines(shown, picture, counts))))}
        <ol>
            <For
                each=move || draft.shown.with(|shown| picture.with(|picture| boxes(shown, picture)))
                key=|one| (one.id.clone(), one.name.clone(), one.about.clone())
                children=move |one| node(one, counts, surface, pointers, selection, draft)
            />
        </ol>
    };
    canvas(surface, pointers, hand, t::journey_drawing(), drawn.into_any())
}

/// The lines with their words.
fn lines(definition: &Definition, picture: &Picture, counts: &Counts) -> AnyView {
    let ways: Vec<_> = picture
        .edges
        .iter()
        .enumerate()
        .map(|(i, edge)| {
            view! {
                <path class="graph__edge" data-way=i d=path(&edge.points)></path>
                <path class="graph__tip" data-tip=i d=tip(&edge.points)></path>
            }
        })
        .collect();
    let labels: Vec<_> = picture
        .edges
        .iter()
        .enumerate()
        .filter_map(|(i, edge)| label(definition, i, edge, taken(picture, edge, counts)))
        .collect();
    view! {
        <svg class="graph__lines" aria-hidden="true">{ways}</svg>
        {labels}
    }
    .into_any()
}

/// How many took a way, and of how many that went on: of a step with one way all, of one with several as it was counted, or as many as
/// came to a step that nothing else leads to.
fn taken(picture: &Picture, edge: &Edge, counts: &Counts) -> Option<(i64, i64)> {
    let from = counts.get(edge.from.as_str()).filter(|from| from.left > 0)?;
    if edge.port.1 == 1 {
        return Some((from.left, from.left));
    }
    let alone = picture.edges.iter().filter(|other| other.to == edge.to).count() == 1;
    let came = || counts.get(edge.to.as_str()).map_or(0, |to| to.entered);
    let counted = from.ways.get(&edge.field).copied().or_else(|| alone.then(came));
    // A way nobody took is not counted, where others are.
    let counted = counted.or_else(|| (!from.ways.is_empty()).then_some(0));
    counted.map(|n| (n, from.left))
}

/// What stands on an edge: its word where a node has several, and how many took it.
fn label(definition: &Definition, i: usize, edge: &Edge, taken: Option<(i64, i64)>) -> Option<AnyView> {
    let word = words::way(definition.nodes.get(&edge.from)?, &edge.field);
    let count = taken.map(|(n, all)| match n {
        n if n == all => format::number(n),
        n => format!("{} · {}", format::number(n), format::percent(n as f64 / all.max(1) as f64)),
    });
    let told: Vec<String> = word.into_iter().chain(count).collect();
    if told.is_empty() {
        return None;
    }
    let (x, y) = *edge.points.first()?;
    let (left, top) = (format!("{x}px"), format!("{}px", y + 12));
    Some(
        view! { <span class="graph__label" data-label=i aria-hidden="true" style:left=left style:top=top>{told.join(": ")}</span> }
            .into_any(),
    )
}

/// What is written in the box of a node.
#[derive(Clone, Debug, PartialEq)]
struct Box {
    id: String,
    name: String,
    about: String,
    node: Node,
}

fn boxes(definition: &Definition, picture: &Picture) -> Vec<Box> {
    let nodes = picture.nodes.iter().filter_map(|(id, _)| Some((id, definition.nodes.get(id)?)));
    nodes
        .map(|(id, node)| Box {
            id: id.to_string(),
            name: words::node_name(node),
            about: words::node_about(node),
            node: node.clone(),
        })
        .collect()
}

fn node(
    one: Box,
    counts: StoredValue<Counts>,
    surface: Surface,
    pointers: Pointers,
    selection: Selection,
    draft: Draft,
) -> AnyView {
    let Box { id, name, about, node } = one;
    let count = counts.with_value(|counts| counts.get(&id).cloned()).unwrap_or_default();
    let (mine, wrong, here, pick) = (id.clone(), id.clone(), id.clone(), id.clone());
    let waiting = (count.waiting > 0)
        .then(|| view! { <span class="graph__waiting">{t::node_waiting(count.waiting)}</span> });
    // Of all that began: the trigger has been entered by each of them.
    let all = draft.shown.with_untracked(|shown| {
        counts.with_value(|counts| counts.get(shown.start.as_str()).map_or(0, |one| one.entered))
    });
    let share = (all > 0 && count.entered > 0 && count.entered < all)
        .then(|| format!(" · {}", format::percent(count.entered as f64 / all as f64)));
    let press = move |event: MouseEvent| {
        // The end of a drag; the keyboard has no detail.
        if event.detail() > 0 && pointers.dragged() {
            return;
        }
        if event.shift_key() || event.ctrl_key() || event.meta_key() {
            selection.toggle(&pick);
        } else {
            selection.only(&pick);
        }
    };
    view! {
        <li>
            <button
                type="button"
                class=format!("graph__node graph__node--{}", node.kind())
                class:is-wrong=move || draft.problems.with(|problems| problems.iter().any(|one| one.node.as_deref() == Some(&wrong)))
                data-node=id
                style:transform=move || surface.picture.with(|picture| picture.corner(&here)).map(place)
                aria-pressed=move || if selection.has(&mine) { "true" } else { "false" }
                on:click=press
            >
                <span class="graph__sign">{icon(words::node_sign(&node))}</span>
                <span class="graph__words">
                    <span class="graph__name">{name}</span>
                    <span class="graph__about">{about}</span>
                    <span class="graph__counts">
                        <span>{t::node_entered(count.entered)}{share}</span>
                        {waiting}
                    </span>
                </span>
            </button>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use cartwheel_domain::journey::Blueprint;

    use super::super::Count;
    use super::*;

    #[test]
    fn a_way_tells_how_many_took_it_where_that_is_known() {
        let quote = Blueprint::Quote.definition("Quote", 10);
        let picture = Picture::new(layout(&quote, SIZES));
        let count = |entered: i64, left: i64, ways: &[(&str, i64)]| Count {
            entered,
            waiting: entered - left,
            left,
            ways: ways.iter().map(|(way, n)| ((*way).to_owned(), *n)).collect(),
        };
        let counts: Counts = BTreeMap::from([
            ("left".to_owned(), count(10, 10, &[])),
            ("clicked_1".to_owned(), count(9, 8, &[("timed_out", 8)])),
        ]);
        let of = |from: &str, field: &str| {
            let edge =
                picture.edges.iter().find(|edge| edge.from.as_str() == from && edge.field == field).unwrap();
            taken(&picture, edge, &counts)
        };
        assert_eq!(of("left", "next"), Some((10, 10)));
        assert_eq!(of("clicked_1", "timed_out"), Some((8, 8)));
        assert_eq!(of("clicked_1", "happened"), Some((0, 8)), "nobody, since the others are counted");
        assert_eq!(of("mail_1", "next"), None, "nobody has come yet");
    }
}
