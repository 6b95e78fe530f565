//! Recovery: links that bring a cart back, and what came of the links in a mail.
//!
//! [`restore`] makes and finds restore links; [`http`] answers them, clicks and pixels; [`receipts`] writes down who was
//! there, people and machines apart. Attribution itself happens in the order's own transaction.

mod destinations;
pub mod http;
mod page;
pub mod receipts;
pub mod restore;

pub use destinations::Destinations;

#[cfg(test)]
mod tests;
