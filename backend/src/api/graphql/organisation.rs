//! An organisation: who works in it, its keys, and what was done.

use super::{
    access::{self, Access, OrganisationAccess},
    billing::Billing,
    errors, page,
    scalars::{Json, Time},
    store::Store,
};
use crate::{
    accounts::{
        audit,
        team::{
            invitations, keys,
            members::{self, Colleague},
        },
    },
    db::{DbError, Role},
};
use async_graphql::{Context, ID, Object, Result};
use cartwheel_domain::ids::{ApiKeyId, InvitationId, MemberId, OrganisationId, SessionId, StoreId};
use cartwheel_entity::{api_key, audit_entry, invitation, organisation, session, store};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

/// A merchant or an agency.
pub struct Organisation {
    /// The row.
    pub row: organisation::Model,
    /// The one store a key is bound to.
    pub only: Option<StoreId>,
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

    /// Its stores the viewer may see; the first 200 by name.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn stores(&self, ctx: &Context<'_>) -> Result<Vec<Store>> {
        let api = access::api(ctx)?;
        let look = async {
            let mut tx = api.db.read().await?;
            let system = tx.system().await?;
            let mut rows =
                system.find::<store::Entity>().filter(store::Column::OrganisationId.eq(self.row.id));
            if let Some(only) = self.only {
                rows = rows.filter(store::Column::Id.eq(only.uuid()));
            }
            Ok::<_, crate::db::DbError>(
                rows.order_by_asc(store::Column::Name).limit(200).all(system.on()).await?,
            )
        };
        let rows = look.await.map_err(|e| errors::fault(&e, &access::request_id(ctx)))?;
        let mut stores = Vec::with_capacity(rows.len());
        for row in rows {
            stores.extend(Access::open(ctx, &StoreId(row.id).to_string()).await?.map(Store));
        }
        Ok(stores)
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
        Ok(rows.into_iter().map(AuditEntry).collect())
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

    /// What they may do: owner, admin, editor, analyst or support.
    async fn role(&self) -> &str {
        self.0.role.as_str()
    }

    /// Since when.
    async fn since(&self) -> Time {
        Time(self.0.since)
    }
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
pub struct AuditEntry(pub audit_entry::Model);

#[Object]
impl AuditEntry {
    /// Number, from 1, without a gap.
    async fn seq(&self) -> i64 {
        self.0.seq
    }

    /// When.
    async fn at(&self) -> Time {
        Time(self.0.at)
    }

    /// Who: the id of a member or a key, `shop` or `system`.
    async fn actor(&self) -> &str {
        &self.0.actor
    }

    /// What, such as `journey.published`.
    async fn action(&self) -> &str {
        &self.0.action
    }

    /// In which store.
    async fn store_id(&self) -> Option<ID> {
        self.0.store_id.map(|id| ID(StoreId(id).to_string()))
    }

    /// To what: an id.
    async fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }

    /// What else there is to say; null once it was erased.
    async fn detail(&self) -> Option<Json> {
        self.0.detail.as_deref().and_then(|text| serde_json::from_str(text).ok()).map(Json)
    }

    /// SHA-256 over the hash of the entry before and this one, hex.
    async fn hash(&self) -> &str {
        &self.0.hash
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
