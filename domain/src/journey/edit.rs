//! Changes a form can make to a journey. Each gives a new definition; the published one stays as it is.

use super::{
    definition::{Definition, FrequencyCap},
    node::Node,
    node_id::NodeId,
    problem::{Code, Problem},
};
use crate::{locale::Language, schedule::QuietHours};
use serde::{Deserialize, Serialize};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
}

impl Definition {
    /// The definition with all changes made in their order, valid as a whole.
    ///
    /// # Errors
    /// A change whose node does not exist or is of another kind, and every problem of the result.
    pub fn with(&self, changes: &[Change]) -> Result<Self, Vec<Problem>> {
        let mut def = self.clone();
        let problems: Vec<Problem> = changes.iter().filter_map(|change| def.change(change).err()).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        def.validate().map(|()| def)
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
        }
        Ok(())
    }
}

fn unfit(node: &NodeId, field: &str, wanted: &str, found: Option<&mut Node>) -> Problem {
    match found {
        None => Problem::at(node, field, Code::UnknownTarget, node),
        Some(_) => Problem::at(node, field, Code::OtherKind, wanted),
    }
}
