//! Requests of people and platforms for access and erasure: kept with their due date, and erasure really done.

mod erase;
mod service;

pub use erase::{Why, erase_contacts};
pub use service::{Request, receive, work};
