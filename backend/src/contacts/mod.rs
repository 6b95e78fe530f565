//! Shoppers, anonymous and known, and the companies they act for.
//!
//! [`Book`] is the part of a store's contacts that one transaction touches: read in as few statements as there are
//! kinds of rows, changed in memory by `domain::identity`, written back in bulk.

mod book;
mod merge;
mod store;

pub use book::{Book, Placed};
pub use merge::merge;
