//! Permission, kept: the append-only ledger, standing noes, and the page and the one click by which people say no.
//!
//! What the entries add up to and whether a message may go is decided in `cartwheel_domain::consent`; here they are
//! written, read in batches, and proven unchanged.

pub mod circle;
pub mod http;
pub mod ledger;
pub mod links;
mod page;
pub mod suppression;
pub mod unsubscribe;

pub(crate) use page::escape;

#[cfg(test)]
mod tests;
