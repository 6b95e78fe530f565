//! Scalars and enumerations of the schema that several operations share.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Any JSON.
pub type Json = serde_json::Value;

/// A moment in epoch milliseconds, sent as RFC 3339.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub i64);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let millis = text.parse().ok().or_else(|| cartwheel_domain::time::parse_rfc3339(&text));
        millis.map(Self).ok_or_else(|| serde::de::Error::custom(format!("no time: {text}")))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&cartwheel_domain::time::to_rfc3339(self.0))
    }
}

macro_rules! enumerations {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)* }

        /// The first; generated inputs need one.
        impl Default for $name {
            fn default() -> Self {
                Self::ALL[0]
            }
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its word in the schema, and in addresses.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The value of a word, in either case.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.word().eq_ignore_ascii_case(word))
            }
        }
    )* };
}

enumerations! {
    /// How an order is ascribed to a message.
    Attribution {
        /// The person clicked in a message.
        Click = "CLICK",
        /// The order came within the window after a message.
        Window = "WINDOW",
    }
    /// A currency that plans are sold in.
    BillingCurrency {
        /// Euro.
        Eur = "EUR",
        /// Swiss franc.
        Chf = "CHF",
        /// Pound sterling.
        Gbp = "GBP",
        /// US dollar.
        Usd = "USD",
    }
    /// How often a plan is paid.
    BillingCycle {
        /// Each month.
        Month = "MONTH",
        /// Each year.
        Year = "YEAR",
    }
    /// What the snippet may record.
    CaptureMode {
        /// Nothing.
        Off = "OFF",
        /// Only after consent.
        AfterConsent = "AFTER_CONSENT",
        /// With notice, on legitimate interest.
        LegitimateInterest = "LEGITIMATE_INTEREST",
    }
    /// What was left.
    CartKind {
        /// A basket.
        Cart = "CART",
        /// A checkout.
        Checkout = "CHECKOUT",
        /// A quote.
        Quote = "QUOTE",
    }
    /// Where a cart is in its life.
    CartStatus {
        /// Being filled.
        Active = "ACTIVE",
        /// At the checkout.
        Checkout = "CHECKOUT",
        /// Left.
        Abandoned = "ABANDONED",
        /// Bought after a message.
        Recovered = "RECOVERED",
        /// Bought without our help.
        Converted = "CONVERTED",
        /// Too old.
        Expired = "EXPIRED",
    }
    /// What a line of a comparison is.
    DiffKind {
        /// It stays.
        Same = "SAME",
        /// It goes.
        Removed = "REMOVED",
        /// It comes.
        Added = "ADDED",
        /// Lines in its place are left out.
        Gap = "GAP",
    }
    /// How a text speaks to people.
    Formality {
        /// As to strangers.
        Formal = "FORMAL",
        /// As to friends.
        Informal = "INFORMAL",
    }
    /// What a new journey begins as.
    JourneyBlueprint {
        /// Three mails after something was left.
        Recovery = "RECOVERY",
        /// A checkout that was left.
        Checkout = "CHECKOUT",
        /// A quote without an answer.
        Quote = "QUOTE",
        /// A beginning and an end.
        Empty = "EMPTY",
    }
    /// Whether a journey takes people in.
    JourneyStatus {
        /// It does.
        On = "ON",
        /// Nobody enters or moves.
        Paused = "PAUSED",
        /// It does not.
        Off = "OFF",
    }
    /// Where a dry run stands.
    DryRunStatus {
        /// Nobody works on it yet.
        Queued = "QUEUED",
        /// Somebody works on it.
        Running = "RUNNING",
        /// Done.
        Done = "DONE",
        /// Cancelled.
        Cancelled = "CANCELLED",
        /// It never came to its end.
        Failed = "FAILED",
    }
    /// What would become of a store's copy of a journey.
    RollOutState {
        /// It would be made.
        New = "NEW",
        /// It stays as it is.
        Same = "SAME",
        /// A next version would be published.
        Update = "UPDATE",
        /// It cannot be taken over.
        Refused = "REFUSED",
    }
    /// What somebody makes of their own accord.
    OrganisationKindName {
        /// It sells.
        Merchant = "MERCHANT",
        /// It works in the stores of others.
        Agency = "AGENCY",
    }
    /// What somebody may do in an organisation, in rising order.
    Role {
        /// Looks up contacts and carts.
        Support = "SUPPORT",
        /// Looks at everything.
        Analyst = "ANALYST",
        /// Changes journeys and texts.
        Editor = "EDITOR",
        /// Changes settings, keys and members.
        Admin = "ADMIN",
        /// Everything, owners included.
        Owner = "OWNER",
    }
    /// A step of the set-up.
    SetupCode {
        /// The snippet was seen on the shop.
        SnippetSeen = "SNIPPET_SEEN",
        /// A first cart arrived.
        FirstCart = "FIRST_CART",
        /// The sender is complete.
        SenderSet = "SENDER_SET",
        /// A journey is on.
        JourneyOn = "JOURNEY_ON",
        /// A first message went out.
        FirstMessage = "FIRST_MESSAGE",
        /// A first order came back.
        FirstRecovery = "FIRST_RECOVERY",
    }
    /// What a line of a timeline is.
    TimelineKind {
        /// Something the shop told.
        Event = "EVENT",
        /// Something a journey decided.
        Decision = "DECISION",
        /// Something about a message.
        Message = "MESSAGE",
        /// An order.
        Order = "ORDER",
    }
    /// What became of an outgoing webhook.
    WebhookStatus {
        /// Due, or tried again.
        Waiting = "WAITING",
        /// Being sent.
        Sending = "SENDING",
        /// It arrived.
        Delivered = "DELIVERED",
        /// Given up.
        Failed = "FAILED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_and_written_as_rfc_3339() {
        let time: Time = serde_json::from_str("\"2026-03-01T12:00:00.250Z\"").unwrap();
        assert_eq!(time.0, 1_772_366_400_250);
        let again: Time = serde_json::from_str(&serde_json::to_string(&time).unwrap()).unwrap();
        assert_eq!(again, time);
        assert!(serde_json::from_str::<Time>("\"yesterday\"").is_err());
    }

    #[test]
    fn a_word_of_an_address_is_read_in_either_case() {
        assert_eq!(CartStatus::from_word("abandoned"), Some(CartStatus::Abandoned));
        assert_eq!(CartStatus::from_word("gone"), None);
    }
}
