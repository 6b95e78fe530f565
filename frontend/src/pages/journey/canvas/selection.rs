//! Which steps are chosen: one, which the address holds and the form shows, or several.

use std::collections::BTreeSet;

use cartwheel_domain::journey::NodeId;
use leptos::prelude::*;

use crate::route::Parameters;

/// What is chosen. Copies are the same.
#[derive(Clone, Copy)]
pub struct Selection {
    parameters: Parameters,
    /// The one the form shows; the address follows it.
    one: RwSignal<String>,
    /// Several; empty where it is one or none.
    several: RwSignal<BTreeSet<NodeId>>,
    /// All that are chosen.
    chosen: Memo<BTreeSet<NodeId>>,
    /// What the address has been told and does not say yet.
    sent: StoredValue<BTreeSet<String>>,
}

impl Selection {
    /// By the address of the page. Another one in the address is chosen alone.
    pub fn new(parameters: Parameters) -> Self {
        let (several, sent) = (RwSignal::new(BTreeSet::new()), StoredValue::new(BTreeSet::new()));
        let picked = parameters.signal("node");
        let one = RwSignal::new(picked.get_untracked());
        let chosen = Memo::new(move |_| {
            several.with(|several: &BTreeSet<NodeId>| {
                if several.is_empty() {
                    one.get().parse().ok().into_iter().collect()
                } else {
                    several.clone()
                }
            })
        });
        Effect::new(move |_| {
            let now = picked.get();
            if one.with_untracked(|one| *one == now) {
                sent.update_value(BTreeSet::clear);
            } else if !sent.try_update_value(|sent| sent.remove(&now)).unwrap_or_default() {
                several.set(BTreeSet::new());
                one.set(now);
            }
        });
        Self { parameters, one, several, chosen, sent }
    }

    /// Whether a node is chosen. Views that ask follow.
    pub fn has(&self, node: &str) -> bool {
        self.chosen.with(|chosen| chosen.contains(node))
    }

    /// All that are chosen. Views that ask follow.
    pub fn all(&self) -> BTreeSet<NodeId> {
        self.chosen.get()
    }

    /// The same, for an act.
    pub fn now(&self) -> BTreeSet<NodeId> {
        self.chosen.get_untracked()
    }

    /// How many, where it is more than one; 0 else.
    pub fn several(&self) -> usize {
        self.several.with(BTreeSet::len)
    }

    /// This one alone; an empty name for none.
    pub fn only(&self, node: &str) {
        self.several.set(BTreeSet::new());
        if self.one.with_untracked(|one| one != node) {
            self.sent.update_value(|sent| {
                sent.insert(node.to_owned());
            });
            self.one.set(node.to_owned());
            self.parameters.set(&[("node", node)]);
        }
    }

    /// These.
    pub fn set(&self, nodes: BTreeSet<NodeId>) {
        if self.now() == nodes {
            return;
        }
        match nodes.len() {
            0 | 1 => self.only(nodes.first().map_or("", NodeId::as_str)),
            _ => self.several.set(nodes),
        }
    }

    /// One more, or one less.
    pub fn toggle(&self, node: &str) {
        let (mut nodes, Ok(node)) = (self.now(), node.parse::<NodeId>()) else { return };
        if !nodes.remove(&node) {
            nodes.insert(node);
        }
        self.set(nodes);
    }
}
