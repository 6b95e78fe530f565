//! What is true at the moment of a step, loaded for all claimed runs of a store at once.

use super::reach::Reachable;
use crate::{
    db::{Among, DbError, Scoped},
    journeys::{
        Version,
        facts::{cart_facts, contact_facts},
        model::{Memory, journey_state, merged},
    },
};
use cartwheel_domain::{
    event::EventKind,
    ids::StoreId,
    journey::{Arrived, Awaited, Engagement, Facts, JourneyState, NodeId, WaitScope, WaitingFor},
    schedule::wall_zone,
    time::Millis,
};
use cartwheel_entity::{cart, contact, event, journey, journey_run, message, message_receipt, run_context};
use chrono_tz::Tz;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// Everything loaded for the runs of one store.
pub struct Loaded {
    journeys: HashMap<Uuid, JourneyState>,
    carts: HashMap<Uuid, cart::Model>,
    contacts: HashMap<Uuid, contact::Model>,
    memories: HashMap<Uuid, Memory>,
    messages: HashMap<Uuid, Vec<message::Model>>,
    arrived: HashMap<Uuid, Arrived>,
    zone: Tz,
    reachable: Option<Reachable>,
}

fn ids(values: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    let mut all: Vec<Uuid> = values.collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The journeys of some runs.
///
/// # Errors
/// What the database says.
pub async fn journeys(
    scoped: &Scoped<'_>,
    runs: &[journey_run::Model],
) -> Result<Vec<journey::Model>, DbError> {
    let wanted = ids(runs.iter().map(|r| r.journey_id));
    scoped.find_among::<journey::Entity, _>(journey::Column::Id, wanted).await
}

impl Loaded {
    /// Loads for these runs; the number of queries does not grow with them. `zone` is the store's.
    ///
    /// # Errors
    /// What the database says.
    pub async fn load(
        scoped: &Scoped<'_>,
        runs: &[journey_run::Model],
        journeys: Vec<journey::Model>,
        versions: &HashMap<Uuid, Arc<Version>>,
        zone: Tz,
    ) -> Result<Self, DbError> {
        let run_ids = ids(runs.iter().map(|r| r.id));
        let carts = scoped
            .find_among::<cart::Entity, _>(cart::Column::Id, ids(runs.iter().filter_map(|r| r.cart_id)))
            .await?;
        let contacts = contacts(scoped, ids(runs.iter().map(|r| r.contact_id))).await?;
        let contexts =
            scoped.find_among::<run_context::Entity, _>(run_context::Column::RunId, run_ids.clone()).await?;
        let mut memories = HashMap::with_capacity(contexts.len());
        for row in contexts {
            let memory = serde_json::from_value(row.data)
                .map_err(|e| sea_orm::DbErr::Custom(format!("the context of a run cannot be read: {e}")))?;
            memories.insert(row.run_id, memory);
        }
        let mut loaded = Self {
            journeys: journeys.into_iter().map(|j| (j.id, journey_state(&j.status))).collect(),
            carts: carts.into_iter().map(|c| (c.id, c)).collect(),
            contacts,
            memories,
            messages: HashMap::new(),
            arrived: HashMap::new(),
            zone,
            reachable: None,
        };
        let asking: Vec<Uuid> = runs
            .iter()
            .filter(|r| versions.get(&r.version_id).is_some_and(|v| v.needs.engagement))
            .map(|r| r.id)
            .collect();
        if !asking.is_empty() {
            let of_runs = message::Column::RunId.among(asking);
            let rows = scoped.find::<message::Entity>().filter(of_runs).all(scoped.on()).await?;
            for row in rows {
                loaded.messages.entry(row.run_id.unwrap_or_default()).or_default().push(row);
            }
        }
        loaded.load_arrived(scoped, runs).await?;
        Ok(loaded)
    }

    /// With where people can be reached, for versions that choose between channels.
    #[must_use]
    pub fn with_reach(self, reachable: Option<Reachable>) -> Self {
        Self { reachable, ..self }
    }

    /// What the run remembers.
    pub fn memory(&self, run: &journey_run::Model) -> Memory {
        self.memories.get(&run.id).cloned().unwrap_or_default()
    }

    /// The facts of one run; `None` when its cart or contact is gone.
    pub fn facts(&self, run: &journey_run::Model, version: &Version) -> Option<Facts> {
        let cart = self.carts.get(&run.cart_id?)?;
        let contact = self.contacts.get(&run.contact_id)?;
        let contact = contact.merged_into.and_then(|id| self.contacts.get(&id)).unwrap_or(contact);
        let mut engagement = BTreeMap::new();
        for message in self.messages.get(&run.id).into_iter().flatten() {
            let Ok(node) = message.node.parse::<NodeId>() else { continue };
            let seen: &mut Engagement = engagement.entry(node).or_default();
            seen.sent |= message.sent_at.is_some();
            seen.opened |= message.opened_at.is_some();
            seen.clicked |= message.clicked_at.is_some();
        }
        Some(Facts {
            journey: self.journeys.get(&run.journey_id).copied().unwrap_or(JourneyState::Off),
            cart: cart_facts(cart, version.needs.lines),
            contact: contact_facts(contact),
            zone: if version.needs.zone { recipient_zone(contact, self.zone) } else { self.zone },
            ordered_since_entry: contact.last_order_at.is_some_and(|at| at >= run.entered_at),
            engagement,
            reach: self.reachable.as_ref().map(|r| r.of(contact, cart, version)).unwrap_or_default(),
            arrived: self.arrived.get(&run.id).copied(),
        })
    }

    /// For runs that wait for an event: whether one came. Read from the events themselves, so that one that came
    /// while nobody was listening is not lost; the wake-up only makes it quick.
    async fn load_arrived(
        &mut self,
        scoped: &Scoped<'_>,
        runs: &[journey_run::Model],
    ) -> Result<(), DbError> {
        let waiting: Vec<(&journey_run::Model, WaitingFor)> =
            runs.iter().filter_map(|r| Some((r, self.memories.get(&r.id)?.waiting_for.clone()?))).collect();
        if waiting.is_empty() {
            return Ok(());
        }
        self.arrived_events(scoped, &waiting).await?;
        self.arrived_engagement(scoped, &waiting).await
    }

    async fn arrived_events(
        &mut self,
        scoped: &Scoped<'_>,
        waiting: &[(&journey_run::Model, WaitingFor)],
    ) -> Result<(), DbError> {
        let kinds: HashSet<&'static str> = waiting
            .iter()
            .flat_map(|(_, w)| &w.events)
            .filter_map(|e| if let Awaited::Event(kind) = e { Some(kind.as_str()) } else { None })
            .collect();
        if kinds.is_empty() {
            return Ok(());
        }
        let since = waiting.iter().map(|(_, w)| w.since).min().unwrap_or(0);
        let people = ids(waiting.iter().flat_map(|(r, _)| {
            [Some(r.contact_id), self.contacts.get(&r.contact_id).and_then(|c| c.merged_into)]
                .into_iter()
                .flatten()
        }));
        let of_people = event::Column::ContactId.among(people);
        let of_carts = event::Column::CartId.among(ids(waiting.iter().filter_map(|(r, _)| r.cart_id)));
        let mut seen: Vec<event::Model> = Vec::new();
        for whose in [of_people, of_carts] {
            let rows = scoped
                .find::<event::Entity>()
                .filter(whose)
                .filter(event::Column::Kind.is_in(kinds.iter().copied()))
                .filter(event::Column::ReceivedAt.gte(since))
                .order_by_asc(event::Column::ReceivedAt)
                .limit(2_000)
                .all(scoped.on())
                .await?;
            seen.extend(rows);
        }
        for (run, wanted) in waiting {
            let person =
                self.contacts.get(&run.contact_id).map_or(run.contact_id, |c| merged(c.id, c.merged_into));
            let first = seen
                .iter()
                .filter_map(|e| {
                    let awaited = Awaited::Event(EventKind::from_name(&e.kind)?);
                    let mine = match awaited.scope() {
                        WaitScope::Cart => e.cart_id.is_some() && e.cart_id == run.cart_id,
                        _ => e.contact_id == Some(run.contact_id) || e.contact_id == Some(person),
                    };
                    let fits = mine && wanted.events.contains(&awaited) && in_time(wanted, e.received_at);
                    fits.then_some(Arrived { event: awaited, at: e.received_at })
                })
                .min_by_key(|a| a.at);
            if let Some(arrived) = first {
                self.arrived.insert(run.id, arrived);
            }
        }
        Ok(())
    }

    async fn arrived_engagement(
        &mut self,
        scoped: &Scoped<'_>,
        waiting: &[(&journey_run::Model, WaitingFor)],
    ) -> Result<(), DbError> {
        let mut owners: HashMap<Uuid, (Uuid, &WaitingFor)> = HashMap::new();
        for (run, wanted) in
            waiting.iter().filter(|(_, w)| w.events.iter().any(|e| e.scope() == WaitScope::Run))
        {
            for message in self.messages.get(&run.id).into_iter().flatten() {
                if wanted.message.as_ref().is_none_or(|node| node.as_str() == message.node) {
                    owners.insert(message.id, (run.id, wanted));
                }
            }
        }
        if owners.is_empty() {
            return Ok(());
        }
        let messages = owners.keys().copied();
        let mut receipts = scoped
            .find_among::<message_receipt::Entity, _>(message_receipt::Column::MessageId, messages)
            .await?;
        receipts.retain(|receipt| receipt.machine.is_none());
        receipts.sort_by_key(|receipt| receipt.at);
        for receipt in receipts {
            let awaited = match receipt.kind.as_str() {
                "opened" => Awaited::Opened,
                "clicked" => Awaited::Clicked,
                _ => continue,
            };
            let Some((run, wanted)) = owners.get(&receipt.message_id) else { continue };
            if wanted.events.contains(&awaited) && in_time(wanted, receipt.at) {
                self.arrived.entry(*run).or_insert(Arrived { event: awaited, at: receipt.at });
            }
        }
        Ok(())
    }
}

fn in_time(wanted: &WaitingFor, at: Millis) -> bool {
    (wanted.since..wanted.until).contains(&at)
}

/// Contacts by id, and the ones they were merged into.
pub(super) async fn contacts(
    scoped: &Scoped<'_>,
    wanted: Vec<Uuid>,
) -> Result<HashMap<Uuid, contact::Model>, DbError> {
    let rows = scoped.find_among::<contact::Entity, _>(contact::Column::Id, wanted).await?;
    let targets = ids(rows.iter().filter_map(|c| c.merged_into));
    let mut found: HashMap<Uuid, contact::Model> = rows.into_iter().map(|c| (c.id, c)).collect();
    if !targets.is_empty() {
        let rows = scoped.find_among::<contact::Entity, _>(contact::Column::Id, targets).await?;
        found.extend(rows.into_iter().map(|c| (c.id, c)));
    }
    Ok(found)
}

/// The clock of somebody's wall.
fn recipient_zone(contact: &contact::Model, store: Tz) -> Tz {
    let country = contact.country.as_deref().and_then(|c| c.parse().ok());
    wall_zone(contact.time_zone.as_deref(), country, store)
}

/// The store a batch belongs to, in groups.
pub fn by_store(runs: Vec<journey_run::Model>) -> BTreeMap<StoreId, Vec<journey_run::Model>> {
    let mut groups: BTreeMap<StoreId, Vec<journey_run::Model>> = BTreeMap::new();
    for run in runs {
        groups.entry(StoreId(run.store_id)).or_default().push(run);
    }
    groups
}
