//! What is read: who had a cart that something happened to, and everything about some of them at a time.
//!
//! Every question goes by an index, so that the cost is that of what is played and not of what is stored. Nothing is read
//! twice, and never more than [`Portion`] holds.

use crate::{
    accounts::MasterKey,
    consent::circle,
    db::{Among, DbError, Scoped},
    ingest::project::CART_KINDS,
    messages::{address, owners},
    push,
};
use cartwheel_domain::{
    consent::{Channel, CircleNo},
    event::EventKind,
    ids::JourneyId,
    journey::{Awaited, Definition, Node, WaitScope},
    settings::StoreSettings,
    time::{DAY, Millis, SECOND},
};
use cartwheel_entity::{cart, consent_event, contact, event, message, push_device, shop_order, suppression};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Carts looked at in one question when people are listed.
pub const LISTED: u64 = 10_000;
/// People read together.
pub const PEOPLE: usize = 512;
/// Events of people read together at most: with more, fewer people are read; one person with more is left out.
pub const MOST_EVENTS: usize = 60_000;
/// How long before the dry run's beginning an order may have been placed that still changes something.
const BEFORE: Millis = 30 * DAY;
/// Ids in one list.
const PART: usize = 512;

/// What is told of a person and of a cart both, and kinds that say since when there is an address.
const OF_PEOPLE: [EventKind; 6] = [
    EventKind::Identified,
    EventKind::ConsentChanged,
    EventKind::OrderPlaced,
    EventKind::OrderUpdated,
    EventKind::OrderCancelled,
    EventKind::OrderRefunded,
];

/// What is read for a dry run.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which journey is played: what its versions have sent does not count.
    pub journey: JourneyId,
    /// Its beginning.
    pub since: Millis,
    /// Kinds of event that are about a person.
    pub kinds: Vec<&'static str>,
    /// Ways the draft sends by.
    pub channels: BTreeSet<Channel>,
    /// Whether the store notifies browsers: then whoever has one is reached.
    pub browsers: bool,
    /// Messages of other journeys from here on count.
    pub sent_since: Millis,
}

impl Wanted {
    /// What a draft asks for.
    pub fn new(journey: JourneyId, definition: &Definition, settings: &StoreSettings, since: Millis) -> Self {
        let mut kinds: BTreeSet<&'static str> = OF_PEOPLE.map(EventKind::as_str).into();
        for node in definition.nodes.values() {
            let Node::WaitForEvent(wait) = node else { continue };
            kinds.extend(wait.events.iter().filter_map(|awaited| match awaited {
                // What happens to the carts is read of each cart.
                Awaited::Event(kind)
                    if awaited.scope() == WaitScope::Contact && !CART_KINDS.contains(kind) =>
                {
                    Some(kind.as_str())
                }
                _ => None,
            }));
        }
        let window = Millis::from(settings.cap_window_seconds) * SECOND;
        let days = settings.message_window_days.max(settings.click_window_days);
        let sent_since = since - window.max(Millis::from(days) * DAY);
        let channels = definition.nodes.values().flat_map(|node| match node {
            Node::Message(message) => vec![message.channel],
            Node::ChannelChoice(choice) => choice.ways.iter().map(|way| way.channel).collect(),
            _ => Vec::new(),
        });
        Self {
            journey,
            since,
            kinds: kinds.into_iter().collect(),
            channels: channels.collect(),
            browsers: settings.push_on,
            sent_since,
        }
    }

    /// Events of people are read from here on.
    pub fn from(&self) -> Millis {
        self.since - BEFORE
    }
}

/// The owners of carts that changed since the beginning.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// Their ids, some of them more than once.
    pub people: Vec<Uuid>,
    /// Carts that are nobody's.
    pub nobodys: u64,
    /// Where to go on; `None` after the last.
    pub next: Option<(Millis, Uuid)>,
}

/// One page of carts by when they last changed. A cart that changes meanwhile comes again, at the end.
///
/// # Errors
/// What the database says.
pub async fn list(
    scoped: &Scoped<'_>,
    since: Millis,
    after: Option<(Millis, Uuid)>,
) -> Result<Listed, DbError> {
    let rows: Vec<(Uuid, Option<Uuid>, Millis)> =
        listing(scoped, since, after).into_tuple().all(scoped.on()).await?;
    let full = rows.len() as u64 == LISTED;
    let next = rows.last().map(|(id, _, at)| (*at, *id)).filter(|_| full);
    let nobodys = rows.iter().filter(|(_, contact, _)| contact.is_none()).count() as u64;
    Ok(Listed { people: rows.into_iter().filter_map(|(_, contact, _)| contact).collect(), nobodys, next })
}

/// The question behind [`list`].
pub fn listing(
    scoped: &Scoped<'_>,
    since: Millis,
    after: Option<(Millis, Uuid)>,
) -> sea_orm::Select<cart::Entity> {
    use cart::Column as C;
    let query = scoped.find::<cart::Entity>().select_only().columns([C::Id, C::ContactId, C::UpdatedAt]);
    let query = query.filter(C::UpdatedAt.gte(after.map_or(since, |(at, _)| at)));
    let query = match after {
        Some((at, id)) => {
            let same = Condition::all().add(C::UpdatedAt.eq(at)).add(C::Id.gt(id));
            query.filter(Condition::any().add(C::UpdatedAt.gt(at)).add(same))
        }
        None => query,
    };
    query.order_by_asc(C::UpdatedAt).order_by_asc(C::Id).limit(LISTED)
}

/// Everything about some people.
#[derive(Debug, Default)]
pub struct Portion {
    /// They themselves.
    pub contacts: Vec<contact::Model>,
    /// Their carts that changed since the beginning.
    pub carts: Vec<CartRow>,
    /// Events of the carts, and of the people.
    pub events: Vec<event::Model>,
    /// Their ledger.
    pub consents: Vec<consent_event::Model>,
    /// Standing noes, and lifted ones, by the hash of the address.
    pub suppressions: HashMap<String, Vec<suppression::Model>>,
    /// Hashes of each person's addresses.
    pub hashes: HashMap<Uuid, Vec<String>>,
    /// Noes to other stores, by channel and address.
    pub circle: HashMap<Channel, HashMap<String, Vec<CircleNo>>>,
    /// Browsers in which they may be notified.
    pub browsers: Vec<push_device::Model>,
    /// The browsers that their carts are bound to, by their tokens.
    pub owners: HashMap<Uuid, HashSet<String>>,
    /// Their orders.
    pub orders: Vec<OrderRow>,
    /// What went to them from other journeys.
    pub sent: Vec<SentRow>,
    /// Somebody has more events than are read.
    pub too_many: bool,
}

/// A cart: whose, and its marks.
#[derive(Debug, Clone, Copy)]
pub struct CartRow {
    /// Which.
    pub id: Uuid,
    /// Whose.
    pub contact: Uuid,
    /// A machine's, a test's or a member of staff's.
    pub excluded: bool,
}

/// A message that went: to whom, when, about which cart, by which way.
pub type SentRow = (Uuid, Millis, Option<Uuid>, String);

/// An order, as far as it matters.
#[derive(Debug, Clone, sea_orm::FromQueryResult)]
pub struct OrderRow {
    /// The shop's id.
    pub external_id: String,
    /// Where it stands.
    pub state: String,
    /// Whose.
    pub contact_id: Option<Uuid>,
    /// Where it came in.
    pub source: String,
    /// When it was placed.
    pub placed_at: Millis,
    /// A test.
    pub test: bool,
    /// When it was first heard of.
    pub created_at: Millis,
}

/// Reads everything about some people.
///
/// # Errors
/// What the database says.
pub async fn portion(
    scoped: &Scoped<'_>,
    key: &MasterKey,
    wanted: &Wanted,
    people: &[Uuid],
    now: Millis,
) -> Result<Portion, DbError> {
    let mut portion = Portion {
        contacts: scoped
            .find_among::<contact::Entity, _>(contact::Column::Id, people.iter().copied())
            .await?,
        ..Portion::default()
    };
    portion.carts = carts(scoped, wanted, people).await?;
    portion.events(scoped, wanted, people).await?;
    if portion.too_many {
        return Ok(portion);
    }
    let whose = consent_event::Column::ContactId;
    portion.consents = scoped.find_among::<consent_event::Entity, _>(whose, people.iter().copied()).await?;
    portion.noes(scoped, key, wanted, now).await?;
    portion.browsers(scoped, wanted, people).await?;
    for part in people.chunks(PART) {
        let orders = orders_of(scoped, part).into_model::<OrderRow>().all(scoped.on()).await?;
        portion.orders.extend(orders);
        let sent: Vec<SentRow> = sent_to(scoped, wanted, part).into_tuple().all(scoped.on()).await?;
        portion.sent.extend(sent);
    }
    Ok(portion)
}

async fn carts(scoped: &Scoped<'_>, wanted: &Wanted, people: &[Uuid]) -> Result<Vec<CartRow>, DbError> {
    let mut found = Vec::new();
    for part in people.chunks(PART) {
        let rows: Vec<(Uuid, Uuid, Millis, bool, bool, bool)> =
            carts_of(scoped, part).into_tuple().all(scoped.on()).await?;
        let changed = rows.into_iter().filter(|(_, _, at, ..)| *at >= wanted.since);
        found.extend(changed.map(|(id, contact, _, bot, test, staff)| CartRow {
            id,
            contact,
            excluded: bot || test || staff,
        }));
    }
    Ok(found)
}

/// The question for carts of people: id, whose, when it changed, and the marks. Which of them changed since the beginning is not asked:
/// the databases would go by when carts changed, and read all that did for each question.
pub fn carts_of(scoped: &Scoped<'_>, people: &[Uuid]) -> sea_orm::Select<cart::Entity> {
    use cart::Column as C;
    let query = scoped.find::<cart::Entity>().select_only();
    let query = query.columns([C::Id, C::ContactId, C::UpdatedAt, C::Bot, C::Test, C::Staff]);
    query.filter(C::ContactId.among(people.iter().copied()))
}

/// The question for orders of people.
pub fn orders_of(scoped: &Scoped<'_>, people: &[Uuid]) -> sea_orm::Select<shop_order::Entity> {
    use shop_order::Column as C;
    let query = scoped.find::<shop_order::Entity>().select_only();
    let query =
        query.columns([C::ExternalId, C::State, C::ContactId, C::Source, C::PlacedAt, C::Test, C::CreatedAt]);
    query.filter(C::ContactId.among(people.iter().copied()))
}

/// The question for messages of other journeys to these people: [`SentRow`]s.
pub fn sent_to(scoped: &Scoped<'_>, wanted: &Wanted, people: &[Uuid]) -> sea_orm::Select<message::Entity> {
    use message::Column as C;
    let other = Condition::any().add(C::JourneyId.is_null()).add(C::JourneyId.ne(wanted.journey.uuid()));
    let query = scoped.find::<message::Entity>().select_only();
    let query = query.columns([C::ContactId, C::SentAt, C::CartId, C::Channel]);
    let query = query.filter(C::ContactId.among(people.iter().copied()));
    query.filter(C::SentAt.gte(wanted.sent_since)).filter(other)
}

/// The question for events of carts.
pub fn of_carts(scoped: &Scoped<'_>, carts: &[Uuid]) -> sea_orm::Select<event::Entity> {
    use event::Column as C;
    scoped
        .find::<event::Entity>()
        .filter(C::CartId.among(carts.iter().copied()))
        .filter(C::Kind.is_in(CART_KINDS.map(EventKind::as_str)))
}

/// The question for events of people.
pub fn of_people(scoped: &Scoped<'_>, wanted: &Wanted, people: &[Uuid]) -> sea_orm::Select<event::Entity> {
    use event::Column as C;
    scoped
        .find::<event::Entity>()
        .filter(C::ContactId.among(people.iter().copied()))
        .filter(C::OccurredAt.gte(wanted.from()))
        .filter(C::Kind.is_in(wanted.kinds.iter().copied()))
}

impl Portion {
    async fn events(&mut self, scoped: &Scoped<'_>, wanted: &Wanted, people: &[Uuid]) -> Result<(), DbError> {
        let carts: Vec<Uuid> = self.carts.iter().map(|c| c.id).collect();
        let questions = carts
            .chunks(PART)
            .map(|part| of_carts(scoped, part))
            .chain(people.chunks(PART).map(|part| of_people(scoped, wanted, part)));
        for question in questions {
            let room = MOST_EVENTS - self.events.len();
            let rows = question.limit(room as u64 + 1).all(scoped.on()).await?;
            if rows.len() > room {
                (self.too_many, self.events) = (true, Vec::new());
                return Ok(());
            }
            self.events.extend(rows);
        }
        Ok(())
    }

    /// Most people have none, and then nobody asks which carts are whose.
    async fn browsers(
        &mut self,
        scoped: &Scoped<'_>,
        wanted: &Wanted,
        people: &[Uuid],
    ) -> Result<(), DbError> {
        if !wanted.browsers && !wanted.channels.contains(&Channel::Push) {
            return Ok(());
        }
        let found = push::of_contacts(scoped, people.iter().copied().collect()).await?;
        self.browsers = found.into_values().flatten().collect();
        let with: HashSet<Uuid> = self.browsers.iter().map(|row| row.contact_id).collect();
        let carts = self.carts.iter().filter(|cart| with.contains(&cart.contact)).map(|cart| cart.id);
        self.owners = owners(scoped, &carts.collect()).await?;
        Ok(())
    }

    async fn noes(
        &mut self,
        scoped: &Scoped<'_>,
        key: &MasterKey,
        wanted: &Wanted,
        now: Millis,
    ) -> Result<(), DbError> {
        let (store, contacts) = (scoped.store_id(), &self.contacts);
        for channel in wanted.channels.iter().copied() {
            let mut hashes = Vec::with_capacity(contacts.len());
            for contact in contacts {
                let Some(to) = address(contact, channel) else { continue };
                let hash = key.address_hash(store, channel.as_str(), &to);
                self.hashes.entry(contact.id).or_default().push(hash.clone());
                hashes.push(hash);
            }
            let pairs = hashes.iter().map(|hash| (channel.as_str(), hash.as_str())).collect();
            let columns = (suppression::Column::Channel, suppression::Column::AddressHash);
            for row in scoped.find_pairs::<suppression::Entity>(columns, &pairs).await? {
                self.suppressions.entry(row.address_hash.clone()).or_default().push(row);
            }
            if channel == Channel::Push {
                // A browser is known to one store alone: there is nobody to hear of it from.
                continue;
            }
            let known: Vec<_> = contacts.iter().filter_map(|c| address(c, channel)).collect();
            let addresses = known.iter().map(AsRef::as_ref).collect();
            let heard = circle::heard(scoped, key, now, channel, &addresses, false).await?;
            self.circle.insert(channel, heard.noes);
        }
        Ok(())
    }

    /// Who has no cart here takes nobody's time.
    pub fn with_carts(&self) -> HashSet<Uuid> {
        self.carts.iter().map(|c| c.contact).collect()
    }
}
