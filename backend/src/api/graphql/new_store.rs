//! How an organisation is made and a store is opened.

use super::{
    access::{self, Access, OrganisationAccess},
    errors::{self, UserError, team_errors},
    settings::StoreSettingsInput,
    store::Store,
};
use crate::{
    accounts::{
        AccountError,
        audit::{self, Action, Entry},
        service::{self, OrganisationKind, Shop},
        team,
    },
    auth::Who,
    db::{DbError, Role},
    opening::{self, OpeningError},
};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use cartwheel_domain::settings::StoreSettings;
use serde_json::json;

/// How an organisation is made and a store is opened.
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

/// What can be made of one's own accord.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum OrganisationKindName {
    /// It sells.
    Merchant,
    /// It works for others, who open their stores to it.
    Agency,
}

/// A new organisation.
#[derive(Default, SimpleObject)]
pub struct CreateOrganisationPayload {
    /// Its id; what is in it can be asked for from the next request on, once the viewer may see it.
    organisation_id: Option<ID>,
    /// Whether it stays closed until the viewer signs in with a code, as agencies do for their owners.
    withheld: bool,
    user_errors: Vec<UserError>,
}

fn refused(user_errors: Vec<UserError>) -> CreateStorePayload {
    CreateStorePayload { user_errors, ..Default::default() }
}

#[Object]
impl OpeningMutation {
    /// Makes an organisation that the viewer owns. For people.
    async fn create_organisation(
        &self,
        ctx: &Context<'_>,
        name: String,
        kind: OrganisationKindName,
    ) -> Result<CreateOrganisationPayload> {
        let (viewer, api) = (access::viewer(ctx)?, access::api(ctx)?);
        let Who::Member(member) = viewer.who else { return Err(errors::people_only()) };
        let not = |path, code, said: &str| CreateOrganisationPayload {
            user_errors: vec![UserError::at(&[path], code, said)],
            ..Default::default()
        };
        let Ok(name) = team::name("name", &name) else { return Ok(not("name", "invalid", team::NAME)) };
        let kind = match kind {
            OrganisationKindName::Merchant => OrganisationKind::Merchant,
            OrganisationKindName::Agency => OrganisationKind::Agency,
        };
        let make = async {
            let mut tx = api.db.write().await?;
            let made = service::make_organisation(&mut tx, &api.env, member, name, kind).await?;
            tx.commit().await?;
            Ok::<_, DbError>(made)
        };
        let made = make.await.map_err(|e| errors::fault(&e, &access::request_id(ctx)))?;
        let Some(id) = made else {
            return Ok(not(
                "name",
                "too_many",
                "you own as many organisations as one person can; ask whoever runs this server for more",
            ));
        };
        Ok(CreateOrganisationPayload {
            organisation_id: Some(ID(id.to_string())),
            withheld: kind == OrganisationKind::Agency && !viewer.coded,
            user_errors: Vec::new(),
        })
    }

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
