//! Calls of the platforms' APIs, and what their answers mean.
//!
//! Each call is bounded in time and size and follows no redirect. What is not an answer, or none that can be used, is a
//! [`Trouble`] with a stable word: the console says in the reader's language what to do about it.

pub mod bigcommerce;
pub mod shopify;
pub mod woo;

#[cfg(test)]
mod tests;

use super::Platform;
use crate::{
    accounts::{MasterKey, StoreInfo, secrets},
    db::Scoped,
    webhooks::{
        Caller,
        ask::{Answered, Question},
    },
};
use cartwheel_domain::time::{HOUR, Millis, SECOND};
use hyper::{
    HeaderMap, Method,
    header::{DATE, HeaderName, RETRY_AFTER},
};
use serde_json::{Map, Value};

/// What may be asked for by `Retry-After`, at most.
pub const ASKED_AT_MOST: Millis = HOUR;

/// Why a call came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// A stable word: those of [`crate::webhooks::ask`], and `credentials`, `not_found`, `refused`, `rate`, `fault`,
    /// `redirected`, `unreadable`, `unset`.
    pub word: &'static str,
    /// What was said, for whoever has to mend it. Never a credential.
    pub said: String,
    /// How long to leave it alone, where the platform says so.
    pub wait: Option<Millis>,
}

impl Trouble {
    /// A trouble.
    pub fn new(word: &'static str, said: impl Into<String>) -> Self {
        Self { word, said: said.into(), wait: None }
    }
}

/// Where the APIs are, and how they are called. Cheap to clone.
#[derive(Clone)]
pub struct Apis {
    caller: Caller,
    /// A stand-in for all of Shopify; else each shop is asked at its own address.
    shopify: Option<String>,
    bigcommerce: (String, bool),
    b2b: (String, bool),
}

/// Where stand-ins are, if there are any: `CARTWHEEL_SHOPIFY_URL`, `CARTWHEEL_BIGCOMMERCE_URL`, `CARTWHEEL_B2B_URL`.
#[derive(Debug, Clone, Default)]
pub struct StandIns {
    /// In place of each shop of Shopify's.
    pub shopify: Option<String>,
    /// In place of `https://api.bigcommerce.com`.
    pub bigcommerce: Option<String>,
    /// In place of `https://api-b2b.bigcommerce.com`.
    pub b2b: Option<String>,
}

impl Apis {
    /// Over a way to call.
    pub fn new(caller: Caller, stand_ins: StandIns) -> Self {
        let at = |given: Option<String>, usual: &str| match given {
            Some(url) => (url.trim_end_matches('/').to_owned(), true),
            None => (usual.to_owned(), false),
        };
        Self {
            caller,
            shopify: stand_ins.shopify.map(|url| url.trim_end_matches('/').to_owned()),
            bigcommerce: at(stand_ins.bigcommerce, "https://api.bigcommerce.com"),
            b2b: at(stand_ins.b2b, "https://api-b2b.bigcommerce.com"),
        }
    }

    /// The API of a store's shop, with its credentials.
    ///
    /// # Errors
    /// What cannot be opened or read; the outer one is ours, the inner `unset` when there are no credentials.
    pub async fn of(
        &self,
        scoped: &Scoped<'_>,
        key: &MasterKey,
        store: &StoreInfo,
        platform: Platform,
    ) -> Result<Result<Api, Trouble>, secrets::SecretError> {
        let secret = secrets::get(scoped, key, platform.api_secret()).await?;
        let Some(secret) = secret else {
            return Ok(Err(Trouble::new("unset", "there are no credentials for the API")));
        };
        let api = match platform {
            Platform::Shopify => {
                shopify::Shopify::new(self.clone(), &store.settings.shopify_domain, secret).map(Api::Shopify)
            }
            Platform::Woocommerce => {
                woo::Woo::new(self.clone(), &store.settings.woo_url, &secret).map(Api::Woo)
            }
            Platform::Bigcommerce => {
                bigcommerce::Bigcommerce::new(self.clone(), &store.settings.bigcommerce_store, secret)
                    .map(Api::Bigcommerce)
            }
        };
        Ok(api)
    }

    /// Asks, and reads JSON.
    async fn json(&self, question: Question, here: bool) -> Result<(Value, HeaderMap), Trouble> {
        let answer = self.caller.ask(&question, here).await;
        let answer = answer.map_err(|(word, said)| Trouble::new(word, said))?;
        read(&answer).map(|value| (value, answer.headers))
    }
}

/// The API of one shop.
pub enum Api {
    /// Shopify.
    Shopify(shopify::Shopify),
    /// WooCommerce.
    Woo(woo::Woo),
    /// BigCommerce.
    Bigcommerce(bigcommerce::Bigcommerce),
}

/// A webhook as a platform lists it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Hook {
    /// The platform's id of it.
    pub id: String,
    /// What it tells of.
    pub topic: String,
    /// Whether it is told of anything.
    pub active: bool,
    /// When we switched it on again, if the platform had switched it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_at: Option<Millis>,
}

/// A reminder that the platform, or a plugin of the shop, sends by itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reminder {
    /// A stable word: `woocommerce`, `automatewoo`, `mailpoet`, `shopify`, `bigcommerce`, …
    pub name: String,
    /// `on`, `off`, or `unsure` where the platform does not say.
    pub state: String,
}

impl Reminder {
    fn new(name: &str, state: &str) -> Self {
        Self { name: name.to_owned(), state: state.to_owned() }
    }
}

impl Api {
    /// Asks for as little as possible, to see whether address and credentials are right.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn test(&self) -> Result<(), Trouble> {
        match self {
            Self::Shopify(api) => api.test().await,
            Self::Woo(api) => api.test().await,
            Self::Bigcommerce(api) => api.test().await,
        }
    }

    /// The webhooks that lead to an address.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn hooks(&self, to: &str) -> Result<Vec<Hook>, Trouble> {
        match self {
            Self::Shopify(api) => api.hooks(to).await,
            Self::Woo(api) => api.hooks(to).await,
            Self::Bigcommerce(api) => api.hooks(to).await,
        }
    }

    /// Makes those webhooks that are missing and switches on those that are off; says how all are now. `secret` is what
    /// they are to be signed with (WooCommerce) or carry (BigCommerce).
    ///
    /// # Errors
    /// [`Trouble`]; what was made before it stays.
    pub async fn subscribe(&self, to: &str, secret: &str, now: Millis) -> Result<Vec<Hook>, Trouble> {
        let mut hooks = self.hooks(to).await?;
        for hook in hooks.iter_mut().filter(|hook| !hook.active) {
            match self {
                Self::Shopify(_) => {}
                Self::Woo(api) => api.switch_on(&hook.id, secret).await?,
                Self::Bigcommerce(api) => api.switch_on(&hook.id, secret).await?,
            }
            (hook.active, hook.restored_at) = (true, Some(now));
        }
        let wanted: &[&str] = match self {
            Self::Shopify(_) => shopify::TOPICS,
            Self::Woo(_) => woo::TOPICS,
            Self::Bigcommerce(_) => bigcommerce::SCOPES,
        };
        for topic in wanted {
            if hooks.iter().any(|hook| hook.topic == *topic) {
                continue;
            }
            let id = match self {
                Self::Shopify(api) => api.hook(topic, to).await?,
                Self::Woo(api) => api.hook(topic, to, secret).await?,
                // Without B2B Edition there are no quotes to hear of.
                Self::Bigcommerce(api) => match api.hook(topic, to, secret).await {
                    Err(trouble) if topic.contains("/quote/") && trouble.word == "refused" => continue,
                    other => other?,
                },
            };
            hooks.push(Hook { id, topic: (*topic).to_owned(), active: true, restored_at: None });
        }
        Ok(hooks)
    }

    /// Reminders that are sent besides ours.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn reminders(&self) -> Result<Vec<Reminder>, Trouble> {
        match self {
            // Its API does not tell (Marketing, Automations): the merchant does.
            Self::Shopify(_) => Ok(vec![Reminder::new("shopify", "unsure")]),
            Self::Woo(api) => api.reminders().await,
            Self::Bigcommerce(api) => api.reminders().await,
        }
    }
}

/// What an answer says, as JSON; no content is a list of nothing.
fn read(answer: &Answered) -> Result<Value, Trouble> {
    let status = answer.status;
    if status == 204 {
        return Ok(Value::Array(Vec::new()));
    }
    let said = || format!("{status} {}", begins(&answer.body));
    let word = match status {
        200..=299 => {
            return serde_json::from_slice(&answer.body).map_err(|error| {
                Trouble::new(
                    "unreadable",
                    format!("{status} and no JSON ({error}): {}", begins(&answer.body)),
                )
            });
        }
        300..=399 => "redirected",
        401 | 403 => "credentials",
        404 => "not_found",
        429 => "rate",
        400..=499 => "refused",
        _ => "fault",
    };
    let wait = answer.headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok());
    // BigCommerce says how many milliseconds are left of its window.
    let window = HeaderName::from_static("x-rate-limit-time-reset-ms");
    let window = answer.headers.get(window).and_then(|v| v.to_str().ok()?.trim().parse::<Millis>().ok());
    let wait = wait.and_then(|text| asked(text.trim(), &answer.headers));
    let wait = wait.or(window).filter(|_| matches!(status, 429 | 503));
    Err(Trouble { word, said: said(), wait: wait.map(|ms| ms.clamp(SECOND, ASKED_AT_MOST)) })
}

/// `Retry-After`: seconds, or a date (RFC 9110 10.2.3), counted from the answer's own.
fn asked(text: &str, headers: &HeaderMap) -> Option<Millis> {
    if let Ok(seconds) = text.parse::<f64>() {
        // Shopify writes "2.0".
        return (seconds >= 0.0).then_some((seconds.min(1e9) * SECOND as f64) as Millis);
    }
    let date = |text: &str| Some(chrono::DateTime::parse_from_rfc2822(text).ok()?.timestamp_millis());
    Some(date(text)?.saturating_sub(date(headers.get(DATE)?.to_str().ok()?)?))
}

/// The beginning of a body, for people.
fn begins(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(600)]).into_owned();
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// The rows of an answer that is a list of objects.
fn rows(value: Value) -> Result<Vec<Map<String, Value>>, Trouble> {
    let wrong =
        |what: &str| Trouble::new("unreadable", format!("a list of objects was asked for, and {what} came"));
    match value {
        Value::Array(items) => items
            .into_iter()
            .map(|item| match item {
                Value::Object(object) => Ok(object),
                _ => Err(wrong("something else")),
            })
            .collect(),
        _ => Err(wrong("none")),
    }
}

/// The rows under a key of an answer.
fn rows_of(mut value: Value, key: &str) -> Result<Vec<Map<String, Value>>, Trouble> {
    match value.get_mut(key) {
        Some(list @ Value::Array(_)) => rows(list.take()),
        _ => Err(Trouble::new("unreadable", format!("the answer has no list called {key}"))),
    }
}

fn get(url: String, headers: Vec<(&'static str, String)>) -> Question {
    Question { method: Method::GET, url, headers, body: None }
}

fn send(method: Method, url: String, headers: Vec<(&'static str, String)>, body: &Value) -> Question {
    Question { method, url, headers, body: Some(body.to_string()) }
}

/// An id of a platform's, whether it is written as a number or as a text.
fn id_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() && text.len() <= 255 => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn text_of<'a>(object: &'a Map<String, Value>, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}
