//! Dry runs: the last 30 or 90 days of a store's events through a draft, with nothing sent.
//!
//! What happens to each person is decided in `domain::dry_run`, by the engine's own functions. Here the events are read,
//! person by person in bounded portions ([`read`]), played on a blocking thread ([`Worker`]), and what they add up to is kept for a
//! day. A dry run is a row: every process shows the same progress, ends it at once when somebody cancels it, and takes over what
//! another left when it died. `docs/dry-run.md` tells the way.

mod job;
mod people;
pub mod read;
mod service;
mod worker;

pub use service::{
    Asked, CARTS_PAGE, DryRunError, KEPT, STATUSES, Status, cancel, carts_behind, find, latest, numbers,
    start, sweep,
};
pub use worker::{AT_ONCE, Worker};

#[cfg(test)]
mod tests;
