//! The dispatcher: due messages in, hand-overs out, answers back.

use super::{
    breaker::Breaker,
    browsers,
    handover::{Batch, Call, Job, hand_over},
    model::{ATTEMPTING, UNCERTAIN, WORKER_LOST},
    render::LinkMaker,
    results::{self, Answered},
};
use crate::{
    accounts::{MasterKey, Stores},
    channels::{Channels, Fault, Outcome},
    clock::Env,
    crash::crash_point,
    db::{Among, Db, DbError, StoreScope, batch, claim},
    journeys::Versions,
    mail::Providers,
    templates::Templates,
    wake::Wake,
};
use cartwheel_domain::{
    consent::Channel,
    ids::StoreId,
    time::{MINUTE, Millis, SECOND},
};
use cartwheel_entity::{message, message_attempt};
use futures_util::future::join_all;
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, sea_query::Expr};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::timeout,
};
use uuid::Uuid;

/// How many messages one pass takes at most. Rendering happens in the transaction, so it must not be long; but what a
/// pass looks up it looks up once for each store, so in a pass that is too small over many stores that is all it does.
pub const BATCH: u32 = 256;
/// Calls at once, over all passes of a dispatcher.
const CALLS: usize = 32;
/// Answers that come so close after one another are written in one transaction. What a crash in between leaves in doubt grows by
/// so much time.
const TOGETHER: Duration = Duration::from_millis(20);
/// A pass that has waited so long for answers goes on without them; they are recorded when they come.
const UNHURRIED: Duration = Duration::from_secs(2);

/// How the parts work.
#[derive(Debug, Clone, Default)]
pub struct Manner {
    /// Whether somebody pays by what is sent.
    pub metered: bool,
    /// Whether stores' mail servers may be on this very machine.
    pub local: bool,
    /// The domain whose mail comes back to the operator.
    pub return_domain: Option<String>,
}

impl From<bool> for Manner {
    fn from(metered: bool) -> Self {
        Self { metered, ..Self::default() }
    }
}

/// What a dispatcher works with.
#[derive(Clone)]
pub struct Tools {
    /// The database.
    pub db: Db,
    /// Clock and entropy.
    pub env: Env,
    /// Bells.
    pub wake: Wake,
    /// Stores by id.
    pub stores: Stores,
    /// Published versions.
    pub versions: Versions,
    /// Texts.
    pub templates: Templates,
    /// Ways out.
    pub channels: Channels,
    /// Keys and our public address.
    pub links: LinkMaker,
    /// Whether somebody pays by what is sent.
    pub metered: bool,
    /// The mail servers of stores.
    pub providers: Providers,
    /// Whether the operator's mail server carries the mail of stores that have none.
    pub usual_mail: bool,
    /// The domain whose mail comes back to the operator.
    pub return_domain: Option<String>,
}

impl Tools {
    /// The root of the stores' keys.
    pub fn key(&self) -> &MasterKey {
        &self.links.key
    }
}

/// What one pass did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dispatched {
    /// Rows taken.
    pub claimed: usize,
    /// Of them, handed over to a channel.
    pub handed_over: usize,
    /// Answers written.
    pub answered: usize,
    /// How late the most overdue one was, milliseconds.
    pub late_by: Millis,
}

/// Hands messages over. Several may work on one database.
pub struct Dispatcher {
    tools: Arc<Tools>,
    breaker: Arc<Breaker>,
    owner: Arc<str>,
    share: Mutex<claim::Share>,
    calls: Arc<Semaphore>,
}

impl Dispatcher {
    /// A dispatcher of its own name.
    pub fn new(tools: Tools) -> Self {
        let owner = format!("dispatch-{}", tools.env.uuid().simple()).into();
        Self {
            tools: Arc::new(tools),
            breaker: Arc::default(),
            owner,
            share: Mutex::default(),
            calls: Arc::new(Semaphore::new(CALLS)),
        }
    }

    /// The circuits, for the console.
    pub fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    /// One pass: hands over what is due and writes down what came of it. Call again while it says that it claimed
    /// something.
    ///
    /// # Errors
    /// What the database says. A hand-over whose answer could not be written is taken up when its lease expires.
    pub async fn tick(&self) -> Result<Dispatched, DbError> {
        let batch = self.take().await?;
        if batch.claimed == 0 {
            return Ok(Dispatched::default());
        }
        crash_point!("dispatch.handed_over");
        metrics::gauge!("cartwheel_messages_late_seconds").set(batch.late_by as f64 / SECOND as f64);
        let handed_over = batch.jobs.len();
        let answered = self.call_all(batch.jobs).await?;
        crash_point!("dispatch.recorded");
        Ok(Dispatched { claimed: batch.claimed, handed_over, answered, late_by: batch.late_by })
    }

    /// Takes due messages in hand: the hand-over's transaction.
    pub(super) async fn take(&self) -> Result<Batch, DbError> {
        let share = self.share.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut batch = hand_over(&self.tools, &self.breaker, &self.owner, &share, BATCH).await?;
        if batch.claimed > 0 {
            let lanes = std::mem::take(&mut batch.lanes);
            self.share.lock().unwrap_or_else(PoisonError::into_inner).learn(BATCH, lanes);
        }
        Ok(batch)
    }

    /// Calls the channels, many at once, and records answers as they come, many at once.
    pub(super) async fn call_all(&self, jobs: Vec<Job>) -> Result<usize, DbError> {
        if jobs.is_empty() {
            return Ok(0);
        }
        let expected = jobs.len();
        let (sender, mut answers) = mpsc::channel::<Answered>(expected);
        let mut calls = JoinSet::new();
        for job in jobs {
            let (sender, places) = (sender.clone(), Arc::clone(&self.calls));
            let (breaker, env) = (Arc::clone(&self.breaker), self.tools.env.clone());
            calls.spawn(async move {
                // Never closed while a dispatcher lives.
                let Ok(_place) = places.acquire().await else { return };
                let answered = call(job, &breaker, &env).await;
                let _ = sender.send(answered).await;
            });
        }
        drop(sender);
        let mut answered = 0;
        let mut ready = Vec::with_capacity(expected);
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
                    crash_point!("dispatch.called");
                    answered += self.record(std::mem::take(&mut ready)).await?;
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
        let (tools, owner) = (Arc::clone(&self.tools), Arc::clone(&self.owner));
        tokio::spawn(async move {
            let _calls = calls;
            let mut ready = Vec::new();
            while answers.recv_many(&mut ready, BATCH as usize).await > 0 {
                let some = std::mem::take(&mut ready);
                if let Err(error) = results::record(&tools.db, &tools.env, tools.key(), &owner, some).await {
                    tracing::error!(%error, "answers could not be written; the leases will tell");
                }
            }
        });
    }

    async fn record(&self, answers: Vec<Answered>) -> Result<usize, DbError> {
        let tools = &self.tools;
        let n = results::record(&tools.db, &tools.env, tools.key(), &self.owner, answers).await?;
        metrics::counter!("cartwheel_messages_answered_total").increment(n as u64);
        Ok(n)
    }

    /// Takes up hand-overs whose worker is gone between attempt and answer. Where a repeated key is one message, they
    /// are queued again; else they become `uncertain`, for a receipt or a person to settle.
    ///
    /// # Errors
    /// What the database says.
    pub async fn rescue(&self) -> Result<u64, DbError> {
        let now = self.tools.env.now();
        let share = claim::Share::default();
        let claim = claim::Claim { now, until: now + MINUTE, owner: &self.owner, limit: 500, share: &share };
        let mut tx = self.tools.db.write().await?;
        let rows = claim::orphaned_messages(&tx.system().await?, &claim).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let total = rows.len() as u64;
        let mut groups: BTreeMap<Uuid, Vec<message::Model>> = BTreeMap::new();
        for row in rows {
            groups.entry(row.store_id).or_default().push(row);
        }
        for (store, rows) in groups {
            let info = self.tools.stores.by_id(StoreId(store)).await?;
            let sandbox = info.is_some_and(|i| i.sandbox);
            let repeatable = |row: &message::Model| {
                let channel = Channel::from_name(&row.channel);
                let carrier = channel.and_then(|channel| self.tools.channels.of(channel, sandbox));
                carrier.is_some_and(|carrier| carrier.idempotent())
            };
            let scoped = tx.enter(&StoreScope::system(StoreId(store))).await?;
            let change = batch::Change {
                table: "message",
                columns: &["status", "next_at", "reason"],
                guard: "status IN (1, 2)",
                owner: &self.owner,
                keep_lease: false,
            };
            let ids: Vec<Uuid> = rows.iter().map(|r| r.id).collect();
            let changes = rows.into_iter().map(|row| {
                // Leased and not yet handed over: nothing can have happened.
                let status = if repeatable(&row) || row.status != ATTEMPTING { 0 } else { UNCERTAIN };
                batch::Row {
                    id: row.id,
                    epoch: row.epoch,
                    values: vec![status.into(), now.into(), WORKER_LOST.to_owned().into()],
                }
            });
            scoped.change_fenced(&change, changes.collect()).await?;
            scoped
                .update::<message_attempt::Entity>()
                .col_expr(message_attempt::Column::FinishedAt, Expr::value(now))
                .col_expr(message_attempt::Column::Outcome, Expr::value("uncertain"))
                .col_expr(
                    message_attempt::Column::Reply,
                    Expr::value("the worker was lost before the answer was written"),
                )
                .filter(message_attempt::Column::MessageId.among(ids))
                .filter(message_attempt::Column::FinishedAt.is_null())
                .exec(scoped.on())
                .await?;
        }
        tx.commit().await?;
        metrics::counter!("cartwheel_messages_rescued_total").increment(total);
        self.tools.wake.messages.notify_one();
        Ok(total)
    }
}

/// One call, and everything that is known after it. A worker that slept, or waited long for its turn, does not begin
/// a call that could end after its lease: by then the message may have been settled without it.
async fn call(job: Job, breaker: &Breaker, env: &Env) -> Answered {
    let patience = Millis::try_from(job.channel.patience().as_millis()).unwrap_or(Millis::MAX);
    let ends_at_latest = env.now().saturating_add(patience);
    let late = job.message.lease_until.is_none_or(|until| ends_at_latest > until);
    let outcomes = if late {
        let reply = "the worker came to it too late to be sure of its lease; nothing was sent".to_owned();
        vec![Outcome::NotSent { fault: Fault::Own, reply, retry_after: None }; job.calls.len()]
    } else {
        let (outgoing, key) = (&job.outgoing, &job.message.send_key);
        join_all(job.calls.iter().map(|call| job.channel.send(&call.route, outgoing, key))).await
    };
    let at = env.now();
    let (mut attempts, mut over) = (Vec::with_capacity(job.calls.len()), Vec::new());
    for (Call { mut attempt, browser, .. }, outcome) in job.calls.into_iter().zip(&outcomes) {
        // What was never tried says nothing of the server.
        attempt.fault = Set(outcome.fault().filter(|_| !late).map(|fault| fault.as_str().to_owned()));
        attempt.finished_at = Set(Some(at));
        attempt.outcome = Set(Some(outcome.as_str().to_owned()));
        attempt.reply = Set(Some(outcome.reply().chars().take(500).collect()));
        attempts.push(attempt);
        over.extend(browser.filter(|_| browsers::is_over(outcome)));
    }
    let outcome = browsers::together(outcomes);
    let opened = breaker.learn(&job.way, &outcome, at);
    Answered {
        attempts,
        over,
        number: job.number,
        address: job.outgoing.to,
        idempotent: job.channel.idempotent(),
        metered: job.metered,
        hooks: job.hooks,
        provider: job.provider,
        others: job.others,
        opened: opened.zip(job.provider),
        outcome,
        at,
        message: job.message,
    }
}
