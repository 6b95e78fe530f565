//! Stores that share whom not to contact with the other stores of an agency: what a merchant sees of it, and how they say so.

use super::{
    guests::{act, parsed},
    scalars::Time,
    team::TeamPayload,
};
use crate::accounts::team::circles::{self, Sharing};
use async_graphql::{Context, ID, Object, Result};
use cartwheel_domain::ids::{OrganisationId, StoreId};

/// How merchants let their stores share whom not to contact.
#[derive(Default)]
pub struct CircleMutation;

/// A store that shares whom not to contact with the other stores of an agency that do so too.
pub struct SuppressionSharing(pub Sharing);

#[Object]
impl SuppressionSharing {
    /// The store.
    async fn store_id(&self) -> ID {
        ID(StoreId(self.0.row.store_id).to_string())
    }

    /// The agency.
    async fn agency_id(&self) -> ID {
        ID(OrganisationId(self.0.row.agency_id).to_string())
    }

    /// Since when.
    async fn since(&self) -> Time {
        Time(self.0.row.joined_at)
    }

    /// How many of the store's own suppressions are shared. What others share is not told.
    async fn shared(&self) -> i64 {
        self.0.shared
    }

    /// Whether what the store had suppressed before has all been gone through.
    async fn complete(&self) -> bool {
        self.0.row.filled_at.is_some()
    }
}

#[Object]
impl CircleMutation {
    /// Lets a store share whom not to contact with the other stores of an agency it is open to, where their merchants have said so too,
    /// and heed what they share. `terms` is the number of the wording that was read, 1. Needs the role admin in the organisation of
    /// the store; for people.
    async fn share_suppressions(
        &self,
        ctx: &Context<'_>,
        organisation_id: ID,
        store_id: ID,
        agency_id: ID,
        terms: i32,
    ) -> Result<TeamPayload> {
        act(ctx, &organisation_id, async |tx, access| {
            let which = parsed(&agency_id, &store_id)?;
            circles::join(tx, &access.api.env, &access.scope, which, terms).await
        })
        .await
    }

    /// Ends that: at once nothing of the store counts elsewhere, and nothing of others in it. Needs the role admin in the organisation of
    /// the store; for people.
    async fn keep_suppressions(
        &self,
        ctx: &Context<'_>,
        organisation_id: ID,
        store_id: ID,
        agency_id: ID,
    ) -> Result<TeamPayload> {
        act(ctx, &organisation_id, async |tx, access| {
            circles::leave(tx, &access.api.env, &access.scope, parsed(&agency_id, &store_id)?).await
        })
        .await
    }
}
