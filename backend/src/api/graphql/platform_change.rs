//! Stores are connected to shop platforms, and taken off them.

use super::{
    access::Access,
    errors::UserError,
    mutation,
    platform::{PlatformConnection, PlatformName},
    settings::StoreSettingsInput,
};
use crate::{
    accounts::{
        SecretKind,
        audit::{Action, Entry},
        secrets,
    },
    db::{DbError, Role},
    platforms::{
        Platform,
        api::{Api, Trouble},
        link,
    },
};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use cartwheel_domain::settings::StoreSettings;
use serde_json::json;

/// How platforms are connected.
#[derive(Default)]
pub struct PlatformMutation;

/// Address and credentials; what is left out stays as it is.
#[derive(Default, InputObject)]
pub struct PlatformInput {
    /// Shopify: `example.myshopify.com`. WooCommerce: the shop's address. BigCommerce: the store's hash.
    address: Option<String>,
    /// What webhooks are signed with: Shopify the app's client secret, WooCommerce the webhook's secret, BigCommerce the account's client
    /// secret. Kept sealed, never shown again.
    webhook_secret: Option<String>,
    /// WooCommerce: the consumer key, `ck_…`.
    api_key: Option<String>,
    /// Shopify and BigCommerce: the access token; WooCommerce: the consumer secret. Kept sealed, never shown again.
    api_secret: Option<String>,
    /// BigCommerce: the shop's page for carts that were left, with `{token}`; empty takes it out.
    recovery_url: Option<String>,
}

/// A connection.
#[derive(Default, SimpleObject)]
pub struct PlatformPayload {
    connection: Option<PlatformConnection>,
    /// What came of asking the platform, by the words of docs/platforms.md; null when it answered as it should.
    trouble: Option<String>,
    /// What it said.
    trouble_said: Option<String>,
    user_errors: Vec<UserError>,
}

fn refused(user_errors: Vec<UserError>) -> PlatformPayload {
    PlatformPayload { user_errors, ..Default::default() }
}

fn no_store() -> PlatformPayload {
    refused(vec![UserError::at(&["storeId"][..], "not_found", "there is no such store")])
}

fn wrong(field: &str, said: &str) -> UserError {
    UserError::at(&["input", field], "invalid", said)
}

/// What may be a credential: plain letters, in the places where they go.
fn credential(text: &Option<String>) -> Option<Result<String, ()>> {
    let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty())?;
    let plain = text.len() <= 255 && text.bytes().all(|b| (0x21..=0x7e).contains(&b));
    Some(if plain { Ok(text.to_owned()) } else { Err(()) })
}

/// The secrets that are to be kept.
type Kept = Vec<(SecretKind, String)>;

impl PlatformInput {
    /// The settings this changes.
    fn settings(&self, platform: Platform) -> StoreSettingsInput {
        let address = self.address.as_deref().map(|text| text.trim().trim_end_matches('/').to_owned());
        let mut input = StoreSettingsInput::default();
        match platform {
            Platform::Shopify => input.shopify_domain = address,
            Platform::Woocommerce => input.woo_url = address,
            Platform::Bigcommerce => {
                input.bigcommerce_store = address;
                input.bigcommerce_recovery_url = self.recovery_url.clone();
            }
        }
        input
    }

    /// The secrets this brings. `had` says which are on record: of a webhook, and of the API. `made` is a fresh one, for webhooks that we make.
    fn secrets(&self, platform: Platform, had: (bool, bool), made: String) -> Result<Kept, Vec<UserError>> {
        const FORM: &str = "at most 255 characters, no spaces";
        let mut errors = Vec::new();
        let mut read = |field: &str, text: &Option<String>| match credential(text) {
            None => None,
            Some(Ok(text)) => Some(text),
            Some(Err(())) => {
                errors.push(wrong(field, FORM));
                None
            }
        };
        let (secret, key, token) = (
            read("webhookSecret", &self.webhook_secret),
            read("apiKey", &self.api_key),
            read("apiSecret", &self.api_secret),
        );
        let mut kept = Vec::new();
        let api = match (platform, key, token) {
            (Platform::Woocommerce, Some(key), Some(token)) if !key.contains(':') => {
                Some(format!("{key}:{token}"))
            }
            (Platform::Woocommerce, Some(_), Some(_)) => {
                errors.push(wrong("apiKey", "the consumer key alone: ck_ and letters and digits"));
                None
            }
            (Platform::Woocommerce, None, None) => None,
            (Platform::Woocommerce, None, Some(_)) => {
                errors.push(wrong("apiKey", "the consumer key that belongs to this secret"));
                None
            }
            (Platform::Woocommerce, Some(_), None) => {
                errors.push(wrong("apiSecret", "the consumer secret that belongs to this key"));
                None
            }
            (_, _, token) => token,
        };
        let api_set = had.1 || api.is_some();
        if platform == Platform::Bigcommerce && !api_set {
            errors.push(wrong(
                "apiSecret",
                "the access token: without it nothing that its webhooks hint at can be fetched",
            ));
        }
        match secret {
            Some(secret) => kept.push((platform.webhook_secret(), secret)),
            None if had.0 || errors.iter().any(|e| e.path.iter().any(|part| part == "webhookSecret")) => {}
            // With its API we make its webhooks ourselves, and the secret with them.
            None if platform == Platform::Woocommerce && api_set => {
                kept.push((platform.webhook_secret(), made.clone()))
            }
            None => errors.push(wrong(
                "webhookSecret",
                "without a secret anybody could invent orders; enter the one its webhooks are signed with",
            )),
        }
        if platform == Platform::Bigcommerce && !had.0 {
            kept.push((SecretKind::BigcommerceHeader, made));
        }
        kept.extend(api.map(|api| (platform.api_secret(), api)));
        if errors.is_empty() { Ok(kept) } else { Err(errors) }
    }
}

async fn shown(access: &Access, platform: Platform, trouble: Option<Trouble>) -> Result<PlatformPayload> {
    let connection = Some(PlatformConnection::load(access, platform).await?);
    let (trouble, trouble_said) = trouble.map(|t| (t.word.to_owned(), t.said)).unzip();
    Ok(PlatformPayload { connection, trouble, trouble_said, user_errors: Vec::new() })
}

/// The API of the store's shop, as it is on record.
async fn api_of(access: &Access, platform: Platform) -> Result<Result<Api, Trouble>> {
    let api = &access.api;
    access.read(async |scoped| api.apis.of(scoped, &api.master, &access.info, platform).await).await
}

#[Object]
impl PlatformMutation {
    /// Connects a store to a platform, or changes address and credentials; all or nothing. Needs the role admin.
    async fn connect_platform(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        platform: PlatformName,
        input: PlatformInput,
    ) -> Result<PlatformPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else { return Ok(no_store()) };
        let platform = Platform::from(platform);
        let read = access.read(async |scoped| {
            let signed = secrets::held(scoped, platform.webhook_secret()).await?;
            Ok::<_, DbError>((signed, secrets::held(scoped, platform.api_secret()).await?))
        });
        let had = read.await?;
        let changes = input.settings(platform);
        // Judged before anything is written.
        let mut settings: StoreSettings = access.info.settings.clone();
        let named = |error: UserError| match error.path.last().map(String::as_str) {
            Some("bigcommerceRecoveryUrl") => {
                UserError::at(&["input", "recoveryUrl"], "invalid", error.message)
            }
            _ => UserError::at(&["input", "address"], "invalid", error.message),
        };
        let mut errors: Vec<UserError> = changes.apply(&mut settings).into_iter().map(named).collect();
        let address = match platform {
            Platform::Shopify => &settings.shopify_domain,
            Platform::Woocommerce => &settings.woo_url,
            Platform::Bigcommerce => &settings.bigcommerce_store,
        };
        if address.is_empty() && errors.is_empty() {
            errors.push(wrong("address", "the shop that is to be connected"));
        }
        let made = access.api.env.secret::<24>("");
        let kept = match input.secrets(platform, had, made) {
            Ok(kept) => kept,
            Err(more) => {
                errors.extend(more);
                Vec::new()
            }
        };
        if !errors.is_empty() {
            return Ok(refused(errors));
        }
        let errors = mutation::change(&access, changes).await?;
        if !errors.is_empty() {
            return Ok(refused(errors.into_iter().map(named).collect()));
        }
        let has_api = had.1 || kept.iter().any(|(kind, _)| *kind == platform.api_secret());
        let changed: Vec<&str> = kept.iter().map(|(kind, _)| kind.as_str()).collect();
        let detail = json!({"platform": platform.as_str(), "credentials": changed});
        let (mut tx, api) = (access.write().await?, &access.api);
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        for (kind, text) in &kept {
            secrets::put(&scoped, &api.master, &api.env, *kind, text).await.map_err(|e| access.fault(&e))?;
        }
        link::connect(&scoped, platform, has_api, api.env.now()).await.map_err(|e| access.fault(&e))?;
        finish(&access, tx, Entry::new(Action::PlatformConnected, access.info.id, detail)).await?;
        let access = Access::open(ctx, &store_id).await?.unwrap_or(access);
        shown(&access, platform, None).await
    }

    /// Takes a store off a platform: its webhooks are refused from now on, its credentials are gone. What came by it stays. Needs the role admin.
    async fn disconnect_platform(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        platform: PlatformName,
    ) -> Result<PlatformPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else { return Ok(no_store()) };
        let platform = Platform::from(platform);
        let mut tx = access.write().await?;
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        for kind in [platform.webhook_secret(), platform.api_secret(), platform.hook_secret()] {
            secrets::take_away(&scoped, kind).await.map_err(|e| access.fault(&e))?;
        }
        link::disconnect(&scoped, platform).await.map_err(|e| access.fault(&e))?;
        let detail = json!({"platform": platform.as_str()});
        finish(&access, tx, Entry::new(Action::PlatformDisconnected, access.info.id, detail)).await?;
        shown(&access, platform, None).await
    }

    /// Asks the platform whether address and credentials are right, and catches up with it soon. Needs the role admin.
    async fn test_platform(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        platform: PlatformName,
    ) -> Result<PlatformPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else { return Ok(no_store()) };
        let platform = Platform::from(platform);
        // No transaction is open while the platform is asked.
        let trouble = match api_of(&access, platform).await? {
            Ok(api) => api.test().await.err(),
            Err(trouble) => Some(trouble),
        };
        let now = access.api.env.now();
        let mut tx = access.write().await?;
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        link::tested(&scoped, platform, trouble.as_ref(), now).await.map_err(|e| access.fault(&e))?;
        tx.commit().await.map_err(|e| access.fault(&e))?;
        shown(&access, platform, trouble).await
    }

    /// Makes the webhooks at the platform by its API, and switches on those it has switched off. Needs the role admin.
    async fn subscribe_platform(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        platform: PlatformName,
    ) -> Result<PlatformPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else { return Ok(no_store()) };
        let platform = Platform::from(platform);
        let api = &access.api;
        let secret = api.stores.secret(&api.master, access.info.id, platform.hook_secret()).await;
        let secret = secret.map_err(|e| access.fault(&e))?;
        let to = format!("{}/webhooks/{}/{}", api.public_url, platform.as_str(), access.info.id);
        let done = match (api_of(&access, platform).await?, secret) {
            (Ok(shop), Some(secret)) => shop.subscribe(&to, secret.expose(), api.env.now()).await,
            (Err(trouble), _) => Err(trouble),
            (_, None) => Err(Trouble::new("unset", "there is no secret for its webhooks")),
        };
        let trouble = match done {
            Err(trouble) => Some(trouble),
            Ok(hooks) => {
                let mut tx = access.write().await?;
                let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
                link::hooked(&scoped, platform, &hooks, api.env.now()).await.map_err(|e| access.fault(&e))?;
                let detail = json!({"platform": platform.as_str(), "webhooks": hooks.len()});
                finish(&access, tx, Entry::new(Action::PlatformConnected, access.info.id, detail)).await?;
                None
            }
        };
        shown(&access, platform, trouble).await
    }

    /// Notes that a member has seen to it that the platform's own reminders are off, or that they are not. Needs the role admin.
    async fn confirm_platform_reminders(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        platform: PlatformName,
        off: bool,
    ) -> Result<PlatformPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else { return Ok(no_store()) };
        let platform = Platform::from(platform);
        let at = off.then(|| access.api.env.now());
        let mut tx = access.write().await?;
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        link::confirm(&scoped, platform, at).await.map_err(|e| access.fault(&e))?;
        let detail = json!({"platform": platform.as_str(), "reminders_off": off});
        finish(&access, tx, Entry::new(Action::PlatformConnected, access.info.id, detail)).await?;
        shown(&access, platform, None).await
    }
}

/// Writes the log's entry and commits.
async fn finish(access: &Access, mut tx: crate::db::Tx, entry: Entry) -> Result<()> {
    access.note(&mut tx, entry).await?;
    tx.commit().await.map_err(|e| access.fault(&e))?;
    access.api.stores.forget(access.info.id);
    Ok(())
}
