//! The last look: may this message still go, now?
//!
//! Asked in the transaction that hands it over, of rows read in that transaction, in the order in which an answer is
//! cheapest to explain: what has happened since, then the law, then hours and caps.

use super::{
    history::History,
    hold::HELD,
    people::{People, address},
    retry::GIVE_UP_AFTER,
};
use crate::{
    accounts::StoreInfo,
    journeys::{
        Version,
        model::{ENDED, journey_state},
    },
};
use cartwheel_domain::{
    consent::{
        Basis, CartFacts, Channel, ContentClass, Decision, GateInput, PolicyBook, Purpose, Recipient,
        Refusal, StoreFacts, may_send,
    },
    event::CartKind,
    ids::CartId,
    journey::{JourneyState, Node, PAUSE_RECHECK, PUT_OFF},
    locale::{self, Language},
    schedule::{Cap, LocalTime, QuietHours, caps_next, guess_zone, next_allowed},
    settings::{SendingHours, StoreSettings},
    time::{DAY, Millis, SECOND},
};
use cartwheel_entity::{cart, contact, journey_run, message, push_device};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// A message that has to wait longer than this for a cap to allow it is dropped: it would come as a surprise.
const CAP_PATIENCE: Millis = 2 * DAY;

/// What the look came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It may go, on this basis.
    Go(Box<Basis>),
    /// Overtaken by events; the reason is a stable word.
    Cancel(&'static str),
    /// Not allowed, or not wanted.
    Suppress(String, Option<Box<Refusal>>),
    /// Not now.
    Later(Millis, &'static str),
}

/// Everything read for the messages of one store.
pub struct Facts {
    /// The store.
    pub store: Arc<StoreInfo>,
    /// People.
    pub people: People,
    /// Carts by id.
    pub carts: HashMap<Uuid, cart::Model>,
    /// Runs by id.
    pub runs: HashMap<Uuid, journey_run::Model>,
    /// Journeys' stored states by id.
    pub journeys: HashMap<Uuid, String>,
    /// Versions by id.
    pub versions: HashMap<Uuid, Arc<Version>>,
    /// What went out before.
    pub history: History,
    /// The browsers that carts are bound to, by their tokens.
    pub owners: HashMap<Uuid, HashSet<String>>,
}

impl Facts {
    /// Looks at one message.
    pub fn look(&self, message: &message::Model, now: Millis) -> Verdict {
        // Waiting for the plan makes nothing stale; whether its cart still is one is asked below.
        if now - message.created_at > GIVE_UP_AFTER && message.reason.as_deref() != Some(HELD) {
            return Verdict::Suppress("stale".into(), None);
        }
        let Some(contact) = self.people.contact(message.contact_id) else {
            return Verdict::Cancel("contact_gone");
        };
        if contact.erased_at.is_some() {
            return Verdict::Cancel("erased");
        }
        let Some(channel) = Channel::from_name(&message.channel) else {
            return Verdict::Suppress("unknown_words".into(), None);
        };
        if address(contact, channel).is_none() {
            return Verdict::Suppress("no_address".into(), None);
        }
        if channel == Channel::Push && self.browsers(message, contact).is_empty() {
            return Verdict::Suppress("no_browser".into(), None);
        }
        let cart = message.cart_id.and_then(|id| self.carts.get(&id));
        if let Some(verdict) = self.journey(message).or_else(|| self.events(message, contact, cart, now)) {
            return verdict;
        }
        if self.people.being_told() {
            return Verdict::Later(SECOND, "noes_being_written");
        }
        let recipient = self.people.recipient(contact, channel, cart, &self.store.settings);
        let basis = match self.gate(message, &recipient, cart, now) {
            Ok(basis) => basis,
            Err(verdict) => return verdict,
        };
        match self
            .hours(message, contact, (channel, &recipient), now)
            .or_else(|| self.caps(message, contact, (channel, &recipient), now))
        {
            Some(verdict) => verdict,
            None => Verdict::Go(basis),
        }
    }

    /// The browsers that are told of this: those the cart is bound to, and those that the shop's server has vouched for. One that only
    /// belongs to whoever typed the person's address is told of its own carts alone.
    pub fn browsers(&self, message: &message::Model, contact: &contact::Model) -> Vec<&push_device::Model> {
        let own = message.cart_id.and_then(|cart| self.owners.get(&cart));
        let told =
            |row: &&push_device::Model| row.vouched || own.is_some_and(|own| own.contains(&row.browser));
        self.people.browsers(contact).filter(told).collect()
    }

    /// The subject the journey gives this message in place of its template's.
    pub fn subject(&self, message: &message::Model, language: Language) -> Option<String> {
        let version = message.version_id.and_then(|id| self.versions.get(&id))?;
        match version.definition.node(&message.node.parse().ok()?) {
            Some(Node::Message(node)) => node.subject.get(&language).cloned(),
            _ => None,
        }
    }

    fn journey(&self, message: &message::Model) -> Option<Verdict> {
        let run = message.run_id.and_then(|id| self.runs.get(&id));
        if let Some(run) = run {
            if run.held_out == Some(true) {
                return Some(Verdict::Suppress("held_out".into(), None));
            }
            if run.status == ENDED {
                // What a run asked for before it came to its end still goes.
                match run.end_reason.as_deref().unwrap_or_default() {
                    "completed" | "loop_limit" | "broken" => {}
                    "converted" => return Some(Verdict::Cancel("converted")),
                    "recovered" => return Some(Verdict::Cancel("recovered")),
                    "ordered" => return Some(Verdict::Cancel("ordered")),
                    _ => return Some(Verdict::Cancel("run_ended")),
                }
            }
        }
        let state = journey_state(self.journeys.get(&message.journey_id?)?);
        match state {
            JourneyState::Active => None,
            JourneyState::Paused => Some(Verdict::Later(PAUSE_RECHECK, "paused")),
            JourneyState::Off => Some(Verdict::Cancel("journey_off")),
        }
    }

    fn events(
        &self,
        message: &message::Model,
        contact: &contact::Model,
        cart: Option<&cart::Model>,
        now: Millis,
    ) -> Option<Verdict> {
        let cart = match (message.cart_id, cart) {
            (None, _) => return None,
            (Some(_), None) => return Some(Verdict::Cancel("cart_gone")),
            (Some(_), Some(cart)) => cart,
        };
        if cart.bot || cart.test || cart.staff {
            return Some(Verdict::Suppress("excluded".into(), None));
        }
        let quote = cart.kind == CartKind::Quote.as_str();
        let goes_on_after_order = quote
            && message
                .version_id
                .and_then(|id| self.versions.get(&id))
                .is_some_and(|v| !v.definition.settings.exit_on_purchase);
        let entered =
            message.run_id.and_then(|id| self.runs.get(&id)).map_or(message.created_at, |r| r.entered_at);
        match cart.status.as_str() {
            "converted" if !goes_on_after_order => Some(Verdict::Cancel("converted")),
            "recovered" if !goes_on_after_order => Some(Verdict::Cancel("recovered")),
            "expired" => Some(Verdict::Cancel("expired")),
            "active" | "checkout" => Some(Verdict::Later(PUT_OFF, "shopper_is_back")),
            _ if cart.item_count == 0 => Some(Verdict::Cancel("emptied")),
            _ if quote && cart.valid_until.is_some_and(|until| until <= now) => {
                Some(Verdict::Cancel("expired"))
            }
            _ if !goes_on_after_order && contact.last_order_at.is_some_and(|at| at >= entered) => {
                Some(Verdict::Cancel("ordered"))
            }
            _ => None,
        }
    }

    fn gate(
        &self,
        message: &message::Model,
        recipient: &Recipient,
        cart: Option<&cart::Model>,
        now: Millis,
    ) -> Result<Box<Basis>, Verdict> {
        let words = (
            Channel::from_name(&message.channel),
            Purpose::from_name(&message.purpose),
            ContentClass::from_name(&message.content_class),
        );
        let (Some(channel), Some(purpose), Some(content_class)) = words else {
            return Err(Verdict::Suppress("unknown_words".into(), None));
        };
        let cart_id = cart.map(|c| CartId(c.id).to_string()).unwrap_or_default();
        let store = store_facts(&self.store.settings);
        let input = GateInput {
            recipient,
            channel,
            purpose,
            content_class,
            cart: cart.map(|c| CartFacts {
                id: &cart_id,
                kind: CartKind::from_name(&c.kind).unwrap_or(CartKind::Cart),
                abandoned_at: c.abandoned_at,
                messages_sent: self.history.about(c.id, channel),
            }),
            store: &store,
            now,
        };
        match may_send(&input) {
            Decision::Allow(basis) => Ok(Box::new(basis)),
            Decision::Deny(refusal) => Err(Verdict::Suppress(refusal.rule.clone(), Some(Box::new(refusal)))),
        }
    }

    fn hours(
        &self,
        message: &message::Model,
        contact: &contact::Model,
        (channel, recipient): (Channel, &Recipient),
        now: Millis,
    ) -> Option<Verdict> {
        let settings = &self.store.settings;
        let hours = match channel {
            Channel::Sms => settings.sms_hours,
            Channel::Push => settings.push_hours,
            _ => settings.email_hours,
        };
        let mut quiet: Vec<QuietHours> = hours.and_then(silence).into_iter().collect();
        quiet.extend(
            message
                .version_id
                .and_then(|id| self.versions.get(&id))
                .and_then(|v| v.definition.settings.quiet_hours),
        );
        if let Some(law) = PolicyBook::builtin().applicable(recipient.country, now) {
            quiet.extend(law.quiet_hours(channel));
        }
        if quiet.is_empty() {
            return None;
        }
        let store_zone = locale::zone(&settings.time_zone).unwrap_or(chrono_tz::UTC);
        let guess = guess_zone(contact.time_zone.as_deref(), recipient.country, store_zone);
        if let Some(invalid) = &guess.invalid {
            tracing::warn!(contact = %contact.id, zone = invalid, "the contact's zone does not exist; another is used");
        }
        match next_allowed(now, &quiet, &guess.zones) {
            Some(at) if at <= now => None,
            Some(at) => Some(Verdict::Later(at - now, "quiet_hours")),
            None => Some(Verdict::Suppress("quiet_hours".into(), None)),
        }
    }

    fn caps(
        &self,
        message: &message::Model,
        contact: &contact::Model,
        (channel, recipient): (Channel, &Recipient),
        now: Millis,
    ) -> Option<Verdict> {
        let settings = &self.store.settings;
        let window = |seconds: u32| Millis::from(seconds) * SECOND;
        let mut caps = vec![Cap { max: settings.cap_messages, window: window(settings.cap_window_seconds) }];
        let law = PolicyBook::builtin().applicable(recipient.country, now).and_then(|l| l.daily_cap(channel));
        caps.extend(law.map(|max| Cap { max, window: DAY }));
        let version = message.version_id.and_then(|id| self.versions.get(&id));
        caps.extend(version.and_then(|v| v.definition.settings.frequency_cap.as_ref()).map(|c| c.cap()));
        match caps_next(self.history.to(contact.id), now, &caps) {
            Some(at) if at <= now => None,
            Some(at) if at - now <= CAP_PATIENCE => Some(Verdict::Later(at - now, "frequency_cap")),
            _ => Some(Verdict::Suppress("frequency_cap".into(), None)),
        }
    }
}

/// What the gate asks of a store.
pub fn store_facts(settings: &StoreSettings) -> StoreFacts {
    StoreFacts {
        country: Some(settings.country),
        has_postal_address: !settings.postal_address.trim().is_empty(),
        reminder_announced: settings.reminder_announced,
        overrides: Vec::new(),
    }
}

/// The hours outside those in which a store sends.
fn silence(hours: SendingHours) -> Option<QuietHours> {
    let time = |minute: u16| LocalTime::new(minute / 60, minute % 60);
    QuietHours::new(time(hours.to)?, time(hours.from)?)
}
