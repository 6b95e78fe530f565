//! How a store is opened.

use super::{
    access::{Access, OrganisationAccess},
    errors::{UserError, team_errors},
    settings::StoreSettingsInput,
    store::Store,
};
use crate::{
    accounts::{
        AccountError,
        audit::{self, Action, Entry},
        service::Shop,
        team,
    },
    db::Role,
    opening::{self, OpeningError},
};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use cartwheel_domain::settings::StoreSettings;
use serde_json::json;

/// How a store is opened.
#[derive(Default)]
pub struct OpeningMutation;

/// A new store, with the key of its servers this once.
#[derive(Default, SimpleObject)]
pub struct CreateStorePayload {
    store: Option<Store>,
    /// For servers of the shop; it is not shown again.
    write_key: Option<String>,
    user_errors: Vec<UserError>,
}

fn refused(user_errors: Vec<UserError>) -> CreateStorePayload {
    CreateStorePayload { user_errors, ..Default::default() }
}

#[Object]
impl OpeningMutation {
    /// Opens a sandbox store with texts in every language and a journey that is on. `input.name` must be given; what else is
    /// not, has its default. Needs the role admin.
    async fn create_store(
        &self,
        ctx: &Context<'_>,
        organisation_id: ID,
        input: StoreSettingsInput,
    ) -> Result<CreateStorePayload> {
        let Some(access) = OrganisationAccess::open_to(ctx, &organisation_id, Role::Admin)? else {
            let said = "there is no such organisation";
            return Ok(refused(vec![UserError::at(&["organisationId"], "not_found", said)]));
        };
        let mut settings = StoreSettings::default();
        let mut errors = input.apply(&mut settings);
        let name = team::name("name", input.name.as_deref().unwrap_or_default());
        if name.is_err() {
            errors.push(UserError::at(&["input", "name"], "invalid", team::NAME));
        }
        if input.shopify_secret.is_some() {
            let said = "a credential belongs to a store that is there: set it afterwards";
            errors.push(UserError::at(&["input", "shopifySecret"], "invalid", said));
        }
        let (Ok(name), true) = (name, errors.is_empty()) else { return Ok(refused(errors)) };
        if input.sender_name.is_none() {
            settings.sender_name = name.clone();
        }
        let mut tx = access.write().await?;
        let shop = Shop { name: name.clone(), live: false, settings };
        let keys = match opening::open(&mut tx, &access.api.env, &access.scope, shop).await {
            Ok(keys) => keys,
            Err(e) => return Ok(refused(opening_errors(e).map_err(|e| access.fault(&e))?)),
        };
        let organised = tx.organisation(&access.scope).await.map_err(|e| access.fault(&e))?;
        let entry = Entry::new(Action::StoreMade, keys.store_id, json!({ "live": false, "name": name }));
        let entry = entry.within(keys.store_id);
        audit::append(&organised, &access.api.env, access.scope.actor(), entry)
            .await
            .map_err(|e| access.fault(&e))?;
        tx.commit().await.map_err(|e| access.fault(&e))?;
        let store = Access::open(ctx, &keys.store_id.to_string()).await?.map(Store);
        Ok(CreateStorePayload { store, write_key: Some(keys.write_key), user_errors: Vec::new() })
    }
}

/// What a refused opening says to the caller; faults stay faults.
fn opening_errors(e: OpeningError) -> Result<Vec<UserError>, OpeningError> {
    match e {
        OpeningError::TooMany(_) => Ok(vec![UserError::at(&["organisationId"], "too_many", e.to_string())]),
        OpeningError::Team(e) => Ok(team_errors(e)?),
        OpeningError::Account(AccountError::Setting(e)) => Ok(vec![e.into()]),
        e => Err(e),
    }
}
