//! The drawing of the draft: places come from `domain`, so the picture is the same everywhere. Nodes are buttons in reading
//! order; lines are drawn beneath.

use cartwheel_domain::journey::layout::{Edge, layout};
use cartwheel_domain::journey::{Definition, Node};
use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::canvas::{Hand, Picture, Pointers, SIZES, Selection, Surface, canvas, path, tip};
use super::draft::{Counts, Draft};
use super::keys;
use crate::i18n::t;
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
        {move || draft.shown.with(|shown| picture.with(|picture| lines(shown, picture)))}
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
pub fn lines(definition: &Definition, picture: &Picture) -> AnyView {
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
    let labels: Vec<_> =
        picture.edges.iter().enumerate().filter_map(|(i, edge)| label(definition, i, edge)).collect();
    view! {
        <svg class="graph__lines" aria-hidden="true">{ways}</svg>
        {labels}
    }
    .into_any()
}

/// The word on an edge where a node has several.
fn label(definition: &Definition, i: usize, edge: &Edge) -> Option<AnyView> {
    let words = words::way(definition.nodes.get(&edge.from)?, &edge.field)?;
    let (x, y) = *edge.points.first()?;
    let (left, top) = (format!("{x}px"), format!("{}px", y + 12));
    Some(
        view! { <span class="graph__label" data-label=i aria-hidden="true" style:left=left style:top=top>{words}</span> }
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

/// Where a node stands, as a style.
pub fn place(surface: Surface, node: &str) -> Option<String> {
    let corner = surface.picture.with(|picture| picture.corner(node));
    corner.map(|(x, y)| format!("translate({x}px, {y}px)"))
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
    let count = counts.with_value(|counts| counts.get(&id).copied()).unwrap_or_default();
    let (mine, wrong, here, pick) = (id.clone(), id.clone(), id.clone(), id.clone());
    let waiting = (count.waiting > 0)
        .then(|| view! { <span class="graph__waiting">{t::node_waiting(count.waiting)}</span> });
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
                style:transform=move || place(surface, &here)
                aria-pressed=move || if selection.has(&mine) { "true" } else { "false" }
                on:click=press
            >
                <span class="graph__sign">{icon(words::node_sign(&node))}</span>
                <span class="graph__words">
                    <span class="graph__name">{name}</span>
                    <span class="graph__about">{about}</span>
                    <span class="graph__counts">
                        <span>{t::node_entered(count.entered)}</span>
                        {waiting}
                    </span>
                </span>
            </button>
        </li>
    }
    .into_any()
}
