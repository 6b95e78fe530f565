//! The channel of sandbox stores: nothing leaves the house.
//!
//! What the recipient would see is kept with the message before any channel is called, and the console shows it
//! from there; so all that is left to do here is to accept.

use super::{Channel, Outcome, Outgoing, Route};
use std::time::Duration;

/// Accepts everything, sends nothing.
pub struct Sandbox;

#[async_trait::async_trait]
impl Channel for Sandbox {
    fn idempotent(&self) -> bool {
        true
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn send(&self, _route: &Route, _message: &Outgoing, key: &str) -> Outcome {
        Outcome::Accepted { provider_id: Some(format!("sandbox-{key}")), reply: "kept in the sandbox".into() }
    }
}
