//! Figures: daily roll-ups, and the three definitions of recovered revenue read from them.

pub mod figures;
pub mod metrics;
pub mod signals;

pub use figures::Figures;
pub use metrics::{Deltas, Metric};
