//! Many stores at once: a journey taken over into others, and journeys of many stores paused and resumed.

use super::{
    access::Access,
    errors::{self, UserError},
    journey::Journey,
    scalars::Json,
};
use crate::{
    accounts::audit::{Action, Entry},
    db::{Actor, DbError, Role},
    journeys::{JourneyError, rollout, service},
};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use cartwheel_domain::{
    ids::{JourneyId, MemberId},
    journey::{Definition, JourneyState, merge::Difference},
};
use cartwheel_entity::journey;
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};
use serde_json::json;
use std::collections::BTreeSet;

/// Most stores that are dealt with at once.
pub const MOST: usize = 100;

/// What would become of a store's copy of a journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum RollOutState {
    /// The store has none: it would be made, switched off.
    New,
    /// It is as it would be.
    Same,
    /// A next version would be published.
    Update,
    /// It cannot be taken over.
    Refused,
}

/// A place at which two versions of a journey differ.
#[derive(SimpleObject)]
pub struct JourneyDifference {
    /// Where, such as nodes, wait_1, seconds; outermost first.
    place: Vec<String>,
    /// What stands there before; null: nothing.
    before: Option<Json>,
    /// What stands there after; null: nothing.
    after: Option<Json>,
}

impl From<Difference> for JourneyDifference {
    fn from(d: Difference) -> Self {
        Self { place: d.place, before: d.before.map(Json), after: d.after.map(Json) }
    }
}

/// What would become of one store's copy of a journey.
#[derive(SimpleObject)]
pub struct RollOutPlan {
    /// The store.
    store_id: ID,
    /// What would become of it.
    state: RollOutState,
    /// The number of the version it was compared with; to be sent along when it is done.
    base_version: i32,
    /// What would change there.
    differences: Vec<JourneyDifference>,
    /// What was changed there since it was last taken over, and would stay: `before` is the source's, `after` what stays.
    kept: Vec<JourneyDifference>,
    /// Whether everything there is replaced: it is a journey of the same name that never came from here.
    replaces: bool,
    /// The number of the source's version that was looked at; to be sent along when it is done.
    source_version: i32,
    /// Why it cannot be taken over.
    problems: Vec<String>,
}

/// A store that shall take a journey over.
#[derive(InputObject)]
pub struct RollOutTarget {
    /// The store.
    store_id: ID,
    /// The version that was looked at: `baseVersion` of its plan.
    base_version: i32,
}

/// What was done store by store.
#[derive(Default, SimpleObject)]
pub struct ManyPayload {
    /// Stores in which something was changed.
    pub changed: Vec<ID>,
    /// What was not done, with the store's place in the input.
    pub user_errors: Vec<UserError>,
}

/// What can be done in many stores at once.
#[derive(Default)]
pub struct ManyMutation;

fn member(access: &Access) -> Option<MemberId> {
    match access.scope.actor() {
        Actor::Member(id) => Some(id),
        _ => None,
    }
}

pub(super) fn at(list: &str, place: usize, code: &str, message: impl Into<String>) -> UserError {
    UserError::at(&[list, &place.to_string()], code, message)
}

/// Opens stores in which the viewer is an editor; what cannot be opened is told by its place.
///
/// # Errors
/// Too many stores; [`errors::forbidden`] when the viewer is an editor in none of them; a fault.
pub(super) async fn open(
    ctx: &Context<'_>,
    list: &str,
    ids: &[ID],
) -> Result<(Vec<(usize, Access)>, Vec<UserError>)> {
    if ids.len() > MOST {
        return Err(async_graphql::Error::new(format!("{list}: at most {MOST} stores at once")));
    }
    let (mut open, mut refused, mut forbidden) = (Vec::new(), Vec::new(), false);
    for (place, id) in ids.iter().enumerate() {
        match Access::open(ctx, id).await? {
            None => refused.push(at(list, place, "not_found", "there is no such store")),
            Some(access) if access.needs(Role::Editor).is_err() => {
                forbidden = true;
                refused.push(at(list, place, "forbidden", "this needs the role editor in this store"));
            }
            Some(access) => open.push((place, access)),
        }
    }
    if open.is_empty() && forbidden {
        return Err(errors::forbidden(Role::Editor.as_str()));
    }
    Ok((open, refused))
}

/// Stores somebody wants to look at, each once: those that are open to them, and why the others are not, with their places.
pub(super) struct Looked {
    pub stores: Vec<ID>,
    pub open: Vec<(usize, Access)>,
    pub errors: Vec<(usize, String)>,
}

/// Opens the stores of a look before something is taken over.
///
/// # Errors
/// As [`open`].
pub(super) async fn look(ctx: &Context<'_>, stores: &[ID]) -> Result<Looked> {
    let mut once = BTreeSet::new();
    let stores: Vec<ID> = stores.iter().filter(|id| once.insert(id.to_string())).cloned().collect();
    let (open, errors) = open(ctx, "storeIds", &stores).await?;
    let place = |e: &UserError| e.path.last().and_then(|place| place.parse().ok()).unwrap_or_default();
    let errors = errors.into_iter().map(|error| (place(&error), error.message)).collect();
    Ok(Looked { stores, open, errors })
}

/// What each of some stores would take over.
///
/// # Errors
/// A fault; too many stores; a store that cannot be changed is a plan that is refused.
pub async fn plans(ctx: &Context<'_>, source: &Journey, stores: &[ID]) -> Result<Vec<RollOutPlan>> {
    let id = JourneyId(source.row.id);
    let Some((definition, number)) = given(&source.access, id).await? else { return Ok(Vec::new()) };
    let Looked { stores, open, errors } = look(ctx, stores).await?;
    let mut plans: Vec<(usize, RollOutPlan)> = Vec::with_capacity(stores.len());
    plans.extend(errors.into_iter().map(|(place, said)| (place, refused(stores.get(place), vec![said]))));
    for (place, access) in open {
        if access.info.id == source.access.info.id {
            plans.push((place, refused(stores.get(place), vec!["the journey is this store's own".into()])));
            continue;
        }
        let plan = access.read(async |scoped| rollout::plan(scoped, (id, &definition)).await).await?;
        let state = match (&plan.definition, plan.journey, plan.differences.is_empty()) {
            (Err(_), ..) => RollOutState::Refused,
            (Ok(_), None, _) => RollOutState::New,
            (Ok(_), Some(_), true) => RollOutState::Same,
            (Ok(_), Some(_), false) => RollOutState::Update,
        };
        let problems = plan.definition.err().unwrap_or_default();
        let shown = RollOutPlan {
            store_id: ID(access.info.id.to_string()),
            state,
            base_version: plan.base,
            differences: plan.differences.into_iter().map(Into::into).collect(),
            kept: plan.kept.into_iter().map(Into::into).collect(),
            replaces: plan.replaces,
            source_version: number,
            problems: problems.iter().map(ToString::to_string).collect(),
        };
        plans.push((place, shown));
    }
    plans.sort_by_key(|(place, _)| *place);
    Ok(plans.into_iter().map(|(_, plan)| plan).collect())
}

fn refused(store: Option<&ID>, problems: Vec<String>) -> RollOutPlan {
    RollOutPlan {
        store_id: store.cloned().unwrap_or_else(|| ID(String::new())),
        state: RollOutState::Refused,
        base_version: 0,
        differences: Vec::new(),
        kept: Vec::new(),
        replaces: false,
        source_version: 0,
        problems,
    }
}

/// What a journey gives away; `None` while it was never published.
async fn given(access: &Access, id: JourneyId) -> Result<Option<(Definition, i32)>> {
    let read = access.read(async |scoped| match rollout::source(scoped, id).await {
        Ok(given) => Ok(Some(given)),
        Err(JourneyError::NotPublished | JourneyError::NoJourney(_) | JourneyError::Unsound(_)) => Ok(None),
        Err(e) => Err(e),
    });
    read.await
}

#[Object]
impl ManyMutation {
    /// Takes a journey over into other stores, each by itself: a next version of the copy it has, or a copy that is switched off.
    /// What was changed there stays. `Journey.rollOut` is looked at first and gives both numbers. Needs the role editor in each store.
    async fn roll_out_journey(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        journey_id: ID,
        source_version: i32,
        to: Vec<RollOutTarget>,
    ) -> Result<ManyPayload> {
        let none = || ManyPayload {
            user_errors: vec![UserError::at(&["journeyId"], "not_found", "there is no such journey")],
            ..Default::default()
        };
        let Some(access) = Access::open_to(ctx, &store_id, Role::Editor).await? else { return Ok(none()) };
        let Ok(id) = journey_id.parse::<JourneyId>() else { return Ok(none()) };
        let Some((definition, number)) = given(&access, id).await? else { return Ok(none()) };
        if number != source_version {
            let said = format!("version {number} was published meanwhile; look at it, then take it over");
            let user_errors = vec![UserError::at(&["sourceVersion"], "outdated", said)];
            return Ok(ManyPayload { user_errors, ..Default::default() });
        }
        let ids: Vec<ID> = to.iter().map(|target| target.store_id.clone()).collect();
        let (open, user_errors) = open(ctx, "to", &ids).await?;
        let mut payload = ManyPayload { changed: Vec::new(), user_errors };
        for (place, target) in open {
            if target.info.id == access.info.id {
                payload.user_errors.push(at("to", place, "own", "the journey is this store's own"));
                continue;
            }
            match take(&target, (id, &definition), to[place].base_version).await? {
                Ok(()) => payload.changed.push(ID(target.info.id.to_string())),
                Err((code, said)) => payload.user_errors.push(at("to", place, code, said)),
            }
        }
        Ok(payload)
    }

    /// Pauses all journeys of some stores that are on, or resumes those that are paused, each store by itself. Needs the role
    /// editor in each store.
    async fn pause_stores(&self, ctx: &Context<'_>, store_ids: Vec<ID>, pause: bool) -> Result<ManyPayload> {
        let (open, user_errors) = open(ctx, "storeIds", &store_ids).await?;
        let mut payload = ManyPayload { changed: Vec::new(), user_errors };
        for (_, access) in open {
            if switch(&access, pause).await? {
                payload.changed.push(ID(access.info.id.to_string()));
            }
        }
        Ok(payload)
    }
}

/// Takes a journey over into one store, in a transaction of its own.
async fn take(
    access: &Access,
    source: (JourneyId, &Definition),
    base: i32,
) -> Result<Result<(), (&'static str, String)>> {
    let mut tx = access.write().await?;
    let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
    let taken = rollout::take(&scoped, &access.api.env, source, base, member(access)).await;
    let (published, name) = match taken {
        Ok(taken) => taken,
        Err(JourneyError::Db(e)) => return Err(access.fault(&e)),
        Err(e @ JourneyError::Outdated(_)) => return Ok(Err(("outdated", e.to_string()))),
        Err(e) => return Ok(Err(("unsound", e.to_string()))),
    };
    if published.new {
        let detail = json!({ "version": published.number, "name": name, "taken_over": true });
        access.note(&mut tx, Entry::new(Action::JourneyPublished, published.journey_id, detail)).await?;
    }
    tx.commit().await.map_err(|e| access.fault(&e))?;
    Ok(Ok(()))
}

/// Pauses what is on, or resumes what is paused; whether there was anything.
async fn switch(access: &Access, pause: bool) -> Result<bool> {
    let (from, state, word) =
        if pause { ("on", JourneyState::Paused, "paused") } else { ("paused", JourneyState::Active, "on") };
    let mut tx = access.write().await?;
    let change = async {
        let scoped = tx.enter(&access.scope).await?;
        scoped.lock().await?;
        let rows = scoped.find::<journey::Entity>().filter(journey::Column::Status.eq(from)).limit(1_000);
        let rows = rows.all(scoped.on()).await?;
        for row in &rows {
            // One without a version was never on.
            if let Err(JourneyError::Db(e)) =
                service::switch(&scoped, &access.api.env, JourneyId(row.id), state).await
            {
                return Err(e);
            }
        }
        Ok::<_, DbError>(rows)
    };
    let rows = change.await.map_err(|e| access.fault(&e))?;
    for row in &rows {
        let entry = Entry::new(Action::JourneySwitched, JourneyId(row.id), json!({ "to": word }));
        access.note(&mut tx, entry).await?;
    }
    tx.commit().await.map_err(|e| access.fault(&e))?;
    Ok(!rows.is_empty())
}
