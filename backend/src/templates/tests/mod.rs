//! The recovery set compiled and filled, compiling in general, and a store's templates on both databases.

mod compiling;
mod lawful;
mod mails;
mod rollout;
mod stored;

use super::example::example as sample;
