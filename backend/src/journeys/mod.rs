//! Journeys: published graphs, and the runs that go through them.
//!
//! A run is a row with a due time; [`crate::engine`] moves those on that are due. See docs/journey-engine.md.
//!
//! - [`service`] publishes and switches; [`rollout`] takes a journey over from another store; [`start`] begins runs for carts that were left; [`wake`] is called by
//!   whatever somebody may wait for; [`timeline`] reads back what was decided and why.

pub mod facts;
pub mod model;
pub mod named;
pub mod rollout;
pub mod service;
pub mod start;
pub mod timeline;
pub mod versions;
pub mod wake;

pub use service::{JourneyError, install_default};
pub use start::{Left, Started, start_runs};
pub use versions::{Version, Versions};
