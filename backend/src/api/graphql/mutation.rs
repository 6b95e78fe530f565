//! What can be changed.

use super::{
    access::Access,
    billing_change::BillingMutation,
    circles::CircleMutation,
    dry_run::DryRunMutation,
    errors::{UserError, journey_errors},
    guests::GuestMutation,
    journey::{Journey, JourneyBlueprint, JourneyStatus},
    mail_change::MailMutation,
    new_store::OpeningMutation,
    platform_change::PlatformMutation,
    push_change::PushMutation,
    rollout::ManyMutation,
    scalars::Json,
    settings::StoreSettingsInput,
    sign_in::SignInMutation,
    store::Store,
    team::TeamMutation,
    template::TemplateMutation,
    template_rollout::TemplateRollOutMutation,
    webhook_change::WebhookMutation,
};
use crate::{
    accounts::{
        SecretKind,
        audit::{Action, Entry},
        secrets,
    },
    db::{Actor, Role},
    journeys::{JourneyError, named, service},
    push,
};
use async_graphql::{Context, ID, MergedObject, Object, Result, SimpleObject};
use cartwheel_domain::{
    ids::{JourneyId, MemberId},
    journey::{Definition, JourneyState, Problem},
    settings::StoreSettings,
};
use cartwheel_entity::store;
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect, sea_query::Expr};
use serde_json::json;

/// What can be changed.
#[derive(Default, MergedObject)]
pub struct Mutation(
    StoreMutation,
    OpeningMutation,
    TeamMutation,
    SignInMutation,
    GuestMutation,
    CircleMutation,
    ManyMutation,
    BillingMutation,
    TemplateMutation,
    TemplateRollOutMutation,
    WebhookMutation,
    PushMutation,
    DryRunMutation,
    PlatformMutation,
    MailMutation,
);

/// What can be changed in a store.
#[derive(Default)]
pub struct StoreMutation;

/// A changed store.
#[derive(Default, SimpleObject)]
pub struct StorePayload {
    store: Option<Store>,
    user_errors: Vec<UserError>,
}

/// A changed journey.
#[derive(Default, SimpleObject)]
pub struct JourneyPayload {
    journey: Option<Journey>,
    user_errors: Vec<UserError>,
}

#[Object]
impl StoreMutation {
    /// Changes settings of a store, all or nothing. Needs the role admin.
    async fn update_store_settings(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        input: StoreSettingsInput,
    ) -> Result<StorePayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else { return Ok(no_store()) };
        let user_errors = change(&access, input).await?;
        access.api.stores.forget(access.info.id);
        let store = Access::open(ctx, &store_id).await?.map(Store);
        Ok(StorePayload { store, user_errors })
    }

    /// Makes a journey from a blueprint, switched off; its holdout is the store's. Needs the role editor.
    async fn create_journey(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        blueprint: JourneyBlueprint,
        name: String,
    ) -> Result<JourneyPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Editor).await? else {
            return Ok(JourneyPayload { journey: None, user_errors: no_store().user_errors });
        };
        let (env, settings) = (&access.api.env, &access.info.settings);
        let mut tx = access.write().await?;
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        let made = service::create(&scoped, env, (blueprint.into(), &name), settings, member(&access)).await;
        let made = match made {
            Ok(made) => made,
            Err(JourneyError::Unsound(problems)) => {
                let at = |p: &Problem| {
                    let path = if p.field == "name" { "name" } else { "blueprint" };
                    UserError::at(&[path], "invalid", p.to_string())
                };
                return Ok(JourneyPayload { journey: None, user_errors: problems.iter().map(at).collect() });
            }
            Err(e) => {
                let user_errors = journey_errors(e).map_err(|e| access.fault(&e))?;
                return Ok(JourneyPayload { journey: None, user_errors });
            }
        };
        let detail = json!({ "version": made.number, "name": name.trim() });
        let entry = Entry::new(Action::JourneyPublished, made.journey_id, detail);
        finish(&access, tx, made.journey_id, Ok(Some(entry))).await
    }

    /// Switches a journey on, pauses it, or switches it off. Needs the role editor.
    async fn set_journey_status(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        journey_id: ID,
        status: JourneyStatus,
    ) -> Result<JourneyPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Editor).await? else {
            return Ok(no_journey());
        };
        let Ok(id) = journey_id.parse::<JourneyId>() else { return Ok(no_journey()) };
        let (state, word) = match status {
            JourneyStatus::On => (JourneyState::Active, "on"),
            JourneyStatus::Paused => (JourneyState::Paused, "paused"),
            JourneyStatus::Off => (JourneyState::Off, "off"),
        };
        let mut tx = access.write().await?;
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        let outcome = service::switch(&scoped, &access.api.env, id, state).await;
        let entry = Entry::new(Action::JourneySwitched, id, json!({ "to": word }));
        finish(&access, tx, id, outcome.map(|()| Some(entry))).await
    }

    /// Lets people who are under way in earlier versions go on with the current one, each when they next move, where they can; `to` is its
    /// number, and null lets whoever has not gone on yet finish with their own. Needs the role editor.
    async fn move_runs(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        journey_id: ID,
        to: Option<i32>,
    ) -> Result<JourneyPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Editor).await? else {
            return Ok(no_journey());
        };
        let Ok(id) = journey_id.parse::<JourneyId>() else { return Ok(no_journey()) };
        let mut tx = access.write().await?;
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        let outcome = service::move_runs(&scoped, &access.api.env, id, to).await;
        let entry = Entry::new(Action::JourneyMoved, id, json!({ "to": to }));
        finish(&access, tx, id, outcome.map(|()| Some(entry))).await
    }

    /// Publishes a definition as the next version of a journey. Runs that have begun stay on theirs, but see `moveRuns`. `baseVersion` is the
    /// number of the version the definition was made from: when another has been published since, nothing is changed.
    /// Needs the role editor.
    async fn publish_journey(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        journey_id: ID,
        definition: Json,
        base_version: Option<i32>,
    ) -> Result<JourneyPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Editor).await? else {
            return Ok(no_journey());
        };
        let Ok(id) = journey_id.parse::<JourneyId>() else { return Ok(no_journey()) };
        let definition = match Definition::from_json(&definition.0.to_string()) {
            Ok(definition) => definition,
            Err(problems) => {
                let user_errors = problems
                    .iter()
                    .map(|p| UserError::at(&["definition"], "unsound", p.to_string()))
                    .collect();
                return Ok(JourneyPayload { journey: None, user_errors });
            }
        };
        let by = member(&access);
        let mut tx = access.write().await?;
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        let publish = async {
            if let Some(base) = base_version {
                service::check_base(&scoped, id, base).await?;
            }
            service::check_texts(&scoped, &definition).await?;
            service::publish(&scoped, &access.api.env, Some(id), &definition, by).await
        };
        let outcome = publish.await.map(|published| {
            let detail = json!({ "version": published.number, "name": definition.name });
            published.new.then(|| Entry::new(Action::JourneyPublished, id, detail))
        });
        finish(&access, tx, id, outcome).await
    }
}

async fn finish(
    access: &Access,
    mut tx: crate::db::Tx,
    id: JourneyId,
    outcome: Result<Option<Entry>, service::JourneyError>,
) -> Result<JourneyPayload> {
    match outcome {
        Ok(Some(entry)) => access.note(&mut tx, entry).await?,
        Ok(None) => {}
        Err(e) => {
            let user_errors = journey_errors(e).map_err(|e| access.fault(&e))?;
            return Ok(JourneyPayload { journey: None, user_errors });
        }
    }
    tx.commit().await.map_err(|e| access.fault(&e))?;
    Ok(JourneyPayload { journey: Journey::load(access, id).await?, user_errors: Vec::new() })
}

pub(super) async fn change(access: &Access, input: StoreSettingsInput) -> Result<Vec<UserError>> {
    let mut tx = access.write().await?;
    let id = access.info.id;
    // The store's lock before its row, as everywhere: ingest writes rows that refer to the row under the lock.
    let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
    scoped.lock().await.map_err(|e| access.fault(&e))?;
    let system = tx.system().await.map_err(|e| access.fault(&e))?;
    // Held until the commit: settings are one value, and two who change different ones of them must not undo each other.
    let query = system.find::<store::Entity>().filter(store::Column::Id.eq(id.uuid())).lock_exclusive();
    let row = query.one(system.on()).await.map_err(|e| access.fault(&e))?;
    let row = row.ok_or_else(|| access.fault("the store is gone"))?;
    let before = row.settings.clone();
    let mut settings: StoreSettings = serde_json::from_value(row.settings).map_err(|e| access.fault(&e))?;
    let mut errors = input.apply(&mut settings);
    let name = input.name.as_deref().map(str::trim).unwrap_or(&row.name).to_owned();
    if name.is_empty() || name.chars().count() > 120 || name.chars().any(char::is_control) {
        errors.push(UserError::at(&["input", "name"], "invalid", "1 to 120 characters"));
    }
    if !errors.is_empty() {
        return Ok(errors);
    }
    let value = serde_json::to_value(&settings).map_err(|e| access.fault(&e))?;
    let mut changed = differences(&before, &value);
    if name != row.name {
        changed.push("name".into());
    }
    system
        .update::<store::Entity>()
        .col_expr(store::Column::Settings, Expr::value(value))
        .col_expr(store::Column::Name, Expr::value(name))
        .filter(store::Column::Id.eq(id.uuid()))
        .exec(system.on())
        .await
        .map_err(|e| access.fault(&e))?;
    let given = [(SecretKind::Shopify, &input.shopify_secret), (SecretKind::TwilioToken, &input.sms_token)];
    for (kind, secret) in given {
        let Some(secret) = secret.as_deref().map(str::trim).filter(|s| !s.is_empty()) else { continue };
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        secrets::put(&scoped, &access.api.master, &access.api.env, kind, secret)
            .await
            .map_err(|e| access.fault(&e))?;
        changed.push(kind.as_str().into());
    }
    if settings.push_on {
        let with = (&access.api.master, &access.api.env);
        push::ensure(&mut tx, &access.scope, with).await.map_err(|e| access.fault(&e))?;
    }
    if input.holdout_percent.is_some() {
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        let by = member(access);
        named::set_holdout(&scoped, &access.api.env, settings.holdout_percent, by)
            .await
            .map_err(|e| access.fault(&e))?;
    }
    if !changed.is_empty() {
        let entry = Entry::new(Action::StoreSettings, id, json!({ "changed": changed }));
        access.note(&mut tx, entry).await?;
    }
    tx.commit().await.map_err(|e| access.fault(&e))?;
    Ok(Vec::new())
}

/// The names of settings that differ; their values may be secrets or people's addresses.
fn differences(before: &serde_json::Value, after: &serde_json::Value) -> Vec<String> {
    let fields = after.as_object().into_iter().flatten();
    fields
        .filter(|(key, value)| before.get(key.as_str()) != Some(*value))
        .map(|(key, _)| key.clone())
        .collect()
}

fn member(access: &Access) -> Option<MemberId> {
    match access.scope.actor() {
        Actor::Member(id) => Some(id),
        _ => None,
    }
}

fn no_store() -> StorePayload {
    StorePayload {
        store: None,
        user_errors: vec![UserError::at(&["storeId"], "not_found", "there is no such store")],
    }
}

fn no_journey() -> JourneyPayload {
    JourneyPayload {
        journey: None,
        user_errors: vec![UserError::at(&["journeyId"], "not_found", "there is no such journey")],
    }
}
