//! Organisations, stores, members and their keys.
//!
//! A store is the tenant of customer data; an organisation owns stores. Keys are shown once and kept as hashes;
//! credentials that must be read again are sealed ([`secrets`], [`keys`]).

pub mod audit;
pub mod keys;
pub mod mailbox;
pub mod password;
pub mod secrets;
pub mod service;
pub mod store_cache;
pub mod team;

pub use keys::{KeyError, MasterKey};
pub use secrets::SecretKind;
pub use service::{AccountError, NewStore, StoreKeys};
pub use store_cache::{StoreInfo, Stores};
