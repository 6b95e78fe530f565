//! Shopify's REST Admin API (<https://shopify.dev/docs/api/admin-rest>). It is the older of its two, and its rows have the very form
//! of the webhooks, so that one translation reads both (decision 0029).

use super::{Apis, Hook, Trouble, get, id_of, rows_of, send, text_of};
use crate::config::Secret;
use cartwheel_domain::time::{Millis, to_rfc3339};
use hyper::{HeaderMap, Method, header::LINK};
use serde_json::{Map, Value, json};

/// The version whose forms we know.
const VERSION: &str = "2025-10";

/// What we want to hear of. The three topics of privacy are set in the app's own settings.
pub const TOPICS: &[&str] = &[
    "carts/create",
    "carts/update",
    "checkouts/create",
    "checkouts/update",
    "checkouts/delete",
    "draft_orders/create",
    "draft_orders/update",
    "draft_orders/delete",
    "orders/create",
    "orders/updated",
    "orders/cancelled",
    "refunds/create",
];

/// A list that can be read by the time of the last change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Orders.
    Orders,
    /// Checkouts that were left.
    Checkouts,
    /// Draft orders.
    Drafts,
}

impl List {
    /// All of them, in the order in which they are read: what was bought before what was left.
    pub const ALL: [Self; 3] = [Self::Orders, Self::Checkouts, Self::Drafts];

    const fn word(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Checkouts => "checkouts",
            Self::Drafts => "draft_orders",
        }
    }
}

/// Rows, and the name of the page after them.
pub type Page = (Vec<Map<String, Value>>, Option<String>);

/// The API of one shop.
pub struct Shopify {
    apis: Apis,
    base: String,
    here: bool,
    token: Secret,
}

impl Shopify {
    pub(super) fn new(apis: Apis, domain: &str, token: Secret) -> Result<Self, Trouble> {
        if domain.is_empty() {
            return Err(Trouble::new("unset", "the address of the shop is not set"));
        }
        let (base, here) = match &apis.shopify {
            Some(stand_in) => (stand_in.clone(), true),
            None => (format!("https://{domain}"), false),
        };
        Ok(Self { base: format!("{base}/admin/api/{VERSION}"), here, apis, token })
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        vec![("x-shopify-access-token", self.token.expose().to_owned())]
    }

    async fn ask(&self, path: &str) -> Result<(Value, HeaderMap), Trouble> {
        self.apis.json(get(format!("{}{path}", self.base), self.headers()), self.here).await
    }

    pub(super) async fn test(&self) -> Result<(), Trouble> {
        let (answer, _) = self.ask("/shop.json").await?;
        match answer.get("shop") {
            Some(Value::Object(_)) => Ok(()),
            _ => Err(Trouble::new("unreadable", "the answer names no shop")),
        }
    }

    /// A page of a list: the first, or the one that a page before it named.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn page(
        &self,
        list: List,
        since: Millis,
        page: Option<&str>,
        size: u32,
    ) -> Result<Page, Trouble> {
        let word = list.word();
        let path = match page {
            Some(page) => format!("/{word}.json?limit={size}&page_info={page}"),
            None => {
                let status = if list == List::Orders { "&status=any" } else { "" };
                format!("/{word}.json?limit={size}&updated_at_min={}{status}", to_rfc3339(since))
            }
        };
        let (answer, headers) = self.ask(&path).await?;
        Ok((rows_of(answer, word)?, next_page(&headers)))
    }

    pub(super) async fn hooks(&self, to: &str) -> Result<Vec<Hook>, Trouble> {
        let (answer, _) = self.ask("/webhooks.json?limit=250").await?;
        let found = rows_of(answer, "webhooks")?;
        let ours = found.iter().filter(|row| text_of(row, "address") == to);
        Ok(ours
            .filter_map(|row| {
                let topic = text_of(row, "topic").to_owned();
                // What Shopify gives up it takes out of the list.
                Some(Hook { id: id_of(row.get("id"))?, topic, active: true, restored_at: None })
            })
            .collect())
    }

    pub(super) async fn hook(&self, topic: &str, to: &str) -> Result<String, Trouble> {
        let body = json!({"webhook": {"topic": topic, "address": to, "format": "json"}});
        let question = send(Method::POST, format!("{}/webhooks.json", self.base), self.headers(), &body);
        let (made, _) = self.apis.json(question, self.here).await?;
        id_of(made.pointer("/webhook/id"))
            .ok_or_else(|| Trouble::new("unreadable", "the new webhook has no id"))
    }
}

/// `Link: <…page_info=abc…>; rel="next"`. Only the page's name is taken from it: the credentials go nowhere else.
fn next_page(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(LINK)?.to_str().ok()?;
    let next = text.split(',').find(|part| part.contains("rel=\"next\""))?;
    let (_, rest) = next.split_once("page_info=")?;
    let page: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '%' | '.'))
        .collect();
    (!page.is_empty() && page.len() <= 1_000).then_some(page)
}
