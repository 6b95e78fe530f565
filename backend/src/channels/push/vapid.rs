//! The pair of keys by which a store says to push services who calls (VAPID, RFC 8292).

use crate::clock::Env;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cartwheel_domain::time::{HOUR, Millis, SECOND};
use p256::{
    SecretKey,
    ecdsa::{Signature, SigningKey, signature::Signer},
};

/// How long a token holds. RFC 8292, section 2, allows a day; clocks differ.
pub const HOLDS: Millis = 12 * HOUR;

/// `{"typ":"JWT","alg":"ES256"}` in base64url.
const HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9";

/// A store's pair of keys on P-256. Subscriptions are made for its public half and end with it.
pub struct KeyPair {
    secret: SecretKey,
    public: String,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair").field("public", &self.public).finish_non_exhaustive()
    }
}

/// A private key on P-256 from this entropy.
pub(super) fn fresh_secret(env: &Env) -> SecretKey {
    loop {
        // One of four thousand million draws is no key.
        if let Ok(secret) = SecretKey::from_slice(&env.random::<32>()) {
            return secret;
        }
    }
}

impl KeyPair {
    fn of(secret: SecretKey) -> Self {
        let public = URL_SAFE_NO_PAD.encode(secret.public_key().to_sec1_bytes());
        Self { secret, public }
    }

    /// A fresh pair.
    pub fn fresh(env: &Env) -> Self {
        Self::of(fresh_secret(env))
    }

    /// From the private half as it is kept; `None` for a text that is none.
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).ok()?;
        SecretKey::from_slice(&bytes).ok().map(Self::of)
    }

    /// The private half as it is kept, sealed: 32 bytes in base64url.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.secret.to_bytes())
    }

    /// The public half as browsers take it (`applicationServerKey`): 65 bytes in base64url.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// A token for a push service, good until `until`: `t=…, k=…` is made of it and the public half.
    pub fn token(&self, audience: &str, subject: &str, until: Millis) -> String {
        let claims = serde_json::json!({ "aud": audience, "exp": until / SECOND, "sub": subject });
        let signed = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        // The nonce is derived from key and text (RFC 6979): no entropy can be bad.
        let signature: Signature = SigningKey::from(&self.secret).sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::{VerifyingKey, signature::Verifier};

    fn verified(token: &str, public: &str) -> bool {
        let key = URL_SAFE_NO_PAD.decode(public).expect("base64");
        let key = VerifyingKey::from_sec1_bytes(&key).expect("a point");
        let (signed, signature) = token.rsplit_once('.').expect("three parts");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
        let signature = Signature::from_slice(&signature).expect("64 bytes");
        key.verify(signed.as_bytes(), &signature).is_ok()
    }

    /// RFC 8292, section 2.4.
    #[test]
    fn the_token_of_the_rfc_is_read_as_ours_are_made() {
        let token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA";
        let public =
            "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";
        assert!(verified(token, public));
        assert!(token.starts_with(HEADER));
        let pair = KeyPair::fresh(&Env::system());
        let ours = pair.token("https://push.example.net", "mailto:push@example.com", 1_453_523_768_000);
        let claims = |token: &str| {
            let part = token.split('.').nth(1).expect("claims").to_owned();
            let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64");
            serde_json::from_slice::<serde_json::Value>(&bytes).expect("JSON")
        };
        assert_eq!(claims(&ours), claims(token), "the same claims say the same");
        assert!(verified(&ours, pair.public()) && !verified(&ours, public));
    }

    #[test]
    fn a_pair_is_kept_by_its_private_half_and_shows_it_nowhere() {
        let pair = KeyPair::fresh(&Env::system());
        let again = KeyPair::from_text(&pair.text()).expect("the same pair");
        assert_eq!(again.public(), pair.public());
        assert_eq!((pair.text().len(), pair.public().len()), (43, 87));
        assert!(!format!("{pair:?}").contains(&pair.text()));
        assert_ne!(pair.public(), KeyPair::fresh(&Env::system()).public());
        for text in ["", "AAAA", &"A".repeat(43), "not base64 at all"] {
            assert!(KeyPair::from_text(text).is_none(), "{text}");
        }
    }
}
