//! A text that one browser alone can read: `aes128gcm` (RFC 8188) by the keys of its subscription (RFC 8291).

use p256::{PublicKey, SecretKey};
use ring::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hmac,
};

/// Length of the one record; what it takes is at most that, less its tag and the mark of its end.
const RECORD: u32 = 4_096;
/// Salt, length of the record, length of the key, key.
const HEAD: usize = 16 + 4 + 1 + 65;
/// Bytes that sealing adds: head, end mark, tag.
pub const ADDED: usize = HEAD + 1 + 16;

/// Why nothing can be sealed for a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Its key is no point of the curve.
    #[error("the browser's key is no point on P-256")]
    Key,
    /// One record holds no more.
    #[error("the notification is too large to be sealed in one record")]
    Large,
    /// The library refused.
    #[error("sealing failed")]
    Cipher,
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    parts.iter().for_each(|part| context.update(part));
    context.sign()
}

/// Seals for the browser with these keys. `secret` and `salt` are used this once.
///
/// # Errors
/// [`SealError`].
pub fn seal(
    (p256dh, auth): (&[u8; 65], &[u8; 16]),
    secret: &SecretKey,
    salt: [u8; 16],
    plain: &[u8],
) -> Result<Vec<u8>, SealError> {
    if plain.len() + 1 + 16 > RECORD as usize {
        return Err(SealError::Large);
    }
    let browser = PublicKey::from_sec1_bytes(p256dh).map_err(|_| SealError::Key)?;
    let ours = secret.public_key().to_sec1_bytes();
    let shared = secret.diffie_hellman(&browser);
    // RFC 8291, section 3.4: HKDF with one block each time.
    let extracted = hmac(auth, &[shared.raw_secret_bytes()]);
    let ikm = hmac(extracted.as_ref(), &[b"WebPush: info\0", p256dh, &ours, &[1]]);
    // RFC 8188, sections 2.2 and 2.3.
    let extracted = hmac(&salt, &[ikm.as_ref()]);
    let key = hmac(extracted.as_ref(), &[b"Content-Encoding: aes128gcm\0", &[1]]);
    let nonce = hmac(extracted.as_ref(), &[b"Content-Encoding: nonce\0", &[1]]);
    let key = UnboundKey::new(&AES_128_GCM, &key.as_ref()[..16]).map_err(|_| SealError::Cipher)?;
    let nonce = Nonce::try_assume_unique_for_key(&nonce.as_ref()[..12]).map_err(|_| SealError::Cipher)?;
    let mut record = Vec::with_capacity(plain.len() + 17);
    record.extend_from_slice(plain);
    // The last record ends with 2 (RFC 8188, section 2).
    record.push(2);
    LessSafeKey::new(key)
        .seal_in_place_append_tag(nonce, Aad::empty(), &mut record)
        .map_err(|_| SealError::Cipher)?;
    let mut sealed = Vec::with_capacity(HEAD + record.len());
    sealed.extend_from_slice(&salt);
    sealed.extend_from_slice(&RECORD.to_be_bytes());
    sealed.push(65);
    sealed.extend_from_slice(&ours);
    sealed.append(&mut record);
    Ok(sealed)
}

/// Opens what was sealed, as a browser does: for receivers in tests.
#[cfg(any(test, feature = "testing"))]
pub fn open(secret: &SecretKey, auth: &[u8; 16], sealed: &[u8]) -> Option<Vec<u8>> {
    let (head, record) = sealed.split_at_checked(HEAD)?;
    let sender = PublicKey::from_sec1_bytes(&head[21..]).ok()?;
    let browser = secret.public_key().to_sec1_bytes();
    let shared = secret.diffie_hellman(&sender);
    let extracted = hmac(auth, &[shared.raw_secret_bytes()]);
    let ikm = hmac(extracted.as_ref(), &[b"WebPush: info\0", &browser, &head[21..], &[1]]);
    let extracted = hmac(&head[..16], &[ikm.as_ref()]);
    let key = hmac(extracted.as_ref(), &[b"Content-Encoding: aes128gcm\0", &[1]]);
    let nonce = hmac(extracted.as_ref(), &[b"Content-Encoding: nonce\0", &[1]]);
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key.as_ref()[..16]).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(&nonce.as_ref()[..12]).ok()?;
    let mut record = record.to_vec();
    let plain = key.open_in_place(nonce, Aad::empty(), &mut record).ok()?;
    let end = plain.iter().rposition(|byte| *byte != 0).filter(|end| plain[*end] == 2)?;
    Some(plain[..end].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).expect("base64url")
    }

    fn sized<const N: usize>(text: &str) -> [u8; N] {
        bytes(text).try_into().expect("as long as it must be")
    }

    /// RFC 8291, section 5 and appendix A.
    #[test]
    fn the_example_of_the_rfc_comes_out_byte_for_byte() {
        let plain = bytes("V2hlbiBJIGdyb3cgdXAsIEkgd2FudCB0byBiZSBhIHdhdGVybWVsb24");
        assert_eq!(plain, b"When I grow up, I want to be a watermelon");
        let ours =
            SecretKey::from_slice(&bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")).expect("a key");
        let browser =
            SecretKey::from_slice(&bytes("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")).expect("a key");
        let p256dh: [u8; 65] =
            sized("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4");
        assert_eq!(*browser.public_key().to_sec1_bytes(), p256dh);
        let auth: [u8; 16] = sized("BTBZMqHH6r4Tts7J_aSIgg");
        let sealed = seal((&p256dh, &auth), &ours, sized("DGv6ra1nlYgDCS1FRnbzlw"), &plain).expect("sealed");
        assert_eq!(
            URL_SAFE_NO_PAD.encode(&sealed),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
        assert_eq!(open(&browser, &auth, &sealed).as_deref(), Some(plain.as_slice()));
        assert_eq!(open(&ours, &auth, &sealed), None, "nobody else reads it");
        let mut changed = sealed.clone();
        changed[100] ^= 1;
        assert_eq!(open(&browser, &auth, &changed), None);
    }

    #[test]
    fn what_is_too_large_or_for_nobody_is_refused() {
        let ours = SecretKey::from_slice(&[7; 32]).expect("a key");
        let mut point: [u8; 65] = ours.public_key().to_sec1_bytes().as_ref().try_into().expect("65 bytes");
        let largest = vec![b'x'; 4_096 - 17];
        let sealed = seal((&point, &[1; 16]), &ours, [0; 16], &largest).expect("one record");
        assert_eq!(sealed.len(), largest.len() + ADDED);
        let more = vec![b'x'; 4_096 - 16];
        assert_eq!(seal((&point, &[1; 16]), &ours, [0; 16], &more), Err(SealError::Large));
        // With its greatest notification a sealed message stays below what every push service takes.
        const { assert!(cartwheel_domain::push::MOST_PAYLOAD + ADDED <= 4_096) };
        point[64] ^= 1;
        assert_eq!(seal((&point, &[1; 16]), &ours, [0; 16], b"x"), Err(SealError::Key));
    }
}
