//! Notifications of browsers by web push (RFC 8030), each store by its own pair of keys.
//!
//! A push service takes no key that would make one notification of two calls, so a call whose answer is lost is never repeated. The
//! address is one that a browser has told us and anybody can tell: it is called under the filter of outgoing webhooks, which judges
//! the number it connects to. What services answer is read as RFC 8030 and RFC 8292 say:
//!
//! | answer | means |
//! | --- | --- |
//! | 2xx (201) | taken |
//! | 404, 410, an address that may not be called | the subscription is over: the device is forgotten |
//! | 413, 400, other 4xx, a redirect | refused for good: our fault |
//! | 401, 403 | our keys or our clock: tried again slowly |
//! | 429, 503 | not now: tried again, not before `Retry-After` |
//! | no connection | tried again |
//! | other 5xx, a connection that broke or was silent | nobody knows: never repeated |

pub mod seal;
pub mod vapid;

#[cfg(test)]
mod tests;

pub use vapid::KeyPair;

use super::{Channel, Fault, Outcome, Outgoing, Route};
use crate::{
    clock::Env,
    webhooks::{
        Caller,
        call::{Asked, Exchange, Said},
    },
};
use cartwheel_domain::{
    consent::SuppressionReason,
    push::Subscription,
    time::{HOUR, Millis},
};
use hyper::{
    body::Bytes,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, USER_AGENT},
};
use moka::sync::Cache;
use std::{sync::Arc, time::Duration};

/// A reminder that no device has fetched within a day is stale.
const TTL: &str = "86400";
/// A token is made anew when it holds no longer than this.
const SPARE: Millis = HOUR;
/// Longest name of a notification at its service that is kept: whoever answers there writes what they like.
const LONGEST_ID: usize = 2_000;
/// Tokens kept, one for each store and push service.
const TOKENS: u64 = 10_000;

/// By whose keys a notification goes, and to which browser.
#[derive(Debug, Clone)]
pub struct Way {
    /// The store's keys.
    pub keys: Arc<KeyPair>,
    /// Whom a push service turns to when something is wrong: `mailto:` or `https:`.
    pub subject: String,
    /// The browser; `None` for the way of the store as a whole.
    pub to: Option<Subscription>,
    /// What replaces what at the push service.
    pub topic: Option<String>,
}

/// Notifications by the keys of each store.
pub struct WebPush {
    caller: Caller,
    env: Env,
    tokens: Cache<(String, String), (Arc<str>, Millis)>,
}

impl WebPush {
    /// Over this network.
    pub fn new(caller: Caller, env: Env) -> Self {
        Self { caller, env, tokens: Cache::new(TOKENS) }
    }

    /// `vapid t=…, k=…` for a push service. The same for half a day: services keep what they have verified.
    fn authorization(&self, way: &Way, endpoint: &str) -> String {
        let (origin, now) = (Subscription::origin(endpoint), self.env.now());
        let public = way.keys.public();
        let place = (format!("{public} {}", way.subject), origin.to_owned());
        let known =
            self.tokens.get(&place).filter(|(_, until)| (SPARE..=vapid::HOLDS).contains(&(until - now)));
        let token = match known {
            Some((token, _)) => token,
            None => {
                let until = now + vapid::HOLDS;
                let token: Arc<str> = way.keys.token(origin, &way.subject, until).into();
                self.tokens.insert(place, (Arc::clone(&token), until));
                token
            }
        };
        format!("vapid t={token}, k={public}")
    }
}

#[async_trait::async_trait]
impl Channel for WebPush {
    fn idempotent(&self) -> bool {
        false
    }

    fn patience(&self) -> Duration {
        self.caller.patience()
    }

    async fn send(&self, route: &Route, message: &Outgoing, _key: &str) -> Outcome {
        let Some((way, to)) = route.push.as_ref().and_then(|way| Some((way, way.to.as_ref()?))) else {
            return refused(true, false, Fault::Own, "no browser to notify".into());
        };
        let secret = vapid::fresh_secret(&self.env);
        let sealed = seal::seal((&to.p256dh, &to.auth), &secret, self.env.random(), message.text.as_bytes());
        let body = match sealed {
            Ok(body) => body,
            // Nobody will ever read anything there.
            Err(error @ seal::SealError::Key) => {
                return refused(true, true, Fault::Recipient, error.to_string());
            }
            Err(error) => return refused(true, false, Fault::Own, error.to_string()),
        };
        let mut headers = vec![
            (AUTHORIZATION, self.authorization(way, &to.endpoint)),
            (CONTENT_TYPE, "application/octet-stream".to_owned()),
            (CONTENT_ENCODING, "aes128gcm".to_owned()),
            (USER_AGENT, concat!("cartwheel/", env!("CARGO_PKG_VERSION")).to_owned()),
            (HeaderName::from_static("ttl"), TTL.to_owned()),
            // RFC 8030, section 5.3: not worth waking a device for that saves its battery, and no advertising of yesterday either.
            (HeaderName::from_static("urgency"), "normal".to_owned()),
        ];
        headers.extend(way.topic.clone().map(|topic| (HeaderName::from_static("topic"), topic)));
        let answer = self.caller.speak(&to.endpoint, Asked { headers, body: Bytes::from(body) }).await;
        said(answer, self.env.now())
    }
}

fn refused(permanent: bool, gone: bool, fault: Fault, reply: String) -> Outcome {
    let suppress = gone.then_some(SuppressionReason::HardBounce);
    Outcome::Refused { permanent, suppress, fault, reply, retry_after: None }
}

/// What an answer means.
fn said(answer: Exchange, now: Millis) -> Outcome {
    let asked = answer.said.asked(now).filter(|wait| (0..=6 * HOUR).contains(wait));
    let (status, reply) = match answer.said {
        Said::Answer { status, text, .. } => (status, format!("{status} {}", text.trim()).trim().to_owned()),
        // Nobody gave such an address in good faith.
        Said::None("address_refused", why) => return refused(true, true, Fault::Recipient, why),
        Said::None(_, reply) if answer.sent => return Outcome::Uncertain { reply },
        Said::None(_, reply) => {
            return Outcome::NotSent { fault: Fault::Provider, reply, retry_after: None };
        }
    };
    match status {
        200..=299 => {
            Outcome::Accepted { provider_id: answer.location.filter(|at| at.len() <= LONGEST_ID), reply }
        }
        404 | 410 => refused(true, true, Fault::Recipient, reply),
        401 | 403 => refused(false, false, Fault::Own, reply),
        429 | 503 => Outcome::Refused {
            permanent: false,
            suppress: None,
            fault: Fault::Provider,
            reply,
            retry_after: asked,
        },
        500..=599 => Outcome::Uncertain { reply },
        _ => refused(true, false, Fault::Own, reply),
    }
}
