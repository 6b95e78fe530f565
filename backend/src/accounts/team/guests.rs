//! Stores opened to another organisation: to an agency by its merchant, or to the service's staff who asked.
//!
//! The merchant gives, for as long as they say, and takes back at once; nobody who was let in lets others in. What is done is
//! written down in the audit logs of both.

use super::{TeamError, circles, may_give, still_there};
use crate::{
    accounts::{
        MasterKey,
        audit::{self, Action, Entry},
        mailbox::{self, Letter, Mail},
    },
    clock::Env,
    db::{Actor, DbError, OrganisationScope, Role, System, Tx},
};
use cartwheel_domain::{
    ids::{OrganisationId, StoreId},
    locale::Language,
    time::{HOUR, Millis},
};
use cartwheel_entity::{member, membership, organisation, store, store_access, store_role};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ExprTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Most guests of a store, those who only asked included.
const MOST: u64 = 20;

/// Most openings that are listed.
const LISTED: u64 = 500;

/// How long the staff may ask to be let in.
const LONGEST: i32 = 72;

/// An opening with the names of both sides.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The row.
    pub row: store_access::Model,
    /// The store's name.
    pub store: String,
    /// The guest's name.
    pub guest: String,
    /// Whether the guest is the service's staff.
    pub staff: bool,
}

/// Openings that let somebody in at an instant.
pub fn in_force(now: Millis) -> Condition {
    Condition::all().add(store_access::Column::GivenAt.is_not_null()).add(unended(now))
}

/// Openings that have not ended, those that were only asked for included.
fn unended(now: Millis) -> Condition {
    Condition::any().add(store_access::Column::EndsAt.is_null()).add(store_access::Column::EndsAt.gt(now))
}

async fn found(system: &System<'_>, rows: Vec<store_access::Model>) -> Result<Vec<Opening>, DbError> {
    let stores = system
        .find::<store::Entity>()
        .filter(store::Column::Id.is_in(rows.iter().map(|r| r.store_id)))
        .all(system.on())
        .await?;
    let guests = system
        .find::<organisation::Entity>()
        .filter(organisation::Column::Id.is_in(rows.iter().map(|r| r.organisation_id)))
        .all(system.on())
        .await?;
    let mut list: Vec<Opening> = rows
        .into_iter()
        .filter_map(|row| {
            let store = stores.iter().find(|s| s.id == row.store_id)?.name.clone();
            let guest = guests.iter().find(|g| g.id == row.organisation_id)?;
            Some(Opening { store, guest: guest.name.clone(), staff: guest.kind == "staff", row })
        })
        .collect();
    list.sort_by(|a, b| (&a.store, &a.guest, a.row.store_id).cmp(&(&b.store, &b.guest, b.row.store_id)));
    Ok(list)
}

/// Who was let into an organisation's stores, and who asks to be, by store.
///
/// # Errors
/// What the database says.
pub async fn of_host(tx: &mut Tx, env: &Env, scope: &OrganisationScope) -> Result<Vec<Opening>, DbError> {
    let system = tx.system().await?;
    let own = store::Column::OrganisationId.eq(scope.organisation_id().uuid());
    let own = system.find::<store::Entity>().select_only().column(store::Column::Id).filter(own);
    let rows = system
        .find::<store_access::Entity>()
        .filter(store_access::Column::StoreId.in_subquery(own.into_query()))
        .filter(unended(env.now()))
        .limit(LISTED)
        .all(system.on())
        .await?;
    found(&system, rows).await
}

/// Stores of others that were opened to an organisation, and those it has asked for.
///
/// # Errors
/// What the database says.
pub async fn of_guest(tx: &mut Tx, env: &Env, scope: &OrganisationScope) -> Result<Vec<Opening>, DbError> {
    let system = tx.system().await?;
    let rows = system
        .find::<store_access::Entity>()
        .filter(store_access::Column::OrganisationId.eq(scope.organisation_id().uuid()))
        .filter(unended(env.now()))
        .limit(LISTED)
        .all(system.on())
        .await?;
    found(&system, rows).await
}

/// Most stores of an organisation that are listed.
const STORES: u64 = 200;

/// The stores an organisation works in, its own and those that were opened to it, of those that are named or of all; by name.
///
/// # Errors
/// What the database says.
pub async fn stores(
    tx: &mut Tx,
    env: &Env,
    organisation: OrganisationId,
    only: Option<&[StoreId]>,
) -> Result<Vec<StoreId>, DbError> {
    let system = tx.system().await?;
    let opened = system
        .find::<store_access::Entity>()
        .select_only()
        .column(store_access::Column::StoreId)
        .filter(store_access::Column::OrganisationId.eq(organisation.uuid()))
        .filter(in_force(env.now()));
    let either = Condition::any()
        .add(store::Column::OrganisationId.eq(organisation.uuid()))
        .add(store::Column::Id.in_subquery(opened.into_query()));
    let mut query = system.find::<store::Entity>().select_only().column(store::Column::Id).filter(either);
    if let Some(only) = only {
        query = query.filter(store::Column::Id.is_in(only.iter().map(|id| id.uuid())));
    }
    let query = query.order_by_asc(store::Column::Name).order_by_asc(store::Column::Id).limit(STORES);
    let ids: Vec<Uuid> = query.into_tuple().all(system.on()).await?;
    Ok(ids.into_iter().map(StoreId).collect())
}

/// Until when the service's staff is in a store; `None` when it is not.
///
/// # Errors
/// What the database says.
pub async fn staff_until(tx: &mut Tx, env: &Env, store: StoreId) -> Result<Option<Millis>, DbError> {
    let system = tx.system().await?;
    let rows = system
        .find::<store_access::Entity>()
        .filter(store_access::Column::StoreId.eq(store.uuid()))
        .filter(in_force(env.now()))
        .all(system.on())
        .await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let openings = found(&system, rows).await?;
    Ok(openings.iter().filter(|one| one.staff).filter_map(|one| one.row.ends_at).max())
}

/// Whether an organisation works in a store: it is its own, or was opened to it.
///
/// # Errors
/// What the database says.
pub async fn works_in(
    tx: &mut Tx,
    env: &Env,
    scope: &OrganisationScope,
    store: StoreId,
) -> Result<bool, DbError> {
    let system = tx.system().await?;
    let Some(row) = store_of(&system, store).await? else { return Ok(false) };
    let mine = scope.organisation_id().uuid();
    if row.organisation_id == mine {
        return Ok(true);
    }
    let query = opening(&system, mine, store).filter(in_force(env.now()));
    Ok(query.one(system.on()).await?.is_some())
}

pub(super) async fn store_of(system: &System<'_>, id: StoreId) -> Result<Option<store::Model>, DbError> {
    let query = system.find::<store::Entity>().filter(store::Column::Id.eq(id.uuid()));
    Ok(query.one(system.on()).await?)
}

pub(super) fn opening(
    system: &System<'_>,
    guest: Uuid,
    store: StoreId,
) -> sea_orm::Select<store_access::Entity> {
    system
        .find::<store_access::Entity>()
        .filter(store_access::Column::OrganisationId.eq(guest))
        .filter(store_access::Column::StoreId.eq(store.uuid()))
}

/// Takes the locks of both organisations, always in one order, so that two who act on each other do not wait for each other.
async fn lock_both(tx: &mut Tx, one: OrganisationId, other: OrganisationId) -> Result<(), DbError> {
    let mut both = [one, other];
    both.sort_unstable_by_key(|id| id.uuid());
    for id in both {
        tx.organisation(&OrganisationScope::system(id)).await?.lock().await?;
    }
    Ok(())
}

/// Writes down in both logs what became of an opening.
pub(super) async fn note(
    tx: &mut Tx,
    env: &Env,
    actor: Actor,
    action: Action,
    (host, guest): (OrganisationId, OrganisationId),
    (store, detail): (StoreId, Value),
) -> Result<(), DbError> {
    for id in [host, guest] {
        let organised = tx.organisation(&OrganisationScope::system(id)).await?;
        let entry = Entry::new(action, guest, detail.clone()).within(store);
        audit::append(&organised, env, actor, entry).await?;
    }
    Ok(())
}

/// A store of the organisation itself, with the locks of both sides held.
pub(super) async fn own_store(
    tx: &mut Tx,
    scope: &OrganisationScope,
    guest: OrganisationId,
    store: StoreId,
) -> Result<store::Model, TeamError> {
    lock_both(tx, scope.organisation_id(), guest).await?;
    let organised = tx.organisation(scope).await?;
    still_there(&organised, scope).await?;
    let system = tx.system().await?;
    let row = store_of(&system, store).await?;
    row.filter(|row| row.organisation_id == scope.organisation_id().uuid()).ok_or(TeamError::None("store"))
}

/// A role that can be lent.
fn lent(scope: &OrganisationScope, role: Role) -> Result<(), TeamError> {
    if role == Role::Owner {
        return Err(TeamError::Invalid("role", "admin at most: what an owner may do is not lent".into()));
    }
    may_give(scope, role)
}

/// Opens a store to an agency, from its people's next request on, each with the lesser of this role and their own. What was
/// opened before is opened as it is said now.
///
/// # Errors
/// [`TeamError`]: not a store of the organisation, no such agency, a role above the giver's, an end in the past, too many guests.
pub async fn give(
    tx: &mut Tx,
    env: &Env,
    scope: &OrganisationScope,
    (agency, store): (OrganisationId, StoreId),
    role: Role,
    ends_at: Option<Millis>,
) -> Result<(), TeamError> {
    lent(scope, role)?;
    if ends_at.is_some_and(|at| at <= env.now()) {
        return Err(TeamError::Invalid("endsAt", "an instant to come".into()));
    }
    let own = own_store(tx, scope, agency, store).await?;
    let system = tx.system().await?;
    let is_agency = organisation::Column::Id.eq(agency.uuid()).and(organisation::Column::Kind.eq("agency"));
    let guest = system.find::<organisation::Entity>().filter(is_agency).one(system.on()).await?;
    let Some(guest) = guest.filter(|guest| guest.id != own.organisation_id) else {
        return Err(TeamError::NoAgency);
    };
    let of_store = store_access::Column::StoreId
        .eq(store.uuid())
        .and(store_access::Column::OrganisationId.ne(agency.uuid()));
    let present = system.find::<store_access::Entity>().filter(of_store).filter(unended(env.now()));
    if present.count(system.on()).await? >= MOST {
        return Err(TeamError::Invalid(
            "storeId",
            format!("{MOST} others have access; close it to one first"),
        ));
    }
    let now = env.now();
    let row = store_access::Model {
        organisation_id: agency.uuid(),
        store_id: store.uuid(),
        role: role.as_str().into(),
        reason: String::new(),
        lasts: None,
        asked_by: None,
        created_at: now,
        given_at: Some(now),
        ends_at,
    };
    put(tx, env, agency, row).await?;
    let detail = json!({ "store": own.name, "guest": guest.name, "role": role.as_str(), "ends_at": ends_at });
    let sides = (scope.organisation_id(), agency);
    Ok(note(tx, env, scope.actor(), Action::AccessGiven, sides, (store, detail)).await?)
}

/// Keeps an opening in place of one that is there. Where that one had ended, what the guest's people were given in the store has
/// ended with it.
async fn put(tx: &mut Tx, env: &Env, guest: OrganisationId, row: store_access::Model) -> Result<(), DbError> {
    let organised = tx.organisation(&OrganisationScope::system(guest)).await?;
    let same = store_access::Column::StoreId.eq(row.store_id);
    let open = organised.find::<store_access::Entity>().filter(same.clone()).filter(in_force(env.now()));
    let (store, ends_at) = (StoreId(row.store_id), row.ends_at);
    if open.one(organised.on()).await?.is_none() {
        let roles = store_role::Column::StoreId.eq(row.store_id);
        organised.delete::<store_role::Entity>().filter(roles).exec(organised.on()).await?;
        circles::end(tx, env, (guest, store)).await?;
    } else {
        circles::until(tx, (guest, store), ends_at).await?;
    }
    let organised = tx.organisation(&OrganisationScope::system(guest)).await?;
    organised.delete::<store_access::Entity>().filter(same).exec(organised.on()).await?;
    organised.insert::<store_access::Entity>(row.into_active_model().reset_all()).await
}

/// What the staff asks for.
#[derive(Debug, Clone)]
pub struct Ask {
    /// What they need to do.
    pub role: Role,
    /// Why, in words the merchant reads.
    pub reason: String,
    /// For how many hours from the moment it is given.
    pub hours: i32,
}

/// Asks a merchant to let the service's staff into a store for some hours. It opens nothing until they [`approve`].
///
/// # Errors
/// [`TeamError`]: the organisation is not the staff, there is no such store, a reason or a time that cannot be.
pub async fn ask(
    tx: &mut Tx,
    env: &Env,
    scope: &OrganisationScope,
    store: StoreId,
    ask: Ask,
) -> Result<(), TeamError> {
    lent(scope, ask.role)?;
    let system = tx.system().await?;
    let mine = organisation::Column::Id.eq(scope.organisation_id().uuid());
    let own = system.find::<organisation::Entity>().filter(mine).one(system.on()).await?;
    let own = own.filter(|own| own.kind == "staff").ok_or(TeamError::Invalid(
        "organisationId",
        "only the staff of this service asks to be let in; a merchant opens a store to an agency unasked"
            .into(),
    ))?;
    if !(1..=LONGEST).contains(&ask.hours) {
        return Err(TeamError::Invalid("hours", format!("1 to {LONGEST}")));
    }
    let reason = reason(&ask.reason)?;
    let row = store_of(&system, store).await?.ok_or(TeamError::None("store"))?;
    let host = OrganisationId(row.organisation_id);
    lock_both(tx, host, scope.organisation_id()).await?;
    let organised = tx.organisation(scope).await?;
    still_there(&organised, scope).await?;
    let system = tx.system().await?;
    let open = opening(&system, own.id, store).filter(in_force(env.now())).one(system.on()).await?;
    if open.is_some() {
        return Err(TeamError::Invalid("storeId", "the store is open to the staff already".into()));
    }
    let detail = json!({ "store": row.name, "guest": own.name, "role": ask.role.as_str(), "reason": reason, "hours": ask.hours });
    let asked_by = match scope.actor() {
        Actor::Member(id) => Some(id.uuid()),
        _ => None,
    };
    let row = store_access::Model {
        organisation_id: own.id,
        store_id: store.uuid(),
        role: ask.role.as_str().into(),
        reason,
        lasts: Some(i64::from(ask.hours) * HOUR),
        asked_by,
        created_at: env.now(),
        given_at: None,
        ends_at: None,
    };
    let guest = scope.organisation_id();
    put(tx, env, guest, row).await?;
    Ok(note(tx, env, scope.actor(), Action::AccessAsked, (host, guest), (store, detail)).await?)
}

/// Tells the owners and admins of a store's organisation that the staff asks to be let in.
///
/// # Errors
/// What the database says.
pub async fn tell(
    tx: &mut Tx,
    env: &Env,
    master: &MasterKey,
    scope: &OrganisationScope,
    store: StoreId,
) -> Result<(), TeamError> {
    let system = tx.system().await?;
    let asked = opening(&system, scope.organisation_id().uuid(), store).one(system.on()).await?;
    let (Some(row), Some(own)) = (asked, store_of(&system, store).await?) else { return Ok(()) };
    let deciders = system
        .find::<membership::Entity>()
        .filter(membership::Column::OrganisationId.eq(own.organisation_id))
        .filter(membership::Column::Role.is_in([Role::Owner.as_str(), Role::Admin.as_str()]))
        .limit(MOST)
        .all(system.on())
        .await?;
    let ids = deciders.iter().map(|m| m.member_id).chain(row.asked_by);
    let people =
        system.find::<member::Entity>().filter(member::Column::Id.is_in(ids)).all(system.on()).await?;
    let by = people.iter().find(|m| Some(m.id) == row.asked_by).map_or("Cartwheel", |m| &m.name).to_owned();
    for person in people.iter().filter(|m| deciders.iter().any(|d| d.member_id == m.id)) {
        let letter = Letter::AccessAsked {
            store_id: store.to_string(),
            store: own.name.clone(),
            by: by.clone(),
            reason: row.reason.clone(),
            hours: row.lasts.unwrap_or(HOUR) / HOUR,
        };
        let language = person.language.parse().unwrap_or(Language::En);
        mailbox::queue(&system, env, master, &Mail { to: person.email.clone(), language, letter }).await?;
    }
    Ok(())
}

/// A reason as people read it.
fn reason(text: &str) -> Result<String, TeamError> {
    let text = text.trim();
    if text.chars().count() > 300
        || text.chars().filter(|c| c.is_alphanumeric()).count() < 5
        || text.chars().any(char::is_control)
    {
        return Err(TeamError::Invalid(
            "reason",
            "what it is needed for, in 5 to 300 characters on one line".into(),
        ));
    }
    Ok(text.to_owned())
}

/// Lets in who has asked, for the time they asked for, from now on. `asked_at` says which request was read.
///
/// # Errors
/// [`TeamError`]: not a store of the organisation, nobody has asked or has asked for something else since, a role above the giver's.
pub async fn approve(
    tx: &mut Tx,
    env: &Env,
    scope: &OrganisationScope,
    (guest, store): (OrganisationId, StoreId),
    asked_at: Millis,
) -> Result<(), TeamError> {
    let own = own_store(tx, scope, guest, store).await?;
    let system = tx.system().await?;
    let asked = opening(&system, guest.uuid(), store).filter(store_access::Column::GivenAt.is_null());
    let row = asked.one(system.on()).await?.ok_or(TeamError::None("request"))?;
    if row.created_at != asked_at {
        return Err(TeamError::Outdated("request"));
    }
    lent(scope, Role::from_name(&row.role).unwrap_or(Role::Owner))?;
    let now = env.now();
    let ends_at = now + row.lasts.unwrap_or(HOUR);
    let query = system.find::<organisation::Entity>().filter(organisation::Column::Id.eq(guest.uuid()));
    let name = query.one(system.on()).await?.map(|row| row.name);
    let detail = json!({ "store": own.name, "guest": name, "role": row.role, "reason": row.reason, "ends_at": ends_at });
    put(tx, env, guest, store_access::Model { given_at: Some(now), ends_at: Some(ends_at), ..row }).await?;
    let sides = (scope.organisation_id(), guest);
    Ok(note(tx, env, scope.actor(), Action::AccessGiven, sides, (store, detail)).await?)
}

/// Closes a store to a guest from their next request on, or declines what they asked for.
///
/// # Errors
/// [`TeamError`]: not a store of the organisation, no such guest.
pub async fn close(
    tx: &mut Tx,
    env: &Env,
    scope: &OrganisationScope,
    (guest, store): (OrganisationId, StoreId),
) -> Result<(), TeamError> {
    own_store(tx, scope, guest, store).await?;
    end(tx, env, scope.actor(), (scope.organisation_id(), guest), store).await
}

/// Gives a store back that was opened to the organisation, or takes back what it asked for.
///
/// # Errors
/// [`TeamError`]: the store was not opened to it.
pub async fn leave(
    tx: &mut Tx,
    env: &Env,
    scope: &OrganisationScope,
    store: StoreId,
) -> Result<(), TeamError> {
    let guest = scope.organisation_id();
    let system = tx.system().await?;
    if opening(&system, guest.uuid(), store).one(system.on()).await?.is_none() {
        return Err(TeamError::None("store"));
    }
    let host = store_of(&system, store).await?.ok_or(TeamError::None("store"))?;
    let host = OrganisationId(host.organisation_id);
    lock_both(tx, host, guest).await?;
    let organised = tx.organisation(scope).await?;
    still_there(&organised, scope).await?;
    end(tx, env, scope.actor(), (host, guest), store).await
}

async fn end(
    tx: &mut Tx,
    env: &Env,
    actor: Actor,
    (host, guest): (OrganisationId, OrganisationId),
    store: StoreId,
) -> Result<(), TeamError> {
    let organised = tx.organisation(&OrganisationScope::system(guest)).await?;
    let this = store_access::Column::StoreId.eq(store.uuid());
    let done = organised.delete::<store_access::Entity>().filter(this).exec(organised.on()).await?;
    if done.rows_affected == 0 {
        return Err(TeamError::None("guest"));
    }
    // What the guest's people were given there goes too: opened anew, it begins anew.
    let roles = store_role::Column::StoreId.eq(store.uuid());
    organised.delete::<store_role::Entity>().filter(roles).exec(organised.on()).await?;
    let shared = circles::end(tx, env, (guest, store)).await?;
    let system = tx.system().await?;
    let name = store_of(&system, store).await?.map(|row| row.name);
    let query = system.find::<organisation::Entity>().filter(organisation::Column::Id.eq(guest.uuid()));
    let detail = json!({ "store": name, "guest": query.one(system.on()).await?.map(|row| row.name) });
    if shared {
        note(tx, env, actor, Action::CircleLeft, (host, guest), (store, detail.clone())).await?;
    }
    Ok(note(tx, env, actor, Action::AccessEnded, (host, guest), (store, detail)).await?)
}
