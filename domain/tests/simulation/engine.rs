//! A worker that moves runs: claim, load, step, commit, one at a time, so that anything can happen between.

use crate::{
    runs::{Claimed, Stepped},
    tables::LEASE,
    world::World,
};
use cartwheel_domain::{
    journey::{Facts, step},
    time::{Millis, SECOND},
};

enum Task {
    Idle,
    Claimed(Vec<Claimed>),
    Loaded(Vec<(Claimed, Facts)>),
    Stepped(Vec<Stepped>),
}

/// One worker's memory; a crash loses all of it.
pub struct Engine {
    owner: u64,
    task: Task,
    asleep_until: Millis,
}

impl Engine {
    pub fn new(owner: u64) -> Self {
        Self { owner, task: Task::Idle, asleep_until: 0 }
    }

    /// Whether it can take a turn.
    pub fn able(&self, mono: Millis, due: bool) -> bool {
        self.asleep_until <= mono && (due || !matches!(self.task, Task::Idle))
    }

    /// When it can again, if it sleeps.
    pub fn wakes(&self, mono: Millis) -> Option<Millis> {
        (self.asleep_until > mono).then_some(self.asleep_until)
    }
}

impl World {
    /// What befalls a worker after a step: nothing, a sleep beyond its lease, or its end.
    pub fn fate(&mut self, point: usize) -> Fate {
        if self.rng.below(1000) >= self.crash_rate {
            return Fate::Lives;
        }
        if self.rng.chance(50) {
            return Fate::Sleeps(self.mono + self.rng.between(LEASE / 2, 10 * LEASE));
        }
        self.stats.crashes[point] += 1;
        Fate::Dies(self.mono + self.rng.between(0, 5 * SECOND))
    }

    pub fn turn_engine(&mut self, i: usize) {
        let owner = self.engines[i].owner;
        let (task, point) = match std::mem::replace(&mut self.engines[i].task, Task::Idle) {
            Task::Idle => {
                let most = 1 + self.rng.below(8);
                (Task::Claimed(self.claim_runs(owner, most)), 0)
            }
            Task::Claimed(claimed) => {
                let load = |c: Claimed| {
                    let facts = self.facts(self.runs[c.run].cart, Some(c.run));
                    (c, facts)
                };
                (Task::Loaded(claimed.into_iter().map(load).collect()), 1)
            }
            Task::Loaded(loaded) => {
                let now = self.wall;
                let decide = |(claimed, facts): (Claimed, Facts)| {
                    let journey = self.carts[self.runs[claimed.run].cart].journey;
                    let outcome = step(&self.journeys[journey].def, &claimed.state, &facts, now);
                    Stepped { claimed, outcome, now, arrived: facts.arrived.is_some() }
                };
                (Task::Stepped(loaded.into_iter().map(decide).collect()), 2)
            }
            Task::Stepped(batch) => {
                self.commit_runs(batch);
                (Task::Idle, 3)
            }
        };
        match self.fate(point) {
            Fate::Lives => self.engines[i].task = task,
            Fate::Sleeps(until) => {
                self.engines[i].task = task;
                self.engines[i].asleep_until = until;
            }
            Fate::Dies(until) => {
                self.engines[i] = Engine { asleep_until: until, ..Engine::new(self.incarnate()) };
            }
        }
    }
}

/// What befalls a worker.
pub enum Fate {
    Lives,
    Sleeps(Millis),
    Dies(Millis),
}
