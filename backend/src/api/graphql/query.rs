//! Where every query begins.

use super::{
    access::{self, Access},
    errors,
    scalars::Json,
    store::Store,
};
use crate::auth::{Viewer, Who};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use cartwheel_domain::ids::{MemberId, OrganisationId, StoreId};
use cartwheel_entity::{member, organisation, store};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

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
        Ok(rows.into_iter().map(|row| Organisation { row, only: self.0.only_store() }).collect())
    }
}

/// A merchant or an agency.
pub struct Organisation {
    row: organisation::Model,
    only: Option<StoreId>,
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
}
