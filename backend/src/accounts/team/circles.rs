//! Stores that share whom not to contact with the other stores of an agency, each because its own merchant said so (decision 0019).
//!
//! Who takes part is kept here; what is shared, and what it stops, is in `consent::circle`.

use super::{
    TeamError,
    guests::{self, note, opening, own_store},
};
use crate::{
    accounts::audit::Action,
    clock::Env,
    db::{DbError, OrganisationScope, Tx, circle::in_force},
};
use cartwheel_domain::{
    ids::{OrganisationId, StoreId},
    time::Millis,
};
use cartwheel_entity::{circle_entry, circle_member, circle_seat, organisation, store};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ExprTrait, IntoActiveModel, QueryFilter, QuerySelect, QueryTrait,
    sea_query::Expr,
};
use serde_json::json;
use std::collections::HashMap;
use uuid::Uuid;

/// Which wording of what it means a merchant agrees to. Another meaning is another number, and asks anew.
pub const TERMS: i32 = 1;

/// Most that are listed.
const LISTED: u64 = 500;

/// A store that takes part in the circle of an agency.
#[derive(Debug, Clone)]
pub struct Sharing {
    /// The store's own row.
    pub row: circle_member::Model,
    /// How many of its suppressions are shared.
    pub shared: i64,
}

/// An organisation's stores that share, as they are now.
///
/// # Errors
/// What the database says.
pub async fn of_host(tx: &mut Tx, env: &Env, scope: &OrganisationScope) -> Result<Vec<Sharing>, DbError> {
    let system = tx.system().await?;
    let own = store::Column::OrganisationId.eq(scope.organisation_id().uuid());
    let own = system.find::<store::Entity>().select_only().column(store::Column::Id).filter(own);
    let members = system
        .find::<circle_member::Entity>()
        .filter(circle_member::Column::StoreId.in_subquery(own.into_query()))
        .limit(LISTED)
        .all(system.on())
        .await?;
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let (agencies, ids): (Vec<Uuid>, Vec<Uuid>) = members.iter().map(|m| (m.agency_id, m.seat_id)).unzip();
    let seats = system
        .find::<circle_seat::Entity>()
        .filter(circle_seat::Column::AgencyId.is_in(agencies.iter().copied()))
        .filter(circle_seat::Column::Id.is_in(ids.iter().copied()))
        .filter(in_force(env.now()))
        .all(system.on())
        .await?;
    let counted: Vec<(Uuid, i64)> = system
        .find::<circle_entry::Entity>()
        .select_only()
        .column(circle_entry::Column::SeatId)
        .column_as(circle_entry::Column::SeatId.count(), "n")
        .filter(circle_entry::Column::AgencyId.is_in(agencies))
        .filter(circle_entry::Column::SeatId.is_in(ids))
        .group_by(circle_entry::Column::SeatId)
        .into_tuple()
        .all(system.on())
        .await?;
    let counted: HashMap<Uuid, i64> = counted.into_iter().collect();
    let counts = members.into_iter().filter(|m| seats.iter().any(|seat| seat.id == m.seat_id));
    Ok(counts.map(|row| Sharing { shared: counted.get(&row.seat_id).copied().unwrap_or(0), row }).collect())
}

/// Lets a store share whom not to contact with the other stores of an agency it is open to, and heed what they share; from the commit on.
/// What it has already suppressed is added in the background. `terms` is the wording that was read.
///
/// # Errors
/// [`TeamError`]: not a store of the organisation, not open to such an agency, another wording.
pub async fn join(
    tx: &mut Tx,
    env: &Env,
    scope: &OrganisationScope,
    (agency, store): (OrganisationId, StoreId),
    terms: i32,
) -> Result<(), TeamError> {
    if terms != TERMS {
        return Err(TeamError::Outdated("text"));
    }
    let own = own_store(tx, scope, agency, store).await?;
    let now = env.now();
    let system = tx.system().await?;
    let open = opening(&system, agency.uuid(), store).filter(guests::in_force(now)).one(system.on()).await?;
    let is_agency = organisation::Column::Id.eq(agency.uuid()).and(organisation::Column::Kind.eq("agency"));
    let guest = system.find::<organisation::Entity>().filter(is_agency).one(system.on()).await?;
    let (Some(open), Some(guest)) = (open, guest) else { return Err(TeamError::NotOpen) };
    system.close_door(store).await?;
    if seat_of(tx, (agency, store)).await?.is_some_and(|seat| counts(&seat, now)) {
        return Ok(());
    }
    // One that has ended by itself and is not cleared away yet.
    end(tx, env, (agency, store)).await?;
    let system = tx.system().await?;
    let seat =
        circle_seat::Model { agency_id: agency.uuid(), id: env.uuid(), ends_at: open.ends_at, left_at: None };
    let member = circle_member::Model {
        store_id: store.uuid(),
        agency_id: agency.uuid(),
        seat_id: seat.id,
        joined_at: now,
        filled_to: None,
        filled_at: None,
    };
    system.insert::<circle_seat::Entity>(seat.into_active_model().reset_all()).await?;
    system.insert::<circle_member::Entity>(member.into_active_model().reset_all()).await?;
    let detail = json!({ "store": own.name, "guest": guest.name, "terms": terms });
    let sides = (scope.organisation_id(), agency);
    Ok(note(tx, env, scope.actor(), Action::CircleJoined, sides, (store, detail)).await?)
}

/// Takes a store out: from the commit on nothing of it counts elsewhere, and nothing of others here.
///
/// # Errors
/// [`TeamError`]: not a store of the organisation, or it shares nothing there.
pub async fn leave(
    tx: &mut Tx,
    env: &Env,
    scope: &OrganisationScope,
    (agency, store): (OrganisationId, StoreId),
) -> Result<(), TeamError> {
    let own = own_store(tx, scope, agency, store).await?;
    if !end(tx, env, (agency, store)).await? {
        return Err(TeamError::NotOpen);
    }
    let system = tx.system().await?;
    let query = system.find::<organisation::Entity>().filter(organisation::Column::Id.eq(agency.uuid()));
    let detail = json!({ "store": own.name, "guest": query.one(system.on()).await?.map(|row| row.name) });
    let sides = (scope.organisation_id(), agency);
    Ok(note(tx, env, scope.actor(), Action::CircleLeft, sides, (store, detail)).await?)
}

fn counts(seat: &circle_seat::Model, now: Millis) -> bool {
    seat.left_at.is_none() && seat.ends_at.is_none_or(|at| at > now)
}

async fn seat_of(
    tx: &mut Tx,
    (agency, store): (OrganisationId, StoreId),
) -> Result<Option<circle_seat::Model>, DbError> {
    let system = tx.system().await?;
    let member = system
        .find::<circle_member::Entity>()
        .filter(circle_member::Column::StoreId.eq(store.uuid()))
        .filter(circle_member::Column::AgencyId.eq(agency.uuid()))
        .one(system.on())
        .await?;
    let Some(member) = member else { return Ok(None) };
    let query = system.find::<circle_seat::Entity>();
    let query = query.filter(circle_seat::Column::AgencyId.eq(member.agency_id));
    Ok(query.filter(circle_seat::Column::Id.eq(member.seat_id)).one(system.on()).await?)
}

/// Gives up a store's seat, when it has one: says whether it counted. Its entries count no more, and are taken away by and by.
pub(super) async fn end(
    tx: &mut Tx,
    env: &Env,
    (agency, store): (OrganisationId, StoreId),
) -> Result<bool, DbError> {
    let now = env.now();
    let Some(seat) = seat_of(tx, (agency, store)).await? else { return Ok(false) };
    let system = tx.system().await?;
    system.close_door(store).await?;
    system
        .delete::<circle_member::Entity>()
        .filter(circle_member::Column::StoreId.eq(store.uuid()))
        .filter(circle_member::Column::AgencyId.eq(agency.uuid()))
        .exec(system.on())
        .await?;
    let counted = counts(&seat, now);
    let query = system.update::<circle_seat::Entity>();
    query
        .col_expr(circle_seat::Column::LeftAt, Expr::value(now))
        .filter(circle_seat::Column::AgencyId.eq(agency.uuid()))
        .filter(circle_seat::Column::Id.eq(seat.id))
        .exec(system.on())
        .await?;
    Ok(counted)
}

/// Keeps a seat's end the same as the opening's.
pub(super) async fn until(
    tx: &mut Tx,
    which: (OrganisationId, StoreId),
    ends_at: Option<Millis>,
) -> Result<(), DbError> {
    let Some(seat) = seat_of(tx, which).await? else { return Ok(()) };
    let system = tx.system().await?;
    system
        .update::<circle_seat::Entity>()
        .col_expr(circle_seat::Column::EndsAt, Expr::value(ends_at))
        .filter(circle_seat::Column::AgencyId.eq(seat.agency_id))
        .filter(circle_seat::Column::Id.eq(seat.id))
        .exec(system.on())
        .await?;
    Ok(())
}
