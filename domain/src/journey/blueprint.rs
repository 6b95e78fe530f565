//! Journeys to begin from: sound as they are, and made to be changed.

use super::definition::Definition;

/// What a new journey begins as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blueprint {
    /// Three mails after a cart, a checkout or a quote was left: what every store is given.
    Recovery,
    /// A checkout that was left: soon, and once more on a morning.
    Checkout,
    /// A quote without an answer: three mails at working hours.
    Quote,
    /// A beginning and an end.
    Empty,
}

impl Blueprint {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Recovery, Self::Checkout, Self::Quote, Self::Empty];

    /// As in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recovery => "recovery",
            Self::Checkout => "checkout",
            Self::Quote => "quote",
            Self::Empty => "empty",
        }
    }

    const fn json(self) -> &'static str {
        match self {
            Self::Recovery => super::default::DEFAULT_JSON,
            Self::Checkout => include_str!("blueprints/checkout.json"),
            Self::Quote => include_str!("blueprints/quote.json"),
            Self::Empty => include_str!("blueprints/empty.json"),
        }
    }

    /// The journey under a name, with the store's own size of the holdout (percent of people, brought to the nearest bound).
    pub fn definition(self, name: &str, holdout_percent: i64) -> Definition {
        let mut def =
            Definition::from_json(self.json()).expect("the files beside this one are read by a test");
        name.trim().clone_into(&mut def.name);
        def.hold_out(holdout_percent);
        def
    }
}
