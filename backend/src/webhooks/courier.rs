//! The worker: due deliveries in, attempts written, calls made, answers back.

use super::{
    FAILED, OFF, WAITING,
    call::{Caller, Post, Said},
    health::{self, Health},
    results::{self, Answered},
    retry::{self, spread},
    secret::Secrets,
};
use crate::{
    accounts::{MasterKey, Stores, keys::KeyError},
    clock::Env,
    crash::crash_point,
    db::{Db, DbError, Scoped, StoreScope, batch, claim},
};
use cartwheel_domain::{
    ids::{AttemptId, DeliveryId, HookId, StoreId},
    time::{MINUTE, Millis, SECOND},
};
use cartwheel_entity::{hook_attempt, hook_delivery, hook_endpoint};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, sea_query::Expr};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::timeout,
};
use uuid::Uuid;

/// How many deliveries one pass takes at most.
const BATCH: u32 = 256;
/// Calls at once.
const CALLS: usize = 128;
/// Calls to one endpoint at once. So many slow ones leave the others their places.
const CALLS_EACH: usize = 8;
/// Deliveries of one endpoint in one pass, while all is well with it …
const SHARE: usize = 64;
/// … after a failure …
const SHARE_DOUBTFUL: usize = 8;
/// … and when it has just rested: one knocks, the others wait for what it hears.
const SHARE_RESTED: usize = 1;
/// How long those that were too many wait.
const NEXT_PASS: Millis = SECOND / 5;
/// How long those wait that stand behind the one that knocks.
const BEHIND: Millis = 30 * SECOND;
/// A pass that has waited so long for answers goes on without them; they are recorded when they come.
const UNHURRIED: Duration = Duration::from_secs(2);
/// Answers that come so close after one another are written in one transaction.
const TOGETHER: Duration = Duration::from_millis(20);

/// What one pass did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Rows taken.
    pub claimed: usize,
    /// Of them, sent.
    pub called: usize,
    /// Answers written.
    pub answered: usize,
}

/// What the worker and those who write its answers down work with.
pub(super) struct Tools {
    pub db: Db,
    pub env: Env,
    pub master: MasterKey,
    pub stores: Stores,
    /// Whether the service sends mails of its own.
    pub mails: bool,
    pub owner: String,
}

/// Delivers webhooks. Several may work on one database.
pub struct Courier {
    tools: Arc<Tools>,
    caller: Caller,
    share: Mutex<claim::Share>,
    calls: Arc<Semaphore>,
    each: Mutex<HashMap<Uuid, Arc<Semaphore>>>,
}

/// One call to make, after the commit.
pub(super) struct Job {
    row: hook_delivery::Model,
    attempt: AttemptId,
    url: String,
    secrets: Secrets,
}

impl Courier {
    /// A courier of its own name. `mails`: whether admins can be told by mail.
    pub fn new(db: Db, env: Env, master: MasterKey, stores: Stores, caller: Caller, mails: bool) -> Self {
        let owner = format!("courier-{}", env.uuid().simple());
        Self {
            tools: Arc::new(Tools { db, env, master, stores, mails, owner }),
            caller,
            share: Mutex::default(),
            calls: Arc::new(Semaphore::new(CALLS)),
            each: Mutex::default(),
        }
    }

    /// One pass: tells what is due, and writes down what came of it. Call again while it says that it claimed something.
    ///
    /// # Errors
    /// What the database says. A call whose answer could not be written is made again when its lease is over.
    pub async fn tick(&self) -> Result<Delivered, DbError> {
        let (claimed, jobs) = self.take().await?;
        if claimed == 0 {
            return Ok(Delivered::default());
        }
        crash_point!("courier.taken");
        let called = jobs.len();
        let answered = self.call_all(jobs).await?;
        crash_point!("courier.recorded");
        Ok(Delivered { claimed, called, answered })
    }

    /// Takes due deliveries in hand and writes their attempts, in one transaction.
    pub(super) async fn take(&self) -> Result<(usize, Vec<Job>), DbError> {
        let tools = &self.tools;
        let share = self.share.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let now = tools.env.now();
        let owner = tools.owner.as_str();
        let claim = claim::Claim { now, until: now + self.lease(), owner, limit: BATCH, share: &share };
        let mut tx = tools.db.write().await?;
        let rows = claim::hooks(&tx.system().await?, &claim).await?;
        if rows.is_empty() {
            return Ok((0, Vec::new()));
        }
        crash_point!("courier.claimed");
        let (claimed, lanes) = (rows.len(), rows.iter().map(|r| r.lane).collect::<Vec<_>>());
        let late = rows.iter().map(|r| now - r.next_at).max().unwrap_or(0).max(0);
        metrics::gauge!("cartwheel_webhooks_late_seconds").set(late as f64 / SECOND as f64);
        let mut jobs = Vec::new();
        let mut by_store: BTreeMap<Uuid, Vec<hook_delivery::Model>> = BTreeMap::new();
        for row in rows {
            by_store.entry(row.store_id).or_default().push(row);
        }
        for (store, rows) in by_store {
            let scoped = tx.enter(&StoreScope::system(StoreId(store))).await?;
            jobs.extend(self.sort(&scoped, rows, now).await?);
        }
        crash_point!("courier.before_commit");
        tx.commit().await?;
        self.share.lock().unwrap_or_else(PoisonError::into_inner).learn(BATCH, lanes);
        Ok((claimed, jobs))
    }

    /// Long enough for the longest queue of one endpoint.
    fn lease(&self) -> Millis {
        let patience = Millis::try_from(self.caller.patience().as_millis()).unwrap_or(MINUTE);
        patience.saturating_mul((SHARE / CALLS_EACH) as i64).saturating_add(MINUTE).min(claim::LONGEST_LEASE)
    }

    /// Which of a store's claimed deliveries go now; the others are put back or closed.
    async fn sort(
        &self,
        scoped: &Scoped<'_>,
        rows: Vec<hook_delivery::Model>,
        now: Millis,
    ) -> Result<Vec<Job>, DbError> {
        let ids: BTreeSet<Uuid> = rows.iter().map(|r| r.endpoint_id).collect();
        let endpoints = scoped.find_among::<hook_endpoint::Entity, _>(hook_endpoint::Column::Id, ids).await?;
        let mut known = HashMap::new();
        for row in endpoints {
            let secrets = match Secrets::open(scoped, &self.tools.master, &row, now).await {
                Ok(secrets) => secrets,
                Err(KeyError::Db(error)) => return Err(error),
                Err(error) => {
                    tracing::error!(endpoint = %HookId(row.id), %error, "the secret of an endpoint does not open");
                    None
                }
            };
            known.insert(row.id, (row, secrets, 0_usize));
        }
        let (mut put, mut going, mut jobs) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            let id = DeliveryId(row.id);
            let later = |at: Millis| (WAITING, at + spread(id, row.attempt) * 10, row.reason.clone(), None);
            let Some((endpoint, secrets, gone)) = known.get_mut(&row.endpoint_id) else { continue };
            let rests = endpoint.resting_until.filter(|until| *until > now);
            let may = match endpoint.failures {
                0 => SHARE,
                n if n < retry::CIRCUIT => SHARE_DOUBTFUL,
                _ => SHARE_RESTED,
            };
            let (status, next_at, reason, done_at) = if endpoint.off_why.is_some() {
                (FAILED, row.next_at, Some(OFF.to_owned()), Some(now))
            } else if let Some(until) = rests {
                later(until)
            } else if *gone >= may && endpoint.failures < retry::CIRCUIT {
                (WAITING, now + NEXT_PASS, row.reason.clone(), None)
            } else if *gone >= may {
                later(now + BEHIND)
            } else if let Some(secrets) = secrets {
                *gone += 1;
                going.push(batch::Row {
                    id: row.id,
                    epoch: row.epoch,
                    values: vec![(row.attempt + 1).into()],
                });
                let attempt = self.tools.env.id();
                jobs.push(Job { attempt, url: endpoint.url.clone(), secrets: secrets.clone(), row });
                continue;
            } else {
                // Unsigned it must not go. Whoever rotates the secret and replays it mends this.
                (FAILED, row.next_at, Some("no_secret".to_owned()), Some(now))
            };
            let values = vec![status.into(), next_at.into(), reason.into(), done_at.into()];
            put.push(batch::Row { id: row.id, epoch: row.epoch, values });
        }
        let back = batch::Change {
            table: "hook_delivery",
            columns: &["status", "next_at", "reason", "done_at"],
            guard: "status = 1",
            owner: &self.tools.owner,
            keep_lease: false,
        };
        scoped.change_fenced(&back, put).await?;
        let forth = batch::Change { columns: &["attempt"], keep_lease: true, ..back };
        scoped.change_fenced(&forth, going).await?;
        let attempts = jobs.iter().map(|job| hook_attempt::ActiveModel {
            store_id: Set(scoped.store_id().uuid()),
            id: Set(job.attempt.uuid()),
            delivery_id: Set(job.row.id),
            number: Set(job.row.attempt + 1),
            started_at: Set(now),
            finished_at: Set(None),
            outcome: Set(None),
            status: Set(None),
            answer: Set(None),
        });
        scoped.insert::<hook_attempt::Entity>(attempts.collect()).await?;
        Ok(jobs)
    }

    /// The places of one endpoint's calls.
    fn places(&self, endpoint: Uuid) -> Arc<Semaphore> {
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        if each.len() > 10_000 {
            // Nobody holds those that only this map knows.
            each.retain(|_, places| Arc::strong_count(places) > 1);
        }
        Arc::clone(each.entry(endpoint).or_insert_with(|| Arc::new(Semaphore::new(CALLS_EACH))))
    }

    /// Makes the calls, many at once, and records answers as they come.
    pub(super) async fn call_all(&self, jobs: Vec<Job>) -> Result<usize, DbError> {
        if jobs.is_empty() {
            return Ok(0);
        }
        let expected = jobs.len();
        let (sender, mut answers) = mpsc::channel::<Answered>(expected);
        let mut calls = JoinSet::new();
        for job in jobs {
            let (sender, all, own) =
                (sender.clone(), Arc::clone(&self.calls), self.places(job.row.endpoint_id));
            let (caller, tools) = (self.caller.clone(), Arc::clone(&self.tools));
            calls.spawn(async move {
                // Never closed while a courier lives. One's own place first: whoever waits for it takes nobody else's.
                let Ok(_own) = own.acquire().await else { return };
                let Ok(_place) = all.acquire().await else { return };
                let _ = sender.send(call(job, &caller, &tools.env).await).await;
            });
        }
        drop(sender);
        let (mut answered, mut ready) = (0, Vec::with_capacity(expected));
        loop {
            ready.clear();
            match timeout(UNHURRIED, answers.recv_many(&mut ready, expected)).await {
                Ok(0) => return Ok(answered),
                Ok(_) => {
                    let more = async {
                        while answered + ready.len() < expected
                            && answers.recv_many(&mut ready, expected).await > 0
                        {}
                    };
                    // Whether they all came or the time is up: what is there is written.
                    let _ = timeout(TOGETHER, more).await;
                    crash_point!("courier.called");
                    answered += record(&self.tools, std::mem::take(&mut ready)).await?;
                }
                Err(_) => {
                    self.leave_to_itself(calls, answers);
                    return Ok(answered);
                }
            }
        }
    }

    /// The slow rest of a pass: its answers are recorded whenever they come, and nobody waits for them.
    fn leave_to_itself(&self, calls: JoinSet<()>, mut answers: mpsc::Receiver<Answered>) {
        let tools = Arc::clone(&self.tools);
        tokio::spawn(async move {
            let _calls = calls;
            let mut ready = Vec::new();
            while answers.recv_many(&mut ready, BATCH as usize).await > 0 {
                if let Err(error) = record(&tools, std::mem::take(&mut ready)).await {
                    tracing::error!(%error, "answers of webhooks could not be written; the leases will tell");
                }
            }
        });
    }

    /// Gives back what dead workers held: told again under the same id, for whether it arrived nobody knows.
    ///
    /// # Errors
    /// What the database says.
    pub async fn rescue(&self) -> Result<u64, DbError> {
        let now = self.tools.env.now();
        let mut tx = self.tools.db.write().await?;
        let system = tx.system().await?;
        let rows = claim::rescue_hooks(&system, now).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        use hook_attempt::Column as C;
        system
            .update::<hook_attempt::Entity>()
            .col_expr(C::FinishedAt, Expr::value(now))
            .col_expr(C::Outcome, Expr::value("worker_lost"))
            .filter(C::DeliveryId.is_in(rows.iter().copied()))
            .filter(C::FinishedAt.is_null())
            .exec(system.on())
            .await?;
        tx.commit().await?;
        metrics::counter!("cartwheel_webhooks_rescued_total").increment(rows.len() as u64);
        Ok(rows.len() as u64)
    }
}

/// Writes answers down, then how their endpoints are.
async fn record(tools: &Tools, answers: Vec<Answered>) -> Result<usize, DbError> {
    let heard: Vec<Health> = answers.iter().filter_map(Health::of).collect();
    let written = results::record(tools, answers).await?;
    crash_point!("courier.answered");
    health::learn(tools, heard).await?;
    Ok(written)
}

/// One call. A worker that slept, or waited long for its turn, does not begin one that could end after its lease: by then another may
/// have made it.
async fn call(job: Job, caller: &Caller, env: &Env) -> Answered {
    let patience = Millis::try_from(caller.patience().as_millis()).unwrap_or(Millis::MAX);
    let begun_at = env.now();
    let late = job.row.lease_until.is_none_or(|until| begun_at.saturating_add(patience) > until);
    let said = if late {
        None
    } else {
        let (id, seconds) = (DeliveryId(job.row.id), begun_at.div_euclid(SECOND));
        let signature = job.secrets.header(id, seconds, &job.row.body);
        let post = Post { id: id.to_string(), seconds, signature, body: job.row.body.clone() };
        Some(caller.send(&job.url, &post).await)
    };
    let word = match &said {
        None => "not_begun",
        Some(Said::None(word, _)) => word,
        Some(Said::Answer { status: 200..=299, .. }) => "delivered",
        Some(Said::Answer { .. }) => "refused",
    };
    metrics::counter!("cartwheel_webhooks_total", "outcome" => word).increment(1);
    Answered { row: job.row, attempt: job.attempt, said, word, begun_at, at: env.now() }
}
