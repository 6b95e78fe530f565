//! The invariants of quality: I1 to I5, I8, I9 and I13, by what was committed and not by what was meant.

use crate::{
    tables::{LEASE, Status},
    world::World,
};
use cartwheel_domain::{
    journey::{CartStatus, EndReason, JourneyState, keys},
    time::{HOUR, Millis},
};
use std::collections::{BTreeMap, BTreeSet};

/// Ends after which nothing goes out that was asked for before.
pub fn overtakes(reason: EndReason) -> bool {
    reason.is_purchase() || reason == EndReason::CameBack
}

impl World {
    /// I5, I8, I9: at the commit of an attempt.
    pub fn check_attempt(&mut self, message: usize) {
        let row = &self.messages[message];
        let run = &self.runs[row.run];
        let cart = &self.carts[run.cart];
        let contact = &self.contacts[cart.contact];
        let mut wrong = Vec::new();
        if cart.finished.is_some_and(|at| at < self.commits) || run.end.is_some_and(overtakes) {
            wrong.push(format!(
                "I5: message {message} is handed over after the cart was finished or taken up"
            ));
        }
        if contact.withdrawn.is_some_and(|at| at < self.commits) {
            wrong.push(format!("I5: message {message} is handed over after the opt-out"));
        }
        if self.journeys[cart.journey].state == JourneyState::Paused {
            wrong.push(format!("I5: message {message} is handed over in a pause"));
        }
        let basis = row.attempts.last().and_then(|a| a.basis);
        if basis.is_none() || basis != contact.consent || contact.withdrawn.is_some() {
            wrong.push(format!("I8: message {message} rests on nothing valid"));
        }
        let stores = [run.state.store_id, cart.store, contact.store, self.journeys[cart.journey].store];
        if stores.iter().any(|s| *s != row.store)
            || run.state.contact_id != contact.id
            || run.state.cart_id != cart.id
        {
            wrong.push(format!("I9: message {message} mixes stores or people"));
        }
        if cart.excluded {
            wrong.push(format!("message {message} goes to a machine"));
        }
        for why in wrong {
            self.fail(why);
        }
    }

    /// I1, I3: when the provider takes a message.
    pub fn check_accepted(&mut self, message: usize) {
        let row = &self.messages[message];
        let (accepted, attempted) = (row.accepted, row.attempts.last().map(|a| a.at));
        if accepted > 1 {
            self.fail(format!("I1: accepted {accepted} times: message {message}"));
        }
        match attempted {
            None => self.fail(format!("I3: message {message} was taken without an attempt")),
            Some(at) if self.mono - at > LEASE => {
                self.fail(format!("message {message} was taken {} ms after its attempt", self.mono - at));
            }
            Some(_) => {}
        }
    }

    /// I13: no lease without an owner, none far beyond its length.
    pub fn check_leases(&mut self) {
        let old = |taken: Millis| self.mono - taken > 2 * LEASE;
        let runs =
            self.leased_runs.iter().filter(|r| self.runs[**r].lease.is_none_or(|l| old(l.taken))).count();
        let messages = self
            .leased_messages
            .iter()
            .filter(|m| self.messages[**m].lease.is_none_or(|l| old(l.taken)))
            .count();
        if runs + messages > 0 {
            self.fail(format!("I13: {runs} runs and {messages} messages are held by nobody"));
        }
    }

    /// Before time is passed with nothing to do: nobody sleeps through what has happened.
    pub fn check_sleep(&mut self) {
        let woken = |run: &usize| {
            let run = &self.runs[*run];
            let known = |w: &cartwheel_domain::journey::WaitingFor| {
                run.arrived.is_some_and(|a| w.events.contains(&a.event) && a.at < w.until)
            };
            let paused = self.journeys[self.carts[run.cart].journey].state == JourneyState::Paused;
            run.lease.is_none()
                && run.state.waiting_for.as_ref().is_some_and(known)
                && !paused
                && run.state.wake_at > self.wall + HOUR
        };
        let slept = self.waits.values().flatten().find(|r| woken(r)).copied();
        if let Some(run) = slept {
            self.fail(format!("run {run} slept through the event it waits for"));
        }
    }

    /// I1, I2, I4, I9: when all is done.
    pub fn check_end(&mut self) {
        let mut wrong: Vec<String> = Vec::new();
        for (i, run) in self.runs.iter().enumerate() {
            if run.end.is_none() || run.ends_told != 1 {
                wrong.push(format!("I2: run {i} has {} ends", run.ends_told));
            }
            if run.lease.is_some() || !run.waits.is_empty() {
                wrong.push(format!("I13: run {i} is over and leaves something behind"));
            }
        }
        let mut places: BTreeSet<(usize, &str)> = BTreeSet::new();
        for (i, message) in self.messages.iter().enumerate() {
            if !message.status.terminal() {
                wrong.push(format!("I2: message {i} has no end: {:?}", message.status));
            }
            let run = &self.runs[message.run].state;
            let visits = run.context.visits.get(&message.node).copied().unwrap_or(0);
            if !(1..=visits)
                .any(|v| keys::send_key(run.store_id, run.run_id, &message.node, v) == message.send_key)
            {
                wrong.push(format!("I1: message {i} has a key that no visit of its node makes"));
            }
            if !places.insert((message.run, &message.send_key)) {
                wrong.push(format!("I1: two messages under one key: {}", message.send_key));
            }
            if message.status == Status::Sent && message.accepted != 1 {
                wrong.push(format!("I3: message {i} is sent and was accepted {} times", message.accepted));
            }
            if message.accepted > 0
                && !matches!(message.status, Status::Sent | Status::Uncertain)
                && !self.overtaken(message.run)
            {
                wrong.push(format!("I3: message {i} was accepted and is {:?}", message.status));
            }
        }
        let mut entries: BTreeMap<(usize, &str), u32> = BTreeMap::new();
        for run in &self.runs {
            *entries.entry((self.carts[run.cart].journey, &run.state.entry_key)).or_default() += 1;
        }
        if let Some((key, n)) = entries.iter().find(|(_, n)| **n > 1) {
            wrong.push(format!("two runs under {}: {n}", key.1));
        }
        for (i, cart) in self.carts.iter().enumerate() {
            let bought = matches!(cart.status, CartStatus::Converted | CartStatus::Recovered);
            if cart.status.open() || bought != cart.bought {
                wrong.push(format!(
                    "I4: cart {i} is {:?}, and an order was accepted: {}",
                    cart.status, cart.bought
                ));
            }
            if cart.runs.is_empty() && cart.abandonments > 0 && !cart.excluded {
                wrong.push(format!("I4: cart {i} was left and has no run"));
            }
        }
        for message in &self.messages {
            match message.status {
                Status::Sent => self.stats.sent += 1,
                Status::Suppressed(_) => self.stats.suppressed += 1,
                Status::Cancelled(_) => self.stats.cancelled += 1,
                Status::Failed(_) => self.stats.failed += 1,
                _ => self.stats.uncertain += 1,
            }
        }
        for why in wrong {
            self.fail(why);
        }
    }

    /// A retry whose first attempt may have gone out can be stopped by an order or an opt-out before it is settled.
    fn overtaken(&self, run: usize) -> bool {
        let cart = &self.carts[self.runs[run].cart];
        cart.finished.is_some()
            || self.contacts[cart.contact].withdrawn.is_some()
            || self.runs[run].end.is_some_and(overtakes)
    }
}
