//! The way to the server: one request function, one session, one socket.
//!
//! Pages describe what they want by a typed operation (`crate::graphql`) and get a [`Query`] with the data, the fault and
//! whether work is under way; what they change is a [`Change`]. Everything generic is thin; the work is done once, on JSON values.

mod change;
mod decode;
pub mod error;
mod post;
mod query;
pub mod session;
mod socket;

pub use change::{Change, Refusal, Refusing};
pub use error::{Fault, FaultKind};
pub use post::{mutate, request};
pub use query::{Query, use_query};
pub use socket::{LinkState, Notice, Subscription, link_state, subscribe};
