//! Hits of links and pixels: answered at once, written down together.
//!
//! A hit is kept in memory for a fraction of a second and committed with many others. A crash in between loses hits
//! that were never acknowledged as kept; it can lose no consent, no order and no message.

use crate::{
    analytics::metrics::{Deltas, Metric},
    clock::Env,
    db::{Among, Db, DbError, Scoped, StoreScope},
    journeys::wake::wake_runs,
    wake::Wake,
};
use cartwheel_domain::{
    ids::{JourneyId, MessageId, ReceiptId, RunId, StoreId},
    journey::Awaited,
    recovery::machine::{BURST_WITHIN, Hit, HitKind, Hitter, classify},
    time::Millis,
};
use cartwheel_entity::{message, message_receipt};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, QuerySelect};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};
use uuid::Uuid;

/// Hits kept in memory at most; beyond that they are counted and let go.
const MOST: usize = 50_000;

/// One hit, as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Whose link.
    pub store: StoreId,
    /// Of which message.
    pub message: MessageId,
    /// Pixel or link.
    pub kind: HitKind,
    /// Number of the link; 0 for the pixel and the restore link.
    pub link: u16,
    /// The restore link that was used.
    pub restore: Option<Uuid>,
    /// HTTP method.
    pub method: String,
    /// `User-Agent`, shortened.
    pub agent: Option<String>,
    /// What the request says it is for.
    pub purpose: Option<String>,
    /// When.
    pub at: Millis,
    /// The shop's page asked for the cart by script: somebody is there, however soon.
    pub by_script: bool,
}

/// The buffer; cheap to clone.
#[derive(Clone)]
pub struct Receipts {
    db: Db,
    env: Env,
    wake: Wake,
    waiting: Arc<Mutex<Vec<Seen>>>,
    bell: Arc<tokio::sync::Notify>,
}

impl Receipts {
    /// An empty buffer.
    pub fn new(db: Db, env: Env, wake: Wake) -> Self {
        Self { db, env, wake, waiting: Arc::default(), bell: Arc::default() }
    }

    /// Rings when there is something to write.
    pub fn bell(&self) -> Arc<tokio::sync::Notify> {
        Arc::clone(&self.bell)
    }

    /// Takes a hit.
    pub fn take(&self, seen: Seen) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST {
            metrics::counter!("cartwheel_hits_dropped_total").increment(1);
            return;
        }
        waiting.push(seen);
        drop(waiting);
        self.bell.notify_one();
    }

    /// Writes down what is waiting, and says how much that was.
    ///
    /// # Errors
    /// What the database says; the hits stay for the next pass.
    pub async fn tick(&self) -> Result<usize, DbError> {
        let taken = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        if taken.is_empty() {
            return Ok(0);
        }
        match self.write(&taken).await {
            Ok(woken) => {
                if woken > 0 {
                    self.wake.runs.notify_one();
                }
                Ok(taken.len())
            }
            Err(error) => {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.splice(0..0, taken);
                Err(error)
            }
        }
    }

    async fn write(&self, taken: &[Seen]) -> Result<u64, DbError> {
        let mut groups: BTreeMap<StoreId, Vec<&Seen>> = BTreeMap::new();
        for seen in taken {
            groups.entry(seen.store).or_default().push(seen);
        }
        let mut tx = self.db.write().await?;
        let mut woken = 0;
        for (store, seen) in groups {
            let scoped = tx.enter(&StoreScope::shop(store)).await?;
            woken += self.write_store(&scoped, &seen).await?;
        }
        tx.commit().await?;
        Ok(woken)
    }

    async fn write_store(&self, scoped: &Scoped<'_>, seen: &[&Seen]) -> Result<u64, DbError> {
        let messages = hit_messages(scoped, seen).await?;
        let bursts = Bursts::of(seen);
        let mut receipts = Vec::with_capacity(seen.len());
        let mut opened: BTreeMap<Uuid, Millis> = BTreeMap::new();
        let mut clicked: BTreeMap<Uuid, Millis> = BTreeMap::new();
        let mut restored: BTreeMap<Uuid, Millis> = BTreeMap::new();
        for one in seen {
            let Some(message) = messages.get(&one.message.uuid()) else { continue };
            // Whoever has said no is not watched any longer.
            if one.kind == HitKind::Open && message.unsubscribed {
                continue;
            }
            let hitter = judge(one, message, &bursts);
            let (word, first) = match one.kind {
                HitKind::Open => ("opened", &mut opened),
                HitKind::Click => ("clicked", &mut clicked),
            };
            let machine = match hitter {
                Hitter::Human => {
                    first.entry(message.id).or_insert(one.at);
                    if let Some(link) = one.restore {
                        restored.entry(link).or_insert(one.at);
                    }
                    None
                }
                Hitter::Machine(reason) => Some(reason.as_str().to_owned()),
            };
            receipts.push(message_receipt::ActiveModel {
                detail: Set(None),
                store_id: Set(one.store.uuid()),
                id: Set(self.env.id::<ReceiptId>().uuid()),
                message_id: Set(message.id),
                kind: Set(word.to_owned()),
                at: Set(one.at),
                machine: Set(machine),
                link: Set((one.kind == HitKind::Click).then(|| i32::from(one.link))),
                user_agent: Set(one.agent.clone()),
            });
        }
        scoped.insert::<message_receipt::Entity>(receipts).await?;
        let mut deltas = Deltas::new();
        let mut happened = Vec::new();
        for (column, firsts, awaited) in
            [("opened_at", &opened, Awaited::Opened), ("clicked_at", &clicked, Awaited::Clicked)]
        {
            let runs = firsts.keys().filter_map(|id| messages.get(id)?.run_id);
            happened.extend(runs.map(|run| (awaited, RunId(run).to_string())));
            let new = scoped.set_once("message", column, firsts.iter().map(|(id, at)| (*id, *at))).await?;
            if awaited == Awaited::Clicked {
                let first = clicked.iter().filter(|(id, _)| new.contains(id));
                let first = first.filter_map(|(id, at)| Some((messages.get(id)?, *at)));
                count_first_clicks(scoped, first.collect(), &mut deltas).await?;
            }
        }
        scoped.set_once("restore_link", "used_at", restored).await?;
        if !deltas.is_empty() {
            deltas.write(scoped).await?;
        }
        wake_runs(scoped, &happened, self.env.now()).await
    }
}

/// What is needed of a message that was hit.
struct Known {
    id: Uuid,
    run_id: Option<Uuid>,
    journey_id: Option<Uuid>,
    cart_id: Option<Uuid>,
    sent_at: Option<Millis>,
    unsubscribed: bool,
}

async fn hit_messages(scoped: &Scoped<'_>, seen: &[&Seen]) -> Result<HashMap<Uuid, Known>, DbError> {
    use message::Column as M;
    type Row = (Uuid, Option<Uuid>, Option<Uuid>, Option<Uuid>, Option<Millis>, Option<Millis>);
    let ids: BTreeSet<Uuid> = seen.iter().map(|s| s.message.uuid()).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let mut known = HashMap::with_capacity(ids.len());
    for part in ids.chunks(5_000) {
        let columns = [M::Id, M::RunId, M::JourneyId, M::CartId, M::SentAt, M::UnsubscribedAt];
        let query = scoped.find::<message::Entity>().select_only().columns(columns);
        let query = query.filter(M::Id.among(part.iter().copied()));
        for (id, run_id, journey_id, cart_id, sent_at, no) in
            query.into_tuple::<Row>().all(scoped.on()).await?
        {
            let unsubscribed = no.is_some();
            known.insert(id, Known { id, run_id, journey_id, cart_id, sent_at, unsubscribed });
        }
    }
    Ok(known)
}

/// A cart counts as clicked once, however many of its mails are.
async fn count_first_clicks(
    scoped: &Scoped<'_>,
    clicked: Vec<(&Known, Millis)>,
    deltas: &mut Deltas,
) -> Result<(), DbError> {
    use message::Column as M;
    let carts: BTreeSet<Uuid> = clicked.iter().filter_map(|(m, _)| m.cart_id).collect();
    let carts: Vec<Uuid> = carts.into_iter().collect();
    let mut earlier: HashSet<Uuid> = HashSet::new();
    let now: HashSet<Uuid> = clicked.iter().map(|(m, _)| m.id).collect();
    for part in carts.chunks(5_000) {
        let query = scoped.find::<message::Entity>().select_only().columns([M::Id, M::CartId]);
        let query = query.filter(M::CartId.among(part.iter().copied())).filter(M::ClickedAt.is_not_null());
        let rows = query.into_tuple::<(Uuid, Option<Uuid>)>().all(scoped.on()).await?;
        earlier.extend(rows.into_iter().filter(|(id, _)| !now.contains(id)).filter_map(|(_, cart)| cart));
    }
    for (message, at) in clicked {
        if message.cart_id.is_some_and(|cart| earlier.insert(cart)) {
            deltas.count(at, Metric::Clicked, message.journey_id.map(JourneyId), 1);
        }
    }
    Ok(())
}

/// The clicks of each message in the order of their times: what tells a scanner from a person.
struct Bursts(HashMap<MessageId, Vec<(Millis, u16)>>);

impl Bursts {
    fn of(seen: &[&Seen]) -> Self {
        let mut clicks: HashMap<MessageId, Vec<(Millis, u16)>> = HashMap::new();
        for one in seen.iter().filter(|s| s.kind == HitKind::Click) {
            clicks.entry(one.message).or_default().push((one.at, one.link));
        }
        clicks.values_mut().for_each(|c| c.sort_unstable());
        Self(clicks)
    }

    /// How many different links of the message were followed around this time.
    fn around(&self, message: MessageId, at: Millis) -> u32 {
        let clicks = self.0.get(&message).map_or(&[][..], Vec::as_slice);
        let from = clicks.partition_point(|(t, _)| *t < at - BURST_WITHIN);
        let near = clicks[from..].iter().take_while(|(t, _)| *t <= at + BURST_WITHIN);
        let links: HashSet<u16> = near.map(|(_, link)| *link).collect();
        u32::try_from(links.len()).unwrap_or(u32::MAX)
    }
}

fn judge(one: &Seen, message: &Known, bursts: &Bursts) -> Hitter {
    classify(&Hit {
        kind: one.kind,
        method: &one.method,
        user_agent: one.agent.as_deref(),
        purpose: one.purpose.as_deref(),
        at: one.at,
        handed_over_at: message.sent_at.filter(|_| !one.by_script),
        links_in_burst: bursts.around(one.message, one.at),
    })
}
