//! Stores opened to another organisation: what is shown of it, and how a merchant, an agency and the staff act.

use super::{
    access::{Access, OrganisationAccess},
    scalars::Time,
    team::{RoleName, TeamPayload, finish, no_organisation, no_such},
};
use crate::{
    accounts::team::{
        TeamError,
        guests::{self, Ask, Opening},
    },
    db::{Role, Tx},
};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use cartwheel_domain::ids::{OrganisationId, StoreId};

/// How merchants let agencies and the service's staff into their stores.
#[derive(Default)]
pub struct GuestMutation;

/// A store opened to an organisation that it does not belong to, or that this was asked for.
pub struct StoreAccess(pub Opening);

#[Object]
impl StoreAccess {
    /// The store.
    async fn store_id(&self) -> ID {
        ID(StoreId(self.0.row.store_id).to_string())
    }

    /// Its name.
    async fn store_name(&self) -> &str {
        &self.0.store
    }

    /// The organisation it was opened to.
    async fn guest_id(&self) -> ID {
        ID(OrganisationId(self.0.row.organisation_id).to_string())
    }

    /// Its name.
    async fn guest_name(&self) -> &str {
        &self.0.guest
    }

    /// Whether that is the staff of this service.
    async fn staff(&self) -> bool {
        self.0.staff
    }

    /// The most its people may do there: admin, editor, analyst or support.
    async fn role(&self) -> &str {
        &self.0.row.role
    }

    /// What it was asked for; null when it was given unasked.
    async fn reason(&self) -> Option<&str> {
        Some(self.0.row.reason.as_str()).filter(|reason| !reason.is_empty())
    }

    /// For how many hours it was asked.
    async fn hours(&self) -> Option<i64> {
        self.0.row.lasts.map(|lasts| lasts / cartwheel_domain::time::HOUR)
    }

    /// When it was asked for or given.
    async fn created_at(&self) -> Time {
        Time(self.0.row.created_at)
    }

    /// When it was given; null while it was only asked for, and nothing is open.
    async fn given_at(&self) -> Option<Time> {
        self.0.row.given_at.map(Time)
    }

    /// When it ends by itself.
    async fn ends_at(&self) -> Option<Time> {
        self.0.row.ends_at.map(Time)
    }
}

/// By which of the viewer's organisations a store of another was opened to them.
#[derive(SimpleObject)]
pub struct Visit {
    /// The organisation it was opened to.
    guest_id: ID,
    /// When it closes by itself.
    ends_at: Option<Time>,
}

impl Visit {
    /// How the viewer came into a store; none for their own.
    pub fn of(access: &Access) -> Option<Self> {
        let through = access.through?;
        Some(Self { guest_id: ID(through.organisation.to_string()), ends_at: through.ends_at.map(Time) })
    }
}

fn parsed(guest: &str, store: &str) -> Result<(OrganisationId, StoreId), TeamError> {
    let store = store.parse().map_err(|_| TeamError::None("store"))?;
    Ok((guest.parse().map_err(|_| TeamError::NoAgency)?, store))
}

/// Opens an organisation to somebody who may let others in, does it, and shows what has come of it.
pub(super) async fn act(
    ctx: &Context<'_>,
    organisation: &ID,
    run: impl AsyncFnOnce(&mut Tx, &OrganisationAccess) -> Result<(), TeamError>,
) -> Result<TeamPayload> {
    let Some(access) = OrganisationAccess::open_to(ctx, organisation, Role::Admin)? else {
        return Ok(no_organisation());
    };
    let mut tx = access.write().await?;
    let outcome = run(&mut tx, &access).await;
    finish(access, tx, outcome).await
}

#[Object]
impl GuestMutation {
    /// Opens a store to an agency, from its people's next request on: each may do the lesser of this role and of what they may do
    /// in the agency. What was opened before is opened as it is said now. Needs the role admin, and at least the role given.
    async fn open_store(
        &self,
        ctx: &Context<'_>,
        organisation_id: ID,
        store_id: ID,
        agency_id: ID,
        role: RoleName,
        ends_at: Option<Time>,
    ) -> Result<TeamPayload> {
        act(ctx, &organisation_id, async |tx, access| {
            let which = parsed(&agency_id, &store_id)?;
            guests::give(tx, &access.api.env, &access.scope, which, role.into(), ends_at.map(|at| at.0)).await
        })
        .await
    }

    /// Lets the staff of this service in, who has asked, for the time they asked for. `asked_at` is `createdAt` of the request that was
    /// read: another in its place is not approved. Needs the role admin, and at least the role.
    async fn approve_store_access(
        &self,
        ctx: &Context<'_>,
        organisation_id: ID,
        store_id: ID,
        guest_id: ID,
        asked_at: Time,
    ) -> Result<TeamPayload> {
        act(ctx, &organisation_id, async |tx, access| {
            let which = parsed(&guest_id, &store_id)?;
            guests::approve(tx, &access.api.env, &access.scope, which, asked_at.0).await
        })
        .await
    }

    /// Closes a store to a guest, from their people's next request on, or declines what they asked for. Needs the role admin.
    async fn close_store(
        &self,
        ctx: &Context<'_>,
        organisation_id: ID,
        store_id: ID,
        guest_id: ID,
    ) -> Result<TeamPayload> {
        act(ctx, &organisation_id, async |tx, access| {
            guests::close(tx, &access.api.env, &access.scope, parsed(&guest_id, &store_id)?).await
        })
        .await
    }

    /// Gives back a store that another organisation has opened to this one. Needs the role admin.
    async fn leave_store(&self, ctx: &Context<'_>, organisation_id: ID, store_id: ID) -> Result<TeamPayload> {
        act(ctx, &organisation_id, async |tx, access| {
            let store = store_id.parse().map_err(|_| TeamError::None("store"))?;
            guests::leave(tx, &access.api.env, &access.scope, store).await
        })
        .await
    }

    /// Asks a merchant to let the staff of this service into a store for some hours, 1 to 72, for a reason they read. It opens
    /// nothing until they approve. Needs the role support, in the staff's organisation.
    async fn ask_for_store(
        &self,
        ctx: &Context<'_>,
        organisation_id: ID,
        store_id: ID,
        role: RoleName,
        reason: String,
        hours: i32,
    ) -> Result<TeamPayload> {
        let Some(access) = OrganisationAccess::open_to(ctx, &organisation_id, Role::Support)? else {
            return Ok(no_organisation());
        };
        let Ok(store) = store_id.parse() else { return no_such(TeamError::None("store")) };
        let mut tx = access.write().await?;
        let (api, ask) = (&access.api, Ask { role: role.into(), reason, hours });
        let outcome = match guests::ask(&mut tx, &api.env, &access.scope, store, ask).await {
            Ok(()) if api.mails => guests::tell(&mut tx, &api.env, &api.master, &access.scope, store).await,
            outcome => outcome,
        };
        finish(access, tx, outcome).await
    }
}
