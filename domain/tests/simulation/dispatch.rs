//! A worker that hands messages over: lease, last look and attempt, call, result.

use crate::{
    check::overtakes,
    engine::Fate,
    history::External,
    provider::Answer,
    tables::{Attempt, LEASE, Lease, Status},
    world::World,
};
use cartwheel_domain::{
    journey::JourneyState,
    time::{DAY, HOUR, MINUTE, Millis, SECOND},
};

/// Tries before a message is given up.
const TRIES: usize = 6;

enum Task {
    Idle,
    Leased(Held),
    Attempting(Held),
    Called(Held, Answer),
}

/// A message a worker believes to have.
#[derive(Clone, Copy)]
struct Held {
    message: usize,
    epoch: u64,
    lease: Lease,
}

/// One worker's memory.
pub struct Dispatcher {
    owner: u64,
    task: Task,
    asleep_until: Millis,
}

impl Dispatcher {
    pub fn new(owner: u64) -> Self {
        Self { owner, task: Task::Idle, asleep_until: 0 }
    }

    pub fn able(&self, mono: Millis, due: bool) -> bool {
        self.asleep_until <= mono && (due || !matches!(self.task, Task::Idle))
    }

    pub fn wakes(&self, mono: Millis) -> Option<Millis> {
        (self.asleep_until > mono).then_some(self.asleep_until)
    }
}

impl World {
    pub fn turn_dispatcher(&mut self, i: usize) {
        let owner = self.dispatchers[i].owner;
        let (task, point) = match std::mem::replace(&mut self.dispatchers[i].task, Task::Idle) {
            Task::Idle => (self.lease_message(owner), 4),
            Task::Leased(held) => (self.attempt(held), 5),
            Task::Attempting(held) => (self.call(held), 6),
            Task::Called(held, answer) => {
                self.settle(held, answer);
                (Task::Idle, 7)
            }
        };
        match self.fate(point) {
            Fate::Lives => self.dispatchers[i].task = task,
            Fate::Sleeps(until) => {
                self.dispatchers[i].task = task;
                self.dispatchers[i].asleep_until = until;
            }
            Fate::Dies(until) => {
                self.dispatchers[i] = Dispatcher { asleep_until: until, ..Dispatcher::new(self.incarnate()) };
            }
        }
    }

    fn lease_message(&mut self, owner: u64) -> Task {
        self.commits += 1;
        let Some(key) = self.due_messages.first().copied().filter(|(at, _)| *at <= self.wall) else {
            return Task::Idle;
        };
        self.due_messages.remove(&key);
        let lease = self.lease(owner);
        let row = &mut self.messages[key.1];
        row.status = Status::Leased;
        row.epoch += 1;
        row.lease = Some(lease);
        self.leased_messages.insert(key.1);
        Task::Leased(Held { message: key.1, epoch: row.epoch, lease })
    }

    /// Whether the row is still the worker's, in this status.
    fn holds(&self, held: Held, status: Status) -> bool {
        let row = &self.messages[held.message];
        row.epoch == held.epoch
            && row.status == status
            && row.lease.is_some_and(|l| l.owner == held.lease.owner)
    }

    fn release(&mut self, message: usize, status: Status, next_at: Millis) {
        self.leased_messages.remove(&message);
        let row = &mut self.messages[message];
        row.lease = None;
        row.status = status;
        row.next_at = next_at;
        if status == Status::Queued {
            self.due_messages.insert((next_at, message));
        }
        self.journal.note(self.wall, "message", message, u64::from(status.terminal()));
    }

    /// The last look and the attempt's row, in one transaction.
    fn attempt(&mut self, held: Held) -> Task {
        self.commits += 1;
        if !self.holds(held, Status::Leased) {
            self.stats.fenced += 1;
            return Task::Idle;
        }
        let run = &self.runs[self.messages[held.message].run];
        let cart = &self.carts[run.cart];
        let contact = &self.contacts[cart.contact];
        let since = run.state.entered_at;
        let bought = run.end.is_some_and(overtakes) || contact.last_order.is_some_and(|at| at >= since);
        let overtaken = if bought {
            Some(Status::Cancelled("purchase"))
        } else if !cart.status.open() {
            Some(Status::Cancelled("cart finished"))
        } else if contact.withdrawn.is_some() {
            Some(Status::Suppressed("opted out"))
        } else {
            None
        };
        let paused = self.journeys[cart.journey].state == JourneyState::Paused;
        let basis = contact.consent;
        let no = overtaken.filter(|_| self.fences.last_look);
        if let Some(status) = no.or(basis.is_none().then_some(Status::Suppressed("no basis"))) {
            self.release(held.message, status, self.wall);
            return Task::Idle;
        }
        if paused && self.fences.last_look {
            self.release(held.message, Status::Queued, self.wall + 15 * MINUTE);
            return Task::Idle;
        }
        self.messages[held.message].status = Status::Attempting;
        self.messages[held.message].attempts.push(Attempt { at: self.mono, basis });
        self.check_attempt(held.message);
        Task::Attempting(held)
    }

    /// The call, outside any transaction. Its worker may have slept since.
    fn call(&mut self, held: Held) -> Task {
        let in_lease = self.mono < held.lease.taken + LEASE;
        if !in_lease && self.fences.call_in_lease {
            return Task::Idle;
        }
        let row = &self.messages[held.message];
        let key = if self.fences.stable_key {
            row.send_key.clone()
        } else {
            format!("{}{}", row.send_key, row.attempts.len())
        };
        let (answer, new) = self.provider.call(&key, &mut self.rng);
        self.journal.note(self.wall, "call", held.message, answer as u64);
        if new {
            self.messages[held.message].accepted += 1;
            self.check_accepted(held.message);
            if self.rng.chance(20) {
                let late = if self.rng.chance(50) {
                    self.rng.between(0, SECOND)
                } else {
                    self.rng.between(0, 2 * DAY)
                };
                let id = self.rng.next();
                self.plan(self.mono + late, External::Click { id, message: held.message });
            }
        }
        Task::Called(held, answer)
    }

    fn settle(&mut self, held: Held, answer: Answer) {
        self.commits += 1;
        if !self.holds(held, Status::Attempting) {
            self.stats.fenced += 1;
            return;
        }
        let tries = self.messages[held.message].attempts.len();
        let later = self.wall + (MINUTE << tries.min(8)).min(6 * HOUR) + self.rng.between(0, MINUTE);
        let (status, next_at) = match answer {
            Answer::Accepted => (Status::Sent, self.wall),
            Answer::Never => (Status::Failed("refused"), self.wall),
            Answer::Later if tries >= TRIES => (Status::Failed("given up"), self.wall),
            Answer::Later => (Status::Queued, later),
            Answer::Silence if self.provider.idempotent && tries < TRIES => (Status::Queued, later),
            Answer::Silence => (Status::Uncertain, self.wall),
        };
        self.release(held.message, status, next_at);
    }
}
