//! Restore links: one cart, any device.
//!
//! The token names the store and carries 128 bits of a keyed hash of cart and message; what is stored is its SHA-256.
//! It expires, opens that one cart's contents and nothing else, and never signs anybody in. Made from the message,
//! it is the same on every try of a hand-over.

use crate::{
    accounts::MasterKey,
    db::{DbError, Scoped},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cartwheel_domain::{
    ids::{CartId, MessageId, StoreId},
    time::{DAY, Millis},
};
use cartwheel_entity::restore_link;
use ring::{
    digest::{SHA256, digest},
    hmac,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter};
use uuid::Uuid;

/// A link and the row that is kept of it.
pub struct Link {
    /// What stands in the address.
    pub token: String,
    /// The row.
    pub row: restore_link::ActiveModel,
}

/// SHA-256 of a token, hex: what is stored.
fn hash(token: &str) -> String {
    hex::encode(digest(&SHA256, token.as_bytes()))
}

/// Keyed hash of a cart and the message that carries its link: the token's secret half, then the row's key.
fn tag(key: &MasterKey, (store, cart): (StoreId, CartId), message: Option<MessageId>) -> hmac::Tag {
    let mut mac = hmac::Context::with_key(&key.derive("restore 1", store));
    mac.update(cart.uuid().as_bytes());
    mac.update(message.map_or(Uuid::nil(), MessageId::uuid).as_bytes());
    mac.sign()
}

fn row_key(tag: &hmac::Tag) -> Uuid {
    Uuid::from_slice(&tag.as_ref()[16..32]).unwrap_or_default()
}

/// The key of the row that is kept of the link of a cart in a message.
pub fn link_id(key: &MasterKey, of: (StoreId, CartId), message: Option<MessageId>) -> Uuid {
    row_key(&tag(key, of, message))
}

impl Link {
    /// The link of a cart in a message, good for so many days.
    pub fn of(
        key: &MasterKey,
        (store, cart): (StoreId, CartId),
        message: Option<MessageId>,
        now: Millis,
        days: u32,
    ) -> Self {
        let tag = tag(key, (store, cart), message);
        let mut bytes = store.uuid().as_bytes().to_vec();
        bytes.extend_from_slice(&tag.as_ref()[..16]);
        let token = URL_SAFE_NO_PAD.encode(bytes);
        let id = row_key(&tag);
        let row = restore_link::ActiveModel {
            store_id: Set(store.uuid()),
            id: Set(id),
            token_hash: Set(hash(&token)),
            cart_id: Set(cart.uuid()),
            message_id: Set(message.map(MessageId::uuid)),
            created_at: Set(now),
            expires_at: Set(now + Millis::from(days.max(1)) * DAY),
            used_at: Set(None),
            failed: Set(None),
        };
        Self { token, row }
    }
}

/// The store a token claims to be of; `None` for anything that is no token.
pub fn store_of(token: &str) -> Option<StoreId> {
    let mut bytes = [0; 33];
    let n = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).ok()?;
    if n != 32 {
        return None;
    }
    Uuid::from_slice(&bytes[..16]).ok().map(StoreId)
}

/// The link of a token: genuine, and not expired.
///
/// # Errors
/// What the database says.
pub async fn find(
    scoped: &Scoped<'_>,
    token: &str,
    now: Millis,
) -> Result<Option<restore_link::Model>, DbError> {
    let found = scoped
        .find::<restore_link::Entity>()
        .filter(restore_link::Column::TokenHash.eq(hash(token)))
        .filter(restore_link::Column::ExpiresAt.gt(now));
    Ok(found.one(scoped.on()).await?)
}
