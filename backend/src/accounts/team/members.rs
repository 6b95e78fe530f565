//! Members and their roles.

use super::{TeamError, invitations, may_give, still_there};
use crate::{
    accounts::audit::{self, Action, Entry},
    clock::Env,
    db::{DbError, OrganisationScope, Organised, Role, Tx},
};
use cartwheel_domain::{ids::MemberId, time::Millis};
use cartwheel_entity::{api_key, member, membership};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use serde_json::json;

/// Most members that are listed.
const MOST: u64 = 500;

/// A member as the team sees them.
#[derive(Debug, Clone)]
pub struct Colleague {
    /// The person.
    pub member: member::Model,
    /// What they may do.
    pub role: Role,
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
    let system = tx.system().await?;
    let ids = rows.iter().map(|m| m.member_id);
    let people =
        system.find::<member::Entity>().filter(member::Column::Id.is_in(ids)).all(system.on()).await?;
    let mut list: Vec<Colleague> = people
        .into_iter()
        .filter_map(|member| {
            let row = rows.iter().find(|m| m.member_id == member.id)?;
            Some(Colleague { role: Role::from_name(&row.role)?, since: row.created_at, member })
        })
        .collect();
    list.sort_by(|a, b| (&a.member.name, a.member.id).cmp(&(&b.member.name, b.member.id)));
    Ok(list)
}

/// The role of a member; the organisation's lock is held from here on, so that two owners cannot take each other out.
async fn role_of(organised: &Organised<'_>, id: MemberId) -> Result<Role, TeamError> {
    organised.lock().await?;
    let query = organised.find::<membership::Entity>().filter(membership::Column::MemberId.eq(id.uuid()));
    let row = query.one(organised.on()).await?.ok_or(TeamError::None("member"))?;
    Ok(Role::from_name(&row.role).unwrap_or(Role::Support))
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

/// Gives a member another role, from their next request on.
///
/// # Errors
/// [`TeamError`]: no such member, a role above the giver's own (the member's present one too), the last owner.
pub async fn set_role(
    organised: &Organised<'_>,
    env: &Env,
    scope: &OrganisationScope,
    id: MemberId,
    role: Role,
) -> Result<(), TeamError> {
    still_there(organised, scope).await?;
    let before = role_of(organised, id).await?;
    may_give(scope, role)?;
    may_give(scope, before)?;
    if before == role {
        return Ok(());
    }
    if before == Role::Owner {
        keeps_an_owner(organised, id).await?;
    }
    organised
        .update::<membership::Entity>()
        .col_expr(membership::Column::Role, Expr::value(role.as_str()))
        .filter(membership::Column::MemberId.eq(id.uuid()))
        .exec(organised.on())
        .await?;
    invitations::end_of(organised, env, id, |given| given > role).await?;
    let detail = json!({ "from": before.as_str(), "to": role.as_str() });
    audit::append(organised, env, scope.actor(), Entry::new(Action::MemberRole, id, detail)).await?;
    Ok(())
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
    may_give(scope, before)?;
    if before == Role::Owner {
        keeps_an_owner(organised, id).await?;
    }
    invitations::end_of(organised, env, id, |_| true).await?;
    organised
        .delete::<membership::Entity>()
        .filter(membership::Column::MemberId.eq(id.uuid()))
        .exec(organised.on())
        .await?;
    let keys = organised.find::<api_key::Entity>().filter(api_key::Column::RevokedAt.is_null()).limit(MOST);
    let keys = keys.all(organised.on()).await?.len();
    let detail = json!({ "role": before.as_str(), "keys_in_force": keys });
    audit::append(organised, env, scope.actor(), Entry::new(Action::MemberRemoved, id, detail)).await?;
    Ok(())
}
