//! The clock and the bookkeeping: events arrive, timers run out, and each time the engine's own functions are asked.
//!
//! At one instant events come first, then carts are closed for age, judged left, runs are stepped, messages looked at: as
//! the workers do when all of them are in time.

use super::{
    cart::Cart,
    people::{Happening, Person, Plan, What},
    played::{Fate, Played, PlayedMessage, PlayedRun, Refused},
};
use crate::{
    cart::{CLOCKS_AGREE, Status, Turn, boundary, parted, too_old},
    consent::{Channel, ContentClass, Purpose, Recipient, ledger::fold},
    event::OrderChange,
    ids::{CartId, MessageId},
    journey::{
        Arrived, Awaited, CartFacts, Effect, EndReason, Engagement, Facts, Group, JourneyState, LOOK_BACK,
        LineFacts, Needs, NodeId, PastEntries, RunContext, RunState, RunStatus, Transition, WaitScope, admit,
        keys, step,
    },
    last_look::{About, Addressee, Asker, Question, Verdict, dealings, look},
    locale,
    money::{Currency, Money},
    order::{Order, bought, counts},
    recovery::{MessageFacts, OrderFacts, Rules, attribute},
    schedule::wall_zone,
    time::Millis,
};
use chrono_tz::Tz;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap},
};
use uuid::Uuid;

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
    sent: Vec<(Millis, CartId)>,
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

    // What comes in.

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

    // Orders.

    fn order(
        &mut self,
        event: &Happening,
        change: &OrderChange,
        (trusted, test): (bool, bool),
        cart: Option<usize>,
        endings: &mut Vec<(usize, EndReason)>,
    ) {
        let now = event.at;
        let before = self.orders.get(&change.external_id);
        // A browser does not change what a server told of.
        if !trusted && before.is_some_and(|known| known.trusted) {
            return;
        }
        let had = before.map(|known| (bought(known.order.state), known.order.placed_at));
        let known = self.orders.entry(change.external_id.clone()).or_insert_with(|| Known {
            order: Order::unknown(event.occurred_at),
            trusted,
            test,
            by_message: false,
            mine: event.own,
            own: None,
        });
        known.order.merge(event.occurred_at, change);
        (known.trusted, known.test) = (known.trusted || trusted, known.test || test);
        let (state, placed_at) = (known.order.state, known.order.placed_at);
        let named = change.cart_token.is_some() || change.checkout_token.is_some();
        let own = known.own.or(cart).filter(|_| named);
        known.own = own.or(known.own);
        let moved = had.is_some_and(|(_, at)| at != placed_at);
        if bought(state) && (!had.is_some_and(|(bought, _)| bought) || moved || named) {
            let by_message = self.attributed(own, placed_at);
            if let Some(known) = self.orders.get_mut(&change.external_id) {
                known.by_message = by_message;
            }
            if let Some(own) = own {
                let ended = self.settle(own, placed_at, by_message, now);
                if ended {
                    endings.push((own, EndReason::of_order(true, by_message)));
                } else if self.carts[own].content.at == 0 {
                    // The order overtook its cart's events: they find it finished.
                    let standing = &mut self.carts[own].standing;
                    (standing.status, standing.finished) = (Status::bought(by_message), true);
                }
            }
            for other in 0..self.carts.len() {
                let open = trusted && event.own && Some(other) != own && self.carts[other].open_basket();
                if open && self.settle(other, placed_at, by_message, now) {
                    endings.push((other, EndReason::of_order(false, by_message)));
                }
            }
        }
        self.count_orders();
    }

    /// Ends a cart by an order, if the order is its end.
    fn settle(&mut self, cart: usize, placed_at: Millis, by_message: bool, now: Millis) -> bool {
        let model = &mut self.carts[cart];
        if !model.standing.status.open() || model.content.at == 0 {
            return false;
        }
        if model.content.at > boundary(placed_at) && parted(model.facts.clone(), placed_at).is_none() {
            return false;
        }
        let standing = &mut model.standing;
        (standing.status, standing.finished, standing.idle_at) = (Status::bought(by_message), true, None);
        (model.changed, model.would_be_left) = (now, None);
        true
    }

    /// A cart of which something was heard that an order came after.
    fn settle_with_orders(
        &mut self,
        cart: usize,
        at: Millis,
        now: Millis,
        endings: &mut Vec<(usize, EndReason)>,
    ) {
        let ended = self.last_order_at.is_some_and(|last| boundary(last) >= at);
        if !ended || !self.carts[cart].open_basket() {
            return;
        }
        let since = at.saturating_sub(CLOCKS_AGREE);
        let mut placed: Vec<(Millis, &String, bool)> = self
            .orders
            .iter()
            .filter(|(_, known)| {
                known.mine && known.trusted && bought(known.order.state) && known.order.placed_at >= since
            })
            .map(|(id, known)| (known.order.placed_at, id, known.by_message))
            .collect();
        placed.sort();
        let placed: Vec<(Millis, bool)> = placed.into_iter().map(|(at, _, by)| (at, by)).collect();
        for (placed_at, by_message) in placed {
            if self.settle(cart, placed_at, by_message, now) {
                endings.push((cart, EndReason::of_order(false, by_message)));
            }
        }
    }

    /// Whether an order is attributed to a message: by window, since nobody clicked.
    fn attributed(&self, cart: Option<usize>, placed_at: Millis) -> bool {
        let settings = self.plan.settings;
        let rules =
            Rules { click_days: settings.click_window_days, window_days: settings.message_window_days };
        let contact = self.person.contact;
        let others = self.person.sent.iter().copied();
        let own = self.sent.iter().map(|(at, cart)| (*at, Some(*cart)));
        let messages: Vec<MessageFacts> = others
            .chain(own)
            .enumerate()
            .map(|(n, (at, cart))| MessageFacts {
                id: MessageId(Uuid::from_u128(n as u128)),
                contact,
                cart,
                delivered_at: Some(at),
                human_clicks: Vec::new(),
            })
            .collect();
        let about = OrderFacts { contact, cart: cart.map(|place| self.carts[place].id), placed_at };
        let found = attribute(&about, &messages, rules);
        found.by_click.or(found.by_window).is_some()
    }

    fn count_orders(&mut self) {
        let told = || self.orders.values().filter(|known| known.trusted && known.mine);
        let n = told().filter(|known| counts(known.order.state)).count();
        self.facts.orders = u32::try_from(n).unwrap_or(u32::MAX);
        let last = told().filter(|known| bought(known.order.state)).map(|known| known.order.placed_at).max();
        self.last_order_at = self.last_order_at.max(last);
    }

    // What is due.

    fn close(&mut self, cart: usize, now: Millis) {
        let at = self.carts[cart].closes_at(self.plan.settings);
        if at.is_some_and(|at| at <= now) {
            self.expire(cart, now);
        }
    }

    fn expire(&mut self, cart: usize, now: Millis) {
        let model = &mut self.carts[cart];
        let standing = &mut model.standing;
        (standing.status, standing.finished, standing.idle_at) = (Status::Expired, true, None);
        (model.changed, model.would_be_left) = (now, None);
        self.end_runs(cart, EndReason::Expired, now);
    }

    fn judge(&mut self, cart: usize, now: Millis) {
        let since = self.plan.since;
        let model = &mut self.carts[cart];
        if model.would_be_left.is_some_and(|at| at <= now) {
            model.would_be_left = None;
            if now >= since {
                self.played.refused.push(Refused { cart: model.id, at: now, why: "excluded" });
            }
            return;
        }
        if model.standing.idle_at.is_none_or(|at| at > now) {
            return;
        }
        if too_old(model.activity, now, self.plan.settings) {
            return self.expire(cart, now);
        }
        let standing = &mut model.standing;
        (standing.status, standing.abandoned_at, standing.idle_at) = (Status::Abandoned, Some(now), None);
        let before = model.entries;
        (model.entries, model.changed) = (before + 1, now);
        let id = model.id;
        self.watch(cart, now);
        if now >= since {
            self.played.left.push((id, now));
            if let Err(why) = self.begin(cart, before, now) {
                self.played.refused.push(Refused { cart: id, at: now, why });
            }
        }
    }

    /// Begins a run, or says why not.
    fn begin(&mut self, cart: usize, before: u32, now: Millis) -> Result<(), &'static str> {
        if self.erased(now) || !(self.has_email(now) || self.has_phone(now)) {
            return Err("unreachable");
        }
        let plan = self.plan;
        let id = self.carts[cart].id;
        let facts = self.facts_of(cart, None, now);
        let mut past = PastEntries::default();
        for run in self.runs.iter().filter(|r| r.cart == cart && r.number < before.min(LOOK_BACK)) {
            past.of_cart += 1;
            past.running |= run.ended.is_none();
            past.last_of_cart = past.last_of_cart.max(Some(run.state.entered_at));
        }
        past.last_of_contact = self.runs.iter().map(|r| r.state.entered_at).max();
        let entry = admit(plan.definition, id, &facts, past, now).map_err(|no| no.as_str())?;
        let run_id = keys::run_id(plan.journey, &entry.entry_key);
        let state = RunState {
            store_id: plan.store,
            journey_id: plan.journey,
            version_id: crate::ids::VersionId(Uuid::nil()),
            run_id,
            contact_id: self.person.contact,
            cart_id: id,
            entry_key: entry.entry_key,
            node: plan.definition.start.clone(),
            visit: 0,
            status: RunStatus::Leased,
            wake_at: now,
            waiting_for: None,
            entered_at: now,
            context: RunContext::default(),
        };
        let run = Run { state, cart, number: past.of_cart, ended: None, held_out: None, sent: Vec::new() };
        self.due.push(Reverse((now, Due::Step(self.runs.len()))));
        self.runs.push(run);
        Ok(())
    }

    fn step(&mut self, place: usize, now: Millis) {
        let run = &self.runs[place];
        if run.ended.is_some() || run.state.wake_at > now {
            return;
        }
        let facts = self.facts_of(run.cart, Some(run), now);
        let outcome = step(self.plan.definition, &run.state, &facts, now);
        self.played.steps += 1;
        for entry in outcome.trail {
            let enters = entry.enters();
            self.played.decisions.push((place, entry.node, entry.decision, enters));
        }
        let run = &mut self.runs[place];
        run.held_out = outcome.context.group.map(|g| g == Group::HeldOut).or(run.held_out);
        run.state.context = outcome.context;
        for effect in outcome.effects {
            self.carry_out(place, effect, now);
        }
        let run = &mut self.runs[place];
        match outcome.transition {
            Transition::Wait { node, visit, wake_at, wait_for } => {
                (run.state.node, run.state.visit) = (node, visit);
                (run.state.wake_at, run.state.waiting_for) = (wake_at, wait_for);
                self.due.push(Reverse((wake_at.max(now), Due::Step(place))));
            }
            Transition::End { node, reason } => {
                run.state.node = node;
                (run.ended, run.state.waiting_for) = (Some((now, reason)), None);
                if !reason.lets_go() {
                    self.cancel(|message| message.run == place, reason, now);
                }
            }
        }
    }

    fn carry_out(&mut self, run: usize, effect: Effect, now: Millis) {
        match effect {
            Effect::SendMessage { node, channel, content_class, purpose, send_key, .. } => {
                let cart = self.carts[self.runs[run].cart].id;
                self.due.push(Reverse((now, Due::Look(self.queued.len()))));
                let words = (channel, purpose, content_class);
                self.queued.push(Queued { words, created_at: now, next_at: now });
                let fate = Fate::Waiting;
                self.played.messages.push(PlayedMessage {
                    run,
                    cart,
                    node,
                    channel,
                    send_key,
                    fate,
                    at: now,
                });
            }
            Effect::UpdateContact { change } => {
                if !self.erased(now) {
                    change.apply(&mut self.facts.tags, &mut self.facts.traits);
                }
            }
            // Where a run waits stands in its state; groups and goals are read from it.
            Effect::RegisterWait { .. }
            | Effect::ClearWaits
            | Effect::GoalReached { .. }
            | Effect::Exposure { .. } => {}
        }
    }

    fn look(&mut self, place: usize, now: Millis) {
        let (queued, message) = (&self.queued[place], &self.played.messages[place]);
        if message.fate != Fate::Waiting || queued.next_at > now {
            return;
        }
        let run = &self.runs[message.run];
        let cart = &self.carts[run.cart];
        let before = self.person.sent.iter().filter(|(at, _)| *at <= now);
        let about_cart = before.clone().filter(|(_, about)| *about == Some(cart.id)).count();
        let sent_to: Vec<Millis> =
            before.map(|(at, _)| *at).chain(self.sent.iter().map(|(at, _)| *at)).collect();
        let id = cart.id.to_string();
        let question = Question {
            created_at: queued.created_at,
            held: false,
            words: Some(queued.words),
            run: Some(Asker {
                held_out: run.held_out,
                ended: run.ended.map(|(_, reason)| reason),
                entered_at: run.state.entered_at,
            }),
            journey: Some(JourneyState::Active),
            definition: Some(self.plan.definition),
            to: Some(Addressee {
                erased: self.erased(now),
                has_address: self.has_email(now),
                last_order_at: self.last_order_at,
                time_zone: self.person.time_zone.as_deref(),
            }),
            about: Some(Some(About {
                id: &id,
                kind: cart.content.kind,
                status: cart.standing.status,
                excluded: cart.excluded,
                empty: crate::cart::count(&cart.content.lines) == 0,
                valid_until: cart.content.valid_until,
                abandoned_at: cart.standing.abandoned_at,
                messages_sent: cart.messages.saturating_add(u32::try_from(about_cart).unwrap_or(u32::MAX)),
            })),
            sent_to: &sent_to,
            being_told: false,
            settings: self.plan.settings,
        };
        let verdict = look(&question, || self.recipient(cart, &id, now), now);
        let (cart, run) = (run.cart, message.run);
        let fate = match verdict {
            Verdict::Later(after, _) => {
                let at = now.saturating_add(after.max(1));
                self.queued[place].next_at = at;
                self.due.push(Reverse((at, Due::Look(place))));
                return;
            }
            Verdict::Go(_) => {
                self.carts[cart].messages += 1;
                self.sent.push((now, self.carts[cart].id));
                let node = self.played.messages[place].node.clone();
                self.runs[run].sent.push(node);
                Fate::Sent
            }
            Verdict::Cancel(reason) => Fate::Cancelled(reason),
            Verdict::Suppress(reason, _) => Fate::Suppressed(reason),
        };
        let message = &mut self.played.messages[place];
        (message.fate, message.at) = (fate, now);
    }

    // What is true.

    fn erased(&self, now: Millis) -> bool {
        self.person.erased_at.is_some_and(|at| at <= now)
    }

    fn has_email(&self, now: Millis) -> bool {
        self.person.email_since.is_some_and(|at| at <= now)
    }

    fn has_phone(&self, now: Millis) -> bool {
        self.person.phone_since.is_some_and(|at| at <= now)
    }

    fn facts_of(&self, cart: usize, run: Option<&Run>, now: Millis) -> Facts {
        let model = &self.carts[cart];
        let lines = if self.needs.lines { model.content.lines.clone() } else { Vec::new() };
        let currency: Currency = model.content.currency.unwrap_or(self.plan.settings.currency);
        let mut engagement: BTreeMap<NodeId, Engagement> = BTreeMap::new();
        if let Some(run) = run.filter(|_| self.needs.engagement) {
            for node in &run.sent {
                engagement.entry(node.clone()).or_default().sent = true;
            }
        }
        let mut contact = self.facts.clone();
        contact.erased = self.erased(now);
        (contact.has_email, contact.has_phone) = (self.has_email(now), self.has_phone(now));
        let zone = match run {
            Some(_) if self.needs.zone => {
                wall_zone(self.person.time_zone.as_deref(), contact.country, self.store_zone)
            }
            _ => self.store_zone,
        };
        Facts {
            journey: JourneyState::Active,
            cart: CartFacts {
                kind: model.content.kind,
                status: model.standing.status,
                excluded: model.excluded,
                value: Money::new(model.content.total_minor, currency),
                lines: lines.into_iter().map(LineFacts::from).collect(),
            },
            contact,
            zone,
            ordered_since_entry: run
                .is_some_and(|run| self.last_order_at.is_some_and(|at| at >= run.state.entered_at)),
            engagement,
            arrived: run.and_then(|run| self.arrived(run)),
        }
    }

    /// The first event that came while the run waited for it.
    fn arrived(&self, run: &Run) -> Option<Arrived> {
        let wanted = run.state.waiting_for.as_ref()?;
        let from = self.arrivals.partition_point(|(at, ..)| *at < wanted.since);
        let came = self.arrivals[from..].iter().find(|(at, awaited, cart, own)| {
            let mine = match awaited.scope() {
                WaitScope::Cart => *cart == Some(run.cart),
                _ => *own,
            };
            mine && *at < wanted.until && wanted.events.contains(awaited)
        });
        came.map(|(at, event, ..)| Arrived { event: *event, at: *at })
    }

    fn recipient(&self, cart: &Cart, cart_id: &str, now: Millis) -> Recipient {
        let person = self.person;
        let said = person.consents.iter().filter(|(written, _)| *written <= now);
        let stands = |(no, lifted): &&(crate::consent::Suppression, Option<Millis>)| {
            no.at <= now && lifted.is_none_or(|at| at > now)
        };
        let sales = self.orders.iter().filter(|(_, k)| k.mine && counts(k.order.state) && !k.test);
        let sale = sales.map(|(id, known)| (known.order.placed_at, id.as_str())).max_by_key(|(at, _)| *at);
        Recipient {
            country: self.facts.country,
            consents: fold(said.map(|(_, entry)| entry)),
            suppressions: person.suppressions.iter().filter(stands).map(|(no, _)| no.clone()).collect(),
            circle: person.circle.iter().filter(|no| no.at <= now).copied().collect(),
            dealings: dealings(self.plan.settings, sale, Some((cart.activity, cart_id))),
            preference_list_clear: false,
        }
    }

    // What ends.

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
