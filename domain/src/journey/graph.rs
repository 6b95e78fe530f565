//! The shape of a journey: targets, reachability, loops.

use super::{
    definition::Definition,
    node::Node,
    node_id::NodeId,
    problem::{Code, Problem},
};
use std::collections::{BTreeMap, BTreeSet};

/// What is wrong with the shape.
pub(super) fn check(def: &Definition, problems: &mut Vec<Problem>) {
    for (id, node) in &def.nodes {
        for (field, target) in node.targets() {
            match def.node(target) {
                None => problems.push(Problem::at(id, field, Code::UnknownTarget, target)),
                Some(Node::Trigger(_)) => {
                    problems.push(Problem::at(id, field, Code::TargetIsTrigger, target))
                }
                Some(_) => {}
            }
        }
    }
    let reached = reach(def, [&def.start], |_| true);
    for id in def.nodes.keys().filter(|id| !reached.contains(id)) {
        // A second trigger is told as such; everything it alone leads to is still unreachable.
        if !matches!(def.nodes.get(id), Some(Node::Trigger(_))) {
            problems.push(Problem::at(id, "", Code::Unreachable, ""));
        }
    }
    exits(def, &reached, problems);
    holdouts(def, problems);
    for circle in loops(def) {
        let names: Vec<&str> = circle.iter().map(|id| id.as_str()).collect();
        problems.push(Problem::at(circle[0], "", Code::LoopWithoutWait, names.join(", ")));
    }
}

/// How much is wrong with the shape.
pub(super) fn faults(def: &Definition) -> usize {
    let mut problems = Vec::new();
    check(def, &mut problems);
    problems.len()
}

/// All nodes that can be reached from `from`, passing only through nodes for which `pass` holds.
fn reach<'a>(
    def: &'a Definition,
    from: impl IntoIterator<Item = &'a NodeId>,
    pass: impl Fn(&NodeId) -> bool,
) -> BTreeSet<&'a NodeId> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&NodeId> = from.into_iter().collect();
    while let Some(id) = open.pop() {
        let Some(node) = def.node(id) else { continue };
        if !pass(id) || !seen.insert(id) {
            continue;
        }
        open.extend(node.targets().into_iter().map(|(_, target)| target));
    }
    seen
}

fn exits(def: &Definition, reached: &BTreeSet<&NodeId>, problems: &mut Vec<Problem>) {
    let mut back: BTreeMap<&NodeId, Vec<&NodeId>> = BTreeMap::new();
    let mut open = Vec::new();
    for (id, node) in &def.nodes {
        if matches!(node, Node::Exit(_)) {
            open.push(id);
        }
        for (_, target) in node.targets() {
            back.entry(target).or_default().push(id);
        }
    }
    if open.is_empty() {
        problems.push(Problem::whole("nodes", Code::NoExit, ""));
        return;
    }
    let mut leads_out = BTreeSet::new();
    while let Some(id) = open.pop() {
        if leads_out.insert(id) {
            open.extend(back.get(id).into_iter().flatten());
        }
    }
    for id in reached.iter().filter(|id| !leads_out.contains(*id)) {
        problems.push(Problem::at(id, "", Code::NoExit, ""));
    }
}

fn holdouts(def: &Definition, problems: &mut Vec<Problem>) {
    let mut all = def.nodes.iter().filter(|(_, n)| matches!(n, Node::Holdout(_))).map(|(id, _)| id);
    let Some(first) = all.next() else { return };
    for second in all {
        problems.push(Problem::at(second, "", Code::SecondHoldout, ""));
    }
    let not_a_holdout = |id: &NodeId| !matches!(def.node(id), Some(Node::Holdout(_)));
    for id in reach(def, [&def.start], not_a_holdout) {
        if matches!(def.node(id), Some(Node::Message(_) | Node::Webhook(_))) {
            problems.push(Problem::at(id, "", Code::MessageBeforeHoldout, first));
        }
    }
}

/// Groups of nodes that lead back to themselves without a rest, each group once, in the order of ids.
fn loops(def: &Definition) -> Vec<Vec<&NodeId>> {
    let restless = |id: &NodeId| def.node(id).is_some_and(|n| !n.rests());
    let mut told: BTreeSet<&NodeId> = BTreeSet::new();
    let mut found = Vec::new();
    for (id, node) in &def.nodes {
        if told.contains(id) || !restless(id) {
            continue;
        }
        let after = reach(def, node.targets().into_iter().map(|(_, t)| t), restless);
        if !after.contains(id) {
            continue;
        }
        let circle: Vec<&NodeId> = after
            .into_iter()
            .filter(|other| {
                let from_other = def.node(other).map(Node::targets).unwrap_or_default();
                reach(def, from_other.into_iter().map(|(_, t)| t), restless).contains(id)
            })
            .collect();
        told.extend(&circle);
        found.push(circle);
    }
    found
}
