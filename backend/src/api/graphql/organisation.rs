//! An organisation: who works in it, its keys, and what was done.

use super::{
    access::{self, Access, OrganisationAccess},
    billing::Billing,
    circles::SuppressionSharing,
    errors,
    figures::StoreFigures,
    guests::StoreAccess,
    page,
    scalars::{Json, Time},
    store::Store,
};
use crate::{
    accounts::{
        audit,
        team::{
            circles, guests, invitations, keys,
            members::{self, Colleague},
        },
    },
    db::{DbError, Role, Tx},
};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use cartwheel_domain::ids::{ApiKeyId, InvitationId, MemberId, OrganisationId, SessionId, StoreId};
use cartwheel_entity::{api_key, audit_entry, invitation, organisation, session};
use sea_orm::{ColumnTrait, QueryFilter};

/// A merchant or an agency.
pub struct Organisation {
    /// The row.
    pub row: organisation::Model,
    /// The only stores of it the viewer may be let into; `None`: any.
    pub only: Option<Vec<StoreId>>,
}

impl Organisation {
    /// The organisation somebody was let into.
    ///
    /// # Errors
    /// A fault.
    pub async fn load(access: OrganisationAccess) -> Result<Option<Self>> {
        let look = async {
            let mut tx = access.api.db.read().await?;
            let system = tx.system().await?;
            let id = access.scope.organisation_id().uuid();
            let query = system.find::<organisation::Entity>().filter(organisation::Column::Id.eq(id));
            Ok::<_, DbError>(query.one(system.on()).await?)
        };
        let row = look.await.map_err(|e| access.fault(&e))?;
        Ok(row.map(|row| Self { row, only: None }))
    }

    /// The stores the viewer may see, its own and those that were opened to it.
    async fn open_stores(&self, ctx: &Context<'_>) -> Result<Vec<Access>> {
        let api = access::api(ctx)?;
        let look = async {
            let mut tx = api.db.read().await?;
            guests::stores(&mut tx, &api.env, OrganisationId(self.row.id), self.only.as_deref()).await
        };
        let ids = look.await.map_err(|e| errors::fault(&e, &access::request_id(ctx)))?;
        Access::open_all(ctx, &ids).await
    }

    async fn openings(
        &self,
        ctx: &Context<'_>,
        run: impl AsyncFnOnce(&mut Tx, &OrganisationAccess) -> Result<Vec<guests::Opening>, DbError>,
    ) -> Result<Vec<StoreAccess>> {
        let access = self.access(ctx, Role::Admin)?;
        let look = async {
            let mut tx = access.api.db.read().await?;
            run(&mut tx, &access).await
        };
        let list = look.await.map_err(|e| access.fault(&e))?;
        Ok(list.into_iter().map(StoreAccess).collect())
    }

    fn access(&self, ctx: &Context<'_>, role: Role) -> Result<OrganisationAccess> {
        let id = OrganisationId(self.row.id).to_string();
        OrganisationAccess::open_to(ctx, &id, role)?.ok_or_else(errors::people_only)
    }
}

#[Object]
impl Organisation {
    /// Id.
    async fn id(&self) -> ID {
        ID(OrganisationId(self.row.id).to_string())
    }

    /// Name.
    async fn name(&self) -> &str {
        &self.row.name
    }

    /// What it is: merchant, agency, or staff of this service.
    async fn kind(&self) -> &str {
        &self.row.kind
    }

    /// Whether somebody pays for what it sends.
    async fn metered(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(access::api(ctx)?.billing.is_some())
    }

    /// Stores the viewer may see, its own and those that were opened to it; the first 200 by name.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn stores(&self, ctx: &Context<'_>) -> Result<Vec<Store>> {
        Ok(self.open_stores(ctx).await?.into_iter().map(Store).collect())
    }

    /// What its stores have earned in the last so many days, 1 to 366, and what needs a look: of those in which the viewer has the
    /// role analyst, in the order of `stores`.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn figures(&self, ctx: &Context<'_>, days: i32) -> Result<Vec<StoreFigures>> {
        StoreFigures::load(self.open_stores(ctx).await?, days).await
    }

    /// Who was let into its stores, and who asks to be: agencies, and the staff of this service. Needs the role admin.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn guests(&self, ctx: &Context<'_>) -> Result<Vec<StoreAccess>> {
        self.openings(ctx, async |tx, access| guests::of_host(tx, &access.api.env, &access.scope).await).await
    }

    /// Its stores that share whom not to contact with the other stores of an agency. Needs the role admin.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn suppression_sharings(&self, ctx: &Context<'_>) -> Result<Vec<SuppressionSharing>> {
        let access = self.access(ctx, Role::Admin)?;
        let look = async {
            let mut tx = access.api.db.read().await?;
            circles::of_host(&mut tx, &access.api.env, &access.scope).await
        };
        let list = look.await.map_err(|e| access.fault(&e))?;
        Ok(list.into_iter().map(SuppressionSharing).collect())
    }

    /// Stores of others that were opened to it, and those it has asked for. Needs the role admin.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn visits(&self, ctx: &Context<'_>) -> Result<Vec<StoreAccess>> {
        self.openings(ctx, async |tx, access| guests::of_guest(tx, &access.api.env, &access.scope).await)
            .await
    }

    /// The viewer's role: owner, admin, editor, analyst or support; null for a key of one store.
    async fn role(&self, ctx: &Context<'_>) -> Result<Option<&'static str>> {
        let found = OrganisationAccess::open(ctx, &OrganisationId(self.row.id).to_string())?;
        Ok(found.map(|access| access.scope.role().as_str()))
    }

    /// Everybody who works in it, by name. For people.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn members(&self, ctx: &Context<'_>) -> Result<Vec<Membership>> {
        let access = self.access(ctx, Role::Support)?;
        let look = async {
            let mut tx = access.api.db.read().await?;
            members::list(&mut tx, &access.scope).await
        };
        let list = look.await.map_err(|e| access.fault(&e))?;
        Ok(list.into_iter().map(Membership).collect())
    }

    /// Invitations that can still be accepted, newest first. Needs the role admin.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn invitations(&self, ctx: &Context<'_>) -> Result<Vec<Invitation>> {
        let access = self.access(ctx, Role::Admin)?;
        let env = access.api.env.clone();
        let rows = access.read(async |organised| invitations::open(organised, &env).await).await?;
        Ok(rows.into_iter().map(Invitation).collect())
    }

    /// Keys of the API, newest first, revoked ones too. Needs the role admin.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn api_keys(&self, ctx: &Context<'_>) -> Result<Vec<ApiKey>> {
        let access = self.access(ctx, Role::Admin)?;
        let rows = access.read(async |organised| keys::list(organised).await).await?;
        Ok(rows.into_iter().map(ApiKey).collect())
    }

    /// What it pays for and what it used; null where nobody pays. Needs the role admin.
    async fn billing(&self, ctx: &Context<'_>) -> Result<Option<Billing>> {
        Billing::load(self.access(ctx, Role::Admin)?).await
    }

    /// What was done, newest first; `before` is the number of an entry. Needs the role admin.
    #[graphql(complexity = "usize::try_from(first.unwrap_or(25)).unwrap_or(100) * child_complexity + 1")]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        before: Option<i64>,
    ) -> Result<Vec<AuditEntry>> {
        let access = self.access(ctx, Role::Admin)?;
        let first = page::size(first)?;
        let rows = access.read(async |organised| audit::page(organised, before, first).await).await?;
        let names = async {
            let mut tx = access.api.db.read().await?;
            members::names(&mut tx, rows.iter().map(|row| row.actor.as_str())).await
        };
        let names = names.await.map_err(|e| access.fault(&e))?;
        let named = |row: audit_entry::Model| AuditEntry { by: names.get(&row.actor).cloned(), row };
        Ok(rows.into_iter().map(named).collect())
    }
}

/// Somebody who works in an organisation.
pub struct Membership(pub Colleague);

#[Object]
impl Membership {
    /// The member's id.
    async fn id(&self) -> ID {
        ID(MemberId(self.0.member.id).to_string())
    }

    /// Name.
    async fn name(&self) -> &str {
        &self.0.member.name
    }

    /// Address.
    async fn email(&self) -> &str {
        &self.0.member.email
    }

    /// What they may do in all stores: owner, admin, editor, analyst or support; null: only what `stores` says.
    async fn role(&self) -> Option<&str> {
        self.0.role.map(Role::as_str)
    }

    /// What they may do in single stores instead.
    async fn stores(&self) -> Vec<StoreRole> {
        let of = |(store, role): &(StoreId, Role)| StoreRole {
            store_id: ID(store.to_string()),
            role: role.as_str(),
        };
        self.0.stores.iter().map(of).collect()
    }

    /// Since when.
    async fn since(&self) -> Time {
        Time(self.0.since)
    }
}

/// What a member may do in one store.
#[derive(SimpleObject)]
pub struct StoreRole {
    /// The store.
    store_id: ID,
    /// What: admin, editor, analyst or support.
    role: &'static str,
}

/// Somebody who was asked to join.
pub struct Invitation(pub invitation::Model);

#[Object]
impl Invitation {
    /// Id.
    async fn id(&self) -> ID {
        ID(InvitationId(self.0.id).to_string())
    }

    /// Whom it was sent to.
    async fn email(&self) -> &str {
        &self.0.email
    }

    /// What they may do once they accept.
    async fn role(&self) -> &str {
        &self.0.role
    }

    /// The only stores in which they may; empty: in all.
    async fn store_ids(&self) -> Vec<ID> {
        invitations::only_stores(&self.0).into_iter().map(|id| ID(id.to_string())).collect()
    }

    /// When it was made.
    async fn created_at(&self) -> Time {
        Time(self.0.created_at)
    }

    /// When it stops working.
    async fn expires_at(&self) -> Time {
        Time(self.0.expires_at)
    }
}

/// A key of the API, without its text.
pub struct ApiKey(pub api_key::Model);

#[Object]
impl ApiKey {
    /// Id.
    async fn id(&self) -> ID {
        ID(ApiKeyId(self.0.id).to_string())
    }

    /// What it is for.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// How its text begins.
    async fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// What it may do.
    async fn role(&self) -> &str {
        &self.0.role
    }

    /// The one store it opens; null for all of the organisation's.
    async fn store_id(&self) -> Option<ID> {
        self.0.store_id.map(|id| ID(StoreId(id).to_string()))
    }

    /// When it was made.
    async fn created_at(&self) -> Time {
        Time(self.0.created_at)
    }

    /// Last use, to the minute.
    async fn last_used_at(&self) -> Option<Time> {
        self.0.last_used_at.map(Time)
    }

    /// When it stops working by itself.
    async fn expires_at(&self) -> Option<Time> {
        self.0.expires_at.map(Time)
    }

    /// When it was taken back.
    async fn revoked_at(&self) -> Option<Time> {
        self.0.revoked_at.map(Time)
    }
}

/// One entry of the audit log.
pub struct AuditEntry {
    /// The row.
    pub row: audit_entry::Model,
    /// The name of the member who acted.
    pub by: Option<String>,
}

#[Object]
impl AuditEntry {
    /// Number, from 1, without a gap.
    async fn seq(&self) -> i64 {
        self.row.seq
    }

    /// When.
    async fn at(&self) -> Time {
        Time(self.row.at)
    }

    /// Who: the id of a member or a key, `shop` or `system`.
    async fn actor(&self) -> &str {
        &self.row.actor
    }

    /// The name of the member who acted: one of its own, of a guest, or of the merchant who opened a store to it; null for
    /// keys and for who is gone.
    async fn actor_name(&self) -> Option<&str> {
        self.by.as_deref()
    }

    /// What, such as `journey.published`.
    async fn action(&self) -> &str {
        &self.row.action
    }

    /// In which store.
    async fn store_id(&self) -> Option<ID> {
        self.row.store_id.map(|id| ID(StoreId(id).to_string()))
    }

    /// To what: an id.
    async fn subject(&self) -> Option<&str> {
        self.row.subject.as_deref()
    }

    /// What else there is to say; null once it was erased.
    async fn detail(&self) -> Option<Json> {
        self.row.detail.as_deref().and_then(|text| serde_json::from_str(text).ok()).map(Json)
    }

    /// SHA-256 over the hash of the entry before and this one, hex.
    async fn hash(&self) -> &str {
        &self.row.hash
    }
}

/// A signed-in browser.
pub struct Session {
    /// The row.
    pub row: session::Model,
    /// Whether it is the one that asks.
    pub current: bool,
}

#[Object]
impl Session {
    /// Id.
    async fn id(&self) -> ID {
        ID(SessionId(self.row.id).to_string())
    }

    /// What the browser called itself at sign-in.
    async fn user_agent(&self) -> &str {
        &self.row.user_agent
    }

    /// When it signed in.
    async fn created_at(&self) -> Time {
        Time(self.row.created_at)
    }

    /// When it was last renewed; a browser in use renews every few minutes.
    async fn last_used_at(&self) -> Time {
        Time(self.row.rotated_at)
    }

    /// Whether it is the one that asks.
    async fn current(&self) -> bool {
        self.current
    }
}
