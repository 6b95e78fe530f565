//! What a step decided, made so: position, messages, waits, timeline and counts, in the transaction given.

use super::loaded::contacts;
use crate::{
    analytics::metrics::{Deltas, Metric},
    clock::Env,
    db::{Among, DbError, Scoped, batch},
    journeys::{
        Version,
        model::{ENDED, MOVED_OUT, Memory, WAITING, merged},
    },
    webhooks::{Happening, tell},
};
use cartwheel_domain::{
    hook::{HookKind, HookKinds},
    ids::{self, JourneyId, StepId},
    journey::{Decision, Effect, EndReason, Group, Outcome, TrailEntry, Transition, UpdateContact},
    time::{MINUTE, Millis},
};
use cartwheel_entity::{contact, journey_run, message, node_count, run_context, run_step, run_wait};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ExprTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// When a run that could not be stepped is looked at again: after 1, 2, 4, … minutes, at most 6 hours.
fn broken_until(now: Millis, attempt: i32) -> Millis {
    now + Ord::min(MINUTE << attempt.clamp(0, 9), 360 * MINUTE)
}

/// A claimed run and what the step said; no outcome when the step could not be asked.
pub struct Decided {
    /// As claimed.
    pub run: journey_run::Model,
    /// What it remembered.
    pub memory: Memory,
    /// What was decided.
    pub outcome: Option<Outcome>,
    /// The version it was in, where this step is the first in another; `run` names the other already.
    pub from: Option<MovedFrom>,
}

/// From which version to which.
#[derive(Clone)]
pub struct MovedFrom {
    /// The one it was in.
    pub version: Arc<Version>,
    /// Number of the one it goes on with.
    pub to: i32,
}

impl Decided {
    /// Whether the step writes something down about the person.
    pub fn updates_contact(&self) -> bool {
        let effects = self.outcome.iter().flat_map(|outcome| &outcome.effects);
        effects.into_iter().any(|effect| matches!(effect, Effect::UpdateContact { .. }))
    }
}

/// What a step writes into its run; the last one only where one of them goes on with another version.
const COLUMNS: [&str; 9] =
    ["node", "visit", "status", "wake_at", "attempt", "held_out", "ended_at", "end_reason", "version_id"];

/// Writes what was decided for runs of one store, and says for how many of them it still counted.
///
/// # Errors
/// What the database says.
pub async fn commit(
    scoped: &Scoped<'_>,
    env: &Env,
    owner: &str,
    (decided, wanted): (Vec<Decided>, HookKinds),
    now: Millis,
) -> Result<usize, DbError> {
    let columns = &COLUMNS[..COLUMNS.len() - usize::from(decided.iter().all(|d| d.from.is_none()))];
    let rows = decided.iter().map(|d| row(d, columns.len(), now)).collect();
    let change =
        batch::Change { table: "journey_run", columns, guard: "status = 1", owner, keep_lease: false };
    let touched = scoped.change_fenced(&change, rows).await?;
    let mut work = Work { wanted, ..Work::default() };
    for one in &decided {
        // The lease was given away meanwhile: nothing of this step may show.
        if touched.contains(&one.run.id)
            && let Some(outcome) = &one.outcome
        {
            work.add(scoped, env, one, outcome, now);
        }
    }
    work.write(scoped, now).await?;
    Ok(touched.len())
}

fn row(decided: &Decided, columns: usize, now: Millis) -> batch::Row {
    let run = &decided.run;
    let Some(outcome) = &decided.outcome else {
        let mut values = vec![
            run.node.clone().into(),
            run.visit.into(),
            WAITING.into(),
            broken_until(now, run.attempt).into(),
            (run.attempt + 1).into(),
            run.held_out.into(),
            run.ended_at.into(),
            run.end_reason.clone().into(),
            // Nothing was decided: it stays where it was.
            decided.from.as_ref().map_or(run.version_id, |from| from.version.id.uuid()).into(),
        ];
        values.truncate(columns);
        return batch::Row { id: run.id, epoch: run.epoch, values };
    };
    let held_out = outcome.context.group.map(|g| g == Group::HeldOut).or(run.held_out);
    let (node, visit, status, wake_at, ended) = match &outcome.transition {
        Transition::Wait { node, visit, wake_at, .. } => {
            (node, i32::try_from(*visit).unwrap_or(i32::MAX), WAITING, *wake_at, None)
        }
        Transition::End { node, reason } => (node, run.visit, ENDED, run.wake_at, Some(*reason)),
    };
    let mut values = vec![
        node.as_str().into(),
        visit.into(),
        status.into(),
        wake_at.into(),
        0_i32.into(),
        held_out.into(),
        ended.map(|_| now).into(),
        ended.map(|r| r.as_str().to_owned()).into(),
        run.version_id.into(),
    ];
    values.truncate(columns);
    batch::Row { id: run.id, epoch: run.epoch, values }
}

/// An id that sorts by its place among what is decided in one millisecond.
fn placed_id(env: &Env, at: Millis, place: usize) -> Uuid {
    let mut bytes: [u8; 10] = env.random();
    bytes[..2].copy_from_slice(&u16::try_from(place).unwrap_or(u16::MAX).to_be_bytes());
    ids::uuid_v7(at, bytes)
}

/// Rows to write, gathered over all runs of a store.
#[derive(Default)]
struct Work {
    contexts: Vec<run_context::ActiveModel>,
    steps: Vec<run_step::ActiveModel>,
    messages: Vec<message::ActiveModel>,
    unwaited: Vec<Uuid>,
    waits: Vec<run_wait::ActiveModel>,
    counts: BTreeMap<(Uuid, String, &'static str), i64>,
    silenced: BTreeMap<EndReason, Vec<Uuid>>,
    exposed: Vec<Exposed>,
    updates: Vec<(Uuid, UpdateContact)>,
    /// What endpoints of the store want to hear of, and what they are told.
    wanted: HookKinds,
    told: Vec<Happening>,
}

/// Somebody whose group in a journey was decided just now.
struct Exposed {
    run: Uuid,
    journey: Uuid,
    contact: Uuid,
    held_out: bool,
    entered_at: Millis,
}

impl Work {
    fn add(&mut self, scoped: &Scoped<'_>, env: &Env, decided: &Decided, outcome: &Outcome, now: Millis) {
        let (store, run) = (scoped.store_id().uuid(), &decided.run);
        let waiting_for = match &outcome.transition {
            Transition::Wait { wait_for, .. } => wait_for.clone(),
            Transition::End { .. } => None,
        };
        let memory = Memory { context: outcome.context.clone(), waiting_for };
        if memory != decided.memory {
            self.contexts.push(run_context::ActiveModel {
                store_id: Set(store),
                run_id: Set(run.id),
                data: Set(serde_json::to_value(&memory).unwrap_or_default()),
            });
        }
        let came = decided.from.as_ref().and_then(|from| self.came(run, from, now));
        for (place, entry) in came.iter().chain(&outcome.trail).enumerate() {
            self.note(store, StepId(placed_id(env, entry.at, place)), run, entry);
        }
        for effect in &outcome.effects {
            self.effect(store, env, run, effect, now);
        }
        if let Transition::End { reason, .. } = &outcome.transition {
            if decided.memory.waiting_for.is_some() {
                self.unwaited.push(run.id);
            }
            if self.wanted.has(HookKind::RunEnded) {
                let held_out = outcome.context.group.map(|g| g == Group::HeldOut).or(run.held_out);
                let about = (run.journey_id, run.cart_id, run.contact_id);
                self.told.push(Happening::run_ended(run.id, about, held_out, reason.as_str()));
            }
            // What the run has asked for before it came to its end still goes; what the world has overtaken does not.
            if !reason.lets_go() {
                self.silenced.entry(*reason).or_default().push(run.id);
            }
        }
    }

    /// Counts a run out of the version it was in, and says what its timeline tells of it.
    fn came(&mut self, run: &journey_run::Model, from: &MovedFrom, now: Millis) -> Option<TrailEntry> {
        let left = (from.version.id.uuid(), run.node.clone(), MOVED_OUT);
        *self.counts.entry(left).or_insert(0) += 1;
        let values = serde_json::json!({ "from": from.version.number, "to": from.to });
        Some(TrailEntry {
            node: run.node.parse().ok()?,
            visit: u32::try_from(run.visit).unwrap_or(u32::MAX),
            at: now,
            decision: Decision::MovedIn,
            values: values.as_object().cloned().unwrap_or_default(),
        })
    }

    fn note(&mut self, store: Uuid, id: StepId, run: &journey_run::Model, entry: &TrailEntry) {
        self.steps.push(run_step::ActiveModel {
            store_id: Set(store),
            id: Set(id.uuid()),
            run_id: Set(run.id),
            node: Set(entry.node.as_str().to_owned()),
            visit: Set(i32::try_from(entry.visit).unwrap_or(i32::MAX)),
            at: Set(entry.at),
            decision: Set(entry.decision.as_str().to_owned()),
            detail: Set(serde_json::Value::Object(entry.values.clone())),
        });
        let count = &mut self.counts;
        let mut add = |outcome| {
            *count.entry((run.version_id, entry.node.as_str().to_owned(), outcome)).or_insert(0) += 1
        };
        add(entry.decision.as_str());
        if entry.enters() {
            add("entered");
        }
    }

    fn effect(&mut self, store: Uuid, env: &Env, run: &journey_run::Model, effect: &Effect, now: Millis) {
        match effect {
            Effect::SendMessage { node, channel, template, content_class, purpose, send_key, .. } => {
                self.messages.push(message::ActiveModel {
                    store_id: Set(store),
                    // In the order in which steps ask, so that of two that are due at once the first goes first.
                    id: Set(placed_id(env, now, self.messages.len())),
                    send_key: Set(send_key.clone()),
                    run_id: Set(Some(run.id)),
                    journey_id: Set(Some(run.journey_id)),
                    version_id: Set(Some(run.version_id)),
                    node: Set(node.as_str().to_owned()),
                    contact_id: Set(run.contact_id),
                    cart_id: Set(run.cart_id),
                    channel: Set(channel.as_str().to_owned()),
                    purpose: Set(purpose.as_str().to_owned()),
                    content_class: Set(content_class.as_str().to_owned()),
                    template_key: Set(template.clone()),
                    status: Set(0),
                    next_at: Set(now),
                    epoch: Set(0),
                    attempt: Set(0),
                    lane: Set(run.lane),
                    created_at: Set(now),
                    ..Default::default()
                });
            }
            Effect::CallWebhook { node, endpoint, fields, send_key, .. } => {
                let about = (run.journey_id, node.as_str(), run.cart_id, run.contact_id);
                self.told.push(Happening::journey((send_key, *endpoint), run.id, about, fields));
            }
            Effect::UpdateContact { change } => self.updates.push((run.contact_id, change.clone())),
            Effect::RegisterWait { waits, .. } => {
                self.waits.extend(waits.iter().map(|(event, key)| run_wait::ActiveModel {
                    store_id: Set(store),
                    event: Set(event.as_str().to_owned()),
                    key: Set(key.clone()),
                    run_id: Set(run.id),
                }));
            }
            Effect::ClearWaits => self.unwaited.push(run.id),
            Effect::Exposure { group, .. } => self.exposed.push(Exposed {
                run: run.id,
                journey: run.journey_id,
                contact: run.contact_id,
                held_out: *group == Group::HeldOut,
                entered_at: run.entered_at,
            }),
            // It stands in the timeline.
            Effect::GoalReached { .. } => {}
        }
    }

    async fn write(self, scoped: &Scoped<'_>, now: Millis) -> Result<(), DbError> {
        let on = scoped.on();
        tell(scoped, self.wanted, now, self.told).await?;
        scoped.upsert::<run_context::Entity>(self.contexts, &[run_context::Column::Data]).await?;
        scoped.insert::<run_step::Entity>(self.steps).await?;
        scoped.insert_new::<message::Entity>(self.messages).await?;
        scoped.delete_among::<run_wait::Entity, _>(run_wait::Column::RunId, self.unwaited).await?;
        scoped.insert_new::<run_wait::Entity>(self.waits).await?;
        for (reason, runs) in self.silenced {
            scoped
                .update::<message::Entity>()
                .col_expr(message::Column::Status, Expr::value(4))
                .col_expr(message::Column::Reason, Expr::value(reason.as_str()))
                .col_expr(message::Column::Epoch, Expr::col(message::Column::Epoch).add(1))
                .filter(message::Column::RunId.among(runs))
                .filter(message::Column::Status.is_in([0, 1]))
                .exec(on)
                .await?;
        }
        let counts = self.counts.into_iter().map(|((version, node, outcome), n)| node_count::ActiveModel {
            store_id: Set(scoped.store_id().uuid()),
            version_id: Set(version),
            node: Set(node),
            outcome: Set(outcome.to_owned()),
            n: Set(n),
        });
        let add = OnConflict::columns([
            node_count::Column::StoreId,
            node_count::Column::VersionId,
            node_count::Column::Node,
            node_count::Column::Outcome,
        ])
        .value(
            node_count::Column::N,
            Expr::col((node_count::Entity, node_count::Column::N))
                .add(Expr::col(("excluded", node_count::Column::N))),
        )
        .to_owned();
        scoped.insert_with::<node_count::Entity>(counts.collect(), add).await?;
        update_contacts(scoped, self.updates).await?;
        count_exposed(scoped, self.exposed).await
    }
}

/// Writes down about people what their runs say, one after another. Whoever calls holds the store's lock: events change the same rows.
async fn update_contacts(scoped: &Scoped<'_>, updates: Vec<(Uuid, UpdateContact)>) -> Result<(), DbError> {
    if updates.is_empty() {
        return Ok(());
    }
    let mut found = contacts(scoped, updates.iter().map(|(contact, _)| *contact).collect()).await?;
    let mut changed = BTreeSet::new();
    for (contact, change) in updates {
        let Some(row) = found.get(&contact) else { continue };
        // A person who became another is the other now.
        let id = merged(row.id, row.merged_into);
        let Some(row) = found.get_mut(&id).filter(|row| row.erased_at.is_none()) else { continue };
        let mut tags: BTreeSet<String> = serde_json::from_value(row.tags.clone()).unwrap_or_default();
        let mut traits = row.traits.as_object().cloned().unwrap_or_default();
        if change.apply(&mut tags, &mut traits) {
            row.tags = serde_json::to_value(tags).unwrap_or_default();
            row.traits = traits.into();
            changed.insert(id);
        }
    }
    for id in changed {
        let Some(row) = found.remove(&id) else { continue };
        scoped
            .update::<contact::Entity>()
            .col_expr(contact::Column::Tags, Expr::value(row.tags))
            .col_expr(contact::Column::Traits, Expr::value(row.traits))
            .filter(contact::Column::Id.eq(id))
            .exec(scoped.on())
            .await?;
    }
    Ok(())
}

/// Counts people into the two arms of the experiment: once for each person and journey, however many carts they leave.
async fn count_exposed(scoped: &Scoped<'_>, exposed: Vec<Exposed>) -> Result<(), DbError> {
    if exposed.is_empty() {
        return Ok(());
    }
    let before: Vec<(Uuid, Uuid)> = scoped
        .find::<journey_run::Entity>()
        .select_only()
        .columns([journey_run::Column::ContactId, journey_run::Column::JourneyId])
        .filter(journey_run::Column::ContactId.among(exposed.iter().map(|e| e.contact)))
        .filter(journey_run::Column::HeldOut.is_not_null())
        .filter(journey_run::Column::Id.is_not_in(exposed.iter().map(|e| e.run)))
        .into_tuple()
        .all(scoped.on())
        .await?;
    let mut known: HashSet<(Uuid, Uuid)> = before.into_iter().collect();
    let mut deltas = Deltas::new();
    for one in exposed {
        if known.insert((one.contact, one.journey)) {
            let arm = if one.held_out { Metric::HoldoutEntered } else { Metric::TreatedEntered };
            deltas.count(one.entered_at, arm, Some(JourneyId(one.journey)), 1);
        }
    }
    deltas.write(scoped).await
}
