//! Endpoints of outgoing webhooks are made, changed and taken away; what was told is told again.

use super::{
    access::Access,
    errors::UserError,
    scalars::Time,
    webhook::{WebhookDelivery, WebhookEndpoint},
};
use crate::{
    accounts::audit::{Action, Entry},
    db::{DbError, Role, Tx},
    webhooks::{
        address::Target,
        endpoint::{self, Change, HookError},
        replay,
    },
};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use cartwheel_domain::ids::{DeliveryId, HookId};
use serde_json::json;

/// How webhooks are changed.
#[derive(Default)]
pub struct WebhookMutation;

/// What can be said of an endpoint; what is left out stays as it is.
#[derive(Debug, Clone, Default, InputObject)]
pub struct WebhookEndpointInput {
    /// Where calls go: https, port 443 or from 1024 on, a public address. Needed for a new one.
    url: Option<String>,
    /// A word for people, at most 120 characters.
    description: Option<String>,
    /// What it is told, by the words of docs/webhooks.md; at least one. Needed for a new one.
    kinds: Option<Vec<String>>,
    /// Whether it is told anything.
    enabled: Option<bool>,
}

/// A changed endpoint.
#[derive(Default, SimpleObject)]
pub struct WebhookEndpointPayload {
    endpoint: Option<WebhookEndpoint>,
    /// Its secret, `whsec_…`, when it was just made or replaced: shown this once.
    secret: Option<String>,
    user_errors: Vec<UserError>,
}

/// A delivery to come.
#[derive(Default, SimpleObject)]
pub struct WebhookDeliveryPayload {
    delivery: Option<WebhookDelivery>,
    user_errors: Vec<UserError>,
}

/// What is told again.
#[derive(Default, SimpleObject)]
pub struct ReplayFailedWebhooksPayload {
    endpoint: Option<WebhookEndpoint>,
    /// How many deliveries are told again.
    count: i32,
    user_errors: Vec<UserError>,
}

impl From<WebhookEndpointInput> for Change {
    fn from(input: WebhookEndpointInput) -> Self {
        Self { url: input.url, description: input.description, kinds: input.kinds, on: input.enabled }
    }
}

fn no_store() -> Vec<UserError> {
    vec![UserError::at(&["storeId"][..], "not_found", "there is no such store")]
}

/// What a refusal says to the caller; faults stay faults.
fn told(error: HookError) -> Result<Vec<UserError>, DbError> {
    let (path, code): (&[&str], _) = match &error {
        HookError::NoEndpoint => (&["endpointId"][..], "not_found"),
        HookError::NoDelivery => (&["deliveryId"][..], "not_found"),
        HookError::TooMany => (&["storeId"][..], "too_many_endpoints"),
        HookError::Url(_) => (&["input", "url"][..], "invalid"),
        HookError::Description => (&["input", "description"][..], "invalid"),
        HookError::Kind(_) | HookError::NoKind => (&["input", "kinds"][..], "invalid"),
        HookError::Off => (&["endpointId"][..], "off"),
        HookError::Key(_) | HookError::Db(_) => (&[][..], ""),
    };
    match error {
        HookError::Db(error) => Err(error),
        HookError::Key(error) => Err(error.into()),
        error => Ok(vec![UserError::at(path, code, error.to_string())]),
    }
}

/// What came of a change: the error's text for the caller, or the value.
type Outcome<T> = Result<Result<T, Vec<UserError>>>;

fn outcome<T>(access: &Access, done: Result<T, HookError>) -> Outcome<T> {
    match done {
        Ok(value) => Ok(Ok(value)),
        Err(error) => Ok(Err(told(error).map_err(|e| access.fault(&e))?)),
    }
}

/// Writes the log's entry and commits.
async fn finish(access: &Access, mut tx: Tx, entry: Entry) -> Result<()> {
    access.note(&mut tx, entry).await?;
    tx.commit().await.map_err(|e| access.fault(&e))?;
    access.api.stores.forget(access.info.id);
    Ok(())
}

/// The host alone: what stands behind it may be a secret of the receiver.
fn host(url: &str) -> String {
    Target::parse(url, true).map(|target| target.host()).unwrap_or_default()
}

async fn shown(access: &Access, id: HookId, secret: Option<String>) -> Result<WebhookEndpointPayload> {
    let endpoint = WebhookEndpoint::load(access, id).await?;
    Ok(WebhookEndpointPayload { endpoint, secret, user_errors: Vec::new() })
}

fn refused(user_errors: Vec<UserError>) -> WebhookEndpointPayload {
    WebhookEndpointPayload { user_errors, ..Default::default() }
}

fn endpoint_id(id: &ID) -> Result<HookId, Vec<UserError>> {
    id.parse().map_err(|_| vec![UserError::at(&["endpointId"][..], "not_found", "there is no such endpoint")])
}

#[Object]
impl WebhookMutation {
    /// Makes an endpoint; the answer holds its secret, this once. Needs the role admin.
    async fn create_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        input: WebhookEndpointInput,
    ) -> Result<WebhookEndpointPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else {
            return Ok(refused(no_store()));
        };
        let (mut tx, api) = (access.write().await?, &access.api);
        let with = (&access.scope, &api.env, &api.master);
        let made = endpoint::create(&mut tx, with, api.webhooks_local, &input.into()).await;
        match outcome(&access, made)? {
            Err(errors) => Ok(refused(errors)),
            Ok((row, secret)) => {
                let id = HookId(row.id);
                finish(&access, tx, Entry::new(Action::WebhookMade, id, json!({ "host": host(&row.url) })))
                    .await?;
                shown(&access, id, Some(secret)).await
            }
        }
    }

    /// Changes an endpoint, or switches it on or off. Switched off, what waits for it fails and can be replayed. Needs the role admin.
    async fn update_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        endpoint_id: ID,
        input: WebhookEndpointInput,
    ) -> Result<WebhookEndpointPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else {
            return Ok(refused(no_store()));
        };
        let id = match self::endpoint_id(&endpoint_id) {
            Ok(id) => id,
            Err(errors) => return Ok(refused(errors)),
        };
        let (mut tx, api, change) = (access.write().await?, &access.api, Change::from(input));
        let detail = json!({
            "host": change.url.as_deref().map(host), "kinds": change.kinds, "enabled": change.on,
            "description": change.description.is_some(),
        });
        let done =
            endpoint::change(&mut tx, (&access.scope, &api.env), api.webhooks_local, id, &change).await;
        match outcome(&access, done)? {
            Err(errors) => Ok(refused(errors)),
            Ok(()) => {
                finish(&access, tx, Entry::new(Action::WebhookChanged, id, detail)).await?;
                shown(&access, id, None).await
            }
        }
    }

    /// Takes an endpoint away, with all that was told to it. Needs the role admin.
    async fn delete_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        endpoint_id: ID,
    ) -> Result<WebhookEndpointPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else {
            return Ok(refused(no_store()));
        };
        let id = match self::endpoint_id(&endpoint_id) {
            Ok(id) => id,
            Err(errors) => return Ok(refused(errors)),
        };
        let mut tx = access.write().await?;
        let done = endpoint::delete(&mut tx, &access.scope, id).await;
        match outcome(&access, done)? {
            Err(errors) => Ok(refused(errors)),
            Ok(()) => {
                finish(&access, tx, Entry::new(Action::WebhookDeleted, id, json!({}))).await?;
                Ok(WebhookEndpointPayload::default())
            }
        }
    }

    /// Gives an endpoint another secret; the answer holds it, this once. For 24 hours both sign. Needs the role admin.
    async fn rotate_webhook_secret(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        endpoint_id: ID,
    ) -> Result<WebhookEndpointPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else {
            return Ok(refused(no_store()));
        };
        let id = match self::endpoint_id(&endpoint_id) {
            Ok(id) => id,
            Err(errors) => return Ok(refused(errors)),
        };
        let (mut tx, api) = (access.write().await?, &access.api);
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        let done = endpoint::rotate(&scoped, (&api.env, &api.master), id).await;
        match outcome(&access, done)? {
            Err(errors) => Ok(refused(errors)),
            Ok(secret) => {
                finish(&access, tx, Entry::new(Action::WebhookSecret, id, json!({}))).await?;
                shown(&access, id, Some(secret)).await
            }
        }
    }

    /// Tells an endpoint `webhook.test`, whatever it has chosen. Needs the role admin.
    async fn send_test_webhook(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        endpoint_id: ID,
    ) -> Result<WebhookDeliveryPayload> {
        let failed = |user_errors| WebhookDeliveryPayload { delivery: None, user_errors };
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else {
            return Ok(failed(no_store()));
        };
        let id = match self::endpoint_id(&endpoint_id) {
            Ok(id) => id,
            Err(errors) => return Ok(failed(errors)),
        };
        let mut tx = access.write().await?;
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        let done = endpoint::test(&scoped, &access.api.env, id).await;
        match outcome(&access, done)? {
            Err(errors) => Ok(failed(errors)),
            Ok(delivery) => {
                tx.commit().await.map_err(|e| access.fault(&e))?;
                let delivery = WebhookDelivery::load(&access, delivery).await?;
                Ok(WebhookDeliveryPayload { delivery, user_errors: Vec::new() })
            }
        }
    }

    /// Tells something again, under the same id, from the beginning of the schedule. Needs the role admin.
    async fn replay_webhook(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        delivery_id: ID,
    ) -> Result<WebhookDeliveryPayload> {
        let failed = |user_errors| WebhookDeliveryPayload { delivery: None, user_errors };
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else {
            return Ok(failed(no_store()));
        };
        let Ok(id) = delivery_id.parse::<DeliveryId>() else {
            return Ok(failed(told(HookError::NoDelivery).map_err(|e| access.fault(&e))?));
        };
        let mut tx = access.write().await?;
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        let done = replay::one(&scoped, &access.api.env, id).await;
        match outcome(&access, done)? {
            Err(errors) => Ok(failed(errors)),
            Ok(()) => {
                finish(&access, tx, Entry::new(Action::WebhookReplayed, id, json!({}))).await?;
                let delivery = WebhookDelivery::load(&access, id).await?;
                Ok(WebhookDeliveryPayload { delivery, user_errors: Vec::new() })
            }
        }
    }

    /// Tells an endpoint again all that has failed and happened at `since` or later. Needs the role admin.
    async fn replay_failed_webhooks(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        endpoint_id: ID,
        since: Time,
    ) -> Result<ReplayFailedWebhooksPayload> {
        let failed = |user_errors| ReplayFailedWebhooksPayload { user_errors, ..Default::default() };
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else {
            return Ok(failed(no_store()));
        };
        let id = match self::endpoint_id(&endpoint_id) {
            Ok(id) => id,
            Err(errors) => return Ok(failed(errors)),
        };
        let mut tx = access.write().await?;
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        let done = replay::failed(&scoped, &access.api.env, id, since.0).await;
        match outcome(&access, done)? {
            Err(errors) => Ok(failed(errors)),
            Ok(count) => {
                let count = i32::try_from(count).unwrap_or(i32::MAX);
                finish(&access, tx, Entry::new(Action::WebhookReplayed, id, json!({ "count": count })))
                    .await?;
                let endpoint = WebhookEndpoint::load(&access, id).await?;
                Ok(ReplayFailedWebhooksPayload { endpoint, count, user_errors: Vec::new() })
            }
        }
    }
}
