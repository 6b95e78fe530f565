//! Changes a form can make to a journey. Each gives a new definition; the published one stays as it is.

use super::{
    definition::{Definition, FrequencyCap},
    node::Node,
    node_id::NodeId,
    places::Place,
    problem::{Code, Problem},
};
use crate::{locale::Language, schedule::QuietHours};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// Another name.
    SetName {
        /// For people.
        name: String,
    },
    /// Another length of a wait, or another time-out of a wait for an event.
    SetWait {
        /// The wait.
        node: NodeId,
        /// How long.
        seconds: i64,
    },
    /// Another size of the holdout.
    SetHoldout {
        /// How many of a hundred people get nothing.
        percent: i64,
    },
    /// Another template of a message.
    SetTemplate {
        /// The message.
        node: NodeId,
        /// Its key.
        template: String,
    },
    /// The store's own subject in one language; an empty one gives the template's back.
    SetSubject {
        /// The message.
        node: NodeId,
        /// The language.
        language: Language,
        /// One line.
        subject: String,
    },
    /// Another weight of one branch of a split.
    SetWeight {
        /// The split.
        node: NodeId,
        /// Which branch, from 0.
        branch: usize,
        /// Relative to the others.
        weight: i64,
    },
    /// Another limit of messages, or none.
    SetFrequencyCap {
        /// The limit.
        cap: Option<FrequencyCap>,
    },
    /// Other quiet hours, or none beside those of law and store.
    SetQuietHours {
        /// The hours.
        hours: Option<QuietHours>,
    },
    /// Another time between two runs of one contact.
    SetCoolDown {
        /// How long; 0 for no limit.
        seconds: i64,
    },
    /// Other carts, another filter or another re-entry of the trigger; other values of any node. It stays where it is.
    Set {
        /// The node.
        node: NodeId,
        /// What it is to be: of the same kind; where it leads does not count.
        to: Box<Node>,
    },
    /// A new node on a way that is there: it leads on to where that way led, with every exit it has.
    Insert {
        /// Its name, see [`Definition::free_id`].
        id: NodeId,
        /// The node it comes after.
        after: NodeId,
        /// Which of that one's ways, as in [`Node::targets`].
        way: String,
        /// What it is; where it leads does not count.
        node: Box<Node>,
    },
    /// A node taken out. Whatever led to it leads on to where it led; what nothing leads to any more goes with it.
    Remove {
        /// The node: neither trigger nor exit.
        node: NodeId,
        /// Which of its ways stays, where it has several.
        keep: Option<String>,
    },
    /// Several new nodes on a way that is there, with the ways between them; every other way they have leads on to where that
    /// way led. See [`Definition::graft`].
    Graft {
        /// The node they come after.
        after: NodeId,
        /// Which of that one's ways.
        way: String,
        /// The one the way leads to now.
        first: NodeId,
        /// All of them, by names that are free.
        nodes: BTreeMap<NodeId, Node>,
    },
    /// Nodes put somewhere in the drawing.
    Place {
        /// Each with its place.
        places: BTreeMap<NodeId, Place>,
    },
    /// The drawing as it comes by itself: all places are given back.
    Arrange,
}

impl Definition {
    /// The definition with all changes made in their order, valid as a whole.
    ///
    /// # Errors
    /// A change whose node does not exist or is of another kind, and every problem of the result.
    pub fn with(&self, changes: &[Change]) -> Result<Self, Vec<Problem>> {
        let (def, problems) = self.draft(changes);
        if !problems.is_empty() {
            return Err(problems);
        }
        def.validate().map(|()| def)
    }

    /// The definition with the changes made in their order, sound or not, to be drawn while somebody is at it; and
    /// the changes that could not be made, each as its problem.
    pub fn draft(&self, changes: &[Change]) -> (Self, Vec<Problem>) {
        let mut def = self.clone();
        let problems = changes.iter().filter_map(|change| def.change(change).err()).collect();
        (def, problems)
    }

    fn change(&mut self, change: &Change) -> Result<(), Problem> {
        match change {
            Change::SetName { name } => name.trim().clone_into(&mut self.name),
            Change::SetFrequencyCap { cap } => self.settings.frequency_cap = *cap,
            Change::SetQuietHours { hours } => self.settings.quiet_hours = *hours,
            Change::SetCoolDown { seconds } => self.settings.cool_down_seconds = *seconds,
            Change::SetWait { node, seconds } => match self.nodes.get_mut(node) {
                Some(Node::Wait(n)) => n.seconds = *seconds,
                Some(Node::WaitForEvent(n)) => n.timeout_seconds = *seconds,
                found => return Err(unfit(node, "seconds", "wait", found)),
            },
            Change::SetHoldout { percent } => {
                let id = self.holdout().map(|(id, _)| id.clone());
                match id.and_then(|id| self.nodes.get_mut(&id)) {
                    Some(Node::Holdout(n)) => n.percent = *percent,
                    _ => return Err(Problem::whole("percent", Code::OtherKind, "holdout")),
                }
            }
            Change::SetTemplate { node, template } => match self.nodes.get_mut(node) {
                Some(Node::Message(n)) => template.trim().clone_into(&mut n.template),
                found => return Err(unfit(node, "template", "message", found)),
            },
            Change::SetSubject { node, language, subject } => match self.nodes.get_mut(node) {
                Some(Node::Message(n)) if subject.trim().is_empty() => {
                    n.subject.remove(language);
                }
                Some(Node::Message(n)) => {
                    n.subject.insert(*language, subject.trim().to_owned());
                }
                found => return Err(unfit(node, "subject", "message", found)),
            },
            Change::SetWeight { node, branch, weight } => match self.nodes.get_mut(node) {
                Some(Node::Split(n)) => match n.branches.get_mut(*branch) {
                    Some(b) => b.weight = *weight,
                    None => return Err(Problem::at(node, format!("branches.{branch}"), Code::Missing, "")),
                },
                found => return Err(unfit(node, "weight", "split", found)),
            },
            Change::Set { node, to } => self.set(node, to)?,
            Change::Insert { id, after, way, node } => self.insert(id, (after, way), node)?,
            Change::Remove { node, keep } => self.remove(node, keep.as_deref())?,
            Change::Graft { after, way, first, nodes } => self.put_in((after, way), first, nodes)?,
            Change::Place { places } => {
                if let Some(unknown) = places.keys().find(|id| !self.nodes.contains_key(*id)) {
                    return Err(Problem::at(unknown, "place", Code::UnknownTarget, unknown));
                }
                self.places.extend(places.iter().map(|(id, place)| (id.clone(), *place)));
            }
            Change::Arrange => self.places.clear(),
        }
        Ok(())
    }

    /// A name no node has yet: the kind's, with the first number that is free.
    pub fn free_id(&self, kind: &str) -> NodeId {
        let names = (1..=self.nodes.len() + 1).filter_map(|n| format!("{kind}_{n}").parse::<NodeId>().ok());
        names.into_iter().find(|id| !self.nodes.contains_key(id)).unwrap_or_else(|| self.start.clone())
    }

    fn set(&mut self, id: &NodeId, to: &Node) -> Result<(), Problem> {
        let Some(old) = self.nodes.get_mut(id).filter(|old| old.kind() == to.kind()) else {
            return Err(unfit(id, "", to.kind(), self.nodes.get_mut(id)));
        };
        let leads: Vec<NodeId> = old.targets().into_iter().map(|(_, target)| target.clone()).collect();
        let mut new = to.clone();
        if let (Node::ChannelChoice(was), Node::ChannelChoice(new)) = (&*old, &mut new) {
            // A way belongs to its channel, wherever it stands; a new one leads to where those go who are reached on none.
            for way in &mut new.ways {
                let led = was.ways.iter().find(|known| known.channel == way.channel);
                way.next.clone_from(led.map_or(&was.none, |known| &known.next));
            }
            new.none.clone_from(&was.none);
        } else {
            // A branch that is new leads where the last one does.
            for (i, (_, target)) in new.targets_mut().into_iter().enumerate() {
                if let Some(led) = leads.get(i).or(leads.last()) {
                    target.clone_from(led);
                }
            }
        }
        *old = new;
        self.prune();
        Ok(())
    }

    fn insert(&mut self, id: &NodeId, way: (&NodeId, &str), node: &Node) -> Result<(), Problem> {
        let mut new = node.clone();
        // One that leads to itself leads on: where it leads does not count.
        for (_, target) in new.targets_mut() {
            target.clone_from(&self.start);
        }
        self.put_in(way, id, &[(id.clone(), new)].into())
    }

    fn put_in(
        &mut self,
        (after, way): (&NodeId, &str),
        first: &NodeId,
        nodes: &BTreeMap<NodeId, Node>,
    ) -> Result<(), Problem> {
        if let Some(double) = nodes.keys().find(|id| self.nodes.contains_key(*id)) {
            return Err(Problem::at(double, "", Code::Duplicate, double));
        }
        let Some(before) = self.nodes.get_mut(after) else {
            return Err(Problem::at(after, way, Code::UnknownTarget, after));
        };
        let Some((_, led)) = before.targets_mut().into_iter().find(|(name, _)| name == way) else {
            return Err(Problem::at(after, way, Code::UnknownTarget, way));
        };
        if !nodes.contains_key(first) {
            return Err(Problem::at(after, way, Code::UnknownTarget, first));
        }
        let led = std::mem::replace(led, first.clone());
        for (id, node) in nodes {
            let mut new = node.clone();
            for (_, target) in new.targets_mut().into_iter().filter(|(_, to)| !nodes.contains_key(*to)) {
                target.clone_from(&led);
            }
            self.nodes.insert(id.clone(), new);
        }
        self.prune();
        Ok(())
    }

    fn remove(&mut self, id: &NodeId, keep: Option<&str>) -> Result<(), Problem> {
        let Some(node) = self.nodes.get(id) else {
            return Err(Problem::at(id, "", Code::UnknownTarget, id));
        };
        let ways = node.targets();
        let kept = match keep {
            Some(way) => ways.iter().find(|(name, _)| name == way),
            None => ways.first(),
        };
        let Some((_, led)) = kept.filter(|_| !matches!(node, Node::Trigger(_))) else {
            return Err(Problem::at(
                id,
                keep.unwrap_or_default(),
                Code::OtherKind,
                "between trigger and exit",
            ));
        };
        // One that leads back to itself leads nowhere else.
        let led = (*led).clone();
        if led == *id {
            return Err(Problem::at(id, keep.unwrap_or_default(), Code::NoExit, ""));
        }
        self.nodes.remove(id);
        for node in self.nodes.values_mut() {
            for (_, target) in node.targets_mut() {
                if *target == *id {
                    target.clone_from(&led);
                }
            }
        }
        self.prune();
        Ok(())
    }

    /// Takes out what no way leads to.
    fn prune(&mut self) {
        let mut reached = BTreeSet::new();
        let mut open = vec![self.start.clone()];
        while let Some(id) = open.pop() {
            let Some(node) = self.nodes.get(&id) else { continue };
            if reached.insert(id) {
                open.extend(node.targets().into_iter().map(|(_, target)| target.clone()));
            }
        }
        self.nodes.retain(|id, _| reached.contains(id));
        self.places.retain(|id, _| reached.contains(id));
    }
}

fn unfit(node: &NodeId, field: &str, wanted: &str, found: Option<&mut Node>) -> Problem {
    match found {
        None => Problem::at(node, field, Code::UnknownTarget, node),
        Some(_) => Problem::at(node, field, Code::OtherKind, wanted),
    }
}
