//! Orders and refunds.
//!
//! [`Book`] is the part of a store's orders that one transaction touches; `domain::order` decides what the messages
//! about one order add up to.

mod book;
mod store;

pub use book::{Book, figures};
pub use store::bought_since;
