//! Who somebody is, and what they may do: sign-in, sessions, keys, and the proofs that open a store.
//!
//! A session is a row: sign-out ends it, and every access token that names it, on the next request. The access
//! token is short-lived and stateless only in its signature; the refresh token is random, kept hashed, rotates
//! with each use, and its second use ends the session.

mod alive;
pub mod device;
mod ends;
pub mod grant;
mod hashing;
pub mod http;
pub mod jwt;
pub mod mailbox;
mod note;
pub mod oidc;
mod other_ways;
pub mod passkey;
pub mod providers;
pub mod second_factor;
pub mod session;
pub mod throttle;

pub use grant::{Viewer, Who};
pub use session::Sessions;

#[cfg(test)]
mod tests;

#[cfg(test)]
mod forged_tests;

#[cfg(test)]
mod guessing_tests;

#[cfg(test)]
mod mailbox_tests;

#[cfg(test)]
mod rotation_tests;

#[cfg(test)]
mod second_factor_tests;

#[cfg(test)]
mod passkey_tests;

#[cfg(test)]
mod oidc_tests;
