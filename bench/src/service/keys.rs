//! The service's own keys, since the harness gives it its master key: links as a mail carries them, and credentials as
//! the database keeps them. The forms are those of `backend/src/accounts/keys` and `backend/src/consent/links.rs`.

use crate::{Outcome, clock};
use base64::{Engine, engine::general_purpose::STANDARD};
use cartwheel_domain::{
    ids::StoreId,
    recovery::link::{LinkToken, sign},
};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hmac,
};

/// Known to everybody, and good for nothing but measurements.
const MASTER: &[u8; 32] = b"cartwheel bench master key 32 b!";

/// The key of links that is in use.
pub const LINK_KEY: u8 = 1;

/// The master key as `CARTWHEEL_MASTER_KEY` takes it.
pub fn master() -> String {
    STANDARD.encode(MASTER)
}

fn derive(purpose: &str, store: StoreId) -> hmac::Key {
    let root = hmac::Key::new(hmac::HMAC_SHA256, MASTER);
    let mut context = hmac::Context::with_key(&root);
    context.update(purpose.as_bytes());
    context.update(&[0]);
    context.update(store.uuid().as_bytes());
    hmac::Key::new(hmac::HMAC_SHA256, context.sign().as_ref())
}

/// Signs the links of one store.
pub struct Links(hmac::Key);

impl Links {
    /// Of this store.
    pub fn of(store: StoreId) -> Self {
        Self(derive("links 1", store))
    }

    /// The text of a token.
    pub fn text(&self, token: &LinkToken) -> String {
        sign(token, |bytes| {
            let mut tag = [0; 32];
            tag.copy_from_slice(hmac::sign(&self.0, bytes).as_ref());
            tag
        })
    }
}

/// A credential, sealed as `store_secret.sealed` held it before there were data keys. The service still opens it, by its root, which is the
/// master key of its first start.
///
/// # Errors
/// Never, for texts of a sane length.
pub fn seal(store: StoreId, kind: &str, text: &str) -> Outcome<String> {
    let fault = |_| "a credential could not be sealed";
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, MASTER).map_err(fault)?);
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&clock::micros().to_be_bytes());
    let mut data = text.as_bytes().to_vec();
    let binding = format!("{store}/store_secret/{kind}");
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(binding), &mut data)
        .map_err(fault)?;
    Ok(STANDARD.encode([nonce.as_slice(), &data].concat()))
}

/// The `X-Shopify-Hmac-Sha256` of a body.
pub fn shopify(secret: &hmac::Key, body: &[u8]) -> String {
    STANDARD.encode(hmac::sign(secret, body).as_ref())
}
