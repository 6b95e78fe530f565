//! Signed links: click, open and unsubscribe.
//!
//! A token says whose message it belongs to and which of its links was meant, never where that link leads: the
//! destination is looked up in the store, so a token cannot be turned into an open redirect. Layout, before
//! base64url without padding (82 characters):
//!
//! ```text
//! 0      version, 1
//! 1      key id
//! 2      purpose: c, o or u
//! 3..5   number of the link within the message, big endian
//! 5..21  store
//! 21..37 message
//! 37..45 expiry, seconds since 1970, big endian
//! 45..61 first 16 bytes of HMAC-SHA-256 (RFC 2104 allows half) over bytes 0..45 with the store's key of that id
//! ```
//!
//! Everything fails closed: a token that is too short, too long, of another version or purpose, expired, or whose key
//! is gone is none. The keyed hash is passed in, since keys are secrets and secrets do not live here.

use crate::{
    ids::{MessageId, StoreId},
    time::{Millis, SECOND},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;
use uuid::Uuid;

const VERSION: u8 = 1;
const SIGNED: usize = 45;
const LENGTH: usize = SIGNED + 16;

/// What a link is for; a token of one purpose is none for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkPurpose {
    /// `/c/{token}`
    Click,
    /// `/o/{token}.gif`
    Open,
    /// `/u/{token}`
    Unsubscribe,
}

impl LinkPurpose {
    const fn byte(self) -> u8 {
        match self {
            Self::Click => b'c',
            Self::Open => b'o',
            Self::Unsubscribe => b'u',
        }
    }
}

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkToken {
    /// What for.
    pub purpose: LinkPurpose,
    /// Whose.
    pub store: StoreId,
    /// Of which message.
    pub message: MessageId,
    /// Which link of the message, counted from 1; 0 where there is only one.
    pub number: u16,
    /// The last instant it counts; whole seconds are kept.
    pub expires_at: Millis,
    /// Which of the store's keys signs it.
    pub key_id: u8,
}

/// Why a text is no token. One error for all that is wrong with it, so that nothing can be learned by trying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Not one of our links, or changed on the way.
    #[error("this link is not one of ours, or it was changed on the way")]
    Invalid,
    /// Genuine, but too old.
    #[error("this link is no longer valid")]
    Expired,
}

fn signed_part(token: &LinkToken) -> [u8; SIGNED] {
    let mut bytes = [0; SIGNED];
    bytes[..3].copy_from_slice(&[VERSION, token.key_id, token.purpose.byte()]);
    bytes[3..5].copy_from_slice(&token.number.to_be_bytes());
    bytes[5..21].copy_from_slice(token.store.0.as_bytes());
    bytes[21..37].copy_from_slice(token.message.0.as_bytes());
    bytes[37..].copy_from_slice(&token.expires_at.div_euclid(SECOND).to_be_bytes());
    bytes
}

/// Writes and signs a token. `mac` is HMAC-SHA-256 with the key `token.key_id` of `token.store`.
pub fn sign(token: &LinkToken, mac: impl FnOnce(&[u8]) -> [u8; 32]) -> String {
    let signed = signed_part(token);
    let mut bytes = [0; LENGTH];
    bytes[..SIGNED].copy_from_slice(&signed);
    bytes[SIGNED..].copy_from_slice(&mac(&signed)[..LENGTH - SIGNED]);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A text of the right form whose signature has not been looked at. It only tells which key to fetch.
#[derive(Debug, Clone, Copy)]
pub struct Unverified {
    bytes: [u8; LENGTH],
}

impl Unverified {
    /// Takes a text apart.
    ///
    /// # Errors
    /// [`LinkError::Invalid`] for anything that is not the one spelling of a token of this version.
    pub fn read(text: &str) -> Result<Self, LinkError> {
        let mut bytes = [0; LENGTH];
        // Refuses padding, foreign characters and stray bits, so each token has one spelling.
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).map_err(|_| LinkError::Invalid)?;
        if length != LENGTH || bytes[0] != VERSION { Err(LinkError::Invalid) } else { Ok(Self { bytes }) }
    }

    fn uuid(&self, from: usize) -> Uuid {
        Uuid::from_slice(&self.bytes[from..from + 16]).unwrap_or_default()
    }

    /// The store it claims to be of.
    pub fn store(&self) -> StoreId {
        StoreId(self.uuid(5))
    }

    /// The key it claims to be signed with.
    pub const fn key_id(&self) -> u8 {
        self.bytes[1]
    }

    /// Checks the signature, in constant time, then purpose and expiry. `mac` is HMAC-SHA-256 with the key of
    /// [`Self::key_id`] of [`Self::store`]; `None` when there is no such key.
    ///
    /// # Errors
    /// [`LinkError::Invalid`], or [`LinkError::Expired`] for a genuine one.
    pub fn verify(
        &self,
        purpose: LinkPurpose,
        now: Millis,
        mac: impl FnOnce(&[u8]) -> Option<[u8; 32]>,
    ) -> Result<LinkToken, LinkError> {
        let (signed, tag) = self.bytes.split_at(SIGNED);
        let expected = mac(signed).ok_or(LinkError::Invalid)?;
        let genuine: bool = expected[..LENGTH - SIGNED].ct_eq(tag).into();
        if !genuine || self.bytes[2] != purpose.byte() {
            return Err(LinkError::Invalid);
        }
        let seconds =
            <[u8; 8]>::try_from(&self.bytes[37..SIGNED]).map(i64::from_be_bytes).unwrap_or(i64::MIN);
        let expires_at = seconds.saturating_mul(SECOND);
        if now > expires_at {
            return Err(LinkError::Expired);
        }
        let number = u16::from_be_bytes([self.bytes[3], self.bytes[4]]);
        Ok(LinkToken {
            purpose,
            store: self.store(),
            message: MessageId(self.uuid(21)),
            number,
            expires_at,
            key_id: self.key_id(),
        })
    }
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
