//! The service under test: its program, its database, and what the harness starts beside it.

pub mod console;
pub mod helper;
pub mod keys;
pub mod place;
pub mod server;
pub mod sql;
