//! Where every query begins.

use super::{
    access::{self, Access, OrganisationAccess},
    errors,
    organisation::{Organisation, Session},
    scalars::{Json, Time},
    sign_in::OtherWays,
    store::Store,
};
use crate::auth::{Viewer, Who};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use cartwheel_domain::ids::{MemberId, OrganisationId};
use cartwheel_entity::{member, organisation};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};

/// Where every query begins.
pub struct Query;

#[Object]
impl Query {
    /// Whoever sent the request, and what they may see.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<ViewerNode> {
        Ok(ViewerNode(access::viewer(ctx)?.clone()))
    }

    /// A store; null when there is none for the viewer by this id.
    async fn store(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Store>> {
        Ok(Access::open(ctx, &id).await?.map(Store))
    }

    /// An organisation; null when there is none for the viewer by this id.
    async fn organisation(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Organisation>> {
        let Some(access) = OrganisationAccess::open(ctx, &id)? else { return Ok(None) };
        Organisation::load(access).await
    }

    /// The JSON schema of a journey's definition.
    async fn journey_definition_schema(&self) -> Json {
        Json(serde_json::from_str(cartwheel_domain::journey::JSON_SCHEMA).unwrap_or_default())
    }
}

/// Whoever sent the request.
pub struct ViewerNode(Viewer);

/// A member.
#[derive(SimpleObject)]
pub struct Member {
    id: ID,
    name: String,
    email: String,
    language: String,
}

/// What somebody shows at sign-in besides the password: a code from an app.
#[derive(SimpleObject)]
pub struct SecondFactor {
    /// Since when it is asked for; null when it is not.
    since: Option<Time>,
    /// Recovery codes that are left.
    recovery_codes: i32,
    /// Whether it cannot be switched off: the viewer owns an agency.
    required: bool,
    /// Whether organisations stay closed to the viewer until they have shown a code.
    withheld: bool,
}

#[Object(name = "Viewer")]
impl ViewerNode {
    /// The signed-in person; null for an API key.
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        let Who::Member(id) = self.0.who else { return Ok(None) };
        let api = access::api(ctx)?;
        let look = async {
            let mut tx = api.db.read().await?;
            let system = tx.system().await?;
            let row = system
                .find::<member::Entity>()
                .filter(member::Column::Id.eq(id.uuid()))
                .one(system.on())
                .await?;
            Ok::<_, crate::db::DbError>(row)
        };
        let row = look.await.map_err(|e| errors::fault(&e, &access::request_id(ctx)))?;
        Ok(row.map(|m| Member {
            id: ID(MemberId(m.id).to_string()),
            name: m.name,
            email: m.email,
            language: m.language,
        }))
    }

    /// What the viewer shows at sign-in besides the password; null for an API key.
    async fn second_factor(&self, ctx: &Context<'_>) -> Result<Option<SecondFactor>> {
        let Who::Member(id) = self.0.who else { return Ok(None) };
        let found = access::api(ctx)?.grants.sessions().status(id).await;
        let found = found.map_err(|e| errors::fault(&e, &access::request_id(ctx)))?;
        Ok(Some(SecondFactor {
            since: found.since.map(Time),
            recovery_codes: i32::try_from(found.codes).unwrap_or(i32::MAX),
            required: found.required,
            withheld: self.0.withheld,
        }))
    }

    /// The other ways the viewer can sign in: passkeys, and accounts at providers; null for an API key.
    async fn other_ways(&self, ctx: &Context<'_>) -> Result<Option<OtherWays>> {
        let Who::Member(id) = self.0.who else { return Ok(None) };
        OtherWays::of(ctx, id).await.map(Some)
    }

    /// Organisations the viewer has rights in.
    async fn organisations(&self, ctx: &Context<'_>) -> Result<Vec<Organisation>> {
        let api = access::api(ctx)?;
        let ids: Vec<_> = self.0.organisations().map(|o| o.uuid()).collect();
        let look = async {
            let mut tx = api.db.read().await?;
            let system = tx.system().await?;
            let rows = system
                .find::<organisation::Entity>()
                .filter(organisation::Column::Id.is_in(ids))
                .order_by_asc(organisation::Column::Name);
            Ok::<_, crate::db::DbError>(rows.all(system.on()).await?)
        };
        let rows = look.await.map_err(|e| errors::fault(&e, &access::request_id(ctx)))?;
        let only = |row: &organisation::Model| self.0.only_stores(OrganisationId(row.id));
        Ok(rows.into_iter().map(|row| Organisation { only: only(&row), row }).collect())
    }

    /// The viewer's sessions that are alive, the last used first; none for an API key.
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Vec<Session>> {
        let Who::Member(id) = self.0.who else { return Ok(Vec::new()) };
        let rows = access::api(ctx)?.grants.sessions().list(id).await;
        let rows = rows.map_err(|e| errors::fault(&e, &access::request_id(ctx)))?;
        Ok(rows
            .into_iter()
            .map(|row| Session { current: self.0.session.map(|s| s.uuid()) == Some(row.id), row })
            .collect())
    }
}
