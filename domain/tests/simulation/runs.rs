//! Facts for the step, and the transaction that writes what it decided.

use crate::{
    tables::{LEASE, Message, Status},
    world::World,
};
use cartwheel_domain::{
    journey::{
        CartFacts, ContactFacts, Effect, EndReason, Engagement, Facts, LineFacts, Outcome, RunState,
        RunStatus, Transition,
    },
    locale::Language,
    money::{Currency, Money},
    time::Millis,
};

/// A run as it was claimed.
pub struct Claimed {
    pub run: usize,
    pub epoch: u64,
    pub owner: u64,
    pub state: RunState,
}

/// A run as it was stepped.
pub struct Stepped {
    pub claimed: Claimed,
    pub outcome: Outcome,
    pub now: Millis,
    pub arrived: bool,
}

impl World {
    /// What is true now.
    pub fn facts(&self, cart: usize, run: Option<usize>) -> Facts {
        let row = &self.carts[cart];
        let contact = &self.contacts[row.contact];
        let line =
            LineFacts { sku: Some("SKU-1".into()), quantity: 1 + (cart % 4) as u32, ..LineFacts::default() };
        let mut facts = Facts {
            journey: self.journeys[row.journey].state,
            cart: CartFacts {
                kind: row.kind,
                status: row.status,
                excluded: row.excluded,
                value: Money::new(row.value, Currency::EUR),
                lines: vec![line],
            },
            contact: ContactFacts {
                has_email: true,
                language: Some(if cart.is_multiple_of(2) { Language::De } else { Language::En }),
                orders: contact.orders,
                ..ContactFacts::default()
            },
            zone: chrono_tz::Europe::Berlin,
            ordered_since_entry: false,
            engagement: Default::default(),
            reach: Default::default(),
            arrived: None,
        };
        if let Some(run) = run {
            let run = &self.runs[run];
            facts.ordered_since_entry = contact.last_order.is_some_and(|at| at >= run.state.entered_at);
            facts.arrived = run.arrived;
            for message in &run.messages {
                let message = &self.messages[*message];
                let seen: &mut Engagement = facts.engagement.entry(message.node.clone()).or_default();
                seen.sent |= message.status == Status::Sent;
                seen.opened |= message.clicked;
                seen.clicked |= message.clicked;
            }
        }
        facts
    }

    /// Leases due runs.
    pub fn claim_runs(&mut self, owner: u64, most: usize) -> Vec<Claimed> {
        self.commits += 1;
        let due: Vec<(Millis, usize)> =
            self.due_runs.iter().take(most).take_while(|(at, _)| *at <= self.wall).copied().collect();
        let lease = self.lease(owner);
        due.into_iter()
            .map(|key| {
                self.due_runs.remove(&key);
                self.leased_runs.insert(key.1);
                let row = &mut self.runs[key.1];
                row.epoch += 1;
                row.lease = Some(lease);
                row.state.status = RunStatus::Leased;
                Claimed { run: key.1, epoch: row.epoch, owner, state: row.state.clone() }
            })
            .collect()
    }

    pub fn lease(&self, owner: u64) -> crate::tables::Lease {
        crate::tables::Lease { owner, until: self.wall + LEASE, taken: self.mono }
    }

    /// The one transaction of a batch: each row only if it is still the worker's.
    pub fn commit_runs(&mut self, batch: Vec<Stepped>) {
        self.commits += 1;
        for one in batch {
            let row = &self.runs[one.claimed.run];
            let holds =
                row.epoch == one.claimed.epoch && row.lease.is_some_and(|l| l.owner == one.claimed.owner);
            if !holds && self.fences.epoch {
                self.stats.fenced += 1;
                self.journal.note(self.wall, "fenced", one.claimed.run, one.claimed.epoch);
                continue;
            }
            self.commit_run(one);
        }
    }

    fn commit_run(&mut self, one: Stepped) {
        let run = one.claimed.run;
        if self.runs[run].end.is_some() {
            self.fail(format!("I2: an ended run moved: {run}"));
        }
        let early = one.now < one.claimed.state.wake_at && !one.arrived;
        if early && one.outcome.effects.iter().any(|e| matches!(e, Effect::SendMessage { .. })) {
            self.fail(format!("run {run} sent before its time"));
        }
        self.stats.steps += 1;
        self.journal.note(self.wall, "step", run, one.claimed.epoch);
        self.journal.trail(&one.outcome.trail);
        let row = &mut self.runs[run];
        row.lease = None;
        row.state.context = one.outcome.context;
        self.leased_runs.remove(&run);
        match one.outcome.transition {
            Transition::Wait { node, visit, wake_at, wait_for } => {
                row.state.node = node;
                row.state.visit = visit;
                row.state.wake_at = wake_at;
                row.state.waiting_for = wait_for;
                row.state.status = RunStatus::Waiting;
                self.due_runs.insert((wake_at, run));
            }
            Transition::End { node, reason } => {
                row.state.node = node;
                row.state.waiting_for = None;
                row.state.status = RunStatus::Ended;
                row.end = Some(reason);
                row.ends_told += 1;
                if matches!(reason, EndReason::Broken) {
                    self.fail(format!("run {run} is broken"));
                }
            }
        }
        for effect in one.outcome.effects {
            self.apply(run, effect);
        }
        if self.runs[run].end.is_some() {
            self.clear_waits(run);
        }
    }

    fn apply(&mut self, run: usize, effect: Effect) {
        match effect {
            Effect::SendMessage { node, send_key, .. } => {
                if self.send_keys.contains_key(&send_key) {
                    return;
                }
                let message = self.messages.len();
                self.send_keys.insert(send_key.clone(), message);
                self.due_messages.insert((self.wall, message));
                self.runs[run].messages.push(message);
                self.messages.push(Message {
                    store: self.runs[run].state.store_id,
                    run,
                    node,
                    send_key,
                    status: Status::Queued,
                    next_at: self.wall,
                    epoch: 0,
                    lease: None,
                    clicked: false,
                    attempts: Vec::new(),
                    accepted: 0,
                });
            }
            Effect::RegisterWait { waits, .. } => self.register(run, &waits),
            Effect::ClearWaits => self.clear_waits(run),
            Effect::GoalReached { .. }
            | Effect::Exposure { .. }
            | Effect::UpdateContact { .. }
            | Effect::CallWebhook { .. } => {}
        }
    }

    /// Gives back what dead workers held.
    pub fn rescue(&mut self) {
        self.commits += 1;
        let (wall, plausible) = (self.wall, self.fences.plausible);
        // The clock may have been set back since the lease was taken.
        let over = |lease: Option<crate::tables::Lease>| {
            lease.is_some_and(|l| l.until < wall || (plausible && l.until > wall + LEASE))
        };
        let runs: Vec<usize> =
            self.leased_runs.iter().copied().filter(|r| over(self.runs[*r].lease)).collect();
        for run in runs {
            self.stats.rescued += 1;
            self.leased_runs.remove(&run);
            let row = &mut self.runs[run];
            row.lease = None;
            if row.end.is_none() {
                row.state.status = RunStatus::Waiting;
                self.due_runs.insert((row.state.wake_at, run));
            }
        }
        let messages: Vec<usize> =
            self.leased_messages.iter().copied().filter(|m| over(self.messages[*m].lease)).collect();
        for message in messages {
            self.stats.rescued += 1;
            self.leased_messages.remove(&message);
            self.journal.note(wall, "rescued", message, 0);
            // What was being attempted may have gone out. Only a provider that knows the key may be asked again.
            let again = self.messages[message].status == Status::Leased || self.provider.idempotent;
            let row = &mut self.messages[message];
            row.lease = None;
            if again {
                row.status = Status::Queued;
                row.next_at = wall;
                self.due_messages.insert((wall, message));
            } else {
                row.status = Status::Uncertain;
            }
        }
    }
}
