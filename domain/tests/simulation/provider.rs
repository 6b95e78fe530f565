//! The provider: it keeps a ledger, fails in its own ways, and half of them know a key when they see it again.

use crate::rng::Rng;
use std::collections::BTreeSet;

/// What the caller hears.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Accepted,
    /// Not taken; later perhaps.
    Later,
    /// Not taken, never.
    Never,
    /// The line was cut: taken or not, nobody knows.
    Silence,
}

/// One provider.
pub struct Provider {
    /// Whether the same key twice is one message.
    pub idempotent: bool,
    known: BTreeSet<String>,
}

impl Provider {
    pub fn new(idempotent: bool) -> Self {
        Self { idempotent, known: BTreeSet::new() }
    }

    /// A call: what the caller hears, and whether a message of its own went out.
    pub fn call(&mut self, key: &str, rng: &mut Rng) -> (Answer, bool) {
        let (answer, taken) = match rng.below(100) {
            0..88 => (Answer::Accepted, true),
            88..92 => (Answer::Later, false),
            92..94 => (Answer::Never, false),
            94..97 => (Answer::Silence, true),
            _ => (Answer::Silence, false),
        };
        let new = taken && (!self.idempotent || self.known.insert(key.to_owned()));
        (answer, new)
    }
}
