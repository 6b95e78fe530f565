//! What a journey can ask of a cart, a contact and the messages before.

use super::node_id::NodeId;
use crate::{
    locale::{Country, Language},
    money::Currency,
};
use serde::{Deserialize, Serialize};

/// A question with a yes or no, over the facts of one run. `{"test":"cart_value","at_least":5000,"currency":"EUR"}`.
///
/// Bounds are inclusive; one of them may be left out. Texts are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "test", rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// Every one holds; an empty list holds.
    All {
        /// The parts.
        of: Vec<Condition>,
    },
    /// At least one holds; an empty list does not.
    Any {
        /// The parts.
        of: Vec<Condition>,
    },
    /// The part does not hold.
    Not {
        /// The part.
        of: Box<Condition>,
    },
    /// The cart's total, in minor units. A cart in another currency does not match: sums never cross currencies.
    CartValue {
        /// Lower bound, minor units.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_least: Option<i64>,
        /// Upper bound, minor units.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_most: Option<i64>,
        /// Currency of the bounds.
        currency: Currency,
    },
    /// How many lines the cart has.
    CartLines {
        /// Lower bound.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_least: Option<i64>,
        /// Upper bound.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_most: Option<i64>,
    },
    /// How many pieces all lines have together.
    ItemQuantity {
        /// Lower bound.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_least: Option<i64>,
        /// Upper bound.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_most: Option<i64>,
    },
    /// A line has this product or variant id.
    HasProduct {
        /// The shop's id.
        id: String,
    },
    /// A line has this stock-keeping unit.
    HasSku {
        /// The unit.
        sku: String,
    },
    /// A line is of this category.
    HasCategory {
        /// The category.
        category: String,
    },
    /// The contact has an e-mail address.
    HasEmail {},
    /// The contact has a phone number.
    HasPhone {},
    /// The contact reads one of these languages.
    Language {
        /// Languages.
        is: Vec<Language>,
    },
    /// The contact is in one of these countries.
    Country {
        /// Countries.
        is: Vec<Country>,
    },
    /// The contact has this tag.
    HasTag {
        /// The tag.
        tag: String,
    },
    /// A trait of the contact has this value.
    TraitEquals {
        /// The trait's name.
        name: String,
        /// A text, a number, `true` or `false`.
        value: serde_json::Value,
    },
    /// How many orders the contact has placed, ever.
    OrdersCount {
        /// Lower bound.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_least: Option<i64>,
        /// Upper bound.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_most: Option<i64>,
    },
    /// The contact has never ordered.
    FirstTimeBuyer {},
    /// The contact has ordered before.
    RepeatBuyer {},
    /// An earlier message of this run was handed over.
    Sent {
        /// The message node.
        message: NodeId,
    },
    /// An earlier message of this run was opened by a person; machine opens do not count.
    Opened {
        /// The message node.
        message: NodeId,
    },
    /// A link in an earlier message of this run was clicked by a person; scanners do not count.
    Clicked {
        /// The message node.
        message: NodeId,
    },
}

impl Condition {
    /// The message node this very test asks about, if any.
    pub fn message(&self) -> Option<&NodeId> {
        match self {
            Self::Sent { message } | Self::Opened { message } | Self::Clicked { message } => Some(message),
            _ => None,
        }
    }

    /// Calls `visit` with this condition and every part of it, and how deep each lies (1 is this one).
    pub fn walk<'a>(&'a self, depth: usize, visit: &mut impl FnMut(&'a Condition, usize)) {
        visit(self, depth);
        match self {
            Self::All { of } | Self::Any { of } => of.iter().for_each(|c| c.walk(depth + 1, visit)),
            Self::Not { of } => of.walk(depth + 1, visit),
            _ => {}
        }
    }
}
