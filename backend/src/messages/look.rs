//! The last look at a message, of rows read in the transaction that hands it over. What is decided stands in
//! `domain::last_look`; this puts the rows before it.

use super::{
    history::History,
    hold::HELD,
    people::{People, address},
};
use crate::{
    accounts::StoreInfo,
    journeys::{
        Version,
        model::{ENDED, journey_state},
    },
    mail::pace::waiting,
};
use cartwheel_domain::{
    cart::Status,
    consent::{Channel, ContentClass, Purpose},
    event::CartKind,
    ids::CartId,
    journey::{EndReason, Node},
    last_look::{About, Addressee, Asker, Question, look},
    locale::{self, Language},
    schedule::guess_zone,
    time::Millis,
};
use cartwheel_entity::{cart, contact, journey_run, message, push_device};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

pub use cartwheel_domain::last_look::Verdict;

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
        let contact = self.people.contact(message.contact_id);
        let cart = message.cart_id.map(|id| self.carts.get(&id));
        let cart_id = message.cart_id.map(|id| CartId(id).to_string()).unwrap_or_default();
        let channel = Channel::from_name(&message.channel);
        let words = channel
            .zip(Purpose::from_name(&message.purpose))
            .zip(ContentClass::from_name(&message.content_class));
        let version = message.version_id.and_then(|id| self.versions.get(&id));
        let question = Question {
            created_at: message.created_at,
            // Waiting by our own doing makes nothing stale.
            held: message.reason.as_deref() == Some(HELD) || waiting(message.reason.as_deref()),
            words: words.map(|((channel, purpose), class)| (channel, purpose, class)),
            run: message.run_id.and_then(|id| self.runs.get(&id)).map(asker),
            journey: message.journey_id.and_then(|id| self.journeys.get(&id)).map(|word| journey_state(word)),
            definition: version.map(|v| &v.definition),
            to: contact.map(|c| Addressee {
                erased: c.erased_at.is_some(),
                has_address: channel.is_some_and(|channel| match channel {
                    Channel::Push => !self.browsers(message, c).is_empty(),
                    _ => address(c, channel).is_some(),
                }),
                last_order_at: c.last_order_at,
                time_zone: c.time_zone.as_deref(),
            }),
            about: cart.map(|cart| {
                let sent = |c: &cart::Model| channel.map_or(0, |channel| self.history.about(c.id, channel));
                cart.map(|c| about(c, &cart_id, sent(c)))
            }),
            sent_to: contact.map_or(&[], |c| self.history.to(c.id)),
            being_told: self.people.being_told(),
            settings: &self.store.settings,
        };
        let recipient = |channel| {
            // The look comes this far only where there is somebody.
            let found =
                contact.map(|c| self.people.recipient(c, channel, cart.flatten(), &self.store.settings));
            found.unwrap_or_default()
        };
        let verdict = look(&question, recipient, now);
        if let Some(contact) = contact {
            self.report_zone(contact);
        }
        verdict
    }

    /// A zone that does not exist is said, and stops nothing.
    fn report_zone(&self, contact: &contact::Model) {
        let Some(named) = contact.time_zone.as_deref() else { return };
        let store_zone = locale::zone(&self.store.settings.time_zone).unwrap_or(chrono_tz::UTC);
        if let Some(invalid) = guess_zone(Some(named), None, store_zone).invalid {
            tracing::warn!(contact = %contact.id, zone = invalid, "the contact's zone does not exist; another is used");
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
}

fn asker(run: &journey_run::Model) -> Asker {
    let word = run.end_reason.as_deref().unwrap_or_default();
    Asker {
        held_out: run.held_out,
        // A word of a later version says as much as that somebody ended it.
        ended: (run.status == ENDED).then(|| EndReason::from_name(word).unwrap_or(EndReason::Cancelled)),
        entered_at: run.entered_at,
    }
}

fn about<'a>(cart: &cart::Model, id: &'a str, messages_sent: u32) -> About<'a> {
    About {
        id,
        kind: CartKind::from_name(&cart.kind).unwrap_or(CartKind::Cart),
        status: Status::from_name(&cart.status).unwrap_or(Status::Expired),
        excluded: cart.bot || cart.test || cart.staff,
        empty: cart.item_count == 0,
        valid_until: cart.valid_until,
        abandoned_at: cart.abandoned_at,
        messages_sent,
    }
}
