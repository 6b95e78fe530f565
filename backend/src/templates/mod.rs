//! Templates of a store: a versioned text in each language, compiled when it is saved, parsed once, rendered often.
//!
//! A row never changes: an edit is a new version, and a message that named a version can always be shown again as it
//! was. What cannot be compiled is refused with its field, line and column.

mod check;
pub mod compile;
pub mod difference;
pub mod example;
mod mjml_scan;
pub mod model;
pub mod rollout;
pub mod service;
mod store;

#[cfg(test)]
mod tests;

pub use compile::{Compiled, compile};
pub use model::{Edit, StoredTemplate, TemplatesError, Wanted};
pub use service::{AtOnce, Ready, Templates, complete, install_default_set, prepare, save};
pub use store::{Head, head, newest, versions};
