//! The drawing by the keyboard: arrows walk, Shift with them chooses, Alt moves steps, Space chooses one more.

use std::collections::BTreeSet;

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, FocusEvent, KeyboardEvent};

use super::geometry::{Way, neighbour};
use super::hand::Hand;
use super::picture::{SIZES, rect};
use super::pointer::Pointers;
use super::surface::Surface;

fn node_of(target: Option<web_sys::EventTarget>) -> Option<String> {
    let target = target?.dyn_into::<Element>().ok()?;
    target.closest("[data-node]").ok()??.get_attribute("data-node")
}

/// A key goes down in the drawing.
pub fn pressed(event: &KeyboardEvent, surface: Surface, pointers: Pointers, hand: Option<Hand>) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let in_tools = target.is_some_and(|target| {
        target.closest(".graph__tools, .graph__acts").is_ok_and(|found| found.is_some())
    });
    let node = node_of(event.target());
    let command = event.ctrl_key() || event.meta_key();
    let key = event.key();
    let done = if command {
        by_command(&key.to_lowercase(), hand)
    } else if let Some(way) = Way::of_key(&key).filter(|_| !in_tools) {
        match (&node, hand) {
            (Some(node), Some(hand)) if event.alt_key() => {
                shift(surface, hand, node, way);
                true
            }
            (Some(node), hand) => {
                walk(surface, hand.filter(|_| event.shift_key()), node, way);
                true
            }
            (None, _) => {
                surface.step(way.step());
                true
            }
        }
    } else {
        match (key.as_str(), &node, hand) {
            ("+" | "=", ..) => {
                surface.closer();
                true
            }
            ("-" | "_", ..) => {
                surface.farther();
                true
            }
            ("0", ..) => {
                surface.fit();
                true
            }
            ("1", ..) => {
                surface.whole();
                true
            }
            (" ", Some(node), Some(hand)) => {
                hand.selection.toggle(node);
                true
            }
            ("Delete" | "Backspace", _, Some(hand)) if !in_tools => {
                hand.remove();
                true
            }
            ("Escape", _, Some(hand)) => {
                pointers.cancel();
                hand.selection.only("");
                true
            }
            _ => false,
        }
    };
    if done {
        event.prevent_default();
        event.stop_propagation();
    }
}

fn by_command(key: &str, hand: Option<Hand>) -> bool {
    match (key, hand) {
        ("a", Some(hand)) => {
            hand.choose_all();
            true
        }
        ("d", Some(hand)) => {
            hand.double();
            true
        }
        _ => false,
    }
}

/// Space has chosen on its way down and must not press on its way up.
pub fn released(event: &KeyboardEvent) {
    if event.key() == " " && node_of(event.target()).is_some() {
        event.prevent_default();
    }
}

/// The keyboard comes to a node that may lie outside of the window.
pub fn arrived(event: &FocusEvent, surface: Surface) {
    let by_keyboard = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .is_some_and(|target| target.matches(":focus-visible").unwrap_or(false));
    if let Some(node) = node_of(event.target()).filter(|_| by_keyboard) {
        surface.reveal(&node);
        surface.come_into_sight();
    }
}

/// To the next node in a direction; with a hand it is chosen too.
fn walk(surface: Surface, choosing: Option<Hand>, from: &str, way: Way) {
    let next = surface.picture.with_untracked(|picture| {
        let others: Vec<_> = picture.nodes.iter().filter(|(id, _)| id.as_str() != from).collect();
        let rects: Vec<_> = others.iter().map(|(_, corner)| rect(*corner)).collect();
        neighbour(picture.rect(from)?, &rects, way).map(|i| others[i].0.clone())
    });
    let Some(next) = next else { return };
    surface.reveal(next.as_str());
    surface.enter(next.as_str());
    if let Some(hand) = choosing {
        let mut nodes = hand.selection.now();
        nodes.extend([from].iter().filter_map(|id| id.parse().ok()));
        nodes.insert(next);
        hand.selection.set(nodes);
    }
}

/// Moves what is chosen, or else the node the keyboard is at, by one step of the grid.
fn shift(surface: Surface, hand: Hand, node: &str, way: Way) {
    let mut nodes = hand.selection.now();
    if !nodes.contains(node) {
        nodes = node.parse().ok().into_iter().collect::<BTreeSet<_>>();
    }
    let (across, down) = way.step();
    hand.shift(&nodes, (across * SIZES.grid, down * SIZES.grid));
    surface.focus(node);
}
