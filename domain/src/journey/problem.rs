//! What is wrong with a definition, and where.

use super::node_id::NodeId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing that is wrong. `code` and `values` are for machines and translations, `Display` is English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The node, by its id as written; none when the journey as a whole is meant.
    pub node: Option<String>,
    /// The field, as a path of names and indexes joined by dots (`branches.0.weight`); empty for the node itself.
    pub field: String,
    /// What.
    pub code: Code,
    /// The value or name it is about; may be empty.
    pub value: String,
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The JSON does not have the form; `value` says how.
    Unreadable,
    /// A schema number we do not know.
    UnknownSchema,
    /// Two nodes have one id, or a list names something twice.
    Duplicate,
    /// Empty where something is needed.
    Missing,
    /// Too long a text or too large a list; `value` is the limit.
    TooLong,
    /// Below the smallest allowed; `value` is the limit.
    TooSmall,
    /// Above the largest allowed; `value` is the limit.
    TooLarge,
    /// Points to a node that does not exist.
    UnknownTarget,
    /// Points to the trigger, where runs begin and never return.
    TargetIsTrigger,
    /// The start is no trigger.
    StartIsNoTrigger,
    /// More than one trigger.
    SecondTrigger,
    /// More than one holdout: a person is in one group or the other.
    SecondHoldout,
    /// A message, or a webhook, that can come before the holdout decides who may get one.
    MessageBeforeHoldout,
    /// No way leads here.
    Unreachable,
    /// No way leads from here to an exit.
    NoExit,
    /// A loop in which nothing waits; `value` names its nodes.
    LoopWithoutWait,
    /// Asks about a message that does not exist or is no message.
    NotAMessage,
    /// The lower bound lies above the upper one, or there is none.
    EmptyRange,
    /// A channel a journey cannot send on yet.
    OtherChannel,
    /// A value of a kind that cannot be compared.
    NotComparable,
    /// Not a template key.
    BadTemplateKey,
    /// A line break or control character in a subject.
    ControlCharacter,
    /// Runs for carts and checkouts always end with a purchase.
    PurchaseMustEnd,
    /// A goal that cannot be marked.
    UnknownGoal,
    /// A change is meant for another kind of node; `value` is the kind it needs.
    OtherKind,
    /// A purpose that this channel does not serve; `value` is the channel and those it serves.
    OtherPurpose,
    /// A subject on a channel whose messages have none.
    NoSubject,
    /// Content that a journey does not send.
    OtherClass,
}

impl Problem {
    /// About a text of a message, by whoever can read it: the store's templates, and the Liquid in a subject. Not judged here, so that
    /// the console need not carry the language it is written in.
    pub fn of_text(node: &NodeId, field: impl Into<String>, said: impl fmt::Display) -> Self {
        Self::at(node, field, Code::Unreadable, said)
    }

    /// About a field of a node.
    pub(super) fn at(node: &NodeId, field: impl Into<String>, code: Code, value: impl fmt::Display) -> Self {
        Self { node: Some(node.to_string()), field: field.into(), code, value: value.to_string() }
    }

    /// About the journey as a whole.
    pub(super) fn whole(field: impl Into<String>, code: Code, value: impl fmt::Display) -> Self {
        Self { node: None, field: field.into(), code, value: value.to_string() }
    }

    /// JSON that does not have the form.
    pub(super) fn unreadable(node: Option<&str>, field: &str, said: impl fmt::Display) -> Self {
        let value: String = said.to_string().chars().take(300).collect();
        Self {
            node: node.map(|n| n.chars().take(48).collect()),
            field: field.into(),
            code: Code::Unreadable,
            value,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.node, self.field.as_str()) {
            (Some(node), "") => write!(f, "node \"{node}\": ")?,
            (Some(node), field) => write!(f, "node \"{node}\", {field}: ")?,
            (None, "") => {}
            (None, field) => write!(f, "{field}: ")?,
        }
        let v = &self.value;
        match self.code {
            Code::Unreadable => write!(f, "{v}"),
            Code::UnknownSchema => write!(f, "schema {v} is unknown; this version reads schema 1"),
            Code::Duplicate => write!(f, "\"{v}\" stands here twice"),
            Code::Missing => write!(f, "must not be empty"),
            Code::TooLong => write!(f, "longer than {v}"),
            Code::TooSmall => write!(f, "must be at least {v}"),
            Code::TooLarge => write!(f, "must be at most {v}"),
            Code::UnknownTarget => write!(f, "there is no node \"{v}\""),
            Code::TargetIsTrigger => {
                write!(f, "\"{v}\" is the trigger, where runs begin; nothing leads back to it")
            }
            Code::StartIsNoTrigger => write!(f, "\"{v}\" is no trigger; a journey starts with one"),
            Code::SecondTrigger => {
                write!(f, "a second trigger; a journey has one, which may name several kinds of cart")
            }
            Code::SecondHoldout => write!(f, "a second holdout; a journey has one at most"),
            Code::MessageBeforeHoldout => {
                write!(
                    f,
                    "this message can come before the holdout \"{v}\", so the silent group would hear of it"
                )
            }
            Code::Unreachable => write!(f, "no way leads here from the start"),
            Code::NoExit => write!(f, "no way leads from here to an exit"),
            Code::LoopWithoutWait => write!(f, "a loop in which nothing waits: {v}"),
            Code::NotAMessage => write!(f, "\"{v}\" is no message of this journey"),
            Code::EmptyRange => write!(f, "give at_least or at_most, the lower not above the upper"),
            Code::OtherChannel => write!(f, "journeys send on the channels email, sms and push, not on {v}"),
            Code::NotComparable => write!(f, "must be a text, a number, true or false"),
            Code::BadTemplateKey => write!(f, "\"{v}\" is no template key: 1 to 64 of a-z, 0-9, _ and -"),
            Code::ControlCharacter => write!(f, "must be one line without control characters"),
            Code::PurchaseMustEnd => {
                write!(f, "must be true: a run for a cart or a checkout ends with the purchase")
            }
            Code::UnknownGoal => write!(f, "\"{v}\" is no goal; give order_placed"),
            Code::OtherKind => write!(f, "this change needs a node of the kind {v}"),
            Code::OtherPurpose => {
                write!(f, "not a purpose of this channel: {v}")
            }
            Code::NoSubject => write!(f, "a message on the channel {v} has no subject"),
            Code::OtherClass => write!(f, "a journey sends informational or promotional content, not {v}"),
        }
    }
}

/// Several problems in one text, one a line.
pub fn listed(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
