//! E-mail over SMTP.
//!
//! lettre builds the message ([`message`]), we sign its finished bytes ([`dkim`]) and hand it over on pooled
//! connections of our own ([`connection`]): that is what tells the phase in which a hand-over failed
//! (docs/decisions/0005-own-smtp-sender.md).

pub mod connection;
pub mod dkim;
pub mod mark;
pub mod message;
pub mod pool;
pub mod reply;
pub mod server;
mod tls;
pub mod url;

#[cfg(test)]
mod dialogue;

use super::{Channel, Fault, Outcome, Outgoing, Route};
use moka::sync::Cache;
use std::{sync::Arc, time::Duration};

/// Connections of a store's own server are kept so long after their last use.
const KEPT: Duration = Duration::from_secs(300);
/// Servers of stores whose connections are kept at once.
const SERVERS: u64 = 1_000;

/// Mail: by the server its route names, else by the operator's.
pub struct Email {
    usual: Option<pool::Pool>,
    own: Cache<String, Arc<pool::Pool>>,
}

impl Email {
    /// By this server, where a route names no other; opens nothing yet.
    pub fn new(url: url::SmtpUrl) -> Self {
        Self { usual: Some(pool::Pool::new(url)), ..Self::by_routes() }
    }

    /// By the servers that routes name alone.
    pub fn by_routes() -> Self {
        let own = Cache::builder().max_capacity(SERVERS).time_to_idle(KEPT).build();
        Self { usual: None, own }
    }

    async fn deliver(&self, route: &Route, message: &Outgoing, bytes: &[u8]) -> Outcome {
        let path = route.mark.as_ref().and_then(mark::Mark::return_path);
        let from = path.as_deref().unwrap_or(&message.from);
        let Some(server) = &route.server else {
            let none = "no mail server is set up".to_owned();
            return match &self.usual {
                Some(pool) => pool.deliver(from, &message.to, bytes).await,
                None => Outcome::NotSent { fault: Fault::Own, reply: none, retry_after: None },
            };
        };
        let pool =
            self.own.get_with_by_ref(server.key.as_str(), || Arc::new(pool::Pool::new(server.url.clone())));
        match pool.deliver(from, &message.to, bytes).await {
            // A password that does not fit any more is the server's trouble to whoever has others.
            Outcome::NotSent { reply, retry_after, .. } => {
                Outcome::NotSent { fault: Fault::Provider, reply, retry_after }
            }
            other => other,
        }
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
        let bytes = match message::build_with(message, key, route.mark.as_ref()) {
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
        self.deliver(route, message, &bytes).await
    }
}
