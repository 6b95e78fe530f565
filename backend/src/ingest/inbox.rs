//! Group commit at the front door: what arrives together is committed together, and answered only then.
//!
//! One committer per process takes whatever waits, up to [`LARGEST`] events, projects it store by store in one
//! transaction, and tells each sender after the commit. When nothing else waits it commits at once; while a commit
//! runs, the next group gathers by itself, so there is no timer to tune. When a group fails, each of its arrivals is
//! tried alone, so that one that cannot be kept does not take others along. The queue is bounded, and no longer than what the
//! last commits' pace works off in [`PATIENCE`]: past it, senders are told to come back, and those who are let in need not wait.

use super::project::{Arrived, Outcome, Projected, Signals, project};
use crate::{
    accounts::StoreInfo,
    clock::Env,
    db::{Db, DbError, Scoped, StoreScope},
    wake::Wake,
};
use cartwheel_domain::ids::{CartId, StoreId};
use futures_util::future::{BoxFuture, try_join_all};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::{Mutex, mpsc, oneshot};

/// Events committed together at most; one larger arrival still goes as a whole.
const LARGEST: usize = 2_048;
/// How long, in milliseconds, the events of a full queue may take. A sender that waits much longer gives up and sends again.
const PATIENCE: f64 = 400.0;
/// Smaller groups tell more of the cost of a commit than of the pace.
const TELLING: usize = 256;
/// Tries of a transaction that failed for a reason that passes.
const TRIES: u32 = 3;

/// How much may wait.
#[derive(Debug, Clone, Copy)]
pub struct InboxLimits {
    /// Arrivals (requests) in the queue.
    pub arrivals: usize,
    /// Events in the queue, over all arrivals; what bounds the memory.
    pub events: usize,
}

impl Default for InboxLimits {
    fn default() -> Self {
        Self { arrivals: 1_024, events: 10_000 }
    }
}

/// How fast events were committed lately: sums in which each group counts four fifths of the one after it.
#[derive(Debug, Default)]
struct Pace {
    events: f64,
    millis: f64,
}

impl Pace {
    /// Takes a group into account. A clock that stood still or was set back tells nothing.
    fn learn(&mut self, events: usize, millis: i64) {
        if events >= TELLING && millis > 0 {
            self.events = 0.8 * self.events + events as f64;
            self.millis = 0.8 * self.millis + millis as f64;
        }
    }

    /// Events that may wait: what takes [`PATIENCE`], and one whole group in any case.
    fn allowed(&self) -> usize {
        if self.millis > 0.0 {
            ((self.events / self.millis * PATIENCE) as usize).max(LARGEST)
        } else {
            LARGEST
        }
    }
}

/// Is told of each cart that changed, after the commit.
pub type Changed = Arc<dyn Fn(StoreId, CartId) + Send + Sync>;

/// Events of one store that one request brought.
#[derive(Debug)]
struct Arrival {
    /// Whose.
    store: Arc<StoreInfo>,
    /// The events.
    events: Vec<Arrived>,
}

/// Why an arrival was not kept. Nothing of it was.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InboxError {
    /// Too much waits already.
    #[error("more events are waiting than can be kept; send again in a moment")]
    Full,
    /// The process is about to end.
    #[error("the service is shutting down; send again in a moment")]
    Closed,
    /// The database refuses these events, or cannot be reached.
    #[error("the events could not be kept: {0}")]
    Database(String),
}

struct Waiting {
    arrival: Arrival,
    done: oneshot::Sender<Result<Vec<Outcome>, InboxError>>,
}

impl Waiting {
    /// Answers the sender. It waits no more from before the answer on: the next that it sends at once finds the room.
    fn answer(self, shared: &Shared, said: Result<Vec<Outcome>, InboxError>) {
        shared.queued.fetch_sub(self.arrival.events.len(), Ordering::SeqCst);
        // A sender that has gone away sends again, and its events are then known.
        let _ = self.done.send(said);
    }
}

struct Shared {
    db: Db,
    env: Env,
    wake: Wake,
    changed: Changed,
    limits: InboxLimits,
    queued: AtomicUsize,
    /// Events that may wait at the present pace.
    allowed: AtomicUsize,
    signals: Signals,
}

/// The way in. Cheap to clone.
#[derive(Clone)]
pub struct Inbox {
    // Gone once the inbox is closed.
    queue: Arc<std::sync::Mutex<Option<mpsc::Sender<Waiting>>>>,
    shared: Arc<Shared>,
    committer: Arc<Mutex<Option<tokio::task::JoinHandle<()>>>>,
}

impl Inbox {
    /// Starts the committer on the present runtime.
    pub fn start(db: Db, env: Env, wake: Wake, changed: Changed, limits: InboxLimits) -> Self {
        let (queue, arrivals) = mpsc::channel(limits.arrivals.max(1));
        let shared = Arc::new(Shared {
            db,
            env,
            wake,
            changed,
            limits,
            queued: AtomicUsize::new(0),
            allowed: AtomicUsize::new(LARGEST),
            signals: Signals::default(),
        });
        let committer = tokio::spawn(commit_all(shared.clone(), arrivals));
        let queue = Arc::new(std::sync::Mutex::new(Some(queue)));
        Self { queue, shared, committer: Arc::new(Mutex::new(Some(committer))) }
    }

    /// Keeps events, and answers when they are durable.
    ///
    /// # Errors
    /// [`InboxError`]; then nothing of the arrival was kept.
    pub async fn accept(
        &self,
        store: Arc<StoreInfo>,
        events: Vec<Arrived>,
    ) -> Result<Vec<Outcome>, InboxError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let n = events.len();
        let before = self.shared.queued.fetch_add(n, Ordering::SeqCst);
        // A single large arrival is let in when nothing waits, or it could never come in.
        let allowed = self.shared.allowed.load(Ordering::SeqCst).min(self.shared.limits.events);
        let full = before > 0 && before + n > allowed;
        let (done, answer) = oneshot::channel();
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sent = match queue {
            None => Err(InboxError::Closed),
            Some(_) if full => Err(InboxError::Full),
            Some(queue) => {
                queue.try_send(Waiting { arrival: Arrival { store, events }, done }).map_err(|e| match e {
                    mpsc::error::TrySendError::Full(_) => InboxError::Full,
                    mpsc::error::TrySendError::Closed(_) => InboxError::Closed,
                })
            }
        };
        if let Err(error) = sent {
            self.shared.queued.fetch_sub(n, Ordering::SeqCst);
            return Err(error);
        }
        answer.await.unwrap_or(Err(InboxError::Closed))
    }

    /// Events that wait for their commit.
    pub fn queued(&self) -> usize {
        self.shared.queued.load(Ordering::SeqCst)
    }

    /// Takes nothing more in, commits what waits, and ends the committer.
    pub async fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = self.committer.lock().await.take() {
            // A committer that panicked has answered nobody, so nothing that was acknowledged is lost.
            let _ = task.await;
        }
    }
}

async fn commit_all(shared: Arc<Shared>, mut arrivals: mpsc::Receiver<Waiting>) {
    let mut pace = Pace::default();
    while let Some(first) = arrivals.recv().await {
        let mut size = first.arrival.events.len();
        let mut group = vec![first];
        // Requests that are being read right now join this group instead of waiting for the next.
        tokio::task::yield_now().await;
        while size < LARGEST {
            let Ok(next) = arrivals.try_recv() else { break };
            size += next.arrival.events.len();
            group.push(next);
        }
        let begun = shared.env.now();
        commit_group(&shared, group).await;
        pace.learn(size, shared.env.now() - begun);
        shared.allowed.store(pace.allowed(), Ordering::SeqCst);
    }
}

/// Commits a group; when it fails, each arrival alone, and of a failing arrival each event alone.
async fn commit_group(shared: &Shared, group: Vec<Waiting>) {
    let together: Vec<(&Arc<StoreInfo>, Vec<&Arrived>)> =
        group.iter().map(|w| (&w.arrival.store, w.arrival.events.iter().collect())).collect();
    match commit(shared, together).await {
        Ok(outcomes) => {
            for (waiting, outcome) in group.into_iter().zip(outcomes) {
                waiting.answer(shared, Ok(outcome));
            }
        }
        Err(error) => {
            let mut group = group;
            if group.len() == 1
                && let Some(waiting) = group.pop()
            {
                let answer = commit_singly(shared, &waiting.arrival, error).await;
                waiting.answer(shared, answer);
                return;
            }
            tracing::warn!(%error, arrivals = group.len(), "a group of events failed; each arrival is tried alone");
            for waiting in group {
                Box::pin(commit_group(shared, vec![waiting])).await;
            }
        }
    }
}

/// Commits the events of an arrival one by one, after all of them together failed with `error`.
async fn commit_singly(
    shared: &Shared,
    arrival: &Arrival,
    error: DbError,
) -> Result<Vec<Outcome>, InboxError> {
    let failed = |error: &DbError| {
        tracing::error!(%error, store = %arrival.store.id, "events could not be kept");
        InboxError::Database(error.to_string())
    };
    if error.retryable() || arrival.events.len() == 1 {
        return Err(failed(&error));
    }
    let mut outcomes = Vec::with_capacity(arrival.events.len());
    let mut kept = 0;
    for event in &arrival.events {
        match commit(shared, vec![(&arrival.store, vec![event])]).await {
            Ok(outcome) => {
                kept += 1;
                outcomes.extend(outcome.into_iter().flatten());
            }
            Err(error) if error.retryable() => return Err(failed(&error)),
            Err(error) => {
                tracing::error!(%error, store = %arrival.store.id, "an event could not be kept");
                outcomes.push(Outcome::Refused);
            }
        }
    }
    if kept == 0 { Err(failed(&error)) } else { Ok(outcomes) }
}

type Group<'a> = Vec<(&'a Arc<StoreInfo>, Vec<&'a Arrived>)>;

/// Commits arrivals in one transaction, stores in the order of their ids so that no two processes wait for each other.
async fn commit(shared: &Shared, group: Group<'_>) -> Result<Vec<Vec<Outcome>>, DbError> {
    let mut attempt = 1;
    loop {
        match try_commit(shared, &group).await {
            Ok(outcomes) => return Ok(outcomes),
            Err(error) => {
                for (store, _) in &group {
                    shared.signals.forget(store.id);
                }
                if !error.retryable() || attempt == TRIES {
                    return Err(error);
                }
                attempt += 1;
            }
        }
    }
}

/// Boxed, so that the compiler need not look through the whole projection to see that it may change threads.
fn try_commit<'a>(
    shared: &'a Shared,
    group: &'a Group<'a>,
) -> BoxFuture<'a, Result<Vec<Vec<Outcome>>, DbError>> {
    Box::pin(commit_stores(shared, group))
}

async fn commit_stores(shared: &Shared, group: &Group<'_>) -> Result<Vec<Vec<Outcome>>, DbError> {
    let mut by_store: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, (store, _)) in group.iter().enumerate() {
        by_store.entry(store.id).or_default().push(index);
    }
    let mut outcomes = vec![Vec::new(); group.len()];
    let (mut woken, mut changed) = (0, Vec::new());
    let mut tx = shared.db.write().await?;
    let stores: Vec<Vec<usize>> = by_store.into_values().collect();
    let projected = match tx.together(stores.len()) {
        Some(together) => {
            let one = async |indices: &Vec<usize>| {
                let scoped = together.enter(&StoreScope::shop(group[indices[0]].0.id));
                together.run(project_store(shared, group, indices, &scoped)).await
            };
            try_join_all(stores.iter().map(one)).await?
        }
        None => {
            let mut projected = Vec::with_capacity(stores.len());
            for indices in &stores {
                let scoped = tx.enter(&StoreScope::shop(group[indices[0]].0.id)).await?;
                scoped.lock().await?;
                projected.push(project_store(shared, group, indices, &scoped).await?);
            }
            projected
        }
    };
    for (indices, done) in stores.into_iter().zip(projected) {
        let store = group[indices[0]].0;
        woken += done.woken;
        changed.extend(done.carts.into_iter().map(|id| (store.id, CartId(id))));
        let mut all = done.outcomes.into_iter();
        for index in indices {
            outcomes[index] = all.by_ref().take(group[index].1.len()).collect();
        }
    }
    tx.commit().await?;
    if woken > 0 {
        shared.wake.runs.notify_one();
    }
    shared.wake.carts.notify_one();
    for (store, cart) in changed {
        (shared.changed)(store, cart);
    }
    Ok(outcomes)
}

/// What the events of one store in this group do.
async fn project_store(
    shared: &Shared,
    group: &Group<'_>,
    indices: &[usize],
    scoped: &Scoped<'_>,
) -> Result<Projected, DbError> {
    let events: Vec<&Arrived> = indices.iter().flat_map(|i| group[*i].1.iter().copied()).collect();
    project(scoped, group[indices[0]].0, &shared.env, &shared.signals, &events).await
}

#[cfg(test)]
mod tests;
