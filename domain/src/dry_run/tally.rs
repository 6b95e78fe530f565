//! What many dry runs add up to: numbers, and the carts behind each.

use super::played::{Fate, Played};
use crate::{
    consent::Channel,
    ids::CartId,
    journey::{Decision, NodeId},
};
use std::collections::{BTreeMap, BTreeSet};

/// As many carts as are kept of each number; the number itself counts all.
pub const MOST_CARTS: usize = 1_000;

/// Kinds of number, as stored.
pub mod kinds {
    /// Carts judged left.
    pub const LEFT: &str = "left";
    /// Runs that began.
    pub const ENTERED: &str = "entered";
    /// Carts that were left and began no run, by reason.
    pub const NOT_ENTERED: &str = "not_entered";
    /// Runs that ended, by reason.
    pub const ENDED: &str = "ended";
    /// Runs that were still in the journey at the end.
    pub const STILL_IN: &str = "still_in";
    /// What was decided at a node; `visited` counts entries.
    pub const NODE: &str = "node";
    /// Messages that would have gone.
    pub const SENT: &str = "sent";
    /// Messages that would not have been allowed, by rule.
    pub const SUPPRESSED: &str = "suppressed";
    /// Messages that events would have overtaken, by reason.
    pub const CANCELLED: &str = "cancelled";
    /// Messages that would still wait at the end.
    pub const WAITING: &str = "waiting";
    /// Messages that are not made, since the person is held out.
    pub const SILENCED: &str = "silenced";
}

/// What a number is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket {
    /// One of [`kinds`].
    pub kind: &'static str,
    /// At which node; of messages also without, for all nodes together.
    pub node: Option<NodeId>,
    /// By which way, of messages.
    pub channel: Option<Channel>,
    /// Why, or what.
    pub reason: Option<String>,
}

/// A number and the carts behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Number {
    /// How many.
    pub n: u64,
    /// Some of the carts, each once: all where there are no more than [`MOST_CARTS`].
    pub carts: Vec<CartId>,
    /// How many carts there are.
    pub of_carts: u64,
}

/// Adds up what happened to many people, in memory that does not grow with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    numbers: BTreeMap<Bucket, Number>,
    /// Steps taken.
    pub steps: u64,
}

impl Tally {
    /// Adds one person. People have no carts in common, so a cart counts once for each number.
    pub fn add(&mut self, played: &Played) {
        let mut seen: BTreeMap<Bucket, (u64, BTreeSet<CartId>)> = BTreeMap::new();
        let mut one = |kind,
                       reason: Option<&str>,
                       (node, channel): (Option<&NodeId>, Option<Channel>),
                       cart: CartId| {
            let bucket = Bucket { kind, node: node.cloned(), channel, reason: reason.map(str::to_owned) };
            let (n, carts) = seen.entry(bucket).or_default();
            *n += 1;
            carts.insert(cart);
        };
        for (cart, _) in &played.left {
            one(kinds::LEFT, None, (None, None), *cart);
        }
        for refused in &played.refused {
            one(kinds::NOT_ENTERED, Some(refused.why), (None, None), refused.cart);
        }
        for run in &played.runs {
            one(kinds::ENTERED, None, (None, None), run.cart);
            match run.ended {
                Some((_, reason)) => one(kinds::ENDED, Some(reason.as_str()), (None, None), run.cart),
                None => one(kinds::STILL_IN, None, (None, None), run.cart),
            }
        }
        for (run, node, decision, enters) in &played.decisions {
            let cart = played.runs[*run].cart;
            one(kinds::NODE, Some(decision.as_str()), (Some(node), None), cart);
            if *enters {
                one(kinds::NODE, Some("visited"), (Some(node), None), cart);
            }
            if *decision == Decision::MessageSilenced {
                one(kinds::SILENCED, None, (Some(node), None), cart);
            }
        }
        for message in &played.messages {
            let (kind, reason) = match &message.fate {
                Fate::Waiting => (kinds::WAITING, None),
                Fate::Sent => (kinds::SENT, None),
                Fate::Cancelled(reason) => (kinds::CANCELLED, Some(*reason)),
                Fate::Suppressed(reason) => (kinds::SUPPRESSED, Some(reason.as_str())),
            };
            // At its node, and of all nodes together.
            for node in [Some(&message.node), None] {
                one(kind, reason, (node, Some(message.channel)), message.cart);
            }
        }
        for (bucket, (n, carts)) in seen {
            let number = self.numbers.entry(bucket).or_default();
            number.n += n;
            number.of_carts += carts.len() as u64;
            let room = MOST_CARTS - number.carts.len();
            number.carts.extend(carts.into_iter().take(room));
        }
        self.steps += played.steps;
    }

    /// Counts what was not played: so many, for this reason, and of no cart that is known.
    pub fn leave_out(&mut self, reason: &str, n: u64) {
        if n > 0 {
            let bucket = Bucket {
                kind: kinds::NOT_ENTERED,
                node: None,
                channel: None,
                reason: Some(reason.to_owned()),
            };
            let number = self.numbers.entry(bucket).or_default();
            (number.n, number.of_carts) = (number.n + n, number.of_carts + n);
        }
    }

    /// Takes in what another has added up of other people.
    pub fn merge(&mut self, other: Self) {
        for (bucket, theirs) in other.numbers {
            let number = self.numbers.entry(bucket).or_default();
            number.n += theirs.n;
            number.of_carts += theirs.of_carts;
            let room = MOST_CARTS - number.carts.len();
            number.carts.extend(theirs.carts.into_iter().take(room));
        }
        self.steps += other.steps;
    }

    /// All numbers, in the order in which they are shown.
    pub fn numbers(&self) -> impl Iterator<Item = (&Bucket, &Number)> {
        self.numbers.iter()
    }

    /// One number; 0 where nothing happened.
    pub fn n(&self, kind: &str, reason: Option<&str>) -> u64 {
        let of = |b: &&Bucket| b.kind == kind && b.node.is_none() && b.reason.as_deref() == reason;
        self.numbers.iter().filter(|(bucket, _)| of(bucket)).map(|(_, number)| number.n).sum()
    }
}
