//! Hits of links and pixels: answered at once, written down together.
//!
//! A hit is kept in memory for a fraction of a second and committed with many others. A crash in between loses hits
//! that were never acknowledged as kept; it can lose no consent, no order and no message.

use crate::{
    analytics::metrics::{Deltas, Metric},
    clock::Env,
    db::{Db, DbError, Scoped, StoreScope},
    journeys::wake::wake_runs,
    wake::Wake,
};
use cartwheel_domain::{
    ids::{JourneyId, MessageId, ReceiptId, RunId, StoreId},
    journey::Awaited,
    recovery::machine::{BURST_WITHIN, Hit, HitKind, Hitter, classify},
    time::Millis,
};
use cartwheel_entity::{message, message_receipt, restore_link};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, sea_query::Expr};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
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
        let ids: HashSet<Uuid> = seen.iter().map(|s| s.message.uuid()).collect();
        let rows =
            scoped.find::<message::Entity>().filter(message::Column::Id.is_in(ids)).all(scoped.on()).await?;
        let messages: HashMap<Uuid, message::Model> = rows.into_iter().map(|m| (m.id, m)).collect();
        let mut receipts = Vec::with_capacity(seen.len());
        let mut opened: BTreeMap<Uuid, Millis> = BTreeMap::new();
        let mut clicked: BTreeMap<Uuid, Millis> = BTreeMap::new();
        let mut restored: BTreeMap<Uuid, Millis> = BTreeMap::new();
        for one in seen {
            let Some(message) = messages.get(&one.message.uuid()) else { continue };
            // Whoever has said no is not watched any longer.
            if one.kind == HitKind::Open && message.unsubscribed_at.is_some() {
                continue;
            }
            let hitter = judge(one, message, seen);
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
        for (firsts, column, awaited) in [
            (opened, message::Column::OpenedAt, Awaited::Opened),
            (clicked, message::Column::ClickedAt, Awaited::Clicked),
        ] {
            for (id, at) in firsts {
                let Some(message) = messages.get(&id) else { continue };
                happened.extend(message.run_id.map(|run| (awaited, RunId(run).to_string())));
                let done = scoped
                    .update::<message::Entity>()
                    .col_expr(column, Expr::value(at))
                    .filter(message::Column::Id.eq(id))
                    .filter(column.is_null())
                    .exec(scoped.on())
                    .await?;
                if done.rows_affected > 0 && awaited == Awaited::Clicked {
                    self.count_first_click(scoped, message, at, &mut deltas).await?;
                }
            }
        }
        for (link, at) in restored {
            scoped
                .update::<restore_link::Entity>()
                .col_expr(restore_link::Column::UsedAt, Expr::value(at))
                .filter(restore_link::Column::Id.eq(link))
                .filter(restore_link::Column::UsedAt.is_null())
                .exec(scoped.on())
                .await?;
        }
        if !deltas.is_empty() {
            deltas.write(scoped).await?;
        }
        wake_runs(scoped, &happened, self.env.now()).await
    }

    /// A cart counts as clicked once, however many of its mails are.
    async fn count_first_click(
        &self,
        scoped: &Scoped<'_>,
        message: &message::Model,
        at: Millis,
        deltas: &mut Deltas,
    ) -> Result<(), DbError> {
        let Some(cart) = message.cart_id else { return Ok(()) };
        let earlier = scoped
            .find::<message::Entity>()
            .filter(message::Column::CartId.eq(cart))
            .filter(message::Column::ClickedAt.is_not_null())
            .filter(message::Column::Id.ne(message.id))
            .one(scoped.on())
            .await?;
        if earlier.is_none() {
            deltas.count(at, Metric::Clicked, message.journey_id.map(JourneyId), 1);
        }
        Ok(())
    }
}

fn judge(one: &Seen, message: &message::Model, all: &[&Seen]) -> Hitter {
    let near = |s: &&&Seen| {
        s.message == one.message && s.kind == HitKind::Click && (s.at - one.at).abs() <= BURST_WITHIN
    };
    let links: HashSet<u16> = all.iter().filter(near).map(|s| s.link).collect();
    classify(&Hit {
        kind: one.kind,
        method: &one.method,
        user_agent: one.agent.as_deref(),
        purpose: one.purpose.as_deref(),
        at: one.at,
        handed_over_at: message.sent_at.filter(|_| !one.by_script),
        links_in_burst: u32::try_from(links.len()).unwrap_or(u32::MAX),
    })
}
