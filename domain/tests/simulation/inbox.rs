//! What arrives, each in one transaction: de-duplicated, projected, and felt by the runs it concerns.

use crate::{
    history::External,
    tables::{Run, Status},
    world::World,
};
use cartwheel_domain::{
    event::EventKind,
    ids::{RunId, VersionId},
    journey::{
        Arrived, Awaited, CartStatus, EndReason, JourneyState, PastEntries, RunContext, RunState, RunStatus,
        WaitScope, admit, keys,
    },
    time::Millis,
};
use uuid::Uuid;

impl World {
    /// One event, one transaction.
    pub fn receive(&mut self, event: External) {
        self.commits += 1;
        match event {
            External::Left { id, cart, source_at } if self.inbox.insert(id) => self.left(cart, source_at),
            External::Changed { id, cart, source_at, value } if self.inbox.insert(id) => {
                self.changed(cart, source_at, value)
            }
            External::Order { id, cart } if self.inbox.insert(id) => self.order(cart),
            External::OptOut { id, contact } if self.inbox.insert(id) => {
                self.journal.note(self.wall, "opt_out", contact, id);
                self.contacts[contact].withdrawn.get_or_insert(self.commits);
            }
            External::Click { id, message } if self.inbox.insert(id) => {
                self.messages[message].clicked = true;
                let run = self.messages[message].run;
                let key = self.runs[run].state.run_id.to_string();
                self.arrive(Awaited::Clicked, &key);
            }
            External::Expire { cart } if self.carts[cart].status.open() => {
                self.carts[cart].status = CartStatus::Expired;
                self.carts[cart].finished = Some(self.commits);
            }
            External::Pause { journey, paused } => {
                self.journal.note(self.wall, "pause", journey, u64::from(paused));
                self.journeys[journey].state =
                    if paused { JourneyState::Paused } else { JourneyState::Active };
            }
            External::ClockStep { by } => {
                self.journal.note(self.wall, "clock", 0, by.unsigned_abs());
                self.stats.clock_steps += 1;
                self.wall += by;
            }
            // The second arrival of one event, and what concerns a finished cart, change nothing.
            _ => {}
        }
    }

    fn left(&mut self, cart: usize, source_at: Millis) {
        if !self.carts[cart].status.open() || source_at < self.carts[cart].newest {
            return;
        }
        self.carts[cart].newest = source_at;
        self.carts[cart].status = CartStatus::Abandoned;
        self.carts[cart].abandonments += 1;
        let (journey, contact) = (self.carts[cart].journey, self.carts[cart].contact);
        let (def, id) = (self.journeys[journey].def.clone(), self.carts[cart].id);
        let of_cart = self.carts[cart].runs.len() as u32;
        let last = self.carts[cart].runs.last().map(|r| self.runs[*r].state.entered_at);
        // Two that see the abandonment at once both find no run yet; then the key alone decides.
        let blind = self.rng.chance(30);
        let running = self.carts[cart].runs.iter().any(|r| self.runs[*r].end.is_none());
        let past = PastEntries { of_cart, running, last_of_cart: last, last_of_contact: None };
        let facts = self.facts(cart, None);
        let Ok(entry) = admit(&def, id, &facts, if blind { PastEntries::default() } else { past }, self.wall)
        else {
            return;
        };
        let entry = entry.entry_key;
        if self.fences.unique_entry && self.entries.contains_key(&(journey, entry.clone())) {
            return;
        }
        if running {
            self.fail(format!("two runs of cart {cart} at a time"));
        }
        let run = self.runs.len();
        self.journal.note(self.wall, "run", run, cart as u64);
        self.entries.insert((journey, entry.clone()), run);
        self.carts[cart].runs.push(run);
        let state = RunState {
            store_id: self.carts[cart].store,
            journey_id: self.journeys[journey].id,
            version_id: VersionId(Uuid::from_u128(7)),
            run_id: RunId(Uuid::from_u64_pair(self.seed, 0x8000_0000_0000_0000 | run as u64)),
            contact_id: self.contacts[contact].id,
            cart_id: id,
            entry_key: entry,
            node: def.start.clone(),
            visit: 0,
            status: RunStatus::Waiting,
            wake_at: self.wall,
            waiting_for: None,
            entered_at: self.wall,
            context: RunContext::default(),
        };
        self.due_runs.insert((self.wall, run));
        self.runs.push(Run {
            cart,
            state,
            epoch: 0,
            lease: None,
            end: None,
            ends_told: 0,
            waits: Vec::new(),
            arrived: None,
            messages: Vec::new(),
        });
    }

    fn changed(&mut self, cart: usize, source_at: Millis, value: i64) {
        let row = &mut self.carts[cart];
        if !row.status.open() {
            return;
        }
        if source_at > row.newest {
            row.newest = source_at;
            row.value = value;
            row.status = CartStatus::Active;
            if self.ends_on_return {
                for run in self.carts[cart].runs.clone() {
                    self.end_run(run, EndReason::CameBack);
                }
            }
        }
        let key = self.carts[cart].id.to_string();
        self.arrive(Awaited::Event(EventKind::CartUpdated), &key);
    }

    /// An order ends the runs of the person, takes back what is queued, and fences whoever has them.
    fn order(&mut self, cart: usize) {
        let contact = self.carts[cart].contact;
        if self.carts[cart].status.open() {
            let helped = self.carts[cart]
                .runs
                .iter()
                .any(|r| self.runs[*r].messages.iter().any(|m| self.messages[*m].clicked));
            self.carts[cart].status = if helped { CartStatus::Recovered } else { CartStatus::Converted };
            self.carts[cart].finished = Some(self.commits);
            self.carts[cart].bought = true;
        }
        self.contacts[contact].orders += 1;
        self.contacts[contact].last_order = Some(self.wall);
        self.journal.note(self.wall, "order", cart, contact as u64);
        let theirs: Vec<usize> = (0..self.runs.len())
            .filter(|r| self.runs[*r].end.is_none() && self.carts[self.runs[*r].cart].contact == contact)
            .collect();
        for run in theirs {
            let reason = match self.carts[self.runs[run].cart].status {
                CartStatus::Recovered => EndReason::Recovered,
                CartStatus::Converted => EndReason::Converted,
                _ => EndReason::Ordered,
            };
            self.end_run(run, reason);
        }
    }

    /// Ends a run that is not over, from outside: whoever has it is fenced, what it has queued is taken back.
    fn end_run(&mut self, run: usize, reason: EndReason) {
        if self.runs[run].end.is_some() {
            return;
        }
        self.journal.note(self.wall, reason.as_str(), run, 0);
        self.clear_waits(run);
        self.due_runs.remove(&(self.runs[run].state.wake_at, run));
        let row = &mut self.runs[run];
        row.end = Some(reason);
        row.ends_told += 1;
        row.state.status = RunStatus::Ended;
        if self.fences.order_bump {
            row.epoch += 1;
            row.lease = None;
            self.leased_runs.remove(&run);
        }
        for message in self.runs[run].messages.clone() {
            if self.messages[message].status == Status::Queued {
                self.due_messages.remove(&(self.messages[message].next_at, message));
                self.messages[message].status = Status::Cancelled(reason.as_str());
                self.messages[message].epoch += 1;
            }
        }
    }

    /// Wakes the runs that wait for it.
    fn arrive(&mut self, event: Awaited, key: &str) {
        debug_assert!(matches!(event.scope(), WaitScope::Cart | WaitScope::Run));
        let waiting = self.waits.get(&(event, key.to_owned())).cloned().unwrap_or_default();
        for run in waiting {
            let wall = self.wall;
            let row = &mut self.runs[run];
            row.arrived.get_or_insert(Arrived { event, at: wall });
            // A worker has a run that waits for an event only when its time is over, or in a pause; it comes back soon.
            if self.fences.wake && self.due_runs.remove(&(row.state.wake_at, run)) {
                row.state.wake_at = row.state.wake_at.min(wall);
                self.due_runs.insert((row.state.wake_at, run));
            }
        }
    }

    /// Registers what a run waits for.
    pub fn register(&mut self, run: usize, waits: &[(Awaited, String)]) {
        for wait in waits {
            let state = &self.runs[run].state;
            if wait.1 != keys::wait_key(wait.0, state.cart_id, state.contact_id, state.run_id) {
                self.fail(format!("run {run} waits under a key that is not its own"));
            }
            self.waits.entry(wait.clone()).or_default().push(run);
            self.runs[run].waits.push(wait.clone());
        }
    }

    /// Forgets it.
    pub fn clear_waits(&mut self, run: usize) {
        self.runs[run].arrived = None;
        for wait in std::mem::take(&mut self.runs[run].waits) {
            if let Some(runs) = self.waits.get_mut(&wait) {
                runs.retain(|r| *r != run);
            }
        }
    }
}
