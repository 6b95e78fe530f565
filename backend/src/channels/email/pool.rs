//! Open connections to one mail server, used again.

use super::{connection::Connection, url::SmtpUrl};
use crate::{channels::Outcome, clock};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::Semaphore, time::Instant};

/// A connection that rested longer is closed: most servers hang up after a few minutes, some after 30 seconds.
const REST: Duration = Duration::from_secs(20);

/// A bounded pool for one server.
pub struct Pool {
    url: SmtpUrl,
    places: Semaphore,
    resting: Mutex<Vec<(Connection, Instant)>>,
}

impl Pool {
    /// For this server; opens nothing yet.
    pub fn new(url: SmtpUrl) -> Self {
        Self { places: Semaphore::new(url.connections), url, resting: Mutex::default() }
    }

    /// Hands one finished message over, on a resting connection if there is one.
    ///
    /// A resting connection may have died unnoticed; as long as the final dot was not written it is safe to begin
    /// again on a fresh one, once.
    pub async fn deliver(&self, from: &str, to: &str, message: &[u8]) -> Outcome {
        let Ok(_place) = self.places.acquire().await else {
            return Outcome::NotSent {
                fault: crate::channels::Fault::Own,
                reply: "the sender is shutting down".into(),
                retry_after: None,
            };
        };
        if let Some(connection) = self.take() {
            let outcome = self.use_once(connection, from, to, message).await;
            if !matches!(outcome, Outcome::NotSent { .. }) {
                return outcome;
            }
        }
        match Connection::open(&self.url).await {
            Ok(connection) => self.use_once(connection, from, to, message).await,
            Err(error) => Outcome::NotSent { fault: error.fault, reply: error.text, retry_after: None },
        }
    }

    async fn use_once(&self, mut connection: Connection, from: &str, to: &str, message: &[u8]) -> Outcome {
        let outcome = connection.deliver(from, to, message).await;
        if connection.usable && connection.carried < self.url.messages {
            self.resting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((connection, clock::idle_since()));
        } else if connection.usable {
            connection.quit().await;
        }
        outcome
    }

    fn take(&self) -> Option<Connection> {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.retain(|(_, since)| since.elapsed() < REST);
        resting.pop().map(|(connection, _)| connection)
    }

    /// How many connections rest.
    pub fn resting(&self) -> usize {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
