//! Connections of a store to shop platforms: how each stands.

use super::{access::Access, scalars::Time};
use crate::{
    accounts::{SecretKind, secrets},
    db::Scoped,
    platforms::{
        Platform,
        api::{Hook, Reminder},
        link,
    },
};
use async_graphql::{Enum, Object, Result, SimpleObject};
use cartwheel_entity::platform_link;

/// A platform whose shops can be connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum PlatformName {
    /// Shopify.
    Shopify,
    /// WooCommerce.
    Woocommerce,
    /// BigCommerce.
    Bigcommerce,
}

impl From<PlatformName> for Platform {
    fn from(name: PlatformName) -> Self {
        match name {
            PlatformName::Shopify => Self::Shopify,
            PlatformName::Woocommerce => Self::Woocommerce,
            PlatformName::Bigcommerce => Self::Bigcommerce,
        }
    }
}

impl From<Platform> for PlatformName {
    fn from(platform: Platform) -> Self {
        match platform {
            Platform::Shopify => Self::Shopify,
            Platform::Woocommerce => Self::Woocommerce,
            Platform::Bigcommerce => Self::Bigcommerce,
        }
    }
}

/// A webhook as the platform lists it.
#[derive(SimpleObject)]
pub struct PlatformWebhook {
    /// What it tells of, in the platform's words.
    topic: String,
    /// Whether it tells of anything.
    active: bool,
    /// When it was switched on again after the platform had switched it off.
    restored_at: Option<Time>,
}

/// A reminder that the platform, or a plugin of the shop, sends by itself.
#[derive(SimpleObject)]
pub struct PlatformReminder {
    /// A stable word: `woocommerce`, `automatewoo`, `mailpoet`, `shopify`, `bigcommerce`, …
    name: String,
    /// `on`, `off`, or `unsure` where the platform does not say.
    state: String,
}

/// How a store's connection to a platform stands.
pub struct PlatformConnection {
    access: Access,
    platform: Platform,
    row: Option<platform_link::Model>,
    secret: bool,
    api: bool,
}

/// Where a shop is, by the store's settings.
fn address(access: &Access, platform: Platform) -> &str {
    let settings = &access.info.settings;
    match platform {
        Platform::Shopify => &settings.shopify_domain,
        Platform::Woocommerce => &settings.woo_url,
        Platform::Bigcommerce => &settings.bigcommerce_store,
    }
}

impl PlatformConnection {
    /// All platforms, connected or not.
    ///
    /// # Errors
    /// A fault.
    pub async fn all(access: &Access) -> Result<Vec<Self>> {
        let mut all = Vec::with_capacity(Platform::ALL.len());
        for platform in Platform::ALL {
            all.push(Self::load(access, platform).await?);
        }
        Ok(all)
    }

    /// One of them.
    ///
    /// # Errors
    /// A fault.
    pub async fn load(access: &Access, platform: Platform) -> Result<Self> {
        let has = async |scoped: &Scoped<'_>, kind: SecretKind| secrets::held(scoped, kind).await;
        let read = access.read(async |scoped| {
            let row = link::find(scoped, platform).await?;
            let secret = has(scoped, platform.webhook_secret()).await?;
            Ok::<_, crate::db::DbError>((row, secret, has(scoped, platform.api_secret()).await?))
        });
        let (row, secret, api) = read.await?;
        Ok(Self { access: access.clone(), platform, row, secret, api })
    }
}

#[Object]
impl PlatformConnection {
    /// Which.
    async fn platform(&self) -> PlatformName {
        self.platform.into()
    }

    /// Whether the store is connected to it.
    async fn connected(&self) -> bool {
        self.row.is_some() || self.secret
    }

    /// The shop's address: Shopify's domain, WooCommerce's address, BigCommerce's store hash; empty while none is set.
    async fn address(&self) -> &str {
        address(&self.access, self.platform)
    }

    /// BigCommerce: the shop's page for carts that were left, with `{token}`; empty while none is set.
    async fn recovery_url(&self) -> Option<&str> {
        let page = self.access.info.settings.bigcommerce_recovery_url.as_str();
        Some(page).filter(|page| self.platform == Platform::Bigcommerce && !page.is_empty())
    }

    /// Where its webhooks go.
    async fn webhook_url(&self) -> String {
        let api = &self.access.api;
        format!("{}/webhooks/{}/{}", api.public_url, self.platform.as_str(), self.access.info.id)
    }

    /// Whether a secret for the signatures of its webhooks is on record.
    async fn signed(&self) -> bool {
        self.secret
    }

    /// Whether credentials for its API are on record.
    async fn api(&self) -> bool {
        self.api
    }

    /// When it was connected.
    async fn connected_at(&self) -> Option<Time> {
        self.row.as_ref().map(|row| Time(row.connected_at))
    }

    /// When a genuine webhook arrived last, to the minute.
    async fn heard_at(&self) -> Option<Time> {
        self.row.as_ref()?.heard_at.map(Time)
    }

    /// When a webhook was refused last, to the minute.
    async fn refused_at(&self) -> Option<Time> {
        self.row.as_ref()?.refused_at.map(Time)
    }

    /// Why: `signature`, `other_shop`, `unreadable`.
    async fn refused(&self) -> Option<&str> {
        self.row.as_ref()?.refused.as_deref()
    }

    /// When it was last caught up with by its API.
    async fn caught_up_at(&self) -> Option<Time> {
        self.row.as_ref()?.round_at.map(Time)
    }

    /// When it is next.
    async fn next_at(&self) -> Option<Time> {
        self.row.as_ref()?.next_at.map(Time)
    }

    /// What keeps its API from being asked, by the words of docs/platforms.md; null when nothing does.
    async fn trouble(&self) -> Option<&str> {
        self.row.as_ref()?.wrong.as_deref()
    }

    /// What the platform said of it.
    async fn trouble_said(&self) -> Option<&str> {
        self.row.as_ref()?.said.as_deref()
    }

    /// Since when.
    async fn trouble_since(&self) -> Option<Time> {
        self.row.as_ref()?.wrong_at.map(Time)
    }

    /// Its webhooks that lead here, as it listed them last.
    async fn webhooks(&self) -> Vec<PlatformWebhook> {
        let list = self.row.as_ref().map(|row| row.hooks.as_str()).unwrap_or("[]");
        let hooks: Vec<Hook> = serde_json::from_str(list).unwrap_or_default();
        let hook = |hook: Hook| PlatformWebhook {
            topic: hook.topic,
            active: hook.active,
            restored_at: hook.restored_at.map(Time),
        };
        hooks.into_iter().map(hook).collect()
    }

    /// Reminders that go out besides ours, as they were found last.
    async fn reminders(&self) -> Vec<PlatformReminder> {
        let found = self.row.as_ref().map(link::reminders).unwrap_or_default();
        found.into_iter().map(|Reminder { name, state }| PlatformReminder { name, state }).collect()
    }

    /// When a member said that the platform's own reminders are off.
    async fn reminders_confirmed_at(&self) -> Option<Time> {
        self.row.as_ref()?.confirmed_at.map(Time)
    }
}
