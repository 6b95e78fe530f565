//! Permission: may this message go to this person, now, and what proves it?
//!
//! [`may_send`] is the gate. It is pure and is asked in the transaction that claims a message; its answer is stored
//! with the message. Country rules are data ([`pack`]), never code: one versioned JSON file per jurisdiction.
//! A suppression, an objection and a withdrawal win over every rule and over every override.
//! [`ledger`] adds up a person's consent entries, [`chain`] makes the stored ledger tamper-evident,
//! [`words`] says each rule in four languages.
//!
//! Engineering input from secondary sources, not legal advice: a store's lawyer can override a pack, and the
//! override is stored and named in every basis that rests on it.

pub mod chain;
mod gate;
pub mod ledger;
pub mod pack;
mod types;
pub mod words;

pub use gate::{Difference, differences, may_send, may_send_by};
pub use pack::{Override, PackError, PolicyBook, PolicyPack};
pub use types::{
    Basis, BasisKind, CartFacts, Channel, CircleNo, Conditions, ContentClass, Dealing, DealingKind, Decision,
    EvidenceKind, EvidenceRef, GateInput, Lack, Method, Missing, Purpose, Recipient, Refusal, StoreFacts,
    Suppression, SuppressionReason,
};
