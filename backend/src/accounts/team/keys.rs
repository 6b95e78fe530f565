//! Keys of the API: shown once, kept as a hash, with a role, an end and a recognisable beginning.

use super::{TeamError, may_give, name, still_there};
use crate::{
    accounts::{
        audit::{self, Action, Entry},
        service::key_hash,
    },
    clock::Env,
    db::{DbError, OrganisationScope, Organised, Role, Tx},
};
use cartwheel_domain::{
    ids::{ApiKeyId, StoreId},
    time::Millis,
};
use cartwheel_entity::{api_key, organisation, store};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use serde_json::json;

/// Most keys that can be in force, and that are listed of those taken back.
const MOST: u64 = 200;

/// What a new key is to be.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What it is for, in words.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The one store it opens; `None` for all of the organisation's.
    pub store: Option<StoreId>,
    /// When it stops working by itself.
    pub expires_at: Option<Millis>,
}

/// The keys of an organisation: first those that were not taken back, all of them, then the latest of those that were; each
/// newest first.
///
/// # Errors
/// What the database says.
pub async fn list(organised: &Organised<'_>) -> Result<Vec<api_key::Model>, DbError> {
    let newest = || organised.find::<api_key::Entity>().order_by_desc(api_key::Column::CreatedAt);
    let mut rows = newest().filter(api_key::Column::RevokedAt.is_null()).all(organised.on()).await?;
    let revoked = newest().filter(api_key::Column::RevokedAt.is_not_null()).limit(MOST);
    rows.extend(revoked.all(organised.on()).await?);
    Ok(rows)
}

/// Makes a key; the text is shown this once.
///
/// # Errors
/// [`TeamError`]: a name or an end that cannot be, a role above the maker's, a store that is not the organisation's.
pub async fn make(
    tx: &mut Tx,
    env: &Env,
    scope: &OrganisationScope,
    new: NewKey,
) -> Result<(api_key::Model, String), TeamError> {
    let name = name("name", &new.name)?;
    may_give(scope, new.role)?;
    if new.expires_at.is_some_and(|at| at <= env.now()) {
        return Err(TeamError::Invalid("expiresAt", "an instant to come".into()));
    }
    let system = tx.system().await?;
    let own = organisation::Column::Id.eq(scope.organisation_id().uuid());
    let own = system.find::<organisation::Entity>().filter(own).one(system.on()).await?;
    if own.is_some_and(|own| own.kind == "staff") {
        let said = "the staff has no keys: each signs in with a code, and is named in the merchant's log";
        return Err(TeamError::Invalid("organisationId", said.into()));
    }
    if let Some(id) = new.store {
        let system = tx.system().await?;
        let query = system
            .find::<store::Entity>()
            .filter(store::Column::Id.eq(id.uuid()))
            .filter(store::Column::OrganisationId.eq(scope.organisation_id().uuid()));
        query.one(system.on()).await?.ok_or(TeamError::None("store"))?;
    }
    let organised = tx.organisation(scope).await?;
    still_there(&organised, scope).await?;
    let over = |key: &api_key::Model| key.expires_at.is_some_and(|at| at <= env.now());
    let in_force = list(&organised).await?.into_iter().filter(|key| key.revoked_at.is_none() && !over(key));
    if in_force.count() as u64 >= MOST {
        return Err(TeamError::Invalid("name", format!("{MOST} keys are in force; revoke some first")));
    }
    let (id, text) = (env.id::<ApiKeyId>(), env.secret::<24>("cwa_"));
    let row = api_key::Model {
        id: id.uuid(),
        organisation_id: scope.organisation_id().uuid(),
        store_id: new.store.map(StoreId::uuid),
        name: name.clone(),
        prefix: text.chars().take(8).collect(),
        key_hash: key_hash(&text),
        role: new.role.as_str().into(),
        created_at: env.now(),
        last_used_at: None,
        expires_at: new.expires_at,
        revoked_at: None,
    };
    organised.insert::<api_key::Entity>(row.clone().into_active_model().reset_all()).await?;
    let detail = json!({ "name": name, "role": new.role.as_str(), "expires_at": new.expires_at });
    let entry = Entry { store: new.store, ..Entry::new(Action::KeyMade, id, detail) };
    audit::append(&organised, env, scope.actor(), entry).await?;
    Ok((row, text))
}

/// Takes a key back, from the next request on. One that was taken back stays so.
///
/// # Errors
/// [`TeamError`]: no such key, or one with more rights than the revoker has.
pub async fn revoke(
    organised: &Organised<'_>,
    env: &Env,
    scope: &OrganisationScope,
    id: ApiKeyId,
) -> Result<(), TeamError> {
    still_there(organised, scope).await?;
    let query = organised.find::<api_key::Entity>().filter(api_key::Column::Id.eq(id.uuid()));
    let row = query.one(organised.on()).await?.ok_or(TeamError::None("key"))?;
    may_give(scope, Role::from_name(&row.role).unwrap_or(Role::Owner))?;
    let done = organised
        .update::<api_key::Entity>()
        .col_expr(api_key::Column::RevokedAt, Expr::value(env.now()))
        .filter(api_key::Column::Id.eq(id.uuid()))
        .filter(api_key::Column::RevokedAt.is_null())
        .exec(organised.on())
        .await?;
    if done.rows_affected > 0 {
        let entry = Entry::new(Action::KeyRevoked, id, json!({ "name": row.name }));
        audit::append(organised, env, scope.actor(), entry).await?;
    }
    Ok(())
}
