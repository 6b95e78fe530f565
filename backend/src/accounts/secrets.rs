//! Credentials of a store at rest: sealed by the store's data key, with their place bound in ([`super::keys`]).

use super::keys::{KeyError, MasterKey, Place};
use crate::{
    clock::Env,
    config::Secret,
    db::{DbError, Scoped},
};
use cartwheel_entity::store_secret;
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter};

/// Which credential of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// Shopify app client secret: checks webhook signatures.
    Shopify,
    /// Shopify Admin API access token: reads what its webhooks have not told.
    ShopifyToken,
    /// WooCommerce: what webhooks are signed with.
    WooWebhook,
    /// WooCommerce REST API: consumer key and secret, `ck_…:cs_…`.
    WooKeys,
    /// BigCommerce: the API account's client secret, which signs webhooks.
    BigcommerceClient,
    /// BigCommerce: the API account's access token.
    BigcommerceToken,
    /// BigCommerce: what webhooks carry in a header of ours.
    BigcommerceHeader,
    /// The store's own mail route.
    SmtpUrl,
    /// DKIM private key, PKCS#8 PEM.
    DkimKey,
    /// Twilio auth token: sends text messages, checks signatures of what comes back.
    TwilioToken,
    /// The private half of the pair of keys for web push (VAPID): made by us, never shown.
    PushKey,
}

impl SecretKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Shopify,
        Self::ShopifyToken,
        Self::WooWebhook,
        Self::WooKeys,
        Self::BigcommerceClient,
        Self::BigcommerceToken,
        Self::BigcommerceHeader,
        Self::SmtpUrl,
        Self::DkimKey,
        Self::TwilioToken,
        Self::PushKey,
    ];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shopify => "shopify_secret",
            Self::ShopifyToken => "shopify_token",
            Self::WooWebhook => "woo_webhook",
            Self::WooKeys => "woo_keys",
            Self::BigcommerceClient => "bigcommerce_client",
            Self::BigcommerceToken => "bigcommerce_token",
            Self::BigcommerceHeader => "bigcommerce_header",
            Self::SmtpUrl => "smtp_url",
            Self::DkimKey => "dkim_key",
            Self::TwilioToken => "twilio_token",
            Self::PushKey => "push_key",
        }
    }
}

/// Why a secret could not be kept or opened.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Sealed elsewhere, or changed.
    #[error("the credential {0} does not open: it was changed in the database; set it anew")]
    Sealed(&'static str),
    /// Its key cannot be had.
    #[error("the credential {0} does not open: {1}")]
    Key(&'static str, KeyError),
    /// The database said no.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl SecretError {
    fn of(kind: SecretKind, error: KeyError) -> Self {
        match error {
            KeyError::Db(error) => Self::Db(error),
            other => Self::Key(kind.as_str(), other),
        }
    }
}

/// Keeps a credential, in place of an older one.
///
/// # Errors
/// [`SecretError`].
pub async fn put(
    scoped: &Scoped<'_>,
    key: &MasterKey,
    env: &Env,
    kind: SecretKind,
    text: &str,
) -> Result<(), SecretError> {
    let place = Place::Secret(scoped.store_id(), kind);
    let sealed = key.seal(scoped, env, place, text).await.map_err(|e| SecretError::of(kind, e))?;
    let row = store_secret::ActiveModel {
        store_id: Set(scoped.store_id().uuid()),
        kind: Set(kind.as_str().into()),
        sealed: Set(sealed),
        created_at: Set(env.now()),
    };
    let columns = [store_secret::Column::Sealed, store_secret::Column::CreatedAt];
    Ok(scoped.upsert::<store_secret::Entity>(vec![row], &columns).await?)
}

/// Takes a credential away.
///
/// # Errors
/// What the database says.
pub async fn take_away(scoped: &Scoped<'_>, kind: SecretKind) -> Result<(), DbError> {
    let rows = scoped.delete::<store_secret::Entity>();
    rows.filter(store_secret::Column::Kind.eq(kind.as_str())).exec(scoped.on()).await?;
    Ok(())
}

/// Whether there is a credential; it is not opened.
///
/// # Errors
/// What the database says.
pub async fn held(scoped: &Scoped<'_>, kind: SecretKind) -> Result<bool, DbError> {
    let rows = scoped.find::<store_secret::Entity>().filter(store_secret::Column::Kind.eq(kind.as_str()));
    Ok(rows.one(scoped.on()).await?.is_some())
}

/// Reads a credential; `None` when the store has none.
///
/// # Errors
/// [`SecretError`].
pub async fn get(
    scoped: &Scoped<'_>,
    key: &MasterKey,
    kind: SecretKind,
) -> Result<Option<Secret>, SecretError> {
    let row = scoped
        .find::<store_secret::Entity>()
        .filter(store_secret::Column::Kind.eq(kind.as_str()))
        .one(scoped.on())
        .await
        .map_err(DbError::from)?;
    let Some(row) = row else { return Ok(None) };
    let opened = key.unseal(scoped, Place::Secret(scoped.store_id(), kind), &row.sealed).await;
    match opened.map_err(|e| SecretError::of(kind, e))? {
        Some(secret) => Ok(Some(secret)),
        None => Err(SecretError::Sealed(kind.as_str())),
    }
}
