//! How measurements are made and told; the rules stand in `bench/README.md`.

pub mod calibrator;
pub mod meter;
pub mod process;
pub mod report;
pub mod stats;
