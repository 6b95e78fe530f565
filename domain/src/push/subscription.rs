//! What a browser hands out when somebody lets a shop notify them (Push API, `PushSubscription`).

use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use serde::{Deserialize, Serialize};

/// Longest address of a push service that is taken; those known stay below 600.
const LONGEST: usize = 2_000;

/// Base64url as browsers write it, with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// As it is written down.
#[derive(Serialize, Deserialize)]
struct Written {
    endpoint: String,
    p256dh: String,
    auth: String,
}

impl TryFrom<Written> for Subscription {
    type Error = SubscriptionError;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        Self::parse(&written.endpoint, &written.p256dh, &written.auth)
    }
}

impl From<Subscription> for Written {
    fn from(of: Subscription) -> Self {
        Self { p256dh: of.key_text(), auth: of.auth_text(), endpoint: of.endpoint }
    }
}

/// Where a browser is notified, and the keys that only it can read by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Subscription {
    /// The address at the push service. Whoever has it and the store's private key can notify the browser.
    pub endpoint: String,
    /// The browser's public key: a point on P-256, uncompressed.
    pub p256dh: [u8; 65],
    /// The secret it shares with us (RFC 8291, section 3.2).
    pub auth: [u8; 16],
}

/// Why a subscription was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionError {
    /// No address of a push service.
    #[error(
        "the endpoint of a PushSubscription: an address that begins with https://, at most 2000 characters"
    )]
    Endpoint,
    /// No point.
    #[error("the key p256dh of a PushSubscription: 65 bytes in base64url, the first of them 4")]
    Key,
    /// No secret.
    #[error("the key auth of a PushSubscription: 16 bytes in base64url")]
    Auth,
}

impl SubscriptionError {
    /// The field it is about.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Key => "keys/p256dh",
            Self::Auth => "keys/auth",
        }
    }
}

/// Whether an address could be one of a push service. This very machine may be named without TLS: only a service that was set up for
/// tests ever calls there.
fn endpoint_ok(text: &str) -> bool {
    let plain = text.len() <= LONGEST && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let local = ["http://127.0.0.1:", "http://localhost:"].iter().any(|start| text.starts_with(start));
    let host = crate::settings::host_of(text).is_some();
    plain && host && (text.starts_with("https://") || local)
}

impl Subscription {
    /// Reads what `PushSubscription.toJSON()` gives.
    ///
    /// # Errors
    /// [`SubscriptionError`]. Whether the key is a point of the curve turns out when something is sealed for it.
    pub fn parse(endpoint: &str, p256dh: &str, auth: &str) -> Result<Self, SubscriptionError> {
        if !endpoint_ok(endpoint) {
            return Err(SubscriptionError::Endpoint);
        }
        let key = BASE64.decode(p256dh).ok().and_then(|bytes| <[u8; 65]>::try_from(bytes).ok());
        let auth = BASE64.decode(auth).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
        Ok(Self {
            endpoint: endpoint.to_owned(),
            p256dh: key.filter(|key| key[0] == 4).ok_or(SubscriptionError::Key)?,
            auth: auth.ok_or(SubscriptionError::Auth)?,
        })
    }

    /// The browser's key as it is written down.
    pub fn key_text(&self) -> String {
        BASE64.encode(self.p256dh).trim_end_matches('=').to_owned()
    }

    /// The shared secret as it is written down.
    pub fn auth_text(&self) -> String {
        BASE64.encode(self.auth).trim_end_matches('=').to_owned()
    }

    /// Scheme, host and port of the push service: the audience of a token (RFC 8292, section 2), and what a circuit breaker counts by.
    pub fn origin(endpoint: &str) -> &str {
        let after = endpoint.find("://").map_or(0, |at| at + 3);
        let end = endpoint[after..].find(['/', '?', '#']).map_or(endpoint.len(), |at| after + at);
        &endpoint[..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    #[test]
    fn what_a_browser_hands_out_is_taken_and_written_as_it_came() {
        let at = "https://updates.push.services.mozilla.com/wpush/v2/gAAAAA-b_c";
        let found = Subscription::parse(at, KEY, AUTH).expect("a subscription");
        assert_eq!(
            (found.endpoint.as_str(), found.key_text(), found.auth_text()),
            (at, KEY.into(), AUTH.into())
        );
        let padded = Subscription::parse(at, &format!("{KEY}="), &format!("{AUTH}==")).expect("with padding");
        assert_eq!(padded, found);
        assert_eq!(Subscription::origin(at), "https://updates.push.services.mozilla.com");
        assert_eq!(Subscription::origin("http://127.0.0.1:8081?x"), "http://127.0.0.1:8081");
    }

    #[test]
    fn what_is_none_is_refused_by_its_field() {
        for at in [
            "",
            "fcm.googleapis.com/x",
            "http://push.example.com/x",
            "ftp://push.example.com/x",
            "https://",
            "https://push.example.com/a b",
            "https://user@push.example.com/a",
            "https://push.example.com\\@evil.example/a",
            "https://push.example.com/\u{e9}",
            "javascript:alert(1)",
        ] {
            assert_eq!(Subscription::parse(at, KEY, AUTH), Err(SubscriptionError::Endpoint), "{at}");
        }
        let long = format!("https://push.example.com/{}", "x".repeat(2_000));
        assert_eq!(Subscription::parse(&long, KEY, AUTH), Err(SubscriptionError::Endpoint));
        let at = "https://push.example.com/a";
        // Compressed, cut, and of another alphabet.
        for key in [&format!("A{}", &KEY[1..]), &KEY[..80], "", &KEY.replace('_', "/")] {
            assert_eq!(Subscription::parse(at, key, AUTH), Err(SubscriptionError::Key), "{key}");
        }
        for auth in ["", &AUTH[..20], KEY] {
            assert_eq!(Subscription::parse(at, KEY, auth), Err(SubscriptionError::Auth), "{auth}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(at in ".{0,60}", key in ".{0,120}", auth in ".{0,40}") {
            if let Ok(found) = Subscription::parse(&at, &key, &auth) {
                prop_assert!(found.endpoint.starts_with("http"));
            }
            prop_assert!(at.starts_with(Subscription::origin(&at)));
        }
    }
}
