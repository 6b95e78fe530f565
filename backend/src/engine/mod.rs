//! The loop that moves runs on: claim, load, step, commit. [`Engine::tick`] claims due runs, loads what is true, asks
//! `domain::journey::step`, a pure function, and commits position, messages, waits and timeline in one transaction that a
//! stale worker cannot write to. See docs/journey-engine.md.

mod effects;
mod loaded;
mod reach;

#[cfg(test)]
mod tests;

use effects::{Decided, MovedFrom, commit};
use loaded::{Loaded, by_store};
use reach::Reachable;

use crate::{
    accounts::{MasterKey, Stores},
    clock::Env,
    crash::crash_point,
    db::{Db, DbError, Scoped, StoreScope, claim},
    journeys::{Version, Versions, model::run_state},
    wake::Wake,
};
use cartwheel_domain::{
    hook::HookKinds,
    ids::StoreId,
    journey,
    locale::zone,
    time::{MINUTE, Millis, SECOND},
};
use cartwheel_entity::{journey as drawn, journey_run};
use chrono_tz::Tz;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use uuid::Uuid;

/// A worker that does not come back within this is taken for dead.
pub const LEASE: Millis = MINUTE;
/// How many runs one pass takes at most.
pub const BATCH: u32 = 512;

/// What one pass did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pass {
    /// Rows taken.
    pub claimed: usize,
    /// Rows whose result was written.
    pub done: usize,
    /// How late the most overdue one was, milliseconds.
    pub late_by: Millis,
}

/// Moves due runs on. Several may work on one database.
pub struct Engine {
    db: Db,
    env: Env,
    wake: Wake,
    stores: Stores,
    versions: Versions,
    key: MasterKey,
    owner: String,
    share: Mutex<claim::Share>,
}

impl Engine {
    /// A worker of its own name.
    pub fn new(db: Db, env: Env, wake: Wake, stores: Stores, versions: Versions, key: MasterKey) -> Self {
        let owner = format!("engine-{}", env.uuid().simple());
        Self { db, env, wake, stores, versions, key, owner, share: Mutex::default() }
    }

    /// One pass over what is due. Call again while it says that it claimed something.
    ///
    /// # Errors
    /// What the database says. Leases that were taken by then expire.
    pub async fn tick(&self) -> Result<Pass, DbError> {
        let runs = self.claim().await?;
        crash_point!("engine.claimed");
        if runs.is_empty() {
            return Ok(Pass::default());
        }
        let now = self.env.now();
        let late_by = runs.iter().map(|r| now - r.wake_at).max().unwrap_or(0).max(0);
        let claimed = runs.len();
        let decided = self.decide(runs, now).await?;
        crash_point!("engine.stepped");
        let done = self.commit(decided, now).await?;
        crash_point!("engine.committed");
        self.wake.messages.notify_one();
        metrics::gauge!("cartwheel_runs_late_seconds").set(late_by as f64 / SECOND as f64);
        metrics::counter!("cartwheel_run_steps_total").increment(done as u64);
        Ok(Pass { claimed, done, late_by })
    }

    async fn claim(&self) -> Result<Vec<journey_run::Model>, DbError> {
        let share = self.share.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let now = self.env.now();
        let claim = claim::Claim { now, until: now + LEASE, owner: &self.owner, limit: BATCH, share: &share };
        let mut tx = self.db.write().await?;
        let runs = claim::runs(&tx.system().await?, &claim).await?;
        if runs.is_empty() {
            // Nothing was written: no commit, no disk.
            return Ok(runs);
        }
        tx.commit().await?;
        let mut share = self.share.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        share.learn(BATCH, runs.iter().map(|r| r.lane));
        Ok(runs)
    }

    /// Loads and steps, with no write transaction open.
    async fn decide(
        &self,
        runs: Vec<journey_run::Model>,
        now: Millis,
    ) -> Result<Vec<(StoreId, Vec<Decided>)>, DbError> {
        let mut tx = self.db.read().await?;
        let mut groups = Vec::new();
        for (store, mut runs) in by_store(runs) {
            let scoped = tx.enter(&StoreScope::system(store)).await?;
            let journeys = loaded::journeys(&scoped, &runs).await?;
            let moves = journeys.iter().filter_map(|j| j.moves_to);
            let wanted: Vec<Uuid> = runs.iter().map(|r| r.version_id).chain(moves).collect();
            let versions = self.versions.get(&scoped, wanted).await?;
            let moved = moved(&journeys, &mut runs, &versions);
            let zone = self.zone(store, &versions).await?;
            let reachable = self.reachable(&scoped, &runs, &versions, now).await?;
            let loaded = Loaded::load(&scoped, &runs, journeys, &versions, zone).await?.with_reach(reachable);
            let decided = runs.into_iter().map(|run| {
                let from = moved.get(&run.id).cloned();
                let memory = loaded.memory(&run);
                let known = versions.get(&run.version_id).and_then(|v| Some((v.clone(), loaded.facts(&run, v)?)));
                match (known, run_state(&run, &memory)) {
                    (Some((version, facts)), Ok(state)) => {
                        let outcome = journey::step(&version.definition, &state, &facts, now);
                        Decided { outcome: Some(outcome), run, memory, from }
                    }
                    (known, state) => {
                        tracing::error!(run = %run.id, why = ?state.err(), known = known.is_some(), "a run cannot be stepped");
                        Decided { outcome: None, run, memory, from }
                    }
                }
            });
            groups.push((store, decided.collect()));
        }
        Ok(groups)
    }

    /// The store's clock, where some wait asks for one.
    async fn zone(&self, store: StoreId, versions: &HashMap<Uuid, Arc<Version>>) -> Result<Tz, DbError> {
        if !versions.values().any(|version| version.needs.zone) {
            return Ok(Tz::UTC);
        }
        let store = self.stores.by_id(store).await?;
        Ok(store.and_then(|store| zone(&store.settings.time_zone)).unwrap_or(Tz::UTC))
    }

    /// Where people can be reached, when some version asks.
    async fn reachable(
        &self,
        scoped: &Scoped<'_>,
        runs: &[journey_run::Model],
        versions: &HashMap<Uuid, Arc<Version>>,
        now: Millis,
    ) -> Result<Option<Reachable>, DbError> {
        if versions.values().all(|version| version.needs.reach.is_empty()) {
            return Ok(None);
        }
        let store = self.stores.by_id(scoped.store_id()).await?;
        Reachable::load(scoped, (store, &self.key), runs, versions, now).await
    }

    /// What endpoints of a store want to hear of.
    async fn wanted(&self, store: StoreId) -> Result<HookKinds, DbError> {
        Ok(self.stores.by_id(store).await?.map(|store| store.hooks).unwrap_or_default())
    }

    async fn commit(&self, groups: Vec<(StoreId, Vec<Decided>)>, now: Millis) -> Result<usize, DbError> {
        let (locked, others): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|(_, decided)| decided.iter().any(Decided::updates_contact));
        let mut done = 0;
        // What is known of people is changed by events too, under the store's lock. One store at a time: whoever holds the lock of one
        // and the rows of another waits for somebody who holds them the other way round.
        for (store, decided) in locked {
            let wanted = self.wanted(store).await?;
            let mut tx = self.db.write().await?;
            let scoped = tx.enter(&StoreScope::system(store)).await?;
            scoped.lock().await?;
            done += commit(&scoped, &self.env, &self.owner, (decided, wanted), now).await?;
            tx.commit().await?;
        }
        let mut known = Vec::with_capacity(others.len());
        for (store, decided) in others {
            known.push((store, (decided, self.wanted(store).await?)));
        }
        let mut tx = self.db.write().await?;
        for (store, decided) in known {
            let scoped = tx.enter(&StoreScope::system(store)).await?;
            done += commit(&scoped, &self.env, &self.owner, decided, now).await?;
        }
        crash_point!("engine.before_commit");
        tx.commit().await?;
        Ok(done)
    }

    /// Gives back what dead workers held. Call it every few seconds.
    ///
    /// # Errors
    /// What the database says.
    pub async fn rescue(&self) -> Result<u64, DbError> {
        let mut tx = self.db.write().await?;
        let rescued = claim::rescue_runs(&tx.system().await?, self.env.now()).await?;
        if rescued > 0 {
            tx.commit().await?;
            metrics::counter!("cartwheel_runs_rescued_total").increment(rescued);
            tracing::warn!(rescued, "runs of a dead worker were given back");
            self.wake.runs.notify_one();
        }
        Ok(rescued)
    }
}

/// Lets runs of earlier versions go on with the one their journey says, where they can: says which, and where each came from.
fn moved(
    journeys: &[drawn::Model],
    runs: &mut [journey_run::Model],
    versions: &HashMap<Uuid, Arc<Version>>,
) -> HashMap<Uuid, MovedFrom> {
    let mut moved = HashMap::new();
    for journey in journeys {
        let (Some(to), Some(before)) =
            (journey.moves_to.and_then(|id| versions.get(&id)), journey.moves_before)
        else {
            continue;
        };
        for run in runs.iter_mut().filter(|run| run.journey_id == journey.id) {
            let Some(was) = versions.get(&run.version_id).filter(|was| was.number < before) else { continue };
            let stands = run.node.parse().is_ok_and(|node| to.definition.takes_over(&was.definition, &node));
            if stands {
                moved.insert(run.id, MovedFrom { version: was.clone(), to: to.number });
                run.version_id = to.id.uuid();
            }
        }
    }
    moved
}
