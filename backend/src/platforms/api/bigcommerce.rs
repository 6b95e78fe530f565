//! BigCommerce's API (<https://developer.bigcommerce.com/docs/rest-management>) and that of its B2B Edition, by the store's access token.

use super::{Apis, Hook, Reminder, Trouble, get, id_of, rows, rows_of, send, text_of};
use crate::config::Secret;
use cartwheel_domain::time::{Millis, SECOND};
use hyper::Method;
use serde_json::{Map, Value, json};

/// What we want to hear of.
pub const SCOPES: &[&str] = &[
    "store/cart/created",
    "store/cart/updated",
    "store/cart/deleted",
    "store/cart/abandoned",
    "store/cart/converted",
    "store/order/created",
    "store/order/updated",
    "store/order/statusUpdated",
    "store/quote/created",
    "store/quote/updated",
    "store/quote/statusUpdated",
    "store/quote/deleted",
];

/// The header of ours that its webhooks carry.
pub const HEADER: &str = "X-Cartwheel-Secret";

/// The API of one store.
pub struct Bigcommerce {
    apis: Apis,
    hash: String,
    token: Secret,
}

impl Bigcommerce {
    pub(super) fn new(apis: Apis, hash: &str, token: Secret) -> Result<Self, Trouble> {
        if hash.is_empty() {
            return Err(Trouble::new("unset", "the store's hash is not set"));
        }
        Ok(Self { apis, hash: hash.to_owned(), token })
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        vec![("x-auth-token", self.token.expose().to_owned())]
    }

    fn url(&self, path: &str) -> String {
        format!("{}/stores/{}{path}", self.apis.bigcommerce.0, self.hash)
    }

    async fn ask(&self, path: &str) -> Result<Value, Trouble> {
        let question = get(self.url(path), self.headers());
        Ok(self.apis.json(question, self.apis.bigcommerce.1).await?.0)
    }

    async fn b2b(&self, path: &str) -> Result<Value, Trouble> {
        let mut headers = self.headers();
        headers.push(("x-store-hash", self.hash.clone()));
        let question = get(format!("{}/api/v3/io{path}", self.apis.b2b.0), headers);
        Ok(self.apis.json(question, self.apis.b2b.1).await?.0)
    }

    pub(super) async fn test(&self) -> Result<(), Trouble> {
        rows_of(self.ask("/v3/hooks?limit=1").await?, "data").map(|_| ())
    }

    /// A cart; `None` when there is none by this id any more.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn cart(&self, id: &str) -> Result<Option<Map<String, Value>>, Trouble> {
        data(self.ask(&format!("/v3/carts/{}", checked(id)?)).await)
    }

    /// Where an abandoned cart is taken up again: the shop's own page for it, where the store has named one and the token is this
    /// cart's; else a link that BigCommerce makes for it, which works once.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn recovery_link(
        &self,
        cart: &str,
        token: &str,
        page: &str,
    ) -> Result<Option<String>, Trouble> {
        let (cart, token) = (checked(cart)?, checked(token)?);
        if page.is_empty() {
            let question = send(
                Method::POST,
                self.url(&format!("/v3/carts/{cart}/redirect_urls")),
                self.headers(),
                &json!({}),
            );
            let (made, _) = match self.apis.json(question, self.apis.bigcommerce.1).await {
                Err(trouble) if matches!(trouble.word, "not_found" | "refused" | "credentials") => {
                    return Ok(None);
                }
                other => other?,
            };
            return Ok(made.pointer("/data/cart_url").and_then(Value::as_str).map(str::to_owned));
        }
        let found = data(self.ask(&format!("/v3/abandoned-carts/{token}")).await)?;
        let own = found.is_some_and(|found| text_of(&found, "cart_id") == cart);
        Ok(own.then(|| page.replace("{token}", token)))
    }

    /// A customer of the store.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn customer(&self, id: &str) -> Result<Option<Map<String, Value>>, Trouble> {
        let found = self.ask(&format!("/v3/customers?id:in={}", checked(id)?)).await?;
        Ok(rows_of(found, "data")?.into_iter().next())
    }

    /// An order with its lines, under the key `lines`.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn order(&self, id: &str) -> Result<Option<Map<String, Value>>, Trouble> {
        let id = checked(id)?;
        let mut order = match self.ask(&format!("/v2/orders/{id}")).await {
            Ok(Value::Object(order)) => order,
            Ok(Value::Array(none)) if none.is_empty() => return Ok(None),
            Ok(_) => {
                return Err(Trouble::new("unreadable", "an order was asked for, and something else came"));
            }
            Err(trouble) if trouble.word == "not_found" => return Ok(None),
            Err(trouble) => return Err(trouble),
        };
        let lines = rows(self.ask(&format!("/v2/orders/{id}/products?limit=250")).await?)?;
        order.insert("lines".into(), Value::Array(lines.into_iter().map(Value::Object).collect()));
        Ok(Some(order))
    }

    /// A quote of B2B Edition.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn quote(&self, id: &str) -> Result<Option<Map<String, Value>>, Trouble> {
        data(self.b2b(&format!("/rfq/{}", checked(id)?)).await)
    }

    /// A page of orders by the time of their last change, the oldest first: rows without lines.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn orders(
        &self,
        since: Millis,
        page: u32,
        size: u32,
    ) -> Result<Vec<Map<String, Value>>, Trouble> {
        let since = cartwheel_domain::time::to_rfc3339(since);
        let path =
            format!("/v2/orders?min_date_modified={since}&sort=date_modified:asc&limit={size}&page={page}");
        rows(self.ask(&path).await?)
    }

    /// A page of quotes by the time of their last change, newest first. A store without B2B Edition has none.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn quotes(
        &self,
        since: Millis,
        page: u32,
        size: u32,
    ) -> Result<Vec<Map<String, Value>>, Trouble> {
        let (offset, since) = (page.saturating_sub(1) * size, since / SECOND);
        let found = self
            .b2b(&format!("/rfq?limit={size}&offset={offset}&sortBy=updatedAt&minModified={since}"))
            .await;
        match found {
            Ok(found) => rows_of(found, "data"),
            Err(trouble) if matches!(trouble.word, "credentials" | "not_found" | "refused") => Ok(Vec::new()),
            Err(trouble) => Err(trouble),
        }
    }

    pub(super) async fn hooks(&self, to: &str) -> Result<Vec<Hook>, Trouble> {
        let found = rows_of(self.ask("/v3/hooks?limit=250").await?, "data")?;
        let ours = found.iter().filter(|row| text_of(row, "destination") == to);
        Ok(ours
            .filter_map(|row| {
                let active = row.get("is_active").and_then(Value::as_bool).unwrap_or(false);
                let topic = text_of(row, "scope").to_owned();
                Some(Hook { id: id_of(row.get("id"))?, topic, active, restored_at: None })
            })
            .collect())
    }

    pub(super) async fn hook(&self, scope: &str, to: &str, secret: &str) -> Result<String, Trouble> {
        let body = json!({"scope": scope, "destination": to, "is_active": true, "headers": {HEADER: secret}});
        let question = send(Method::POST, self.url("/v3/hooks"), self.headers(), &body);
        let (made, _) = self.apis.json(question, self.apis.bigcommerce.1).await?;
        id_of(made.pointer("/data/id")).ok_or_else(|| Trouble::new("unreadable", "the new webhook has no id"))
    }

    pub(super) async fn switch_on(&self, id: &str, secret: &str) -> Result<(), Trouble> {
        let body = json!({"is_active": true, "headers": {HEADER: secret}});
        let question = send(Method::PUT, self.url(&format!("/v3/hooks/{id}")), self.headers(), &body);
        self.apis.json(question, self.apis.bigcommerce.1).await.map(|_| ())
    }

    /// The store's own Abandoned Cart Saver.
    pub(super) async fn reminders(&self) -> Result<Vec<Reminder>, Trouble> {
        let settings = self.ask("/v3/abandoned-carts/settings").await?;
        let state = match settings.pointer("/data/enable_notification").and_then(Value::as_bool) {
            Some(true) => "on",
            Some(false) => "off",
            None => "unsure",
        };
        Ok(vec![Reminder::new("bigcommerce", state)])
    }
}

/// The object under `data`; `None` when there is no such thing.
fn data(answer: Result<Value, Trouble>) -> Result<Option<Map<String, Value>>, Trouble> {
    match answer {
        Ok(mut value) => match value.get_mut("data").map(Value::take) {
            Some(Value::Object(object)) => Ok(Some(object)),
            _ => Err(Trouble::new("unreadable", "the answer has no object called data")),
        },
        Err(trouble) if trouble.word == "not_found" => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

/// An id that may stand in a path.
fn checked(id: &str) -> Result<&str, Trouble> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !id.is_empty() && id.len() <= 64 && id.bytes().all(plain) {
        Ok(id)
    } else {
        Err(Trouble::new("refused", "this is no id of BigCommerce's"))
    }
}
