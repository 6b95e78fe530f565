//! What comes back of text messages: what became of one, and what people answer.
//!
//! Both come as signed calls of Twilio's. Reports are repeated and out of order, so a message only moves forward; a report of a message whose
//! hand-over was never answered settles it. An answer is a no, a yes again, a call for help, or something for a person to read: then the
//! journeys of whoever wrote it fall silent, since from there on people talk.

mod answer;
pub mod http;
mod report;

#[cfg(test)]
mod tests;

use crate::{accounts::MasterKey, accounts::Stores, clock::Env, db::Db};

/// What the doors work with.
#[derive(Clone)]
pub struct Desk {
    /// Rows.
    pub db: Db,
    /// Clock and ids.
    pub env: Env,
    /// Opens credentials and hashes numbers.
    pub key: MasterKey,
    /// Stores by id.
    pub stores: Stores,
    /// How the outside reaches us: Twilio signs the address it calls.
    pub public_url: String,
    /// Whether somebody pays by what is sent.
    pub metered: bool,
}
