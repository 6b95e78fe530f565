//! Rows of people as what the domain plays.

use super::read::{Portion, Wanted};
use crate::{consent::ledger, ingest::raw, journeys::facts::contact_facts, messages::address};
use cartwheel_domain::{
    consent::{Channel, Suppression, SuppressionReason},
    dry_run::{Happening, KnownOrder, OwnBrowser, OwnCart, Person, Sent, What},
    event::{Body, Event, OrderState, Source},
    ids::{CartId, ContactId, SuppressionId},
    order::Order,
    settings::StoreSettings,
    time::Millis,
};
use cartwheel_entity::{contact, event, suppression};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// The people of a portion, each with what is theirs. Reads every event's text again, so it belongs on a blocking thread.
pub fn people(portion: Portion, wanted: &Wanted, settings: &StoreSettings) -> Vec<Person> {
    let with_carts = portion.with_carts();
    let mut found: HashMap<Uuid, Growing> = portion
        .contacts
        .iter()
        .filter(|c| with_carts.contains(&c.id))
        .map(|c| (c.id, Growing::new(c, wanted)))
        .collect();
    let owners: HashMap<Uuid, Uuid> = portion.carts.iter().map(|c| (c.id, c.contact)).collect();
    for cart in &portion.carts {
        if let Some(growing) = found.get_mut(&cart.contact) {
            growing.person.carts.push(OwnCart { id: CartId(cart.id), excluded: cart.excluded });
        }
    }
    let mut seen: HashSet<Uuid> = HashSet::with_capacity(portion.events.len());
    for row in &portion.events {
        if !seen.insert(row.id) {
            continue;
        }
        // It concerns whose cart it is, and who did it; mostly they are one.
        let owner = row.cart_id.and_then(|id| owners.get(&id).copied());
        let other = row.contact_id.filter(|id| Some(*id) != owner);
        for concerned in owner.into_iter().chain(other) {
            if let Some(growing) = found.get_mut(&concerned) {
                growing.take(row, settings);
            }
        }
    }
    for row in &portion.consents {
        if let (Some(growing), Some(entry)) = (found.get_mut(&row.contact_id), ledger::entry(row)) {
            growing.person.consents.push((row.recorded_at, entry));
        }
    }
    for (contact, at, cart, channel) in &portion.sent {
        if let (Some(growing), Some(channel)) = (found.get_mut(contact), Channel::from_name(channel)) {
            growing.person.sent.push(Sent { at: *at, cart: cart.map(CartId), channel });
        }
    }
    for row in &portion.browsers {
        let Some(growing) = found.get_mut(&row.contact_id) else { continue };
        let bound = portion.owners.iter().filter(|(_, tokens)| tokens.contains(&row.browser));
        growing.person.browsers.push(OwnBrowser {
            since: row.created_at,
            vouched: row.vouched,
            carts: bound.map(|(cart, _)| CartId(*cart)).collect(),
        });
    }
    for row in &portion.orders {
        if let Some(growing) = row.contact_id.and_then(|id| found.get_mut(&id)) {
            growing.order(row);
        }
    }
    for contact in &portion.contacts {
        let Some(growing) = found.get_mut(&contact.id) else { continue };
        let hashes = portion.hashes.get(&contact.id).into_iter().flatten();
        let noes = hashes.filter_map(|hash| portion.suppressions.get(hash)).flatten();
        growing.person.suppressions = noes.map(no).collect();
        let elsewhere = portion.circle.iter().filter_map(|(channel, noes)| {
            let to = address(contact, *channel)?;
            Some((*channel, noes.get(to.as_ref())?.clone()))
        });
        growing.person.circle = elsewhere.collect();
    }
    let mut people: Vec<Person> = found.into_values().map(Growing::done).collect();
    people.sort_by_key(|person| person.contact);
    people
}

fn no(row: &suppression::Model) -> (Suppression, Option<Millis>) {
    let no = Suppression {
        id: SuppressionId(row.id).to_string(),
        channel: Channel::from_name(&row.channel),
        // A word we do not know is still a no.
        reason: SuppressionReason::from_name(&row.reason).unwrap_or(SuppressionReason::Manual),
        at: row.created_at,
    };
    (no, row.lifted_at)
}

struct Growing {
    person: Person,
    marked: bool,
    /// Everything ever heard of them is read.
    whole: bool,
    created_at: Millis,
    /// First arrivals that named an address, and a number.
    named: (Option<Millis>, Option<Millis>),
    /// First arrivals of orders.
    ordered: HashMap<String, Millis>,
}

impl Growing {
    fn new(contact: &contact::Model, wanted: &Wanted) -> Self {
        let since = Some(contact.created_at);
        Self {
            person: Person {
                contact: ContactId(contact.id),
                facts: contact_facts(contact),
                time_zone: contact.time_zone.clone(),
                email_since: since.filter(|_| contact.email.is_some()),
                phone_since: since.filter(|_| contact.phone.is_some()),
                browsers: Vec::new(),
                erased_at: contact.erased_at,
                consents: Vec::new(),
                suppressions: Vec::new(),
                circle: BTreeMap::new(),
                orders: Vec::new(),
                sent: Vec::new(),
                carts: Vec::new(),
                events: Vec::new(),
            },
            marked: contact.bot || contact.test || contact.staff,
            whole: contact.created_at >= wanted.from(),
            created_at: contact.created_at,
            named: (None, None),
            ordered: HashMap::new(),
        }
    }

    fn take(&mut self, row: &event::Model, settings: &StoreSettings) {
        // What was erased says nothing any more.
        let Some(event) = raw::reread(row, settings) else { return };
        let at = row.received_at;
        let own = row.contact_id == Some(self.person.contact.uuid());
        let first = |slot: &mut Option<Millis>| *slot = Some(slot.map_or(at, |before| before.min(at)));
        if own && event.who.email.is_some() {
            first(&mut self.named.0);
        }
        if own && event.who.phone.is_some() {
            first(&mut self.named.1);
        }
        let what = self.what(event, at);
        let happening = Happening {
            id: row.id,
            at,
            occurred_at: row.occurred_at,
            kind: cartwheel_domain::event::EventKind::from_name(&row.kind)
                .unwrap_or(cartwheel_domain::event::EventKind::Custom),
            cart: row.cart_id.map(CartId),
            own,
            what,
        };
        self.person.events.push(happening);
    }

    fn what(&mut self, event: Event, at: Millis) -> What {
        match event.body {
            Body::Cart(change) => What::Cart(change),
            Body::Order(change) => {
                let first = self.ordered.entry(change.external_id.clone()).or_insert(at);
                *first = at.min(*first);
                let marks = event.marks;
                let test = self.marked || marks.bot || marks.test || marks.staff;
                What::Order { change, trusted: event.source.trusted(), test }
            }
            Body::Plain(_) | Body::Consent(_) | Body::Push(_) => What::Plain,
        }
    }

    /// An order counts from the start where the event that told of it first is not played.
    fn order(&mut self, row: &super::read::OrderRow) {
        if self.ordered.get(&row.external_id).is_some_and(|first| *first <= row.created_at) {
            return;
        }
        let state = OrderState::from_name(&row.state).unwrap_or(OrderState::Unfinished);
        self.person.orders.push(KnownOrder {
            external_id: row.external_id.clone(),
            order: Order { state, ..Order::unknown(row.placed_at) },
            trusted: row.source != Source::Snippet.as_str(),
            test: row.test,
        });
    }

    fn done(mut self) -> Person {
        let person = &mut self.person;
        if self.whole {
            // No sooner than it was told; who was told of by none of the events that are read, from when they were known.
            let since = |named: Option<Millis>| Some(named.unwrap_or(self.created_at));
            person.email_since = person.email_since.and_then(|_| since(self.named.0));
            person.phone_since = person.phone_since.and_then(|_| since(self.named.1));
        }
        person.events.sort_by_key(|e| (e.at, e.occurred_at, e.id));
        person.carts.sort_unstable_by_key(|cart| cart.id);
        person.sent.sort_unstable_by_key(|sent| sent.at);
        self.person
    }
}
