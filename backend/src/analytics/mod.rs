//! Figures: daily roll-ups, and the three definitions of recovered revenue read from them.

pub mod metrics;

pub use metrics::{Deltas, Metric};
