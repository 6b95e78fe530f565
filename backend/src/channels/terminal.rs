//! Development's mailbox: what would be sent is written to the log, its links included. For the service's own mails on a
//! developer's machine, never anywhere else.

use super::{Channel, Outcome, Outgoing, Route};
use std::time::Duration;

/// Writes mails to the log.
pub struct Terminal;

#[async_trait::async_trait]
impl Channel for Terminal {
    fn idempotent(&self) -> bool {
        true
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn send(&self, _: &Route, message: &Outgoing, _: &str) -> Outcome {
        tracing::info!(
            to = message.to,
            subject = message.subject,
            "no mail server is set; a mail would say:\n{}",
            message.text
        );
        Outcome::Accepted { provider_id: None, reply: "written to the log".into() }
    }
}
