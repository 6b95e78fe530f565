//! E-mail of a store: the servers it sends by, in order; whether each can be signed in at; what its mails are known by when they come
//! back; how fast they go, and when they have to stop. See docs/e-mail.md and decision 0028.

pub mod check;
pub mod desk;
pub mod guard;
pub mod pace;
pub mod provider;
pub mod reference;
pub mod ways;

#[cfg(test)]
mod tests;

pub use ways::{Provider, Providers};
