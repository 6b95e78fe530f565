//! Stripe's API, as much of it as we use: form bodies, an idempotency key on each change, one dated version, and errors that say whether
//! to try again.

mod form;
pub mod object;

pub use form::Form;

use crate::{config::Secret, https::Endpoint};
use cartwheel_domain::time::{Millis, SECOND};
use http_body_util::Full;
use hyper::{
    Method, Request, StatusCode,
    body::Bytes,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, RETRY_AFTER, USER_AGENT},
};
use serde_json::Value;

/// The version of the API that all of this was written for; the account's own default does not matter then.
pub const VERSION: &str = "2025-08-27.basil";

/// Why Stripe did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StripeError {
    /// It could not be asked, or is busy: try again under the same key.
    #[error("Stripe cannot be asked now: {said}")]
    Later {
        /// What happened.
        said: String,
        /// How long to wait, where it says.
        after: Option<Millis>,
    },
    /// It says no, and will again.
    #[error("Stripe refuses ({code}): {said}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Its word for it.
        code: String,
        /// In words.
        said: String,
    },
}

impl StripeError {
    /// Whether what was asked for is not there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. }) || self.code() == Some("resource_missing")
    }

    /// Stripe's word for a refusal.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            Self::Later { .. } => None,
        }
    }
}

/// An account at Stripe.
#[derive(Clone)]
pub struct Stripe {
    endpoint: Endpoint,
    key: Secret,
}

impl Stripe {
    /// The account of a secret key.
    pub fn new(endpoint: Endpoint, key: Secret) -> Self {
        Self { endpoint, key }
    }

    /// Reads.
    ///
    /// # Errors
    /// [`StripeError`].
    pub async fn get(&self, path: &str, query: &Form) -> Result<Value, StripeError> {
        let query = query.encoded();
        let path = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        self.call(Method::GET, &path, String::new(), None).await
    }

    /// Changes. What is sent twice under one key is done once.
    ///
    /// # Errors
    /// [`StripeError`].
    pub async fn post(&self, path: &str, form: &Form, key: &str) -> Result<Value, StripeError> {
        self.call(Method::POST, path, form.encoded(), Some(key)).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: String,
        key: Option<&str>,
    ) -> Result<Value, StripeError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(AUTHORIZATION, format!("Bearer {}", self.key.expose()))
            .header(USER_AGENT, concat!("cartwheel/", env!("CARGO_PKG_VERSION")))
            .header(HeaderName::from_static("stripe-version"), VERSION);
        if let Some(key) = key {
            request = request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(HeaderName::from_static("idempotency-key"), key);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|e| StripeError::Refused {
            status: 0,
            code: "unsendable".into(),
            said: e.to_string(),
        })?;
        let later = |said| StripeError::Later { said, after: None };
        let answer = self.endpoint.call(request).await.map_err(|e| later(e.said))?;
        let value: Option<Value> = serde_json::from_slice(&answer.body).ok();
        if answer.status.is_success() {
            return value.ok_or_else(|| later("an answer that is no JSON".into()));
        }
        let error = value.as_ref().and_then(|v| v.get("error"));
        let word = |name| error.and_then(|e| e.get(name)).and_then(Value::as_str);
        let said =
            word("message").unwrap_or(answer.status.canonical_reason().unwrap_or("an error")).to_owned();
        let header = |name: &str| answer.headers.get(name).and_then(|v| v.to_str().ok());
        let busy = answer.status.is_server_error()
            || matches!(answer.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT)
            || header("stripe-should-retry") == Some("true");
        if busy {
            let seconds = header(RETRY_AFTER.as_str()).and_then(|t| t.parse::<Millis>().ok());
            let after = seconds.filter(|s| (0..=3_600).contains(s)).map(|s| s * SECOND);
            return Err(StripeError::Later { said, after });
        }
        let code = word("code").or(word("type")).unwrap_or("refused").to_owned();
        Err(StripeError::Refused { status: answer.status.as_u16(), code, said })
    }
}
