//! From a request's credentials to a [`Viewer`], and from a viewer to the proof that opens a store.

use super::{Sessions, second_factor};
use crate::{
    accounts::{StoreInfo, Stores, service::key_hash, team::guests},
    clock::Env,
    db::{Actor, Db, DbError, OrganisationScope, Role, Seat, StoreScope},
};
use cartwheel_domain::{
    ids::{ApiKeyId, MemberId, OrganisationId, SessionId, StoreId},
    time::{MINUTE, Millis},
};
use cartwheel_entity::{api_key, store_access};
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

/// What somebody may do in one organisation.
#[derive(Debug, Clone)]
struct Right {
    organisation: OrganisationId,
    /// In all of its stores; `None`: only in those that are named.
    role: Option<Role>,
    /// In single stores, its own or such that were opened to it.
    stores: Vec<(StoreId, Role)>,
}

impl Right {
    fn of(seat: Seat) -> Self {
        let stores = seat.stores.iter().filter_map(|(id, role)| Some((*id, Role::from_name(role)?)));
        Self { organisation: seat.organisation, role: Role::from_name(&seat.role), stores: stores.collect() }
    }

    /// In one store. What is said of the store counts, save for those who could change what is said.
    fn at(&self, store: StoreId) -> Option<Role> {
        let said = self.stores.iter().find(|(id, _)| *id == store).map(|(_, role)| *role);
        self.role.filter(|role| *role >= Role::Admin).or(said).or(self.role)
    }
}

/// By which of the viewer's organisations a store of another was opened to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Through {
    /// The organisation it was opened to.
    pub organisation: OrganisationId,
    /// When it closes by itself.
    pub ends_at: Option<Millis>,
}

/// A store that a viewer was let into.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The proof.
    pub scope: StoreScope,
    /// The store.
    pub info: Arc<StoreInfo>,
    /// How, if it belongs to an organisation in which the viewer has no more rights than these.
    pub through: Option<Through>,
}

/// Somebody with rights in organisations or in one store.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Who.
    pub who: Who,
    /// The session of a member.
    pub session: Option<SessionId>,
    /// Whether a member has shown a code at sign-in.
    pub coded: bool,
    /// Whether organisations stay closed until the viewer signs in with a code: those of agencies they own.
    pub withheld: bool,
    rights: Vec<Right>,
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
        let Some((access, alive)) = self.sessions.authenticate(bearer).await? else { return Ok(None) };
        let coded = alive.coded;
        let closed = |seat: &Seat| !coded && second_factor::needs_code(&seat.kind, &seat.role);
        let withheld = alive.seats.iter().any(closed);
        let rights = alive.seats.into_iter().filter(|seat| !closed(seat)).map(Right::of).collect();
        Ok(Some(Viewer {
            who: Who::Member(access.member),
            session: Some(access.session),
            coded,
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
            coded: false,
            withheld: false,
            rights: vec![Right {
                organisation: OrganisationId(row.organisation_id),
                role: Some(role),
                stores: Vec::new(),
            }],
            only_store: row.store_id.map(StoreId),
        }))
    }

    /// Opens a store to a viewer; `None` when it is not theirs or does not exist: the two look the same.
    ///
    /// # Errors
    /// What the database says.
    pub async fn scope(&self, viewer: &Viewer, store: StoreId) -> Result<Option<Opened>, DbError> {
        Ok(self.scopes(viewer, &[store]).await?.pop())
    }

    /// Opens stores to a viewer, in their order; those that are not theirs or do not exist are left out. What others have
    /// opened to the viewer's organisations is asked anew each time, so that it ends at once.
    ///
    /// # Errors
    /// What the database says.
    pub async fn scopes(&self, viewer: &Viewer, stores: &[StoreId]) -> Result<Vec<Opened>, DbError> {
        let mut found = Vec::with_capacity(stores.len());
        let mut foreign = Vec::new();
        for id in stores.iter().filter(|id| viewer.only_store.is_none_or(|only| only == **id)) {
            let Some(info) = self.stores.by_id(*id).await? else { continue };
            let own = viewer.right_in(info.organisation_id).and_then(|right| right.at(*id));
            let elsewhere = viewer.rights.iter().any(|r| r.organisation != info.organisation_id);
            if elsewhere && own < Some(Role::Admin) {
                foreign.push(*id);
            }
            found.push((info, own, None));
        }
        for row in self.openings(viewer, &foreign).await? {
            let guest = OrganisationId(row.organisation_id);
            let Some((_, role, through)) = found.iter_mut().find(|(info, ..)| info.id.uuid() == row.store_id)
            else {
                continue;
            };
            let here = viewer.right_in(guest).and_then(|right| right.at(StoreId(row.store_id)));
            let lent = here.min(Role::from_name(&row.role));
            if lent > *role {
                (*role, *through) = (lent, Some(Through { organisation: guest, ends_at: row.ends_at }));
            }
        }
        let opened = found.into_iter().filter_map(|(info, role, through)| {
            Some(Opened { scope: StoreScope::granted(info.id, role?, viewer.actor()), info, through })
        });
        Ok(opened.collect())
    }

    /// What others have opened to the viewer's organisations, of some stores.
    async fn openings(
        &self,
        viewer: &Viewer,
        stores: &[StoreId],
    ) -> Result<Vec<store_access::Model>, DbError> {
        if stores.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.db.read().await?;
        let system = tx.system().await?;
        let query = system
            .find::<store_access::Entity>()
            .filter(store_access::Column::OrganisationId.is_in(viewer.organisations().map(|o| o.uuid())))
            .filter(store_access::Column::StoreId.is_in(stores.iter().map(|s| s.uuid())))
            .filter(guests::in_force(self.env.now()));
        Ok(query.all(system.on()).await?)
    }

    /// Sessions, for what a member does with their own.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }
}

impl Viewer {
    /// Organisations the viewer has rights in.
    pub fn organisations(&self) -> impl Iterator<Item = OrganisationId> + '_ {
        self.rights.iter().map(|right| right.organisation)
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
        let role = self.right_in(id)?.role.filter(|_| self.only_store.is_none())?;
        Some(OrganisationScope::granted(id, role, self.actor()))
    }

    /// The only stores of an organisation that the viewer may be let into, its own or such that were opened to it; `None`
    /// when it may be any: the one of a key that is bound to it, those that are named for somebody without a role in all.
    pub fn only_stores(&self, id: OrganisationId) -> Option<Vec<StoreId>> {
        let right = self.right_in(id)?;
        match (self.only_store, right.role) {
            (Some(store), _) => Some(vec![store]),
            (None, None) => Some(right.stores.iter().map(|(store, _)| *store).collect()),
            (None, Some(_)) => None,
        }
    }

    fn right_in(&self, organisation: OrganisationId) -> Option<&Right> {
        self.rights.iter().find(|right| right.organisation == organisation)
    }
}
