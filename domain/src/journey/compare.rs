//! Two versions of a journey, told to people: which steps are new, gone or changed, and which ways lead elsewhere.

use super::{
    definition::Definition,
    merge::{Difference, differences},
    node::Node,
    node_id::NodeId,
};
use std::collections::BTreeMap;

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// Something of it is different; not only where it leads.
    Changed,
}

/// A way of a step that is in both versions and leads to another step that is in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Led {
    /// The step.
    pub from: NodeId,
    /// Which of its ways, as in [`Node::targets`].
    pub way: String,
    /// Where it led.
    pub before: NodeId,
    /// Where it leads.
    pub after: NodeId,
}

/// What is different.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Steps that are not as they were.
    pub nodes: BTreeMap<NodeId, Mark>,
    /// Ways that lead elsewhere, as far as steps that came or went do not say so already.
    pub led: Vec<Led>,
    /// How many steps in both versions stand elsewhere in the drawing by somebody's hand.
    pub moved: usize,
    /// What holds for the whole journey: its name and its settings.
    pub whole: Vec<Difference>,
}

impl Comparison {
    /// Whether both are the same, drawing included.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.led.is_empty() && self.moved == 0 && self.whole.is_empty()
    }
}

/// What is different between two versions.
pub fn compare(before: &Definition, after: &Definition) -> Comparison {
    let mut nodes = BTreeMap::new();
    let mut led = Vec::new();
    for (id, old) in &before.nodes {
        let Some(new) = after.nodes.get(id) else {
            nodes.insert(id.clone(), Mark::Removed);
            continue;
        };
        if leading(old, id) != leading(new, id) {
            nodes.insert(id.clone(), Mark::Changed);
        }
        let targets: BTreeMap<String, &NodeId> = new.targets().into_iter().collect();
        for (way, was) in old.targets() {
            let Some(is) = targets.get(&way).filter(|is| **is != was) else { continue };
            if before.nodes.contains_key(*is) && after.nodes.contains_key(was) {
                led.push(Led { from: id.clone(), way, before: was.clone(), after: (*is).clone() });
            }
        }
    }
    nodes.extend(
        after.nodes.keys().filter(|id| !before.nodes.contains_key(*id)).map(|id| (id.clone(), Mark::Added)),
    );
    let both = before.nodes.keys().filter(|id| after.nodes.contains_key(*id));
    let moved = both.filter(|id| before.places.get(*id) != after.places.get(*id)).count();
    let mut whole = differences(before, after);
    whole.retain(|one| one.place.first().is_some_and(|first| first == "name" || first == "settings"));
    Comparison { nodes, led, moved, whole }
}

/// The node with all its ways leading to one place, so that only its values count.
fn leading(node: &Node, to: &NodeId) -> Node {
    let mut node = node.clone();
    node.targets_mut().into_iter().for_each(|(_, target)| target.clone_from(to));
    node
}
