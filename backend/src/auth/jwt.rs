//! Short-lived access tokens: JWT (RFC 7519) signed with HMAC-SHA-256 by ring, one algorithm, nothing optional.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cartwheel_domain::{
    ids::{MemberId, SessionId},
    time::{Millis, SECOND},
};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{Error, ErrorKind},
    signature::{self, Signer, Verifier},
};
use ring::hmac;
use serde::{Deserialize, Serialize};

/// How long an access token lives, seconds.
pub const ACCESS_SECONDS: i64 = 300;

const AUDIENCE: &str = "cartwheel-console";

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: MemberId,
    sid: SessionId,
    aud: String,
    iat: i64,
    exp: i64,
}

/// What a sound access token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Who.
    pub member: MemberId,
    /// In which session; it must still be alive.
    pub session: SessionId,
}

/// Makes and checks access tokens under one key.
#[derive(Clone)]
pub struct Tokens {
    /// The one header there is, as it stands in a token.
    header: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl Tokens {
    /// Under a 32-byte key.
    pub fn new(key: &[u8]) -> Self {
        // The second call of a process finds the provider installed; it is the same one.
        let _ = RING.install_default();
        // As the library writes it: were it to change, no token of ours would be read any more, and every test would say so.
        let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"HS256"}"#);
        Self { header, encoding: EncodingKey::from_secret(key), decoding: DecodingKey::from_secret(key) }
    }

    /// A token that lives [`ACCESS_SECONDS`].
    ///
    /// # Errors
    /// Only if the claims could not be written as JSON.
    pub fn issue(&self, access: Access, now: Millis) -> Result<String, Error> {
        let iat = now / SECOND;
        let claims = Claims {
            sub: access.member,
            sid: access.session,
            aud: AUDIENCE.into(),
            iat,
            exp: iat + ACCESS_SECONDS,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
    }

    /// Reads a token; `None` for any that is not wholly sound.
    ///
    /// The expiry is checked here, against the injected clock; the library would read the real one.
    pub fn read(&self, token: &str, now: Millis) -> Option<Access> {
        // Any other header, another type, a key to be fetched, an extension to be understood, is not looked at.
        let ours = token.split_once('.').is_some_and(|(header, _)| header == self.header);
        if token.len() > 1024 || !ours {
            return None;
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "aud", "sub"]);
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation).ok()?.claims;
        let seconds = now / SECOND;
        let life = claims.exp.checked_sub(claims.iat);
        let fresh = claims.exp > seconds && claims.iat <= seconds + 60 && life == Some(ACCESS_SECONDS);
        fresh.then_some(Access { member: claims.sub, session: claims.sid })
    }
}

/// HMAC by ring. The other algorithms are not offered: one that is missing cannot be confused with ours.
static RING: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes())))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    },
    verifier_factory: |algorithm, key| match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(hmac::Key::new(hmac::HMAC_SHA256, key.try_get_as_bytes()?)))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Hs256(hmac::Key);

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], tag: &Vec<u8>) -> Result<(), signature::Error> {
        hmac::verify(&self.0, message, tag).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
