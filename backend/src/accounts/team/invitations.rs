//! Invitations: a link that lets one person in, once, within a week.

use super::{TeamError, guests, may_give, still_there, stored};
use crate::{
    accounts::{
        MasterKey,
        audit::{self, Action, Entry},
        mailbox::{self, Invited},
        service::key_hash,
    },
    clock::Env,
    db::{Actor, DbError, OrganisationScope, Organised, Role, System, Tx},
};
use cartwheel_domain::{
    contact_point::EmailAddress,
    ids::{InvitationId, MemberId, OrganisationId, StoreId},
    locale::Language,
    time::{DAY, Millis},
};
use cartwheel_entity::{invitation, member, membership, organisation, store_role};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::Expr,
};
use serde_json::json;
use std::collections::BTreeSet;

/// How long an invitation can be accepted.
pub const LIFE: Millis = 7 * DAY;

/// Most invitations of an organisation that are open at once.
const MOST: u64 = 100;

/// Invitations an organisation makes in a day, withdrawn ones included: each is a mail to somebody.
const A_DAY: u64 = 200;

/// Invitations of one address in a day, from whomever.
const OF_ONE: u64 = 5;

/// Most stores that an invitation names.
const STORES: usize = 100;

/// Asks somebody to join, with a role in all stores: [`invite_to`] without naming any.
///
/// # Errors
/// As there.
pub async fn invite(
    tx: &mut Tx,
    env: &Env,
    scope: &OrganisationScope,
    email: &EmailAddress,
    role: Role,
) -> Result<(invitation::Model, String), TeamError> {
    invite_to(tx, env, scope, email, role, &[]).await
}

/// Asks somebody to join, with a role in the stores that are named, or in all; the token of the link is shown this once. An
/// open invitation of the same address is replaced.
///
/// # Errors
/// [`TeamError`]: a role above the inviter's, a store that is not the organisation's, a member already, too many open.
pub async fn invite_to(
    tx: &mut Tx,
    env: &Env,
    scope: &OrganisationScope,
    email: &EmailAddress,
    role: Role,
    stores: &[StoreId],
) -> Result<(invitation::Model, String), TeamError> {
    may_give(scope, role)?;
    let stores: BTreeSet<StoreId> = stores.iter().copied().collect();
    if stores.len() > STORES {
        return Err(TeamError::Invalid("storeIds", format!("at most {STORES}; name none for all")));
    }
    if role == Role::Owner && !stores.is_empty() {
        return Err(TeamError::Invalid(
            "role",
            "admin at most in single stores: owners own the organisation".into(),
        ));
    }
    for store in &stores {
        if !guests::works_in(tx, env, scope, *store).await? {
            return Err(TeamError::None("store"));
        }
    }
    let store_ids: Vec<uuid::Uuid> = stores.iter().map(|id| id.uuid()).collect();
    let store_ids = (!stores.is_empty()).then(|| json!(store_ids).to_string());
    let by = match scope.actor() {
        Actor::Member(id) => id.uuid(),
        Actor::System => uuid::Uuid::nil(),
        _ => return Err(TeamError::Invalid("email", "only a member can invite".into())),
    };
    let system = tx.system().await?;
    let known = member_by_email(&system, email.as_str()).await?;
    let today = invitation::Column::CreatedAt.gt(env.now() - DAY);
    let of_one = system.find::<invitation::Entity>().filter(invitation::Column::Email.eq(email.as_str()));
    if of_one.filter(today.clone()).count(system.on()).await? >= OF_ONE {
        return Err(TeamError::TooOften(format!("this address was invited {OF_ONE} times today")));
    }
    let organised = tx.organisation(scope).await?;
    still_there(&organised, scope).await?;
    if organised.find::<invitation::Entity>().filter(today).count(organised.on()).await? >= A_DAY {
        return Err(TeamError::TooOften(format!("{A_DAY} people were invited today")));
    }
    if let Some(known) = known {
        let query = organised.find::<membership::Entity>().filter(membership::Column::MemberId.eq(known.id));
        if query.one(organised.on()).await?.is_some() {
            return Err(TeamError::Member(email.to_string()));
        }
    }
    organised
        .update::<invitation::Entity>()
        .col_expr(invitation::Column::EndedAt, Expr::value(env.now()))
        .filter(invitation::Column::Email.eq(email.as_str()))
        .filter(invitation::Column::EndedAt.is_null())
        .exec(organised.on())
        .await?;
    if open(&organised, env).await?.len() as u64 >= MOST {
        return Err(TeamError::TooMany(MOST));
    }
    let (id, token) = (env.id::<InvitationId>(), env.secret::<24>("cwi_"));
    let row = invitation::Model {
        organisation_id: scope.organisation_id().uuid(),
        id: id.uuid(),
        email: email.to_string(),
        role: role.as_str().into(),
        token_hash: key_hash(&token),
        invited_by: by,
        created_at: env.now(),
        expires_at: env.now() + LIFE,
        ended_at: None,
        store_ids,
    };
    organised.insert::<invitation::Entity>(row.clone().into_active_model().reset_all()).await?;
    let detail = json!({ "email": row.email, "role": row.role, "stores": stores });
    audit::append(&organised, env, scope.actor(), Entry::new(Action::MemberInvited, id, detail)).await?;
    Ok((row, token))
}

/// Sends the link to the mailbox of whoever is invited, in the transaction that invites: then nobody else can have it.
///
/// # Errors
/// What the database says.
pub async fn send(
    tx: &mut Tx,
    env: &Env,
    master: &MasterKey,
    row: &invitation::Model,
    token: &str,
) -> Result<(), DbError> {
    let system = tx.system().await?;
    let own = organisation::Column::Id.eq(row.organisation_id);
    let organisation = system.find::<organisation::Entity>().filter(own).one(system.on()).await?;
    let inviter = system.find::<member::Entity>().filter(member::Column::Id.eq(row.invited_by));
    let inviter = inviter.one(system.on()).await?;
    let name = |name: Option<String>| name.unwrap_or_else(|| "Cartwheel".into());
    let invited = Invited {
        to: &row.email,
        language: inviter.as_ref().and_then(|m| m.language.parse().ok()).unwrap_or(Language::En),
        organisation: &name(organisation.map(|o| o.name)),
        by: &name(inviter.map(|m| m.name)),
        role: Role::from_name(&row.role).unwrap_or(Role::Support),
        token,
        expires: row.expires_at,
    };
    mailbox::queue_invitation(&system, env, master, invited).await
}

/// Invitations that can still be accepted, newest first.
///
/// # Errors
/// What the database says.
pub async fn open(organised: &Organised<'_>, env: &Env) -> Result<Vec<invitation::Model>, DbError> {
    let query = organised
        .find::<invitation::Entity>()
        .filter(invitation::Column::EndedAt.is_null())
        .filter(invitation::Column::ExpiresAt.gt(env.now()))
        .order_by_desc(invitation::Column::CreatedAt)
        .limit(MOST);
    Ok(query.all(organised.on()).await?)
}

/// Takes an invitation back.
///
/// # Errors
/// [`TeamError::None`] when none is open by this id; a role above the withdrawer's own.
pub async fn withdraw(
    organised: &Organised<'_>,
    env: &Env,
    scope: &OrganisationScope,
    id: InvitationId,
) -> Result<(), TeamError> {
    still_there(organised, scope).await?;
    let query = organised
        .find::<invitation::Entity>()
        .filter(invitation::Column::Id.eq(id.uuid()))
        .filter(invitation::Column::EndedAt.is_null());
    let row = query.one(organised.on()).await?.ok_or(TeamError::None("invitation"))?;
    may_give(scope, Role::from_name(&row.role).unwrap_or(Role::Owner))?;
    if end(organised, env, id).await? {
        let entry = Entry::new(Action::InvitationWithdrawn, id, json!({ "email": row.email }));
        audit::append(organised, env, scope.actor(), entry).await?;
    }
    Ok(())
}

/// Ends an invitation; whether it was open.
async fn end(organised: &Organised<'_>, env: &Env, id: InvitationId) -> Result<bool, DbError> {
    let done = organised
        .update::<invitation::Entity>()
        .col_expr(invitation::Column::EndedAt, Expr::value(env.now()))
        .filter(invitation::Column::Id.eq(id.uuid()))
        .filter(invitation::Column::EndedAt.is_null())
        .exec(organised.on())
        .await?;
    Ok(done.rows_affected > 0)
}

/// Ends the open invitations a member has made, of the roles that are chosen: nobody comes back by a link of their own.
pub(super) async fn end_of(
    organised: &Organised<'_>,
    env: &Env,
    by: MemberId,
    chosen: impl Fn(Role) -> bool,
) -> Result<(), DbError> {
    for row in open(organised, env).await?.into_iter().filter(|row| row.invited_by == by.uuid()) {
        if Role::from_name(&row.role).is_none_or(&chosen) {
            end(organised, env, InvitationId(row.id)).await?;
        }
    }
    Ok(())
}

/// What somebody who holds the link is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Which.
    pub id: InvitationId,
    /// Whose.
    pub organisation: OrganisationId,
    /// Its name.
    pub name: String,
    /// The address it was sent to.
    pub email: String,
    /// The role it gives.
    pub role: Role,
    /// The only stores it gives it in; all when there is none.
    pub stores: Vec<StoreId>,
    /// The member of this address, who joins with the password they have.
    pub known: Option<MemberId>,
}

async fn member_by_email(system: &System<'_>, email: &str) -> Result<Option<member::Model>, DbError> {
    let query = system.find::<member::Entity>().filter(member::Column::Email.eq(email));
    Ok(query.one(system.on()).await?)
}

/// The only stores an invitation opens; all when there is none.
pub fn only_stores(row: &invitation::Model) -> Vec<StoreId> {
    let ids = row.store_ids.as_deref().and_then(|text| serde_json::from_str::<Vec<uuid::Uuid>>(text).ok());
    ids.unwrap_or_default().into_iter().map(StoreId).collect()
}

/// The offer behind a token; `None` when it was never made, is used up, withdrawn or too old.
///
/// # Errors
/// What the database says.
pub async fn offer(tx: &mut Tx, env: &Env, token: &str) -> Result<Option<Offer>, DbError> {
    if token.len() > 100 {
        return Ok(None);
    }
    let system = tx.system().await?;
    let query = system
        .find::<invitation::Entity>()
        .filter(invitation::Column::TokenHash.eq(key_hash(token)))
        .filter(invitation::Column::EndedAt.is_null())
        .filter(invitation::Column::ExpiresAt.gt(env.now()));
    let Some(row) = query.one(system.on()).await? else { return Ok(None) };
    let query =
        system.find::<organisation::Entity>().filter(organisation::Column::Id.eq(row.organisation_id));
    let Some(organisation) = query.one(system.on()).await? else { return Ok(None) };
    let Some(role) = Role::from_name(&row.role) else { return Ok(None) };
    let stores = only_stores(&row);
    if row.store_ids.is_some() && stores.is_empty() {
        // For some stores, which cannot be read: rather for none than for all.
        return Ok(None);
    }
    let known = member_by_email(&system, &row.email).await?;
    Ok(Some(Offer {
        id: InvitationId(row.id),
        organisation: OrganisationId(row.organisation_id),
        name: organisation.name,
        stores,
        email: row.email,
        role,
        known: known.map(|m| MemberId(m.id)),
    }))
}

/// Who takes an offer up.
#[derive(Debug, Clone)]
pub enum Joiner {
    /// A member who has just proved to be one.
    Known(MemberId),
    /// Somebody new.
    New {
        /// As colleagues see them.
        name: String,
        /// Their password, hashed.
        password_hash: String,
        /// The console's language for them.
        language: String,
    },
}

/// Lets somebody in; `None` when the invitation was taken up or withdrawn meanwhile, or somebody of the address has signed up.
///
/// # Errors
/// What the database says.
pub async fn accept(
    tx: &mut Tx,
    env: &Env,
    offer: &Offer,
    joiner: Joiner,
) -> Result<Option<MemberId>, DbError> {
    let scope = OrganisationScope::system(offer.organisation);
    let organised = tx.organisation(&scope).await?;
    organised.lock().await?;
    if !end(&organised, env, offer.id).await? {
        return Ok(None);
    }
    let id = match joiner {
        Joiner::Known(id) => id,
        Joiner::New { name, password_hash, language } => {
            let system = tx.system().await?;
            if member_by_email(&system, &offer.email).await?.is_some() {
                return Ok(None);
            }
            let id: MemberId = env.id();
            let row = member::ActiveModel {
                id: Set(id.uuid()),
                email: Set(offer.email.clone()),
                name: Set(name),
                password_hash: Set(password_hash),
                language: Set(language),
                created_at: Set(env.now()),
            };
            system.insert::<member::Entity>(row).await?;
            id
        }
    };
    // Those that are gone meanwhile are not given.
    let mut stores = Vec::with_capacity(offer.stores.len());
    for store in &offer.stores {
        if guests::works_in(tx, env, &scope, *store).await? {
            stores.push(*store);
        }
    }
    let organised = tx.organisation(&scope).await?;
    let query = organised.find::<membership::Entity>().filter(membership::Column::MemberId.eq(id.uuid()));
    if query.one(organised.on()).await?.is_none() {
        let row = membership::ActiveModel {
            member_id: Set(id.uuid()),
            organisation_id: Set(offer.organisation.uuid()),
            role: Set(stored(Some(offer.role).filter(|_| offer.stores.is_empty())).into()),
            created_at: Set(env.now()),
        };
        organised.insert::<membership::Entity>(row).await?;
        for store in stores {
            let row = store_role::ActiveModel {
                organisation_id: Set(offer.organisation.uuid()),
                member_id: Set(id.uuid()),
                store_id: Set(store.uuid()),
                role: Set(offer.role.as_str().into()),
                created_at: Set(env.now()),
            };
            organised.insert::<store_role::Entity>(row).await?;
        }
    }
    let detail =
        json!({ "invitation": offer.id.to_string(), "role": offer.role.as_str(), "stores": offer.stores });
    audit::append(&organised, env, Actor::Member(id), Entry::new(Action::MemberJoined, id, detail)).await?;
    Ok(Some(id))
}
