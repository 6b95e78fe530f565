//! What outgoing webhooks tell of: the kinds an endpoint of a store can choose from.
//!
//! Words and bits are part of what merchants' programs rely on: they are added to, never changed (`docs/webhooks.md`).

use serde::{Deserialize, Serialize};
use std::fmt;

/// The version of the payloads; it stands in each of them.
pub const VERSION: u32 = 1;

/// Something that has happened in a store and can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HookKind {
    /// A cart, checkout or quote was judged left.
    #[serde(rename = "cart.abandoned")]
    CartAbandoned,
    /// It was bought after a message of ours.
    #[serde(rename = "cart.recovered")]
    CartRecovered,
    /// It was bought without one.
    #[serde(rename = "cart.converted")]
    CartConverted,
    /// An order came, whatever cart it is of.
    #[serde(rename = "order.placed")]
    OrderPlaced,
    /// A run of a journey began.
    #[serde(rename = "journey.run_started")]
    RunStarted,
    /// A run of a journey is over.
    #[serde(rename = "journey.run_ended")]
    RunEnded,
    /// A run came to a node that tells so.
    #[serde(rename = "journey.webhook")]
    Journey,
    /// The provider took a message.
    #[serde(rename = "message.sent")]
    MessageSent,
    /// A message was not allowed, or not wanted.
    #[serde(rename = "message.suppressed")]
    MessageSuppressed,
    /// A message was refused for good, or given up.
    #[serde(rename = "message.failed")]
    MessageFailed,
    /// A person said no.
    #[serde(rename = "contact.unsubscribed")]
    Unsubscribed,
    /// A member wanted to see whether the endpoint listens. Told to that one, whatever it has chosen.
    #[serde(rename = "webhook.test")]
    Test,
}

impl HookKind {
    /// All that can be chosen.
    pub const ALL: [Self; 11] = [
        Self::CartAbandoned,
        Self::CartRecovered,
        Self::CartConverted,
        Self::OrderPlaced,
        Self::RunStarted,
        Self::RunEnded,
        Self::Journey,
        Self::MessageSent,
        Self::MessageSuppressed,
        Self::MessageFailed,
        Self::Unsubscribed,
    ];

    /// As in a payload's `type`, and as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CartAbandoned => "cart.abandoned",
            Self::CartRecovered => "cart.recovered",
            Self::CartConverted => "cart.converted",
            Self::OrderPlaced => "order.placed",
            Self::RunStarted => "journey.run_started",
            Self::RunEnded => "journey.run_ended",
            Self::Journey => "journey.webhook",
            Self::MessageSent => "message.sent",
            Self::MessageSuppressed => "message.suppressed",
            Self::MessageFailed => "message.failed",
            Self::Unsubscribed => "contact.unsubscribed",
            Self::Test => "webhook.test",
        }
    }

    /// The kind of a word that can be chosen.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    const fn bit(self) -> i32 {
        match self {
            Self::CartAbandoned => 1,
            Self::CartRecovered => 1 << 1,
            Self::CartConverted => 1 << 2,
            Self::OrderPlaced => 1 << 3,
            Self::RunStarted => 1 << 4,
            Self::RunEnded => 1 << 5,
            Self::Journey => 1 << 6,
            Self::MessageSent => 1 << 7,
            Self::MessageSuppressed => 1 << 8,
            Self::MessageFailed => 1 << 9,
            Self::Unsubscribed => 1 << 10,
            Self::Test => 0,
        }
    }
}

impl fmt::Display for HookKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Some of the kinds, as one number: how the database keeps them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HookKinds(i32);

impl HookKinds {
    /// As stored. Bits that no kind of this version has are left out.
    pub fn of_bits(bits: i32) -> Self {
        Self(bits & HookKind::ALL.iter().fold(0, |all, kind| all | kind.bit()))
    }

    /// As stored.
    pub const fn bits(self) -> i32 {
        self.0
    }

    /// Whether this kind is among them.
    pub const fn has(self, kind: HookKind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those of either.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// One by one.
    pub fn iter(self) -> impl Iterator<Item = HookKind> {
        HookKind::ALL.into_iter().filter(move |kind| self.has(*kind))
    }
}

impl FromIterator<HookKind> for HookKinds {
    fn from_iter<I: IntoIterator<Item = HookKind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::default(), |all, kind| Self(all.0 | kind.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_bits_go_there_and_back_and_no_two_are_one() {
        let mut seen = 0;
        for kind in HookKind::ALL {
            assert_eq!(HookKind::from_name(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).expect("JSON"), kind.as_str());
            assert_eq!(seen & kind.bit(), 0, "{kind} has a bit of its own");
            seen |= kind.bit();
            let only: HookKinds = [kind].into_iter().collect();
            assert_eq!(HookKinds::of_bits(only.bits()).iter().collect::<Vec<_>>(), [kind]);
        }
        assert_eq!(HookKind::from_name("webhook.test"), None, "nobody chooses to be tested");
        assert!(HookKinds::of_bits(i32::MIN).is_empty(), "what a later version knows is left out");
        assert!([HookKind::Test].into_iter().collect::<HookKinds>().is_empty());
    }
}
