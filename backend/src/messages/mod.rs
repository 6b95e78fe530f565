//! Messages: the outbox between a journey and a channel.
//!
//! A row is queued with a send key; [`Dispatcher::tick`] takes due rows in hand, looks a last time whether each may
//! still go ([`look`]), renders it, writes the attempt and commits: that commit is the hand-over, in one order with the
//! transactions of purchases and unsubscriptions because all of them write the same row. Only then is the channel
//! called, and what it says is written under the epoch of the claim. See docs/journey-engine.md.

pub mod breaker;
mod browsers;
pub mod cancel;
pub mod dispatch;
mod handover;
mod history;
pub mod hold;
pub mod invariants;
mod look;
pub mod model;
pub mod notice;
pub mod outlook;
mod people;
pub mod preview;
pub mod receipt;
pub mod render;
mod results;
pub mod retry;
pub mod rewrite;
mod routes;
mod traffic;
pub mod usage;

#[cfg(test)]
mod tests;

pub use browsers::owners;
pub use dispatch::{Dispatched, Dispatcher, Manner, Tools};
pub(crate) use history::History;
pub use people::address;
pub(crate) use people::{Look, People};
pub use render::LinkMaker;
