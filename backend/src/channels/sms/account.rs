//! By which account a store sends text messages.

use crate::config::Secret;
use base64::{Engine, engine::general_purpose::STANDARD};
use cartwheel_domain::sms::Sender;

/// A store's account at Twilio.
#[derive(Debug, Clone)]
pub struct Account {
    /// `AC` and 32 hex digits.
    pub id: String,
    /// Its auth token: lets in, and signs what Twilio sends us.
    pub token: Secret,
    /// As whom.
    pub sender: Sender,
    /// Where Twilio tells what became of this message.
    pub callback: String,
}

impl Account {
    /// The header that lets in.
    pub(super) fn basic(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.id, self.token.expose())))
    }

    /// The field of Twilio's form that says as whom.
    pub(super) const fn from(&self) -> &'static str {
        if matches!(self.sender, Sender::Service(_)) { "MessagingServiceSid" } else { "From" }
    }
}
