//! Outgoing webhooks: programs of merchants are told what has happened, by the published form of Standard Webhooks
//! (standardwebhooks.com), on Svix's schedule of retries. See docs/webhooks.md and decision 0024.
//!
//! What is to be told is a row of `hook_delivery`, written in the transaction of what it tells of ([`event::tell`]); a store nobody
//! listens in writes nothing and asks nothing. [`Courier::tick`] takes due rows in hand, writes an attempt, commits, and only
//! then calls ([`call`]), under a filter of addresses that judges the very one it connects to ([`address`]). The id of a row is a hash of
//! endpoint and event: it goes along as `webhook-id` on every attempt, so that a receiver can tell a repeat.

pub mod address;
pub mod ask;
pub mod call;
mod courier;
pub mod endpoint;
pub mod event;
mod health;
pub mod replay;
mod results;
pub mod retry;
pub mod secret;

#[cfg(test)]
pub(crate) mod tests;

pub use call::Caller;
pub use courier::{Courier, Delivered};
pub use event::{Happening, tell};

/// `hook_delivery.status`: waits for `next_at`.
pub const WAITING: i32 = 0;
/// … a worker has it.
pub const IN_HAND: i32 = 1;
/// … an answer of 200 to 299 came.
pub const DELIVERED: i32 = 2;
/// … given up, or nobody to tell any more.
pub const FAILED: i32 = 3;

/// `hook_delivery.reason` and `hook_endpoint.off_why`: the endpoint answered 410.
pub const GONE: &str = "gone";
/// `hook_delivery.reason`: all attempts of the schedule have failed.
pub const GAVE_UP: &str = "gave_up";
/// `hook_delivery.reason`: the endpoint was switched off before it was told.
pub const OFF: &str = "off";
/// `hook_endpoint.off_why`: for days nothing but failures.
pub const FAILING: &str = "failing";
/// `hook_endpoint.off_why`: a member switched it off.
pub const PERSON: &str = "person";
