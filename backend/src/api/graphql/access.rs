//! What resolvers work with: the service behind the schema, and a store somebody was let into.

use super::errors;
use crate::{
    accounts::{
        MasterKey, StoreInfo, Stores,
        audit::{self, Entry},
    },
    api::{Live, rate::Rates},
    auth::{
        Viewer,
        grant::{Grants, Opened, Through},
    },
    billing::Billing,
    clock::Env,
    db::{Actor, Db, OrganisationScope, Organised, Role, Scoped, StoreScope, Tx},
    platforms::api::Apis,
    templates::Templates,
};
use async_graphql::{Context, Error, Result};
use cartwheel_domain::ids::{OrganisationId, StoreId};
use std::sync::Arc;

/// The service behind the schema.
#[derive(Clone)]
pub struct Api {
    /// Database.
    pub db: Db,
    /// Clock and entropy.
    pub env: Env,
    /// Stores.
    pub stores: Stores,
    /// Credentials to rights.
    pub grants: Grants,
    /// Seals credentials.
    pub master: MasterKey,
    /// Changes to watch.
    pub live: Live,
    /// Texts, parsed.
    pub templates: Templates,
    /// How the outside reaches us.
    pub public_url: String,
    /// Whether the service sends mails of its own.
    pub mails: bool,
    /// What plans are paid by; `None` where nobody pays.
    pub billing: Option<Billing>,
    /// Whether the operator's mail server carries the mail of stores that have none.
    pub mail_usual: bool,
    /// Whether outgoing webhooks and stores' mail may go to this very machine.
    pub webhooks_local: bool,
    /// Shop platforms, to be asked.
    pub apis: Apis,
    /// How many requests each caller may send.
    pub rates: Arc<Rates>,
}

/// The number of a request, for logs and people.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The number of the request at hand.
pub fn request_id(ctx: &Context<'_>) -> String {
    ctx.data_opt::<RequestId>().map_or_else(|| "unknown".into(), |r| r.0.clone())
}

/// Whoever sent the request.
///
/// # Errors
/// [`errors::signed_out`].
pub fn viewer<'c>(ctx: &Context<'c>) -> Result<&'c Viewer> {
    ctx.data_opt::<Viewer>().ok_or_else(errors::signed_out)
}

/// The service.
///
/// # Errors
/// Only when the schema was built without one, as for printing it.
pub fn api<'c>(ctx: &Context<'c>) -> Result<&'c Api> {
    ctx.data::<Api>()
}

/// A store somebody was let into.
#[derive(Clone)]
pub struct Access {
    /// The service.
    pub api: Api,
    /// The proof.
    pub scope: StoreScope,
    /// The store.
    pub info: Arc<StoreInfo>,
    /// How, if it is another organisation's and was opened to one of the viewer's.
    pub through: Option<Through>,
    request: String,
}

impl Access {
    /// Opens a store to the viewer; `None` when there is none for them by this id, whatever the reason.
    ///
    /// # Errors
    /// Signed out, or a fault.
    pub async fn open(ctx: &Context<'_>, id: &str) -> Result<Option<Self>> {
        let (viewer, api, request) = (viewer(ctx)?, api(ctx)?, request_id(ctx));
        let Ok(id) = id.parse::<StoreId>() else { return Ok(None) };
        let found = api.grants.scope(viewer, id).await.map_err(|e| errors::fault(&e, &request))?;
        Ok(found.map(|opened| Self::of(api, opened, request)))
    }

    /// Opens stores to the viewer, in their order; those that are not theirs are left out.
    ///
    /// # Errors
    /// Signed out, or a fault.
    pub async fn open_all(ctx: &Context<'_>, ids: &[StoreId]) -> Result<Vec<Self>> {
        let (viewer, api, request) = (viewer(ctx)?, api(ctx)?, request_id(ctx));
        let found = api.grants.scopes(viewer, ids).await.map_err(|e| errors::fault(&e, &request))?;
        Ok(found.into_iter().map(|opened| Self::of(api, opened, request.clone())).collect())
    }

    fn of(api: &Api, Opened { scope, info, through }: Opened, request: String) -> Self {
        Self { api: api.clone(), scope, info, through, request }
    }

    /// The same, for a change that needs a role.
    ///
    /// # Errors
    /// [`errors::forbidden`] below the role.
    pub async fn open_to(ctx: &Context<'_>, id: &str, role: Role) -> Result<Option<Self>> {
        match Self::open(ctx, id).await? {
            Some(access) => access.needs(role).map(|()| Some(access)),
            None => Ok(None),
        }
    }

    /// Checks the role of the viewer, for what not everybody with the store may look at.
    ///
    /// # Errors
    /// [`errors::forbidden`] below the role.
    pub fn needs(&self, role: Role) -> Result<()> {
        if self.scope.role() < role { Err(errors::forbidden(role.as_str())) } else { Ok(()) }
    }

    /// Reads from the store in one short transaction.
    ///
    /// # Errors
    /// A fault, told by number.
    pub async fn read<T, E: std::fmt::Display>(
        &self,
        run: impl AsyncFnOnce(&Scoped<'_>) -> Result<T, E>,
    ) -> Result<T> {
        let mut tx = self.begin(self.api.db.read().await).await?;
        let scoped = tx.enter(&self.scope).await.map_err(|e| self.fault(&e))?;
        run(&scoped).await.map_err(|e| self.fault(&e))
    }

    /// Starts a change.
    ///
    /// # Errors
    /// A fault, told by number.
    pub async fn write(&self) -> Result<Tx> {
        self.begin(self.api.db.write().await).await
    }

    async fn begin(&self, tx: Result<Tx, crate::db::DbError>) -> Result<Tx> {
        tx.map_err(|e| self.fault(&e))
    }

    /// Writes down what is being done in the store, in the transaction that does it.
    ///
    /// # Errors
    /// A fault, told by number.
    pub async fn note(&self, tx: &mut Tx, entry: Entry) -> Result<()> {
        let actor = self.scope.actor();
        let scope = OrganisationScope::granted(self.info.organisation_id, self.scope.role(), actor);
        let organised = tx.organisation(&scope).await.map_err(|e| self.fault(&e))?;
        let entry = entry.within(self.info.id);
        audit::append(&organised, &self.api.env, actor, entry).await.map_err(|e| self.fault(&e))
    }

    /// A fault of ours, told by number.
    pub fn fault(&self, e: &(impl std::fmt::Display + ?Sized)) -> Error {
        errors::fault(e, &self.request)
    }
}

/// An organisation somebody was let into.
#[derive(Clone)]
pub struct OrganisationAccess {
    /// The service.
    pub api: Api,
    /// The proof.
    pub scope: OrganisationScope,
    request: String,
}

impl OrganisationAccess {
    /// Opens an organisation to the viewer; `None` when there is none for them by this id, whatever the reason.
    ///
    /// # Errors
    /// Signed out.
    pub fn open(ctx: &Context<'_>, id: &str) -> Result<Option<Self>> {
        let (viewer, api, request) = (viewer(ctx)?, api(ctx)?, request_id(ctx));
        let Ok(id) = id.parse::<OrganisationId>() else { return Ok(None) };
        Ok(viewer.organisation(id).map(|scope| Self { api: api.clone(), scope, request }))
    }

    /// The same, for a change that needs a role and a person: a key that could make keys would outlive its end.
    ///
    /// # Errors
    /// [`errors::forbidden`] below the role, [`errors::people_only`] for a key.
    pub fn open_to(ctx: &Context<'_>, id: &str, role: Role) -> Result<Option<Self>> {
        match Self::open(ctx, id)? {
            Some(access) => access.needs(role).map(|()| Some(access)),
            None => Ok(None),
        }
    }

    /// Checks the role of the viewer.
    ///
    /// # Errors
    /// [`errors::forbidden`] below the role, [`errors::people_only`] for a key.
    pub fn needs(&self, role: Role) -> Result<()> {
        match self.scope.actor() {
            Actor::Member(_) if self.scope.role() >= role => Ok(()),
            Actor::Member(_) => Err(errors::forbidden(role.as_str())),
            _ => Err(errors::people_only()),
        }
    }

    /// Reads from the organisation in one short transaction.
    ///
    /// # Errors
    /// A fault, told by number.
    pub async fn read<T, E: std::fmt::Display>(
        &self,
        run: impl AsyncFnOnce(&Organised<'_>) -> Result<T, E>,
    ) -> Result<T> {
        let mut tx = self.api.db.read().await.map_err(|e| self.fault(&e))?;
        let organised = tx.organisation(&self.scope).await.map_err(|e| self.fault(&e))?;
        run(&organised).await.map_err(|e| self.fault(&e))
    }

    /// Starts a change.
    ///
    /// # Errors
    /// A fault, told by number.
    pub async fn write(&self) -> Result<Tx> {
        self.api.db.write().await.map_err(|e| self.fault(&e))
    }

    /// A fault of ours, told by number.
    pub fn fault(&self, e: &(impl std::fmt::Display + ?Sized)) -> Error {
        errors::fault(e, &self.request)
    }
}
