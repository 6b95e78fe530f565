//! Journeys: published graphs, and the runs that go through them.
//!
//! A run is a row with a due time; what happens when it is due is decided by `domain::journey::step`, a pure
//! function. [`Engine::tick`] claims due runs, loads what is true, asks the step, and commits position, messages,
//! waits and timeline in one transaction that a stale worker cannot write to. See docs/journey-engine.md.
//!
//! - [`service`] publishes and switches; [`rollout`] takes a journey over from another store; [`start`] begins runs for carts that were left; [`wake`] is called by
//!   whatever somebody may wait for; [`timeline`] reads back what was decided and why.

mod effects;
pub mod engine;
pub mod facts;
pub mod model;
pub mod named;
mod reach;
pub mod rollout;
pub mod service;
pub mod start;
pub mod timeline;
pub mod versions;
pub mod wake;

#[cfg(test)]
mod tests;

pub use engine::{Engine, Pass};
pub use service::{JourneyError, install_default};
pub use start::{Left, Started, start_runs};
pub use versions::{Version, Versions};
