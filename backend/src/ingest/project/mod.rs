//! What events do to contacts, carts, orders, runs and figures, in one transaction.
//!
//! All events of one store that arrived together are put into the order of the source's time and projected in
//! memory; the rows they need are read before, in one statement per kind, and written after, in bulk. What the
//! outcome must be is decided in `domain` and in `docs/decisions/0010-order-of-cart-events.md`.

mod cart;
mod consents;
mod effects;
mod history;
mod order;
mod push;
mod signals;

pub use history::CART_KINDS;
pub use signals::Signals;

use crate::{
    accounts::StoreInfo,
    analytics::Deltas,
    carts::{self, Key, KeyKind},
    clock::Env,
    contacts,
    db::{DbError, Scoped},
    orders,
};
use cartwheel_domain::{
    bots::{Visitor, judge},
    cart::Fact,
    event::{Body, Event, Marks, Source},
    time::Millis,
};
use ring::digest::{SHA256, digest};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// An event that has come in.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// Its id: [`event_id`].
    pub id: Uuid,
    /// The fact.
    pub event: Event,
    /// The text it was read from.
    pub raw: String,
    /// The token of the restore link its browser came by.
    pub restore_token: Option<String>,
}

impl Arrived {
    /// An event with the text it was read from.
    pub fn new(event: Event, raw: String, restore_token: Option<String>) -> Self {
        Self { id: event_id(event.source, &event.source_id), event, raw, restore_token }
    }
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Kept and projected.
    Accepted,
    /// It had come before; nothing was done.
    Duplicate,
    /// The database refuses this very event; those that came with it were kept.
    Refused,
}

/// What a projection has done.
#[derive(Debug, Default)]
pub struct Projected {
    /// One for each event, in their order.
    pub outcomes: Vec<Outcome>,
    /// Runs that were woken.
    pub woken: u64,
    /// Carts that changed.
    pub carts: Vec<Uuid>,
}

/// The id of an event: a version 8 UUID (RFC 9562) from SHA-256 of source and source id, so that the primary key
/// itself keeps a repeat out.
pub fn event_id(source: Source, source_id: &str) -> Uuid {
    hashed(&[source.as_str(), source_id])
}

fn hashed(parts: &[&str]) -> Uuid {
    let mut text = Vec::with_capacity(96);
    for part in parts {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part.as_bytes());
    }
    let hash = digest(&SHA256, &text);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// One transaction's work on one store.
struct Unit<'a, 't> {
    scoped: &'a Scoped<'t>,
    store: &'a StoreInfo,
    env: &'a Env,
    now: Millis,
    contacts: contacts::Book,
    carts: carts::Book,
    orders: orders::Book,
    deltas: Deltas,
    /// Cart facts of this transaction, by cart.
    facts: HashMap<Uuid, Vec<Fact>>,
    /// Carts that began in this transaction: nothing is kept of them yet.
    begun: BTreeSet<Uuid>,
    /// Carts whose content must be folded anew from the kept events.
    stale: BTreeSet<Uuid>,
    /// Kept or new facts that found no cart, by the place their token has in the event table.
    orphans: HashMap<Uuid, Vec<Fact>>,
    /// Which contact and cart each new event belongs to.
    placed: HashMap<Uuid, (Option<Uuid>, Option<Uuid>)>,
    /// Kept events that change their cart.
    moved: Vec<(Vec<Uuid>, Uuid)>,
    /// Carts whose runs end, and why.
    ended: BTreeMap<Uuid, &'static str>,
    /// Carts that changed hands: their runs and messages follow.
    rebound: Vec<(Uuid, Uuid)>,
    /// Carts that were bought, for those who want to hear of them.
    bought: BTreeSet<Uuid>,
    /// Orders that came, by the shop's id, for those who want to hear of them.
    placed_orders: BTreeSet<String>,
}

/// Projects events of one store that arrived together. The caller holds the store's
/// lock and commits.
///
/// # Errors
/// What the database says; then nothing of it must be committed.
pub async fn project(
    scoped: &Scoped<'_>,
    store: &StoreInfo,
    env: &Env,
    signals: &Signals,
    arrived: &[&Arrived],
) -> Result<Projected, DbError> {
    let known = history::known(scoped, arrived).await?;
    let mut seen = HashSet::with_capacity(arrived.len());
    let mut outcomes = Vec::with_capacity(arrived.len());
    let mut fresh: Vec<&Arrived> = Vec::with_capacity(arrived.len());
    for one in arrived.iter().copied() {
        let new = !known.contains(&one.id) && seen.insert(one.id);
        outcomes.push(if new { Outcome::Accepted } else { Outcome::Duplicate });
        if new {
            fresh.push(one);
        }
    }
    if fresh.is_empty() {
        return Ok(Projected { outcomes, ..Projected::default() });
    }
    fresh.sort_by_key(|a| (a.event.occurred_at, a.id));
    let now = env.now();
    let who: Vec<&cartwheel_domain::event::Who> = fresh.iter().map(|a| &a.event.who).collect();
    let mut people = contacts::Book::load(scoped, &who).await?;
    let mut placed = Vec::with_capacity(fresh.len());
    let mut newly_known = BTreeSet::new();
    for one in &fresh {
        let marks = marks_of(&one.event, store);
        let place = people.place(env, &store.settings, now, &one.event, marks);
        newly_known.extend(place.filter(|p| p.became_known).map(|p| p.id));
        placed.push(place.map(|p| p.id));
    }
    // Who was merged later in the batch is the merged one from the start.
    for contact in placed.iter_mut().flatten() {
        while let Some((_, into)) = people.merges.iter().find(|(from, _)| from == contact) {
            *contact = *into;
        }
    }
    let (keys, order_ids) = wanted(&fresh, &placed);
    let mut unit = Unit {
        scoped,
        store,
        env,
        now,
        contacts: people,
        carts: carts::Book::load(scoped, &keys).await?,
        orders: orders::Book::load(scoped, &order_ids).await?,
        deltas: Deltas::new(),
        facts: HashMap::new(),
        begun: BTreeSet::new(),
        stale: BTreeSet::new(),
        orphans: HashMap::new(),
        placed: HashMap::new(),
        moved: Vec::new(),
        ended: BTreeMap::new(),
        rebound: Vec::new(),
        bought: BTreeSet::new(),
        placed_orders: BTreeSet::new(),
    };
    unit.read_orphans(&fresh, &placed).await?;
    unit.adopt_restored(&fresh).await?;
    unit.after_merges(&newly_known).await?;
    for (one, contact) in fresh.iter().zip(placed) {
        let cart = match &one.event.body {
            Body::Cart(change) => unit.cart_event(one, change, contact).await?,
            Body::Order(change) => unit.order_event(one, change, contact).await?,
            Body::Plain(_) | Body::Consent(_) | Body::Push(_) => None,
        };
        unit.placed.insert(one.id, (contact, cart));
    }
    let (woken, carts) = unit.flush(&fresh, signals).await?;
    Ok(Projected { outcomes, woken, carts })
}

/// Marks by the agent, the address, and what the source says.
fn marks_of(event: &Event, store: &StoreInfo) -> Marks {
    judge(&Visitor {
        email: event.who.email.as_ref(),
        user_agent: event.who.user_agent.as_deref(),
        carts_last_hour: 0,
        given: event.marks,
        staff_domains: &store.settings.staff_domains,
    })
    .marks
}

/// The tokens an event may name its cart by, the checkout's first.
fn keys_of(source: Source, cart: Option<&str>, checkout: Option<&str>, contact: Option<Uuid>) -> Vec<Key> {
    let (cart_kind, checkout_kind) = match source.trusted() {
        true => (KeyKind::Cart, KeyKind::Checkout),
        false => (KeyKind::Browser, KeyKind::BrowserCheckout),
    };
    let mut keys: Vec<Key> = checkout.map(|v| Key::new(checkout_kind, v)).into_iter().collect();
    keys.extend(cart.map(|v| Key::new(cart_kind, v)));
    if keys.is_empty() && source.trusted() {
        keys.extend(contact.map(Key::contact));
    }
    keys
}

/// The tokens by which an order finds the carts it ends. A server's order also ends what browsers called by its ids.
fn order_keys(source: Source, cart: Option<&str>, checkout: Option<&str>) -> Vec<Key> {
    let mut keys = keys_of(source, cart, checkout, None);
    if source.trusted() {
        keys.extend(cart.map(|v| Key::new(KeyKind::Claimed, v)));
        keys.extend(checkout.map(|v| Key::new(KeyKind::ClaimedCheckout, v)));
    }
    keys
}

fn wanted(fresh: &[&Arrived], placed: &[Option<Uuid>]) -> (BTreeSet<Key>, BTreeSet<String>) {
    let (mut keys, mut orders) = (BTreeSet::new(), BTreeSet::new());
    for (one, contact) in fresh.iter().zip(placed) {
        let source = one.event.source;
        let named = match &one.event.body {
            Body::Cart(c) => keys_of(source, c.cart_token.as_deref(), c.checkout_token.as_deref(), *contact),
            Body::Order(o) => {
                orders.insert(o.external_id.clone());
                order_keys(source, o.cart_token.as_deref(), o.checkout_token.as_deref())
            }
            Body::Plain(_) | Body::Consent(_) | Body::Push(_) => continue,
        };
        for key in named {
            keys.extend(key.past());
            keys.extend(key.claimed());
            keys.insert(key);
        }
    }
    (keys, orders)
}

#[cfg(test)]
mod tests;
