//! What is known of one person, and what happened.

use crate::{
    consent::{Channel, CircleNo, Suppression, ledger::Entry},
    event::{CartChange, EventKind, OrderChange},
    ids::{CartId, ContactId, JourneyId, StoreId},
    journey::{ContactFacts, Definition},
    order::Order,
    settings::StoreSettings,
    time::Millis,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What is played.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The draft.
    pub definition: &'a Definition,
    /// The store; groups are hashes of it.
    pub store: StoreId,
    /// The journey the draft is one of; splits and groups are hashes of it.
    pub journey: JourneyId,
    /// The store's settings, of today.
    pub settings: &'a StoreSettings,
    /// Carts left from here on may enter; what happened before only says what carts are.
    pub since: Millis,
    /// The end: what is due later does not happen.
    pub until: Millis,
}

/// One person, with everything that was ever heard of them that matters here.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub contact: ContactId,
    /// What conditions ask of them, as known today; whether there is an address, and how many orders, goes by the time.
    pub facts: ContactFacts,
    /// Zone as given.
    pub time_zone: Option<String>,
    /// Since when there is an e-mail address.
    pub email_since: Option<Millis>,
    /// Since when there is a telephone number.
    pub phone_since: Option<Millis>,
    /// Browsers in which they may be notified, those that are known today.
    pub browsers: Vec<OwnBrowser>,
    /// When they were erased.
    pub erased_at: Option<Millis>,
    /// Their consents, each with when it was written down.
    pub consents: Vec<(Millis, Entry)>,
    /// Standing noes, each with when it was lifted.
    pub suppressions: Vec<(Suppression, Option<Millis>)>,
    /// Noes to other stores of a circle, by channel.
    pub circle: BTreeMap<Channel, Vec<CircleNo>>,
    /// Orders from before the events that are played.
    pub orders: Vec<KnownOrder>,
    /// What other journeys really sent.
    pub sent: Vec<Sent>,
    /// Their carts; events of any other are left out.
    pub carts: Vec<OwnCart>,
    /// What happened, oldest arrival first.
    pub events: Vec<Happening>,
}

/// A message that went to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// When.
    pub at: Millis,
    /// About which cart.
    pub cart: Option<CartId>,
    /// By which way.
    pub channel: Channel,
}

/// A browser in which a person may be notified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnBrowser {
    /// Since when it is known.
    pub since: Millis,
    /// The shop's server has said that it is theirs: it is told of all their carts.
    pub vouched: bool,
    /// The carts that are bound to it: without the server's word it is told of these alone.
    pub carts: Vec<CartId>,
}

/// A cart of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnCart {
    /// Which.
    pub id: CartId,
    /// A machine's, a test's or a member of staff's, as known today.
    pub excluded: bool,
}

/// An order that is known from the start.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownOrder {
    /// The shop's id.
    pub external_id: String,
    /// What it has come to.
    pub order: Order,
    /// Told by a server, not only by a browser.
    pub trusted: bool,
    /// A test, which is no sale.
    pub test: bool,
}

/// One event that came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    /// Its id.
    pub id: Uuid,
    /// When it came in: then it began to count.
    pub at: Millis,
    /// When it happened by the source's clock.
    pub occurred_at: Millis,
    /// What happened.
    pub kind: EventKind,
    /// Which cart it belongs to.
    pub cart: Option<CartId>,
    /// Whether it is the person's; an event of one of their carts may be somebody else's.
    pub own: bool,
    /// What it says.
    pub what: What,
}

/// What an event says, as far as a dry run cares.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A change of a cart.
    Cart(Box<CartChange>),
    /// An order, or a change of one.
    Order {
        /// The change.
        change: Box<OrderChange>,
        /// Told by a server.
        trusted: bool,
        /// A test.
        test: bool,
    },
    /// That it happened.
    Plain,
}
