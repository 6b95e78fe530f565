//! Notifications of a browser (web push): whom they reach, what they hold, and what replaces what.

mod notice;
mod subscription;

pub use notice::{MOST_PAYLOAD, Notice, Stop};
pub use subscription::{Subscription, SubscriptionError};

use crate::{
    ids::{CartId, StoreId},
    locale::Language,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// The `Topic` of reminders of one cart (RFC 8030, section 5.4: at most 32 characters of base64url): a newer one takes the place of one
/// that has not been delivered yet. A hash, since the push service reads it.
pub fn topic(store: StoreId, cart: CartId) -> String {
    let digest = Sha256::digest(format!("cartwheel.push.topic.1/{store}/{cart}").as_bytes());
    URL_SAFE_NO_PAD.encode(&digest[..24])
}

/// What stands on the button that says no.
pub const fn stop_label(language: Language) -> &'static str {
    match language {
        Language::En => "No more of these",
        Language::De => "Keine mehr davon",
        Language::Fr => "Ne plus en recevoir",
        Language::It => "Non riceverne più",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_topic_is_of_one_cart_of_one_store_and_fits_the_header() {
        let id = Uuid::from_u128;
        let one = topic(StoreId(id(1)), CartId(id(2)));
        assert_eq!(one.len(), 32);
        assert!(one.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{one}");
        assert_eq!(one, topic(StoreId(id(1)), CartId(id(2))));
        assert_ne!(one, topic(StoreId(id(1)), CartId(id(3))));
        assert_ne!(one, topic(StoreId(id(3)), CartId(id(2))));
        assert!(!one.contains("cart"));
    }
}
