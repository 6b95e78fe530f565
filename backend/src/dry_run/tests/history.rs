//! Generated histories: people fill carts, leave them, come back, buy and say no, and what they did arrives late, twice and in any order.

use super::{
    generate::{Shape, journey},
    rng::Rng,
};
use crate::{ingest::Arrived, testing::START};
use cartwheel_domain::{
    consent::Channel,
    event::{
        Body, CartChange, CartKind, ConsentChange, Event, EventKind, LineItem, Lines, Marks, OrderChange,
        OrderState, PushChange, PushSaid, Source, Who,
    },
    journey::{Definition, Node, default_recovery_journey_with},
    money::{Currency, Money},
    push::Subscription,
    settings::StoreSettings,
    template::recovery::{PUSH_KEY, SMS_KEY},
    time::{DAY, HOUR, MINUTE, Millis, SECOND},
};
use std::collections::BTreeSet;

/// Stands for the store's key for web push, which is made when the store is.
const STORE_KEY: &str = "the key of the store";

/// When a history ends.
pub const END: Millis = START + 36 * DAY;

/// Settings in which everything happens: hours, caps, closing for age, several countries' rules.
pub fn settings(rng: &mut Rng) -> StoreSettings {
    let mut settings = crate::testing::flow::settings();
    let (country, zone) =
        *rng.pick(&[("US", "America/New_York"), ("DE", "Europe/Berlin"), ("IT", "Europe/Rome")]);
    let cap = rng.between(1, 4).to_string();
    let days = rng.between(3, 12).to_string();
    for (key, value) in [
        ("country", country),
        ("time_zone", zone),
        ("cap_messages", cap.as_str()),
        ("expire_after_days", days.as_str()),
        ("reminder_announced", *rng.pick(&["true", "false"])),
        ("similar_goods", "true"),
        ("opt_out_shown_at_collection", "true"),
        ("sms_account", "AC0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"),
        ("sms_sender", "+12125550100"),
        ("push_on", "true"),
        ("push_hours", *rng.pick(&[r#"{"from": 480, "to": 1200}"#, r#"{"from": 0, "to": 1439}"#])),
        ("staff_domains", r#"["staff.example"]"#),
    ] {
        settings.set(key, value).unwrap_or_else(|e| panic!("{key}: {e:?}"));
    }
    settings
}

/// The journey every store begins with, or one nobody has thought of; with texts that the store has.
pub fn definition(rng: &mut Rng) -> Definition {
    let mut definition = if rng.chance(30) {
        default_recovery_journey_with(10)
    } else {
        journey(rng, Shape { nodes: 10, longest: 4 * 86_400, loops: 6 })
    };
    for node in definition.nodes.values_mut() {
        if let Node::Message(message) = node {
            message.template = match message.channel {
                Channel::Sms => SMS_KEY,
                Channel::Push => PUSH_KEY,
                _ => "recovery_1",
            }
            .into();
        }
    }
    if rng.chance(30) {
        definition.settings.cool_down_seconds = rng.between(3_600, 5 * 86_400);
    }
    definition
}

/// What comes in, by when: at no instant two.
pub struct History {
    rng: Rng,
    taken: BTreeSet<Millis>,
    pub arrivals: Vec<(Millis, Arrived)>,
    n: usize,
}

struct Shopper {
    n: usize,
    who: Who,
    known_from: Millis,
    email: String,
    phone: Option<String>,
}

impl History {
    /// So many people over 30 days.
    pub fn write(rng: Rng, people: usize) -> Self {
        let mut history = Self { rng, taken: BTreeSet::new(), arrivals: Vec::new(), n: 0 };
        for n in 0..people {
            history.shopper(n);
        }
        history.arrivals.sort_by_key(|(at, _)| *at);
        history
    }

    /// Says the store's own key wherever somebody subscribes.
    pub fn with_key(mut self, of_store: &str) -> Self {
        for (_, arrived) in &mut self.arrivals {
            if let Body::Push(change) = &mut arrived.event.body
                && let PushSaid::Subscribed { key, .. } = &mut change.said
            {
                of_store.clone_into(key);
            }
        }
        self
    }

    fn shopper(&mut self, n: usize) {
        let rng = &mut self.rng;
        let (country, zone, language) = *rng.pick(&[
            ("US", "America/Los_Angeles", "en"),
            ("DE", "Europe/Berlin", "de"),
            ("IT", "Europe/Rome", "it"),
            ("FR", "Europe/Paris", "fr"),
            ("GB", "Europe/London", "en"),
        ]);
        let first = START + rng.between(HOUR, 22 * DAY);
        let domain = if rng.chance(6) { "staff.example" } else { "example.com" };
        // Who is of the store's own people is known from the start: marks are those of today.
        let known = domain == "staff.example" || rng.chance(70);
        let known_from = if known { 0 } else { first + rng.between(0, 3 * DAY) };
        let who = Who {
            anonymous_id: Some(format!("a{n}")),
            country: country.parse().ok(),
            locale: Some(language.into()),
            time_zone: Some(zone.into()).filter(|_| rng.chance(70)),
            ..Who::default()
        };
        let phone = rng.chance(60).then(|| format!("+1202555{n:04}"));
        let shopper = Shopper { n, who, known_from, email: format!("p{n}@{domain}"), phone };
        if known_from > 0 {
            self.tell(&shopper, known_from, EventKind::Identified, Body::Plain(Default::default()));
        }
        for k in 0..1 + self.rng.below(3) {
            let begins = first + self.rng.between(0, 6 * DAY);
            self.cart(&shopper, k, begins);
        }
        for _ in 0..self.rng.below(4) {
            let at = first + self.rng.between(0, 9 * DAY);
            self.tell(&shopper, at, EventKind::ProductViewed, Body::Plain(Default::default()));
        }
        if self.rng.chance(65) {
            let at = first + self.rng.between(-HOUR, 2 * HOUR);
            let method = *self.rng.pick(&["checkbox", "double_opt_in", "imported"]);
            let channel = *self.rng.pick(&["email", "sms"]);
            self.consent(&shopper, at, channel, ("given", method));
            if self.rng.chance(70) {
                self.consent(&shopper, at + MINUTE, channel, ("confirmed", "double_opt_in"));
            }
        }
        if self.rng.chance(50) {
            let at = first + self.rng.between(-HOUR, 2 * DAY);
            self.subscribe(&shopper, at);
        }
        if self.rng.chance(20) {
            let at = first + self.rng.between(0, 8 * DAY);
            let action = *self.rng.pick(&["withdrawn", "objected"]);
            let channel = *self.rng.pick(&["email", "email", "sms"]);
            self.consent(&shopper, at, channel, (action, "checkbox"));
        }
    }

    /// A browser is subscribed, by the word of the shop's server; with a press beside a sentence, or long after that.
    fn subscribe(&mut self, shopper: &Shopper, at: Millis) {
        let pressed = ConsentChange {
            channel: "push".into(),
            purpose: "push".into(),
            action: "given".into(),
            method: "checkbox".into(),
            wording: Some("Remind me here".into()),
            place: None,
            evidence: serde_json::json!({}),
        };
        let mut p256dh = [7; 65];
        p256dh[0] = 4;
        let endpoint = format!("https://push.example/{}", shopper.n);
        let said = PushSaid::Subscribed {
            subscription: Subscription { endpoint, p256dh, auth: [7; 16] },
            key: STORE_KEY.into(),
            consent: self.rng.chance(80).then(|| Box::new(pressed)),
        };
        let change = PushChange { browser: Some(format!("b{}", shopper.n)), said };
        self.tell(shopper, at, EventKind::ConsentChanged, Body::Push(Box::new(change)));
    }

    fn consent(&mut self, shopper: &Shopper, at: Millis, channel: &str, (action, method): (&str, &str)) {
        let said = ConsentChange {
            channel: channel.into(),
            purpose: format!("cart_{channel}"),
            action: action.into(),
            method: method.into(),
            wording: None,
            place: None,
            evidence: serde_json::json!({}),
        };
        self.tell(shopper, at, EventKind::ConsentChanged, Body::Consent(vec![said]));
    }

    fn cart(&mut self, shopper: &Shopper, k: usize, begins: Millis) {
        let token = format!("c{}-{k}", shopper.n);
        let kind = *self.rng.pick(&[CartKind::Cart, CartKind::Cart, CartKind::Checkout, CartKind::Quote]);
        let mut at = begins;
        for step in 0..1 + self.rng.below(5) {
            if step > 0 {
                at += self.pause();
            }
            let mut change = self.change(&token, kind);
            if step > 0 && self.rng.chance(10) {
                change.lines = Lines::Keep;
                change.left = true;
            } else if step > 0 && self.rng.chance(5) {
                change.lines = Lines::Delete;
            } else if step > 0 && self.rng.chance(5) {
                change.lines = Lines::Set(Vec::new());
            }
            let kind = match kind {
                CartKind::Cart => EventKind::CartUpdated,
                CartKind::Checkout => EventKind::CheckoutStarted,
                CartKind::Quote => EventKind::QuoteRequested,
            };
            self.tell(shopper, at, kind, Body::Cart(Box::new(change)));
        }
        if self.rng.chance(45) {
            at += self.pause();
            self.order(shopper, &token, k, at);
        }
    }

    /// Some time until the next sign of life; often the very time at which something is due.
    fn pause(&mut self) -> Millis {
        let rng = &mut self.rng;
        match rng.below(5) {
            0 => rng.between(SECOND, 20 * MINUTE),
            1 => rng.between(HOUR, 5 * HOUR),
            2 => rng.between(DAY, 4 * DAY),
            _ => *rng.pick(&[30 * MINUTE, HOUR, 90 * MINUTE, DAY]) + rng.between(-2_000, 2_000),
        }
    }

    fn change(&mut self, token: &str, kind: CartKind) -> CartChange {
        let rng = &mut self.rng;
        let line = |rng: &mut Rng, n: usize| LineItem {
            key: format!("l{n}"),
            product_id: Some(format!("p{n}")),
            variant_id: None,
            sku: Some(format!("SKU-{n}")),
            title: "Brass bell".into(),
            variant: None,
            category: None,
            quantity: u32::try_from(rng.between(1, 4)).unwrap_or(1),
            unit_minor: rng.between(500, 15_000),
            image_url: None,
            url: None,
        };
        let lines = match rng.below(3) {
            0 => Lines::Add(line(rng, 1)),
            _ => Lines::Set((0..1 + rng.below(3)).map(|n| line(rng, n)).collect()),
        };
        CartChange {
            kind,
            cart_token: Some(token.into()),
            checkout_token: None,
            currency: Some(Currency::EUR),
            lines,
            total_minor: None,
            recovery_url: None,
            valid_until: (kind == CartKind::Quote).then(|| START + rng.between(10 * DAY, 40 * DAY)),
            approver: None,
            number: None,
            step: None,
            coupon: None,
            left: false,
        }
    }

    fn order(&mut self, shopper: &Shopper, token: &str, k: usize, at: Millis) {
        let rng = &mut self.rng;
        let state = *rng.pick(&[
            OrderState::Purchased,
            OrderState::Purchased,
            OrderState::Awaiting,
            OrderState::Unfinished,
        ]);
        let named = rng.chance(80);
        let order = |state| OrderChange {
            external_id: format!("o{}-{k}", shopper.n),
            number: None,
            state: Some(state),
            total: Some(Money::new(4_200, Currency::EUR)),
            refunded_total_minor: None,
            refund: None,
            cart_token: named.then(|| token.to_owned()),
            checkout_token: None,
            lines: Vec::new(),
            coupons: Vec::new(),
            newest_counts: false,
            placed_at: None,
        };
        self.tell(shopper, at, EventKind::OrderPlaced, Body::Order(Box::new(order(state))));
        if self.rng.chance(25) {
            let later = at + self.rng.between(MINUTE, 2 * DAY);
            // One that is bought only later ends carts at the time it was begun: so that comes soon too, see `tell`.
            let later = if state == OrderState::Unfinished { at + SECOND } else { later };
            let (kind, state) = *self.rng.pick(&[
                (EventKind::OrderUpdated, OrderState::Purchased),
                (EventKind::OrderCancelled, OrderState::Cancelled),
            ]);
            self.tell(shopper, later, kind, Body::Order(Box::new(order(state))));
        }
    }

    /// Plans the arrival of what happened at `at`: soon, or late.
    fn tell(&mut self, shopper: &Shopper, at: Millis, kind: EventKind, body: Body) {
        self.n += 1;
        let mut who = shopper.who.clone();
        // A look at a product says nothing of who looks.
        if at >= shopper.known_from && kind != EventKind::ProductViewed {
            who.email = shopper.email.parse().ok();
            who.phone = shopper.phone.as_deref().and_then(|phone| phone.parse().ok());
        }
        let event = Event {
            source: Source::Internal,
            source_id: format!("e{}", self.n),
            occurred_at: at,
            kind,
            name: kind.as_str().into(),
            who,
            body,
            marks: Marks::default(),
        };
        let raw = serde_json::to_string(&event).expect("an event is JSON");
        let arrived = Arrived::new(event, raw, None);
        let times = if self.rng.chance(8) { 2 } else { 1 };
        for _ in 0..times {
            // An order that comes late, between events of a cart it ends, splits that cart, and what is kept belongs to the parts from then
            // on: a dry run takes events with the cart they turned out to belong to. So orders come soon, and everything else in any order.
            let soon = matches!(arrived.event.body, Body::Order(_)) || self.rng.chance(80);
            let late = if soon { self.rng.between(0, 3 * SECOND) } else { self.rng.between(0, 6 * HOUR) };
            let mut arrives = (at + late).min(END - DAY);
            while !self.taken.insert(arrives) {
                arrives += 1;
            }
            self.arrivals.push((arrives, arrived.clone()));
        }
    }
}
