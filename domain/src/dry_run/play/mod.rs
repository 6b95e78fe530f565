//! The clock and the bookkeeping: events arrive, timers run out, and each time the engine's own functions are asked.
//!
//! At one instant events come first, then carts are closed for age, judged left, runs are stepped, messages looked at: as
//! the workers do when all of them are in time.

mod due;
mod orders;
mod truth;

use super::{
    cart::Cart,
    people::{Happening, Person, Plan, Sent, What},
    played::{Fate, Played, PlayedMessage, PlayedRun},
};
use crate::{
    cart::Turn,
    consent::{Channel, ContentClass, Purpose},
    ids::CartId,
    journey::{Awaited, EndReason, Needs, NodeId, RunState, WaitScope},
    locale,
    order::Order,
    time::Millis,
};
use chrono_tz::Tz;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap},
};

/// Plays one person's events. Pure: equal arguments, equal answer.
pub fn play(plan: &Plan<'_>, person: &Person) -> Played {
    let mut player = Player::new(plan, person);
    for event in person.events.iter().take_while(|event| event.at <= plan.until) {
        player.work_off(event.at);
        player.arrive(event);
    }
    player.work_off(plan.until.saturating_add(1));
    player.finish()
}

/// What is due; the order of the variants is the order at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Close(usize),
    Judge(usize),
    Step(usize),
    Look(usize),
}

struct Run {
    state: RunState,
    cart: usize,
    /// Which of the cart's abandonments it began with, from 0.
    number: u32,
    ended: Option<(Millis, EndReason)>,
    held_out: Option<bool>,
    /// Message nodes whose message was handed over.
    sent: Vec<NodeId>,
}

struct Queued {
    words: (Channel, Purpose, ContentClass),
    created_at: Millis,
    next_at: Millis,
}

struct Known {
    order: Order,
    trusted: bool,
    test: bool,
    by_message: bool,
    /// The person's own, and not somebody else's of one of their carts.
    mine: bool,
    /// The cart that was ordered.
    own: Option<usize>,
}

struct Player<'a> {
    plan: &'a Plan<'a>,
    person: &'a Person,
    needs: Needs,
    store_zone: Tz,
    carts: Vec<Cart>,
    places: HashMap<CartId, usize>,
    orders: BTreeMap<String, Known>,
    last_order_at: Option<Millis>,
    facts: crate::journey::ContactFacts,
    runs: Vec<Run>,
    queued: Vec<Queued>,
    /// Hand-overs of this dry run.
    sent: Vec<Sent>,
    arrivals: Vec<(Millis, Awaited, Option<usize>, bool)>,
    due: BinaryHeap<Reverse<(Millis, Due)>>,
    played: Played,
}

impl<'a> Player<'a> {
    fn new(plan: &'a Plan<'a>, person: &'a Person) -> Self {
        let carts: Vec<Cart> = person.carts.iter().map(|c| Cart::new(c.id, c.excluded)).collect();
        let places = carts.iter().enumerate().map(|(place, cart)| (cart.id, place)).collect();
        let known = |o: &super::KnownOrder| {
            let order = o.order.clone();
            (
                o.external_id.clone(),
                Known { order, trusted: o.trusted, test: o.test, by_message: false, mine: true, own: None },
            )
        };
        let mut player = Self {
            plan,
            person,
            needs: plan.definition.needs(),
            store_zone: locale::zone(&plan.settings.time_zone).unwrap_or(Tz::UTC),
            carts,
            places,
            orders: person.orders.iter().map(known).collect(),
            last_order_at: None,
            facts: person.facts.clone(),
            runs: Vec::new(),
            queued: Vec::new(),
            sent: Vec::new(),
            arrivals: Vec::new(),
            due: BinaryHeap::new(),
            played: Played::default(),
        };
        player.count_orders();
        player
    }

    fn work_off(&mut self, before: Millis) {
        while let Some(Reverse((at, due))) = self.due.peek().copied().filter(|d| d.0.0 < before) {
            self.due.pop();
            match due {
                Due::Close(cart) => self.close(cart, at),
                Due::Judge(cart) => self.judge(cart, at),
                Due::Step(run) => self.step(run, at),
                Due::Look(message) => self.look(message, at),
            }
        }
    }

    fn arrive(&mut self, event: &Happening) {
        let now = event.at;
        let cart = event.cart.and_then(|id| self.places.get(&id).copied());
        let mut endings: Vec<(usize, EndReason)> = Vec::new();
        match (&event.what, cart) {
            (What::Cart(change), Some(cart)) => {
                let turn =
                    self.carts[cart].take((event.id, event.occurred_at), change, self.plan.settings, now);
                endings.extend(turn.map(|turn| match turn {
                    Turn::Deleted => (cart, EndReason::Expired),
                    Turn::CameBack => (cart, EndReason::CameBack),
                }));
                if event.own {
                    self.settle_with_orders(cart, event.occurred_at, now, &mut endings);
                }
                self.watch(cart, now);
            }
            (What::Order { change, trusted, test }, cart) => {
                self.order(event, change, (*trusted, *test), cart, &mut endings);
            }
            (What::Cart(_) | What::Plain, _) => {}
        }
        // An order has the last word over what the cart's events say.
        let last: BTreeMap<usize, EndReason> = endings.into_iter().collect();
        for (cart, reason) in last {
            self.end_runs(cart, reason, now);
        }
        self.wake(event, cart, now);
    }

    /// Sets the timers of a cart.
    fn watch(&mut self, cart: usize, now: Millis) {
        let model = &self.carts[cart];
        let judged = model.standing.idle_at.or(model.would_be_left);
        self.due.extend(judged.map(|at| Reverse((at.max(now), Due::Judge(cart)))));
        let closed = model.closes_at(self.plan.settings);
        self.due.extend(closed.map(|at| Reverse((at.max(now), Due::Close(cart)))));
    }

    fn wake(&mut self, event: &Happening, cart: Option<usize>, now: Millis) {
        let awaited = Awaited::Event(event.kind);
        self.arrivals.push((now, awaited, cart, event.own));
        for (place, run) in self.runs.iter_mut().enumerate() {
            let waits = run.state.waiting_for.as_ref().is_some_and(|w| w.events.contains(&awaited));
            let mine = match awaited.scope() {
                WaitScope::Cart => cart == Some(run.cart),
                WaitScope::Contact => event.own,
                WaitScope::Run => false,
            };
            if run.ended.is_none() && waits && mine && run.state.wake_at > now {
                run.state.wake_at = now;
                self.due.push(Reverse((now, Due::Step(place))));
            }
        }
    }

    fn end_runs(&mut self, cart: usize, reason: EndReason, now: Millis) {
        for run in self.runs.iter_mut().filter(|run| run.cart == cart && run.ended.is_none()) {
            (run.ended, run.state.waiting_for) = (Some((now, reason)), None);
        }
        let id = self.carts[cart].id;
        self.cancel(|message| message.cart == id, reason, now);
    }

    fn cancel(&mut self, which: impl Fn(&PlayedMessage) -> bool, reason: EndReason, now: Millis) {
        for message in self.played.messages.iter_mut().filter(|m| m.fate == Fate::Waiting && which(m)) {
            (message.fate, message.at) = (Fate::Cancelled(reason.as_str()), now);
        }
    }

    fn finish(mut self) -> Played {
        let runs = self.runs.into_iter().map(|run| PlayedRun {
            id: run.state.run_id,
            cart: run.state.cart_id,
            entry_key: run.state.entry_key,
            entered_at: run.state.entered_at,
            node: run.state.node,
            ended: run.ended,
            held_out: run.held_out,
        });
        self.played.runs = runs.collect();
        self.played
    }
}
