//! E-mail over SMTP.
//!
//! lettre builds the message ([`message`]), we sign its finished bytes ([`dkim`]) and hand it over on pooled
//! connections of our own ([`connection`]): that is what tells the phase in which a hand-over failed
//! (docs/decisions/0005-own-smtp-sender.md).

pub mod connection;
pub mod dkim;
pub mod message;
pub mod pool;
pub mod reply;
mod tls;
pub mod url;

#[cfg(test)]
mod dialogue;

use super::{Channel, Fault, Outcome, Outgoing, Route};
use std::time::Duration;

/// Mail by one server.
pub struct Email {
    pool: pool::Pool,
}

impl Email {
    /// By this server; opens nothing yet.
    pub fn new(url: url::SmtpUrl) -> Self {
        Self { pool: pool::Pool::new(url) }
    }
}

#[async_trait::async_trait]
impl Channel for Email {
    fn idempotent(&self) -> bool {
        // SMTP knows no keys: a server that accepted and lost the line would accept again.
        false
    }

    fn patience(&self) -> Duration {
        connection::PATIENCE
    }

    async fn send(&self, route: &Route, message: &Outgoing, key: &str) -> Outcome {
        let refuse = |reply: String| Outcome::Refused {
            permanent: true,
            suppress: None,
            fault: Fault::Own,
            reply,
            retry_after: None,
        };
        let bytes = match message::build(message, key) {
            Ok(bytes) => bytes,
            Err(error) => return refuse(error.to_string()),
        };
        let bytes = match &route.signer {
            None => bytes,
            Some(signer) => match signer.sign(&bytes, message.date) {
                Ok(signed) => signed,
                Err(error) => return refuse(error.to_string()),
            },
        };
        self.pool.deliver(&message.from, &message.to, &bytes).await
    }
}
