//! The one place that knows there are two databases.
//!
//! SQLite is the embedded default: one process, one write connection, a pool of readers, durable at every
//! acknowledgement. PostgreSQL carries several processes; there row-level security stands behind the query
//! layer. Everything else in the backend opens a [`Tx`], enters a store by its [`StoreScope`] and asks
//! through [`Scoped`], which puts the tenant into each statement.

pub mod batch;
pub mod circle;
pub mod claim;
pub mod connect;
pub mod dialect;
mod lists;
pub mod organisation;
pub mod scope;
mod texts;
pub mod together;
mod who;

#[cfg(test)]
mod conformance;

pub use circle::Circle;
pub use connect::{Db, DbError, Tx};
pub use dialect::Dialect;
pub use lists::Among;
pub use organisation::{OrganisationScope, Organised};
pub use scope::{Actor, Role, Scoped, StoreScope, System};
pub use together::Together;
pub use who::{Alive, Seat};
