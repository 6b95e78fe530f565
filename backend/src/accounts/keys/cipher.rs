//! AES-256-GCM with a random nonce, and fingerprints.

use crate::clock::Env;
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use std::sync::Arc;

/// 256 bits. Without `Debug`, so that neither it nor whatever contains it can be printed.
#[derive(Clone)]
pub(super) struct Key(Arc<[u8; 32]>);

impl Key {
    pub(super) fn new(bytes: [u8; 32]) -> Self {
        Self(Arc::new(bytes))
    }

    pub(super) fn random(env: &Env) -> Self {
        Self::new(env.random())
    }

    /// From base64.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(Self::new(STANDARD.decode(text).ok()?.try_into().ok()?))
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What a key is recognised by; nobody comes from it to the key.
    pub(super) fn print(&self) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.bytes());
        hex::encode(&hmac::sign(&key, b"fingerprint of a master key").as_ref()[..8])
    }

    fn cipher(&self) -> LessSafeKey {
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, self.bytes()).expect("32 bytes are the key's length"))
    }

    /// Seals bytes, bound to their place.
    pub(super) fn seal(&self, env: &Env, bound: &str, plain: &[u8]) -> String {
        let nonce: [u8; NONCE_LEN] = env.random();
        let mut data = plain.to_vec();
        self.cipher()
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), &mut data)
            .expect("a text is far shorter than the cipher's limit");
        STANDARD.encode([nonce.as_slice(), &data].concat())
    }

    /// Opens what was sealed for a place; `None` when it was sealed by another key or for another place, or changed.
    pub(super) fn open(&self, bound: &str, sealed: &str) -> Option<Vec<u8>> {
        let mut bytes = STANDARD.decode(sealed).ok()?;
        let (nonce, data) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        Some(self.cipher().open_in_place(nonce, Aad::from(bound), data).ok()?.to_vec())
    }
}
