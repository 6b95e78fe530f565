//! What the business decides: pure functions and the facts they read.
//!
//! No clock, no random source, no database, no network: what changes from call to call is an argument.
//! The console runs this very crate as WebAssembly, so a journey or a template is judged in the browser
//! by the code that runs it. Modules stand in the order of allowed use.

pub mod ids;
pub mod time;
pub mod money;
pub mod locale;
pub mod contact_point;
pub mod sms;
pub mod mail;
pub mod settings;
pub mod push;
pub mod event;
pub mod cart;
pub mod order;
pub mod identity;
pub mod schedule;
pub mod consent;
pub mod bots;
pub mod recovery;
pub mod hook;
pub mod template;
pub mod journey;
pub mod last_look;
pub mod dry_run;
