//! Notes the service gives a browser to bring back a moment later, so that it need not keep them: signed, good for one purpose and for
//! some minutes. What is in one can be read by whoever has it, and not changed.

use super::session::{Sessions, SignInError};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cartwheel_domain::time::{MINUTE, Millis};
use ring::hmac;
use serde::{Serialize, de::DeserializeOwned};

/// How long one is good: as long as somebody takes to find their key, or to sign in elsewhere.
const LIFE: Millis = 10 * MINUTE;
/// Bytes of the signature, an HMAC-SHA256.
const TAG: usize = 32;
/// Longest note that is looked at, characters.
const LONGEST: usize = 4_000;

/// A note that came back.
pub(super) struct Noted<T> {
    /// What it says.
    pub said: T,
    /// When it was written.
    pub at: Millis,
}

impl Sessions {
    /// Writes a note.
    pub(super) fn note(&self, purpose: &str, said: &impl Serialize) -> Result<String, SignInError> {
        let mut bytes = self.env.now().to_be_bytes().to_vec();
        serde_json::to_writer(&mut bytes, said).map_err(|e| SignInError::Fault(e.to_string()))?;
        let tag = hmac::sign(&self.note_key(purpose), &bytes);
        bytes.extend(tag.as_ref());
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a note of ours; `None` when it is none, is for another purpose, or too old.
    pub(super) fn noted<T: DeserializeOwned>(&self, purpose: &str, note: &str) -> Option<Noted<T>> {
        if note.len() > LONGEST {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(note).ok()?;
        let (said, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG)?)?;
        // Compares in constant time.
        hmac::verify(&self.note_key(purpose), said, tag).ok()?;
        let (at, json) = said.split_at_checked(8)?;
        let at = Millis::from_be_bytes(at.try_into().ok()?);
        let age = self.env.now().checked_sub(at)?;
        let said = serde_json::from_slice(json).ok()?;
        (0..LIFE).contains(&age).then_some(Noted { said, at })
    }

    fn note_key(&self, purpose: &str) -> hmac::Key {
        self.master.derive_global(&format!("note: {purpose}"))
    }
}
