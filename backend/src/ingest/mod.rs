//! Events in: authenticate, read, de-duplicate, project, acknowledge.
//!
//! A call or a webhook becomes canonical events ([`segment`], [`shopify`], [`woo`], [`big`]); the [`Inbox`] commits what has arrived
//! together in one transaction and only then answers; [`project`] keeps contacts, carts and orders in step in that
//! very transaction, ends runs and cancels messages when an order arrives, and wakes the runs that waited.

mod aliases;
pub mod big;
pub mod catch_up;
mod commerce;
mod facts;
pub mod http;
mod inbox;
mod items;
pub mod limit;
mod person;
pub mod project;
mod push;
pub mod raw;
mod read;
pub mod segment;
pub mod shopify;
pub mod webhook;
mod when;
pub mod woo;

pub use http::Edge;
pub use inbox::{Changed, Inbox, InboxError, InboxLimits};
pub use limit::{Limiter, Rate};
pub use project::{Arrived, Outcome};
pub use read::Problem;
