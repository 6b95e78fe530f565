//! Signed links of a store: one key per store, derived from the root.

use crate::accounts::MasterKey;
use cartwheel_domain::{
    recovery::link::{LinkError, LinkPurpose, LinkToken, Unverified, sign as sign_with},
    time::Millis,
};
use ring::hmac;

/// The id of the key in use. A key id that is not known opens nothing.
pub const KEY_ID: u8 = 1;

/// Writes and signs a token under the store's key; `token.key_id` should be [`KEY_ID`].
pub fn sign(master: &MasterKey, token: &LinkToken) -> String {
    let key = master.derive("links 1", token.store);
    sign_with(token, |bytes| to_array(hmac::sign(&key, bytes).as_ref()))
}

/// Reads a token: genuine, of this purpose, and not expired.
///
/// # Errors
/// [`LinkError`].
pub fn open(
    master: &MasterKey,
    text: &str,
    purpose: LinkPurpose,
    now: Millis,
) -> Result<LinkToken, LinkError> {
    let read = Unverified::read(text)?;
    read.verify(purpose, now, |bytes| {
        (read.key_id() == KEY_ID)
            .then(|| to_array(hmac::sign(&master.derive("links 1", read.store()), bytes).as_ref()))
    })
}

fn to_array(tag: &[u8]) -> [u8; 32] {
    tag.try_into().expect("HMAC-SHA-256 gives 32 bytes")
}
