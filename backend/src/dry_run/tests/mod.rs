//! Dry runs on both databases: alike with the real engine, of one store and one process at a time, and gone after a day.

mod differential;
mod history;
mod work;

// The journeys of the domain's own tests.
#[allow(dead_code, reason = "shared with the domain's property tests, which use all of it")]
#[path = "../../../../domain/tests/journey/generate.rs"]
mod generate;
#[allow(dead_code, reason = "shared with the domain's property tests, which use all of it")]
#[path = "../../../../domain/tests/journey/rng.rs"]
mod rng;
