//! Typed, prefixed identifiers.
//!
//! Inside, an id is a UUIDv7 made from the injected clock and entropy. At every edge it is a string such as
//! `cart_01jdk3w5v8e0wr7k2m3n4p5q6r`: a prefix that names the kind and 26 characters of Crockford base32
//! (lower case), so that a cart's id can never be taken for a contact's. The form follows the TypeID
//! specification 0.3 (github.com/jetify-com/typeid).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Why a string is no id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The prefix names another kind, or none.
    #[error("expected an id that starts with \"{expected}_\"")]
    Prefix {
        /// The prefix of the wanted kind.
        expected: &'static str,
    },
    /// The part after the prefix is not 26 characters of base32.
    #[error("the part after \"{prefix}_\" must be 26 characters of 0-9 and a-z without i, l, o, u")]
    Suffix {
        /// The prefix of the wanted kind.
        prefix: &'static str,
    },
}

/// A version 7 UUID (RFC 9562) from a time and random bits; the caller passes both in.
pub fn uuid_v7(now: crate::time::Millis, random: [u8; 10]) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(now).unwrap_or(0), &random).into_uuid()
}

/// The 26 base32 characters of an id.
pub fn encode(id: Uuid) -> String {
    let n = id.as_u128();
    (0..26).rev().map(|i| ALPHABET[((n >> (i * 5)) & 31) as usize] as char).collect()
}

/// The id behind 26 base32 characters; `None` for anything else.
pub fn decode(text: &str) -> Option<Uuid> {
    if text.len() != 26 || text.as_bytes()[0] > b'7' {
        return None;
    }
    let mut n: u128 = 0;
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|a| *a == byte)?;
        n = (n << 5) | digit as u128;
    }
    Some(Uuid::from_u128(n))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl $name {
            /// What stands before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// The bare UUID, as the database keeps it.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let rest = text
                    .strip_prefix($prefix)
                    .and_then(|r| r.strip_prefix('_'))
                    .ok_or(IdError::Prefix { expected: $prefix })?;
                decode(rest).map(Self).ok_or(IdError::Suffix { prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = String::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// Who signs up and pays.
    OrganisationId = "org";
    /// One shop: the tenant that customer data belongs to.
    StoreId = "store";
    /// A person with rights.
    MemberId = "member";
    /// A key of the GraphQL API.
    ApiKeyId = "key";
    /// A signed-in session.
    SessionId = "session";
    /// A passkey of a member.
    PasskeyId = "passkey";
    /// An account at a provider that signs a member in.
    MemberIdentityId = "identity";
    /// A shopper.
    ContactId = "contact";
    /// A business account that contacts act for.
    CompanyId = "company";
    /// An immutable fact.
    EventId = "event";
    /// Anything that can be left unfinished: cart, checkout or quote.
    CartId = "cart";
    /// A purchase.
    OrderId = "order";
    /// A drawn graph.
    JourneyId = "journey";
    /// The immutable published form of a journey.
    VersionId = "version";
    /// A draft played over past events.
    DryRunId = "dryrun";
    /// One cart's passage through a journey.
    RunId = "run";
    /// One entry of a run's timeline.
    StepId = "step";
    /// One hand-over to one channel.
    MessageId = "message";
    /// One try of a hand-over.
    AttemptId = "attempt";
    /// What came back for a message: delivered, bounced, opened, clicked.
    ReceiptId = "receipt";
    /// Content in one language.
    TemplateId = "template";
    /// One entry of the consent ledger.
    ConsentId = "consent";
    /// A standing no.
    SuppressionId = "suppression";
    /// A restore link.
    LinkId = "link";
    /// Somebody asked to join an organisation.
    InvitationId = "invitation";
    /// A data subject's or platform's privacy request.
    RequestId = "request";
    /// A mail of the service itself.
    MailId = "mail";
    /// Where a store's outgoing webhooks go.
    HookId = "hook";
    /// One thing told to one endpoint: the `webhook-id`, the same on every attempt.
    DeliveryId = "msg";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_back(n: u128) {
            let id = CartId(Uuid::from_u128(n));
            prop_assert_eq!(id.to_string().parse::<CartId>(), Ok(id));
            prop_assert!(id.to_string().parse::<ContactId>().is_err());
        }

        #[test]
        fn any_text_is_refused_or_canonical(text in "\\PC{0,40}") {
            if let Ok(id) = text.parse::<CartId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn later_ids_sort_later(a in 0i64..4_000_000_000_000, d in 1i64..1_000_000, r: [u8; 10]) {
            prop_assert!(encode(uuid_v7(a, r)) < encode(uuid_v7(a + d, r)));
        }
    }

    #[test]
    fn refusals_name_what_is_expected() {
        let said = "contact_01jdk3w5v8e0wr7k2m3n4p5q6r".parse::<CartId>().map_err(|e| e.to_string());
        assert_eq!(said, Err("expected an id that starts with \"cart_\"".into()));
        let said = "cart_8zzzzzzzzzzzzzzzzzzzzzzzzz".parse::<CartId>();
        assert_eq!(said, Err(IdError::Suffix { prefix: "cart" }));
    }
}
