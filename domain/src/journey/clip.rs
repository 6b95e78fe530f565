//! Several steps at once: copied, put in elsewhere, taken out.
//!
//! A clip is a small journey of its own (a trigger, the steps, an end), so it is read, refused and stored as any other, and a whole
//! journey can be put into another. Trigger, control group and end are one of each and are not copied.

use super::{
    condition::Condition,
    definition::{Definition, SCHEMA, Settings},
    edit::Change,
    graph,
    layout::{Sizes, layout},
    node::{Exit, Node, ReEntry, Trigger},
    node_id::NodeId,
};
use crate::event::CartKind;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// Whether it can stand more than once in a journey.
fn is_step(node: &Node) -> bool {
    !matches!(node, Node::Trigger(_) | Node::Holdout(_) | Node::Exit(_))
}

/// What becomes of the ways that lead to a step that is not copied.
#[derive(Clone, Copy, PartialEq)]
enum Outer {
    /// Followed to the next step that is, as if the ones between had been taken out.
    Bridged,
    /// They lead out.
    Out,
    /// No way stays: one step after the other.
    Row,
}

impl Definition {
    /// The chosen steps as a journey of their own: ways between them stay, and where something between them was left out the way goes
    /// on to the next that was chosen. `None` where nothing of it can be copied.
    pub fn clip(&self, chosen: &BTreeSet<NodeId>) -> Option<Self> {
        let steps: Vec<&NodeId> = self
            .in_drawing_order(chosen)
            .into_iter()
            .filter(|id| self.nodes.get(*id).is_some_and(is_step))
            .collect();
        if steps.is_empty() {
            return None;
        }
        let clips = [Outer::Bridged, Outer::Out, Outer::Row].map(|outer| self.clipped(&steps, outer));
        clips.into_iter().find(|clip| graph::faults(clip) == 0)
    }

    /// Those of the nodes that are there, as the drawing has them: from top to bottom, from left to right.
    pub fn in_drawing_order(&self, nodes: &BTreeSet<NodeId>) -> Vec<&NodeId> {
        let placed = layout(self, Sizes::default()).nodes;
        let ids = placed.into_iter().map(|place| place.id).filter(|id| nodes.contains(id));
        ids.filter_map(|id| self.nodes.get_key_value(&id).map(|(id, _)| id)).collect()
    }

    fn clipped(&self, steps: &[&NodeId], outer: Outer) -> Self {
        let place: BTreeMap<&NodeId, usize> = steps.iter().enumerate().map(|(i, id)| (*id, i)).collect();
        let (start, end) = (free(&place, "start"), free(&place, "end"));
        let mut nodes: BTreeMap<NodeId, Node> = BTreeMap::new();
        for (i, id) in steps.iter().enumerate() {
            let Some(node) = self.nodes.get(*id) else { continue };
            let mut node = node.clone();
            for (_, target) in node.targets_mut() {
                let next = match outer {
                    Outer::Row => steps.get(i + 1).copied(),
                    _ if place.contains_key(&*target) => continue,
                    Outer::Out => None,
                    Outer::Bridged => self.followed(target, &place).filter(|to| place[to] > i),
                };
                *target = next.unwrap_or(&end).clone();
            }
            nodes.insert((*id).clone(), node);
        }
        // What the first does not lead to comes after all that it does.
        let mut reached = BTreeSet::new();
        for next in steps {
            if reached.contains(*next) {
                continue;
            }
            for id in &reached {
                let node: Option<&mut Node> = nodes.get_mut::<NodeId>(id);
                for (_, target) in
                    node.into_iter().flat_map(|node| node.targets_mut()).filter(|(_, to)| **to == end)
                {
                    target.clone_from(next);
                }
            }
            let mut open = vec![(*next).clone()];
            while let Some(id) = open.pop() {
                let Some(node) = nodes.get(&id) else { continue };
                open.extend(
                    node.targets().into_iter().map(|(_, to)| to.clone()).filter(|to| !reached.contains(to)),
                );
                reached.insert(id);
            }
        }
        let first = steps.first().map_or_else(|| end.clone(), |first| (*first).clone());
        let trigger =
            Trigger { on: vec![CartKind::Cart], filter: None, re_entry: ReEntry::Once, next: first };
        nodes.insert(start.clone(), Node::Trigger(trigger));
        nodes.insert(end, Node::Exit(Exit {}));
        let places = steps.iter().filter_map(|id| Some(((*id).clone(), *self.places.get(*id)?))).collect();
        Self { schema: SCHEMA, name: self.name.clone(), start, settings: Settings::default(), nodes, places }
    }

    /// The first chosen step along the first ways, from a node that was not chosen.
    fn followed<'a>(&'a self, from: &'a NodeId, chosen: &BTreeMap<&NodeId, usize>) -> Option<&'a NodeId> {
        let (mut at, mut seen) = (from, BTreeSet::new());
        while seen.insert(at) {
            if chosen.contains_key(at) {
                return Some(at);
            }
            at = self.nodes.get(at)?.targets().into_iter().next()?.1;
        }
        None
    }

    /// The change that puts the steps of a clip on a way, under names that are free here. `None` where the clip holds none.
    pub fn graft(&self, clip: &Self, after: &NodeId, way: &str) -> Option<Change> {
        let clip = clip.clip(&clip.nodes.keys().cloned().collect())?;
        let mut names: BTreeMap<NodeId, NodeId> = BTreeMap::new();
        let mut grown = self.clone();
        for id in clip.in_drawing_order(&clip.nodes.keys().cloned().collect()) {
            let Some(node) = clip.nodes.get(id).filter(|node| is_step(node)) else { continue };
            let new = grown.free_id(node.kind());
            grown.nodes.insert(new.clone(), node.clone());
            names.insert(id.clone(), new);
        }
        let mut nodes = BTreeMap::new();
        for (id, new) in &names {
            let mut node = clip.nodes.get(id)?.clone();
            for (_, target) in node.targets_mut() {
                // What leads out of the clip leads on; the start is none of the new ones.
                *target = names.get(&*target).unwrap_or(&self.start).clone();
            }
            for message in messages_mut(&mut node) {
                if let Some(new) = names.get(&*message) {
                    message.clone_from(new);
                }
            }
            nodes.insert(new.clone(), node);
        }
        let first = names.get(&clip.trigger()?.next)?.clone();
        Some(Change::Graft { after: after.clone(), way: way.to_owned(), first, nodes })
    }

    /// The way on which something comes after the chosen nodes: the first of the last of them; before an end, the first that leads
    /// there; behind the trigger where nothing is chosen.
    pub fn way_after(&self, chosen: &BTreeSet<NodeId>) -> Option<(NodeId, String)> {
        let last = self.in_drawing_order(chosen).pop().unwrap_or(&self.start);
        let own = self.nodes.get(last)?.targets().into_iter().next().map(|(way, _)| (last.clone(), way));
        own.or_else(|| {
            let mut ways = self
                .nodes
                .iter()
                .flat_map(|(id, node)| node.targets().into_iter().map(move |(way, to)| (id, way, to)));
            ways.find(|(_, _, to)| *to == last).map(|(id, way, _)| (id.clone(), way))
        })
    }

    /// The changes that take the chosen steps out, one after the other. Of a step with several ways the one stays that
    /// leaves a sound journey, and of those the one on which most stands. Trigger and end stay.
    pub fn removal(&self, chosen: &BTreeSet<NodeId>) -> Vec<Change> {
        let mut left = self.clone();
        let mut changes = Vec::new();
        for id in self.in_drawing_order(chosen).into_iter().rev() {
            let Some(node) =
                left.nodes.get(id).filter(|node| !matches!(node, Node::Trigger(_) | Node::Exit(_)))
            else {
                continue;
            };
            let ways: Vec<String> = node.targets().into_iter().map(|(way, _)| way).collect();
            let removals = ways.into_iter().filter_map(|way| {
                let change = Change::Remove { node: id.clone(), keep: Some(way) };
                let (without, problems) = left.draft(std::slice::from_ref(&change));
                problems.is_empty().then_some((change, without))
            });
            // Of several that are as good the first way.
            let worth = |without: &Self| (Reverse(graph::faults(without)), without.nodes.len());
            let best =
                removals.reduce(|best, other| if worth(&other.1) > worth(&best.1) { other } else { best });
            if let Some((change, without)) = best {
                changes.push(change);
                left = without;
            }
        }
        changes
    }
}

/// A name that is none of these.
fn free(taken: &BTreeMap<&NodeId, usize>, word: &str) -> NodeId {
    let names = (0..=taken.len()).map(|n| if n == 0 { word.to_owned() } else { format!("{word}_{n}") });
    let mut ids = names.filter_map(|name| name.parse::<NodeId>().ok());
    ids.find(|id| !taken.contains_key(id)).expect("one more name than are taken, each a word and a number")
}

/// The messages a node asks about.
fn messages_mut(node: &mut Node) -> Vec<&mut NodeId> {
    match node {
        Node::WaitForEvent(wait) => wait.message.iter_mut().collect(),
        Node::Condition(condition) => asked_mut(&mut condition.test),
        _ => Vec::new(),
    }
}

fn asked_mut(test: &mut Condition) -> Vec<&mut NodeId> {
    match test {
        Condition::All { of } | Condition::Any { of } => of.iter_mut().flat_map(asked_mut).collect(),
        Condition::Not { of } => asked_mut(of),
        Condition::Sent { message } | Condition::Opened { message } | Condition::Clicked { message } => {
            vec![message]
        }
        _ => Vec::new(),
    }
}
