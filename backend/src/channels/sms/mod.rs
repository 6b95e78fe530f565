//! Text messages by Twilio, each store by its own account.
//!
//! Twilio's API takes no key that would make one message of two calls (Programmable Messaging, "Create a Message"), so a call whose
//! answer is lost is never repeated: its status callback settles it, or a person. What it answers is told apart by its error codes
//! (<https://www.twilio.com/docs/api/errors>).

mod account;
pub mod signature;

#[cfg(test)]
mod tests;

pub use account::Account;

use super::{Channel, Fault, Outcome, Outgoing, Route};
use crate::https::{self, Answer, Endpoint};
use cartwheel_domain::{
    consent::SuppressionReason,
    time::{Millis, SECOND},
};
use http_body_util::Full;
use hyper::{
    Request, StatusCode,
    body::Bytes,
    header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT},
};
use serde::Deserialize;
use std::time::Duration;

/// Text messages by the account of each store.
pub struct Twilio {
    endpoint: Endpoint,
}

/// What Twilio says of a message it took.
#[derive(Deserialize)]
struct Taken {
    sid: String,
    #[serde(default)]
    status: String,
}

/// What it says of one it did not take.
#[derive(Default, Deserialize)]
struct Said {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

impl Twilio {
    /// At this address.
    ///
    /// # Errors
    /// What is wrong with the address.
    pub fn new(url: &str) -> Result<Self, String> {
        Ok(Self { endpoint: Endpoint::parse(url)? })
    }

    fn request(account: &Account, message: &Outgoing) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("To", &message.to)
            .append_pair(account.from(), account.sender.as_str())
            .append_pair("Body", &message.text)
            .append_pair("StatusCallback", &account.callback)
            .finish();
        Request::post(format!("/2010-04-01/Accounts/{}/Messages.json", account.id))
            .header(AUTHORIZATION, account.basic())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(USER_AGENT, concat!("cartwheel/", env!("CARGO_PKG_VERSION")))
            .body(Full::new(Bytes::from(body)))
    }
}

#[async_trait::async_trait]
impl Channel for Twilio {
    fn idempotent(&self) -> bool {
        false
    }

    fn patience(&self) -> Duration {
        https::PATIENCE
    }

    async fn send(&self, route: &Route, message: &Outgoing, _key: &str) -> Outcome {
        let own = |reply: String| refused(true, None, Fault::Own, reply);
        let Some(account) = &route.texts else {
            return own("the store has no account for text messages".into());
        };
        let request = match Self::request(account, message) {
            Ok(request) => request,
            Err(error) => return own(error.to_string()),
        };
        match self.endpoint.call(request).await {
            Ok(answer) => said(&answer),
            Err(error) if error.sent => Outcome::Uncertain { reply: error.said },
            Err(error) => Outcome::NotSent { fault: Fault::Provider, reply: error.said, retry_after: None },
        }
    }
}

fn refused(permanent: bool, suppress: Option<SuppressionReason>, fault: Fault, reply: String) -> Outcome {
    Outcome::Refused { permanent, suppress, fault, reply, retry_after: None }
}

/// What an answer means.
fn said(answer: &Answer) -> Outcome {
    let status = answer.status;
    if status.is_success() {
        return match serde_json::from_slice::<Taken>(&answer.body) {
            Ok(taken) => Outcome::Accepted {
                reply: format!("{} {}", status.as_u16(), taken.status),
                provider_id: Some(taken.sid),
            },
            // It may have been taken: whoever reads this cannot know.
            Err(_) => {
                Outcome::Uncertain { reply: format!("{} and an answer that is no message", status.as_u16()) }
            }
        };
    }
    let said: Said = serde_json::from_slice(&answer.body).unwrap_or_default();
    let reply = format!("{} {} {}", status.as_u16(), said.code, said.message);
    if status == StatusCode::TOO_MANY_REQUESTS || said.code == 20429 {
        let seconds = answer.headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse::<Millis>().ok());
        let retry_after = seconds.filter(|s| (0..=21_600).contains(s)).map(|s| s * SECOND);
        return Outcome::Refused {
            permanent: false,
            suppress: None,
            fault: Fault::Provider,
            reply,
            retry_after,
        };
    }
    if !status.is_client_error() {
        return Outcome::Uncertain { reply };
    }
    match said.code {
        // The recipient answered STOP to this sender.
        21610 => refused(true, Some(SuppressionReason::Unsubscribed), Fault::Recipient, reply),
        // No number; none that takes texts.
        21211 | 21214 | 21217 | 21614 => {
            refused(true, Some(SuppressionReason::HardBounce), Fault::Recipient, reply)
        }
        // A region that the account may not send to, a number no route leads to.
        21408 | 21612 | 30005 | 30006 => refused(true, None, Fault::Recipient, reply),
        // Credentials, a suspended account, a sender that is not the account's: somebody has to mend it.
        _ if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND) => {
            refused(false, None, Fault::Own, reply)
        }
        20003 | 20005 | 21603 | 21606 | 21611 | 21659 | 21660 | 21705 => {
            refused(false, None, Fault::Own, reply)
        }
        _ => refused(true, None, Fault::Own, reply),
    }
}
