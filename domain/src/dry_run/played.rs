//! What happened to one person in a dry run.

use crate::{
    consent::Channel,
    ids::{CartId, RunId},
    journey::{Decision, EndReason, NodeId},
    time::Millis,
};

/// Everything that would have happened to one person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Played {
    /// Carts judged left since the dry run's beginning, one for each time.
    pub left: Vec<(CartId, Millis)>,
    /// Those that began no run.
    pub refused: Vec<Refused>,
    /// Runs.
    pub runs: Vec<PlayedRun>,
    /// Messages that steps asked for.
    pub messages: Vec<PlayedMessage>,
    /// Decisions at nodes: which run, where, what; and whether it is the node's entry.
    pub decisions: Vec<(usize, NodeId, Decision, bool)>,
    /// Steps taken.
    pub steps: u64,
}

/// A cart that was left and began no run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub cart: CartId,
    /// When.
    pub at: Millis,
    /// The word of [`crate::journey::NoEntry`], or `unreachable` where there was no address yet.
    pub why: &'static str,
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct PlayedRun {
    /// Its id, as the engine would give it.
    pub id: RunId,
    /// Which cart.
    pub cart: CartId,
    /// Which of the cart's entries.
    pub entry_key: String,
    /// When it began.
    pub entered_at: Millis,
    /// Where it rests, or ended.
    pub node: NodeId,
    /// When and why it ended.
    pub ended: Option<(Millis, EndReason)>,
    /// In the group that gets nothing.
    pub held_out: Option<bool>,
}

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub struct PlayedMessage {
    /// Which run asked.
    pub run: usize,
    /// About which cart.
    pub cart: CartId,
    /// At which node.
    pub node: NodeId,
    /// By which way.
    pub channel: Channel,
    /// Its key, as the engine would give it.
    pub send_key: String,
    /// What became of it.
    pub fate: Fate,
    /// When that was decided.
    pub at: Millis,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It waits still.
    Waiting,
    /// It would have gone.
    Sent,
    /// Overtaken by events.
    Cancelled(&'static str),
    /// Not allowed, or not wanted.
    Suppressed(String),
}
