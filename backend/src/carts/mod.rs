//! Carts, checkouts and quotes: their rows, the tokens they answer to, and the timers that judge them left.
//!
//! [`Book`] is the part of a store's carts that one transaction touches. What their events add up to is decided by
//! `domain::cart`; which basket an event belongs to by `ingest::project`; [`abandon`] works off the due timers.

pub mod abandon;
mod book;
mod ends;
mod keys;
mod rows;
mod store;

pub use abandon::{Abandoner, Swept};
pub use book::Book;
pub use ends::end_runs;
pub use keys::{Key, KeyKind};
pub use rows::{content, created, marks, status, write};
