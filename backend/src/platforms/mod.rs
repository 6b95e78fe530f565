//! Shop platforms: how each store's connection stands, and the calls of their APIs.
//!
//! What their webhooks and answers mean is said in `ingest` ([`crate::ingest`]), which feeds both into one intake. See
//! docs/platforms.md and decision 0029.

pub mod api;
pub mod link;

use crate::accounts::SecretKind;

/// A platform whose shops can be connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Platform {
    /// Shopify.
    Shopify,
    /// WooCommerce.
    Woocommerce,
    /// BigCommerce.
    Bigcommerce,
}

impl Platform {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Shopify, Self::Woocommerce, Self::Bigcommerce];

    /// As stored, and in the address of its webhooks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shopify => "shopify",
            Self::Woocommerce => "woocommerce",
            Self::Bigcommerce => "bigcommerce",
        }
    }

    /// The platform of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.as_str() == name)
    }

    /// What its webhooks are signed with.
    pub const fn webhook_secret(self) -> SecretKind {
        match self {
            Self::Shopify => SecretKind::Shopify,
            Self::Woocommerce => SecretKind::WooWebhook,
            Self::Bigcommerce => SecretKind::BigcommerceClient,
        }
    }

    /// What its webhooks are made with through its API: signed with (WooCommerce), carried along (BigCommerce). Shopify signs with
    /// the app's own.
    pub const fn hook_secret(self) -> SecretKind {
        match self {
            Self::Bigcommerce => SecretKind::BigcommerceHeader,
            other => other.webhook_secret(),
        }
    }

    /// What its API is called with.
    pub const fn api_secret(self) -> SecretKind {
        match self {
            Self::Shopify => SecretKind::ShopifyToken,
            Self::Woocommerce => SecretKind::WooKeys,
            Self::Bigcommerce => SecretKind::BigcommerceToken,
        }
    }
}
