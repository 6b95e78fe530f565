//! The edge people and programs talk to: GraphQL, its limits, and the console's files.

pub mod console;
pub mod graphql;
pub mod http;
pub mod live;
mod pieces;
pub mod rate;
pub mod sheet;

pub use graphql::{ApiSchema, schema, sdl};
pub use live::Live;
