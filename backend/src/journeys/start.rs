//! Runs begin: carts that were just judged left, and the journeys that are on.

use super::{
    facts::{cart_facts, contact_facts},
    model::{ENDED, WAITING, run_id},
    versions::{Version, Versions},
};
use crate::{
    db::{Among, DbError, Scoped},
    webhooks::{Happening, tell},
};
use cartwheel_domain::{
    hook::{HookKind, HookKinds},
    ids::{CartId, ContactId, JourneyId},
    journey::{CartStatus, ContactFacts, Facts, JourneyState, LOOK_BACK, NoEntry, PastEntries, admit, keys},
    time::Millis,
};
use cartwheel_entity::{cart, contact, journey, journey_run};
use chrono_tz::Tz;
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, QuerySelect};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use uuid::Uuid;

/// A cart that was judged left in this transaction.
#[derive(Debug, Clone)]
pub struct Left {
    /// The cart as it now is; `entries` is how often it was judged left before.
    pub cart: cart::Model,
    /// Whose; nobody can be reminded of a cart of nobody.
    pub contact: ContactId,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Started {
    /// Runs that began.
    pub runs: u64,
    /// Why others did not, by the word of `NoEntry`.
    pub refused: BTreeMap<&'static str, u64>,
}

/// Begins the runs these carts are admitted to, in the caller's transaction: with many carts at once, so that the
/// number of statements does not grow with them. Notify [`crate::wake::Wake::runs`] after the commit.
///
/// # Errors
/// What the database says.
pub async fn start_runs(
    scoped: &Scoped<'_>,
    versions: &Versions,
    (lane, wanted): (i32, HookKinds),
    left: &[Left],
    now: Millis,
) -> Result<Started, DbError> {
    let mut started = Started::default();
    if left.is_empty() {
        return Ok(started);
    }
    let journeys =
        scoped.find::<journey::Entity>().filter(journey::Column::Status.eq("on")).all(scoped.on()).await?;
    let current = versions.get(scoped, journeys.iter().filter_map(|j| j.current_version_id)).await?;
    let mut contacts: Option<HashMap<Uuid, ContactFacts>> = None;
    for journey in journeys {
        let Some(version) = journey.current_version_id.and_then(|id| current.get(&id)) else { continue };
        if contacts.is_none() && version.definition.trigger().is_some_and(|t| t.filter.is_some()) {
            contacts = Some(load_contacts(scoped, left).await?);
        }
        let past = past_entries(scoped, version, left).await?;
        let (mut rows, mut told) = (Vec::new(), Vec::new());
        for one in left {
            let facts = facts(one, version, contacts.as_ref());
            let seen = past.get(&one.cart.id).copied().unwrap_or_default();
            match admit(&version.definition, CartId(one.cart.id), &facts, seen, now) {
                Ok(entry) => {
                    rows.push(row(scoped, version, one, seen.of_cart, &entry.entry_key, lane, now));
                    if wanted.has(HookKind::RunStarted) {
                        let run = run_id(version.journey_id, &entry.entry_key).uuid();
                        let cart = Some(one.cart.id);
                        told.push(Happening::run_started(run, version.journey_id, cart, one.contact));
                    }
                }
                Err(NoEntry::OtherKind) => {}
                Err(reason) => *started.refused.entry(reason.as_str()).or_insert(0) += 1,
            }
        }
        started.runs += scoped.insert_new::<journey_run::Entity>(rows).await?;
        tell(scoped, wanted, now, told).await?;
    }
    Ok(started)
}

fn row(
    scoped: &Scoped<'_>,
    version: &Version,
    left: &Left,
    number: u32,
    entry_key: &str,
    lane: i32,
    now: Millis,
) -> journey_run::ActiveModel {
    journey_run::ActiveModel {
        store_id: Set(scoped.store_id().uuid()),
        id: Set(run_id(version.journey_id, entry_key).uuid()),
        journey_id: Set(version.journey_id.uuid()),
        version_id: Set(version.id.uuid()),
        contact_id: Set(left.contact.uuid()),
        cart_id: Set(Some(left.cart.id)),
        entry: Set(i32::try_from(number).unwrap_or(i32::MAX)),
        node: Set(version.definition.start.as_str().to_owned()),
        visit: Set(0),
        status: Set(WAITING),
        wake_at: Set(now),
        epoch: Set(0),
        attempt: Set(0),
        lane: Set(lane),
        entered_at: Set(left.cart.abandoned_at.unwrap_or(now).min(now)),
        ..Default::default()
    }
}

fn facts(left: &Left, version: &Arc<Version>, contacts: Option<&HashMap<Uuid, ContactFacts>>) -> Facts {
    let mut cart = cart_facts(&left.cart, version.needs.lines);
    cart.status = CartStatus::Abandoned;
    Facts {
        journey: JourneyState::Active,
        cart,
        contact: contacts.and_then(|c| c.get(&left.contact.uuid())).cloned().unwrap_or_default(),
        // Whether a run begins is no question of the clock on the wall.
        zone: Tz::UTC,
        ordered_since_entry: false,
        engagement: BTreeMap::new(),
        reach: BTreeMap::new(),
        arrived: None,
    }
}

async fn load_contacts(scoped: &Scoped<'_>, left: &[Left]) -> Result<HashMap<Uuid, ContactFacts>, DbError> {
    let ids = left.iter().map(|l| l.contact.uuid());
    let rows = scoped.find_among::<contact::Entity, _>(contact::Column::Id, ids).await?;
    Ok(rows.iter().map(|c| (c.id, contact_facts(c))).collect())
}

/// Earlier runs of these carts in this journey, by primary key; and of these contacts, if there is a cool-down.
async fn past_entries(
    scoped: &Scoped<'_>,
    version: &Version,
    left: &[Left],
) -> Result<HashMap<Uuid, PastEntries>, DbError> {
    let mut owners: HashMap<Uuid, Uuid> = HashMap::new();
    for one in left {
        let before = u32::try_from(one.cart.entries).unwrap_or(0).min(LOOK_BACK);
        for number in 0..before {
            let key = keys::entry_key(CartId(one.cart.id), number);
            owners.insert(run_id(version.journey_id, &key).uuid(), one.cart.id);
        }
    }
    let mut past: HashMap<Uuid, PastEntries> = HashMap::new();
    if !owners.is_empty() {
        let ids = owners.keys().copied();
        for run in scoped.find_among::<journey_run::Entity, _>(journey_run::Column::Id, ids).await? {
            let Some(cart) = owners.get(&run.id) else { continue };
            let seen = past.entry(*cart).or_default();
            seen.of_cart += 1;
            seen.running |= run.status != ENDED;
            seen.last_of_cart = seen.last_of_cart.max(Some(run.entered_at));
        }
    }
    if version.definition.settings.cool_down_seconds > 0 {
        let journey: JourneyId = version.journey_id;
        let rows: Vec<(Uuid, Option<Millis>)> = scoped
            .find::<journey_run::Entity>()
            .select_only()
            .column(journey_run::Column::ContactId)
            .column_as(journey_run::Column::EnteredAt.max(), "latest")
            .filter(journey_run::Column::JourneyId.eq(journey.uuid()))
            .filter(journey_run::Column::ContactId.among(left.iter().map(|l| l.contact.uuid())))
            .group_by(journey_run::Column::ContactId)
            .into_tuple()
            .all(scoped.on())
            .await?;
        let latest: HashMap<Uuid, Option<Millis>> = rows.into_iter().collect();
        for one in left {
            if let Some(at) = latest.get(&one.contact.uuid()) {
                past.entry(one.cart.id).or_default().last_of_contact = *at;
            }
        }
    }
    Ok(past)
}
