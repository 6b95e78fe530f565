//! The rows of the model, the fences that can be taken away, and what is counted.

use cartwheel_domain::{
    event::CartKind,
    ids::{CartId, ContactId, JourneyId, StoreId},
    journey::{Arrived, Awaited, CartStatus, Definition, EndReason, JourneyState, NodeId, RunState},
    time::{MINUTE, Millis},
};
use std::rc::Rc;

/// How long a lease lasts.
pub const LEASE: Millis = MINUTE;

/// Where a worker can die.
pub const CRASH_POINTS: [&str; 8] = [
    "run.claimed",
    "run.loaded",
    "run.stepped",
    "run.committed",
    "message.leased",
    "message.attempting",
    "message.called",
    "message.settled",
];

/// What keeps the promises; each can be taken away to see that it is needed and that its absence is seen.
#[derive(Clone, Copy)]
pub struct Fences {
    /// A commit needs the epoch and the owner of the claim.
    pub epoch: bool,
    /// The provider gets the send key, the same on each attempt.
    pub stable_key: bool,
    /// An order bumps the epoch and takes the lease of the runs it ends.
    pub order_bump: bool,
    /// Whether the cart was bought, the person opted out or the journey paused is asked again in the transaction of
    /// the attempt.
    pub last_look: bool,
    /// Expired leases are given back.
    pub rescue: bool,
    /// A lease that ends later than any could counts as expired.
    pub plausible: bool,
    /// An arriving event makes the run due that waits for it.
    pub wake: bool,
    /// One run for each entry key.
    pub unique_entry: bool,
    /// A worker does not begin a call after its lease by the clock that never steps.
    pub call_in_lease: bool,
}

impl Fences {
    pub const ALL: Self = Self {
        epoch: true,
        stable_key: true,
        order_bump: true,
        last_look: true,
        rescue: true,
        plausible: true,
        wake: true,
        unique_entry: true,
        call_in_lease: true,
    };
}

/// What came up, over all seeds.
#[derive(Debug, Default, Clone)]
pub struct Stats {
    pub carts: u64,
    pub days: u64,
    pub runs: u64,
    pub steps: u64,
    pub sent: u64,
    pub suppressed: u64,
    pub cancelled: u64,
    pub failed: u64,
    pub uncertain: u64,
    pub fenced: u64,
    pub rescued: u64,
    pub clock_steps: u64,
    pub crashes: [u64; CRASH_POINTS.len()],
}

impl Stats {
    pub fn add(&mut self, other: &Self) {
        self.carts += other.carts;
        self.days += other.days;
        self.runs += other.runs;
        self.steps += other.steps;
        self.sent += other.sent;
        self.suppressed += other.suppressed;
        self.cancelled += other.cancelled;
        self.failed += other.failed;
        self.uncertain += other.uncertain;
        self.fenced += other.fenced;
        self.rescued += other.rescued;
        self.clock_steps += other.clock_steps;
        for (mine, theirs) in self.crashes.iter_mut().zip(other.crashes) {
            *mine += theirs;
        }
    }
}

/// Who holds a row, until when by the database's clock, and since when by the clock that never steps.
#[derive(Clone, Copy)]
pub struct Lease {
    pub owner: u64,
    pub until: Millis,
    pub taken: Millis,
}

/// One store's journey.
pub struct Journey {
    pub store: StoreId,
    pub id: JourneyId,
    pub def: Rc<Definition>,
    pub state: JourneyState,
}

pub struct Contact {
    pub store: StoreId,
    pub id: ContactId,
    /// Id of the consent row, if there is one.
    pub consent: Option<u64>,
    /// Commit number of the opt-out.
    pub withdrawn: Option<u64>,
    pub orders: u32,
    pub last_order: Option<Millis>,
}

pub struct Cart {
    pub store: StoreId,
    pub id: CartId,
    pub journey: usize,
    pub contact: usize,
    pub kind: CartKind,
    pub status: CartStatus,
    pub excluded: bool,
    pub value: i64,
    /// Source time of the newest accepted change.
    pub newest: Millis,
    /// Commit number of the order or the expiry.
    pub finished: Option<u64>,
    /// Whether an order was accepted for it while it was open.
    pub bought: bool,
    pub abandonments: u32,
    pub runs: Vec<usize>,
}

pub struct Run {
    pub cart: usize,
    pub state: RunState,
    pub epoch: u64,
    pub lease: Option<Lease>,
    pub end: Option<EndReason>,
    pub ends_told: u32,
    pub waits: Vec<(Awaited, String)>,
    pub arrived: Option<Arrived>,
    pub messages: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    Queued,
    Leased,
    Attempting,
    Sent,
    Suppressed(&'static str),
    Cancelled(&'static str),
    Failed(&'static str),
    Uncertain,
}

impl Status {
    pub fn terminal(self) -> bool {
        !matches!(self, Self::Queued | Self::Leased | Self::Attempting)
    }
}

/// A row of the outbox.
pub struct Message {
    pub store: StoreId,
    pub run: usize,
    pub node: NodeId,
    pub send_key: String,
    pub status: Status,
    pub next_at: Millis,
    pub epoch: u64,
    pub lease: Option<Lease>,
    pub clicked: bool,
    pub attempts: Vec<Attempt>,
    /// How often a provider took it as a message of its own.
    pub accepted: u32,
}

/// Written before the call.
pub struct Attempt {
    /// When, by the clock that never steps.
    pub at: Millis,
    /// The consent row it rests on.
    pub basis: Option<u64>,
}
