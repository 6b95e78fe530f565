//! Members and their roles.

use super::{TeamError, guests, invitations, may_give, still_there, stored};
use crate::{
    accounts::audit::{self, Action, Entry},
    clock::Env,
    db::{DbError, OrganisationScope, Organised, Role, Tx},
};
use cartwheel_domain::{
    ids::{MemberId, StoreId},
    time::Millis,
};
use cartwheel_entity::{api_key, member, membership, store_role};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Most members that are listed.
const MOST: u64 = 500;

/// A member as the team sees them.
#[derive(Debug, Clone)]
pub struct Colleague {
    /// The person.
    pub member: member::Model,
    /// What they may do in all stores and in the organisation itself; `None`: only what is said of single stores.
    pub role: Option<Role>,
    /// What they may do in single stores instead.
    pub stores: Vec<(StoreId, Role)>,
    /// Since when they are in.
    pub since: Millis,
}

/// Everybody in an organisation, by name.
///
/// # Errors
/// What the database says.
pub async fn list(tx: &mut Tx, scope: &OrganisationScope) -> Result<Vec<Colleague>, DbError> {
    let organised = tx.organisation(scope).await?;
    let query =
        organised.find::<membership::Entity>().order_by_asc(membership::Column::CreatedAt).limit(MOST);
    let rows = query.all(organised.on()).await?;
    let single = organised.find::<store_role::Entity>().all(organised.on()).await?;
    let system = tx.system().await?;
    let ids = rows.iter().map(|m| m.member_id);
    let people =
        system.find::<member::Entity>().filter(member::Column::Id.is_in(ids)).all(system.on()).await?;
    let mut list: Vec<Colleague> = people
        .into_iter()
        .filter_map(|member| {
            let row = rows.iter().find(|m| m.member_id == member.id)?;
            let own = single.iter().filter(|s| s.member_id == member.id);
            let stores = own.filter_map(|s| Some((StoreId(s.store_id), Role::from_name(&s.role)?))).collect();
            Some(Colleague { role: Role::from_name(&row.role), stores, since: row.created_at, member })
        })
        .collect();
    list.sort_by(|a, b| (&a.member.name, a.member.id).cmp(&(&b.member.name, b.member.id)));
    Ok(list)
}

/// The names of the members among some actors of the audit log.
///
/// # Errors
/// What the database says.
pub async fn names<'a>(
    tx: &mut Tx,
    actors: impl Iterator<Item = &'a str>,
) -> Result<BTreeMap<String, String>, DbError> {
    let ids: BTreeSet<uuid::Uuid> = actors.filter_map(|a| Some(a.parse::<MemberId>().ok()?.uuid())).collect();
    let system = tx.system().await?;
    let query = system.find::<member::Entity>().filter(member::Column::Id.is_in(ids));
    let rows = query.all(system.on()).await?;
    Ok(rows.into_iter().map(|row| (MemberId(row.id).to_string(), row.name)).collect())
}

/// The role of a member; the organisation's lock is held from here on, so that two owners cannot take each other out.
async fn role_of(organised: &Organised<'_>, id: MemberId) -> Result<Option<Role>, TeamError> {
    organised.lock().await?;
    let query = organised.find::<membership::Entity>().filter(membership::Column::MemberId.eq(id.uuid()));
    let row = query.one(organised.on()).await?.ok_or(TeamError::None("member"))?;
    Ok(Role::from_name(&row.role))
}

async fn keeps_an_owner(organised: &Organised<'_>, without: MemberId) -> Result<(), TeamError> {
    let another = organised
        .find::<membership::Entity>()
        .filter(membership::Column::Role.eq(Role::Owner.as_str()))
        .filter(membership::Column::MemberId.ne(without.uuid()))
        .limit(1)
        .one(organised.on())
        .await?;
    another.map(|_| ()).ok_or(TeamError::LastOwner)
}

/// Gives a member another role in all stores, from their next request on; `None` leaves them what is said of single stores.
///
/// # Errors
/// [`TeamError`]: no such member, a role above the giver's own (the member's present one too), the last owner.
pub async fn set_role(
    organised: &Organised<'_>,
    env: &Env,
    scope: &OrganisationScope,
    id: MemberId,
    role: Option<Role>,
) -> Result<(), TeamError> {
    still_there(organised, scope).await?;
    let before = role_of(organised, id).await?;
    for either in [role, before].into_iter().flatten() {
        may_give(scope, either)?;
    }
    if before == role {
        return Ok(());
    }
    if before == Some(Role::Owner) {
        keeps_an_owner(organised, id).await?;
    }
    organised
        .update::<membership::Entity>()
        .col_expr(membership::Column::Role, Expr::value(stored(role)))
        .filter(membership::Column::MemberId.eq(id.uuid()))
        .exec(organised.on())
        .await?;
    invitations::end_of(organised, env, id, |given| Some(given) > role).await?;
    let detail = json!({ "from": stored(before), "to": stored(role) });
    audit::append(organised, env, scope.actor(), Entry::new(Action::MemberRole, id, detail)).await?;
    Ok(())
}

/// Says what a member may do in one store, from their next request on; `None`: the same as in all. Of owners and admins it
/// changes nothing: they have their role everywhere.
///
/// # Errors
/// [`TeamError`]: no such member or store, a role above the giver's own (the member's present one too), the role owner.
pub async fn set_store_role(
    tx: &mut Tx,
    env: &Env,
    scope: &OrganisationScope,
    (id, store): (MemberId, StoreId),
    role: Option<Role>,
) -> Result<(), TeamError> {
    let organised = tx.organisation(scope).await?;
    still_there(&organised, scope).await?;
    let organisation = role_of(&organised, id).await?;
    let own = store_role::Column::MemberId.eq(id.uuid()).and(store_role::Column::StoreId.eq(store.uuid()));
    let query = organised.find::<store_role::Entity>().filter(own.clone());
    let before = query.one(organised.on()).await?.and_then(|row| Role::from_name(&row.role));
    if role == Some(Role::Owner) {
        return Err(TeamError::Invalid("role", "admin at most: owners own the organisation".into()));
    }
    for either in [role, before, organisation].into_iter().flatten() {
        may_give(scope, either)?;
    }
    // What is said of a store that was closed can still be taken back.
    if role.is_some() && !guests::works_in(tx, env, scope, store).await? {
        return Err(TeamError::None("store"));
    }
    if before == role {
        return Ok(());
    }
    let organised = tx.organisation(scope).await?;
    organised.delete::<store_role::Entity>().filter(own).exec(organised.on()).await?;
    if let Some(role) = role {
        let row = store_role::ActiveModel {
            organisation_id: Set(scope.organisation_id().uuid()),
            member_id: Set(id.uuid()),
            store_id: Set(store.uuid()),
            role: Set(role.as_str().into()),
            created_at: Set(env.now()),
        };
        organised.insert::<store_role::Entity>(row).await?;
    }
    let said = |role: Option<Role>| role.map(Role::as_str);
    let detail = json!({ "from": said(before), "to": said(role) });
    let entry = Entry::new(Action::StoreRole, id, detail).within(store);
    Ok(audit::append(&organised, env, scope.actor(), entry).await?)
}

/// Takes a member out, from their next request on, and ends the invitations they made. Keys they made stay: a shop's server does not stop with a person.
///
/// # Errors
/// [`TeamError`]: no such member, one above the remover, the last owner.
pub async fn remove(
    organised: &Organised<'_>,
    env: &Env,
    scope: &OrganisationScope,
    id: MemberId,
) -> Result<(), TeamError> {
    still_there(organised, scope).await?;
    let before = role_of(organised, id).await?;
    if let Some(before) = before {
        may_give(scope, before)?;
    }
    if before == Some(Role::Owner) {
        keeps_an_owner(organised, id).await?;
    }
    invitations::end_of(organised, env, id, |_| true).await?;
    let single = store_role::Column::MemberId.eq(id.uuid());
    organised.delete::<store_role::Entity>().filter(single).exec(organised.on()).await?;
    organised
        .delete::<membership::Entity>()
        .filter(membership::Column::MemberId.eq(id.uuid()))
        .exec(organised.on())
        .await?;
    let keys = organised.find::<api_key::Entity>().filter(api_key::Column::RevokedAt.is_null()).limit(MOST);
    let keys = keys.all(organised.on()).await?.len();
    let detail = json!({ "role": stored(before), "keys_in_force": keys });
    audit::append(organised, env, scope.actor(), Entry::new(Action::MemberRemoved, id, detail)).await?;
    Ok(())
}
