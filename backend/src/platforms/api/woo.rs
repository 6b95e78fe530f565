//! WooCommerce's REST API (<https://woocommerce.github.io/woocommerce-rest-api-docs/>), by consumer key and secret over TLS.

use super::{Apis, Hook, Reminder, Trouble, get, id_of, rows, rows_of, send, text_of};
use crate::config::Secret;
use base64::Engine;
use cartwheel_domain::time::{Millis, to_rfc3339};
use hyper::Method;
use serde_json::{Map, Value, json};

/// What we want to hear of.
pub const TOPICS: &[&str] = &[
    "order.created",
    "order.updated",
    "order.deleted",
    "order.restored",
    "customer.created",
    "customer.updated",
];

/// Plugins that send reminders of their own: their folder, and what we call them.
const PLUGINS: [(&str, &str); 11] = [
    ("automatewoo", "automatewoo"),
    ("mailpoet", "mailpoet"),
    ("mailpoet-premium", "mailpoet"),
    ("woocommerce-abandoned-cart", "abandoned_cart_lite"),
    ("woocommerce-abandoned-cart-pro", "abandoned_cart_lite"),
    ("woo-cart-abandonment-recovery", "cartflows"),
    ("wp-marketing-automations", "funnelkit"),
    ("retainful-next-order-coupon-for-woocommerce", "retainful"),
    ("mailchimp-for-woocommerce", "mailchimp"),
    ("klaviyo", "klaviyo"),
    ("omnisend", "omnisend"),
];

/// The first version that reminds of a pending order by itself, two hours after it.
const REMINDS_SINCE: u64 = 11;

/// The API of one shop.
pub struct Woo {
    apis: Apis,
    base: String,
    basic: String,
}

impl Woo {
    pub(super) fn new(apis: Apis, url: &str, keys: &Secret) -> Result<Self, Trouble> {
        if url.is_empty() {
            return Err(Trouble::new("unset", "the address of the shop is not set"));
        }
        let basic = base64::engine::general_purpose::STANDARD.encode(keys.expose());
        Ok(Self {
            apis,
            base: format!("{}/wp-json/wc/v3", url.trim_end_matches('/')),
            basic: format!("Basic {basic}"),
        })
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        vec![("authorization", self.basic.clone())]
    }

    async fn ask(&self, path: &str) -> Result<Value, Trouble> {
        let question = get(format!("{}{path}", self.base), self.headers());
        Ok(self.apis.json(question, false).await?.0)
    }

    pub(super) async fn test(&self) -> Result<(), Trouble> {
        rows(self.ask("/orders?per_page=1").await?).map(|_| ())
    }

    /// A page of orders by the time of their last change, the oldest first.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn orders(
        &self,
        after: Millis,
        before: Millis,
        page: u32,
        size: u32,
    ) -> Result<Vec<Map<String, Value>>, Trouble> {
        let at = |ms| to_rfc3339(ms).split('.').next().unwrap_or_default().to_owned();
        let path = format!(
            "/orders?status=any&dates_are_gmt=true&modified_after={}&modified_before={}&orderby=modified&order=asc&per_page={size}&page={page}",
            at(after),
            at(before)
        );
        rows(self.ask(&path).await?)
    }

    pub(super) async fn hooks(&self, to: &str) -> Result<Vec<Hook>, Trouble> {
        let found = rows(self.ask("/webhooks?per_page=100&status=all").await?)?;
        let ours = found.iter().filter(|row| text_of(row, "delivery_url") == to);
        Ok(ours
            .filter_map(|row| {
                Some(Hook {
                    id: id_of(row.get("id"))?,
                    topic: text_of(row, "topic").to_owned(),
                    active: text_of(row, "status") == "active",
                    restored_at: None,
                })
            })
            .collect())
    }

    pub(super) async fn hook(&self, topic: &str, to: &str, secret: &str) -> Result<String, Trouble> {
        let body = json!({"name": format!("Cartwheel {topic}"), "topic": topic, "delivery_url": to, "secret": secret, "status": "active"});
        let question = send(Method::POST, format!("{}/webhooks", self.base), self.headers(), &body);
        let (made, _) = self.apis.json(question, false).await?;
        id_of(made.get("id")).ok_or_else(|| Trouble::new("unreadable", "the new webhook has no id"))
    }

    pub(super) async fn switch_on(&self, id: &str, secret: &str) -> Result<(), Trouble> {
        let body = json!({"status": "active", "secret": secret});
        let question = send(Method::PUT, format!("{}/webhooks/{id}", self.base), self.headers(), &body);
        self.apis.json(question, false).await.map(|_| ())
    }

    /// Plugins that remind, and WooCommerce's own mail about a pending order.
    pub(super) async fn reminders(&self) -> Result<Vec<Reminder>, Trouble> {
        let status = self.ask("/system_status").await?;
        let version = status.pointer("/environment/version").and_then(Value::as_str).unwrap_or_default();
        let major: u64 = version.split('.').next().and_then(|n| n.parse().ok()).unwrap_or(0);
        let mut found: Vec<Reminder> = Vec::new();
        for plugin in rows_of(status, "active_plugins")? {
            let folder = text_of(&plugin, "plugin").split('/').next().unwrap_or_default();
            let known = PLUGINS.iter().find(|(own, _)| *own == folder);
            if let Some((_, name)) = known.filter(|(_, name)| found.iter().all(|r| r.name != *name)) {
                found.push(Reminder::new(name, "on"));
            }
        }
        if major >= REMINDS_SINCE {
            found.push(Reminder::new("woocommerce", self.own_mail().await?));
        }
        Ok(found)
    }

    /// Whether the shop's own mail about a pending order is on; each mail is a group of settings.
    async fn own_mail(&self) -> Result<&'static str, Trouble> {
        let groups = rows(self.ask("/settings").await?)?;
        let about = |id: &str| {
            id.starts_with("email_")
                && ["pending", "abandon", "unpaid", "recover"].iter().any(|word| id.contains(word))
        };
        let plain = |id: &&str| id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let groups: Vec<&str> =
            groups.iter().map(|g| text_of(g, "id")).filter(|id| about(id)).filter(plain).collect();
        let mut state = "unsure";
        for group in groups.into_iter().take(3) {
            let options = rows(self.ask(&format!("/settings/{group}")).await?)?;
            let enabled = options.iter().find(|option| text_of(option, "id") == "enabled");
            match enabled.map(|option| text_of(option, "value")) {
                Some("yes") => return Ok("on"),
                Some(_) => state = "off",
                None => {}
            }
        }
        Ok(state)
    }
}
