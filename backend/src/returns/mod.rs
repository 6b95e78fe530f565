//! What comes back of e-mail: mail that could not be delivered (RFC 3464), reports of spam (RFC 5965), and what providers tell by their
//! hooks. Each report counts only with a signed reference of ours ([`crate::mail::reference`]): in the return path it was sent to, in the mail
//! a complaint brings back, or in what a provider gives back with its report. Reports are repeated and out of order, so a message only
//! moves forward; what a report is about is the message's own recipient, whoever it names.

pub mod http;
mod keep;
mod postmark;
mod raw;
mod sendgrid;
mod ses;
pub mod sns;

#[cfg(test)]
mod tests;

pub use keep::{keep, take_in};

use crate::{
    accounts::{MasterKey, Stores},
    clock::Env,
    config::Config,
    db::Db,
};
use cartwheel_domain::mail::Bounce;
use std::sync::Arc;

/// What the doors work with.
#[derive(Clone)]
pub struct Desk {
    /// Rows.
    pub db: Db,
    /// Clock and ids.
    pub env: Env,
    /// Opens references and hashes addresses.
    pub key: MasterKey,
    /// Stores by id.
    pub stores: Stores,
    /// Whether somebody pays by what is sent.
    pub metered: bool,
    /// Where certificates of Amazon SNS come from.
    pub sns: Arc<sns::Topics>,
}

impl Desk {
    /// Over these parts; certificates come from Amazon.
    pub fn new(config: &Config, db: Db, env: Env, key: MasterKey, stores: Stores) -> Self {
        let sns = Arc::new(sns::Topics::new(Arc::new(sns::Internet)));
        Self { db, env, key, stores, metered: config.stripe_key.is_some(), sns }
    }
}

/// What is said of one recipient (RFC 3464 section 2.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipient {
    /// Addresses it goes by, in lower case.
    pub names: Vec<String>,
    /// `failed`, `delayed`, `delivered`, `relayed` or `expanded`.
    pub action: String,
    /// Enhanced status.
    pub status: String,
    /// What the server said.
    pub said: String,
}

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It has arrived.
    Delivered,
    /// It came back; what is said of its recipients.
    Returned(Vec<Recipient>),
    /// It came back, and the provider says how.
    Bounced(Bounce, String),
    /// It was reported as spam.
    Complained,
}

/// One report: about which message of ours, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The signed reference.
    pub reference: String,
    /// What.
    pub what: What,
}
