//! From a request's credentials to a [`Viewer`], and from a viewer to the proof that opens a store.

use super::{Sessions, second_factor};
use crate::{
    accounts::{StoreInfo, Stores, service::key_hash},
    clock::Env,
    db::{Actor, Db, DbError, OrganisationScope, Role, StoreScope},
};
use cartwheel_domain::{
    ids::{ApiKeyId, MemberId, OrganisationId, SessionId, StoreId},
    time::MINUTE,
};
use cartwheel_entity::{api_key, membership};
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
use std::sync::Arc;

/// Who a request speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A signed-in member.
    Member(MemberId),
    /// A key of the API.
    Key(ApiKeyId),
}

/// Somebody with rights in organisations or in one store.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Who.
    pub who: Who,
    /// The session of a member.
    pub session: Option<SessionId>,
    /// Whether organisations stay closed until the viewer signs in with a code: those of agencies they own.
    pub withheld: bool,
    rights: Vec<(OrganisationId, Role)>,
    only_store: Option<StoreId>,
}

/// Turns credentials into viewers and viewers into scopes.
#[derive(Clone)]
pub struct Grants {
    db: Db,
    env: Env,
    sessions: Sessions,
    stores: Stores,
}

impl Grants {
    /// From the parts.
    pub fn new(db: Db, env: Env, sessions: Sessions, stores: Stores) -> Self {
        Self { db, env, sessions, stores }
    }

    /// The viewer behind a bearer token: an access token or an API key; `None` for anything else.
    ///
    /// # Errors
    /// What the database says.
    pub async fn viewer(&self, bearer: &str) -> Result<Option<Viewer>, DbError> {
        if bearer.starts_with("cwa_") {
            return self.by_key(bearer).await;
        }
        let Some((access, coded)) = self.sessions.authenticate(bearer).await? else { return Ok(None) };
        let mut tx = self.db.read().await?;
        let system = tx.system().await?;
        let rows = system
            .find::<membership::Entity>()
            .filter(membership::Column::MemberId.eq(access.member.uuid()))
            .all(system.on())
            .await?;
        let mut rights: Vec<_> = rows
            .iter()
            .filter_map(|m| Some((OrganisationId(m.organisation_id), Role::from_name(&m.role)?)))
            .collect();
        let mut withheld = false;
        if !coded && rights.iter().any(|(_, role)| *role == Role::Owner) {
            let closed = second_factor::owned_agencies(&system, access.member).await?;
            withheld = !closed.is_empty();
            rights.retain(|(id, _)| !closed.contains(&id.uuid()));
        }
        Ok(Some(Viewer {
            who: Who::Member(access.member),
            session: Some(access.session),
            withheld,
            rights,
            only_store: None,
        }))
    }

    async fn by_key(&self, key: &str) -> Result<Option<Viewer>, DbError> {
        if key.len() > 100 {
            return Ok(None);
        }
        let now = self.env.now();
        let row = {
            let mut tx = self.db.read().await?;
            let system = tx.system().await?;
            system
                .find::<api_key::Entity>()
                .filter(api_key::Column::KeyHash.eq(key_hash(key)))
                .one(system.on())
                .await?
        };
        let Some(row) = row.filter(|k| k.revoked_at.is_none() && k.expires_at.is_none_or(|at| at > now))
        else {
            return Ok(None);
        };
        let Some(role) = Role::from_name(&row.role) else { return Ok(None) };
        if row.last_used_at.is_none_or(|at| now - at > MINUTE) {
            let mut tx = self.db.write().await?;
            let system = tx.system().await?;
            system
                .update::<api_key::Entity>()
                .col_expr(api_key::Column::LastUsedAt, Expr::value(now))
                .filter(api_key::Column::Id.eq(row.id))
                .exec(system.on())
                .await?;
            tx.commit().await?;
        }
        Ok(Some(Viewer {
            who: Who::Key(ApiKeyId(row.id)),
            session: None,
            withheld: false,
            rights: vec![(OrganisationId(row.organisation_id), role)],
            only_store: row.store_id.map(StoreId),
        }))
    }

    /// Opens a store to a viewer; `None` when it is not theirs or does not exist: the two look the same.
    ///
    /// # Errors
    /// What the database says.
    pub async fn scope(
        &self,
        viewer: &Viewer,
        store: StoreId,
    ) -> Result<Option<(StoreScope, Arc<StoreInfo>)>, DbError> {
        let Some(info) = self.stores.by_id(store).await? else { return Ok(None) };
        let role =
            viewer.role_in(info.organisation_id).filter(|_| viewer.only_store.is_none_or(|s| s == store));
        Ok(role.map(|role| (StoreScope::granted(store, role, viewer.actor()), info)))
    }

    /// Sessions, for what a member does with their own.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }
}

impl Viewer {
    /// Organisations the viewer has rights in.
    pub fn organisations(&self) -> impl Iterator<Item = OrganisationId> + '_ {
        self.rights.iter().map(|(id, _)| *id)
    }

    /// Who, as it is written down.
    pub fn actor(&self) -> Actor {
        match self.who {
            Who::Member(id) => Actor::Member(id),
            Who::Key(id) => Actor::ApiKey(id),
        }
    }

    /// Opens an organisation to the viewer; `None` when it is not theirs or does not exist: the two look the same. A key that
    /// is bound to one store opens none.
    pub fn organisation(&self, id: OrganisationId) -> Option<OrganisationScope> {
        let role = self.role_in(id).filter(|_| self.only_store.is_none())?;
        Some(OrganisationScope::granted(id, role, self.actor()))
    }

    /// The one store a key is bound to.
    pub fn only_store(&self) -> Option<StoreId> {
        self.only_store
    }

    fn role_in(&self, organisation: OrganisationId) -> Option<Role> {
        self.rights.iter().find(|(id, _)| *id == organisation).map(|(_, role)| *role)
    }
}
