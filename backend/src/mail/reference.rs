//! What a mail is known by when it comes back: store and message, signed by a key of the store's. In a return path there is room for 62
//! characters (RFC 5321 4.5.3.1.1 allows 64 before the @), and servers may change their case: base32 in lower case, 122 bits of each id (the
//! six that every UUIDv7 has alike are left out) and 66 of the signature. It counts for a month after the message was sent.

use crate::accounts::MasterKey;
use cartwheel_domain::{
    ids::{MessageId, StoreId},
    time::{DAY, Millis},
};
use ring::hmac;
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of a reference.
pub const LENGTH: usize = 62;
/// What comes back later than this says nothing any more.
pub const COUNTS_FOR: Millis = 30 * DAY;
/// Bits of the signature.
const SIGNED: usize = 66;

/// Whether an id is one of ours: made from a clock, version 7.
fn ours(id: Uuid) -> bool {
    id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122
}

/// The bits of an id without version (bits 48 to 51) and variant (64, 65).
fn bits_of(id: Uuid) -> impl Iterator<Item = bool> {
    let n = id.as_u128();
    (0..128_usize).filter(|i| !fixed(*i)).map(move |i| n >> (127 - i) & 1 == 1)
}

const fn fixed(bit: usize) -> bool {
    matches!(bit, 48..=51 | 64 | 65)
}

fn id_of(bits: &mut impl Iterator<Item = bool>) -> Option<Uuid> {
    let mut n: u128 = 0;
    for i in 0..128 {
        let bit = match i {
            48 => false,
            49..=51 | 64 => true,
            65 => false,
            _ => bits.next()?,
        };
        n = n << 1 | u128::from(bit);
    }
    Some(Uuid::from_u128(n))
}

fn signature(key: &MasterKey, store: StoreId, message: MessageId) -> impl Iterator<Item = bool> + use<> {
    let tag = hmac::sign(&key.derive("mail reference 1", store), message.uuid().as_bytes());
    let bytes = tag.as_ref().to_vec();
    (0..SIGNED).map(move |i| bytes.get(i / 8).is_some_and(|byte| byte >> (7 - i % 8) & 1 == 1))
}

/// The reference of a message; `None` for one whose ids are not ours.
pub fn sign(key: &MasterKey, store: StoreId, message: MessageId) -> Option<String> {
    if !ours(store.uuid()) || !ours(message.uuid()) {
        return None;
    }
    let bits: Vec<bool> =
        bits_of(store.uuid()).chain(bits_of(message.uuid())).chain(signature(key, store, message)).collect();
    let digit = |five: &[bool]| {
        let n = five.iter().fold(0_usize, |n, bit| n << 1 | usize::from(*bit));
        ALPHABET.get(n).map_or('0', |c| char::from(*c))
    };
    Some(bits.chunks(5).map(digit).collect())
}

/// The store and the message of a genuine reference, whatever case it came in.
pub fn open(key: &MasterKey, text: &str) -> Option<(StoreId, MessageId)> {
    if text.len() != LENGTH {
        return None;
    }
    let mut bits = Vec::with_capacity(LENGTH * 5);
    for byte in text.bytes() {
        let n = ALPHABET.iter().position(|a| *a == byte.to_ascii_lowercase())?;
        bits.extend((0..5).rev().map(|i| n >> i & 1 == 1));
    }
    let mut bits = bits.into_iter();
    let (store, message) = (StoreId(id_of(&mut bits)?), MessageId(id_of(&mut bits)?));
    // One answer for all that is wrong; each bit is looked at, so that how long it takes tells nothing.
    let wrong = bits.zip(signature(key, store, message)).fold(false, |wrong, (a, b)| wrong | (a != b));
    (!wrong).then_some((store, message))
}

/// The reference in a return path, `b+REFERENCE@domain`.
pub fn of_path(address: &str) -> Option<&str> {
    let address = address.trim().trim_start_matches('<').trim_end_matches('>');
    let (local, _) = address.rsplit_once('@')?;
    let rest = local.strip_prefix("b+").or_else(|| local.strip_prefix("B+"))?;
    (rest.len() == LENGTH).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Env, SeededEntropy, TestClock};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn ids(seed: u64) -> (StoreId, MessageId) {
        let env = Env::new(Arc::new(TestClock::at(1_772_445_600_000)), Arc::new(SeededEntropy::new(seed)));
        (env.id(), env.id())
    }

    proptest! {
        #[test]
        fn a_reference_opens_whatever_its_case_and_no_other_text_does(seed: u64, at in 0..LENGTH, other in 0_usize..32) {
            let (key, (store, message)) = (MasterKey::for_tests(), ids(seed));
            let text = sign(&key, store, message).expect("ours");
            prop_assert_eq!(text.len(), LENGTH);
            prop_assert_eq!(open(&key, &text), Some((store, message)));
            prop_assert_eq!(open(&key, &text.to_uppercase()), Some((store, message)));
            let path = format!("<b+{text}@bounces.example.com>");
            prop_assert_eq!(of_path(&path), Some(text.as_str()));
            let mut bytes = text.clone().into_bytes();
            if bytes[at] != ALPHABET[other] {
                bytes[at] = ALPHABET[other];
                let changed = String::from_utf8(bytes).expect("ASCII");
                prop_assert_eq!(open(&key, &changed), None);
            }
        }

        #[test]
        fn nothing_else_opens(text in "\\PC{0,80}") {
            prop_assert_eq!(open(&MasterKey::for_tests(), &text), None);
        }
    }

    #[test]
    fn the_return_path_fits_into_an_address() {
        let (store, message) = ids(7);
        let text = sign(&MasterKey::for_tests(), store, message).expect("ours");
        assert!(format!("b+{text}").len() <= 64);
        assert_eq!(sign(&MasterKey::for_tests(), StoreId(Uuid::nil()), message), None);
    }
}
