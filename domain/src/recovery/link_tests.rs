use super::*;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

/// HMAC-SHA-256 by RFC 2104, for a key of at most 64 bytes.
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(b, k)| *b ^= k);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

const KEY: &[u8] = b"a store's key of thirty-two byte";
const NOW: Millis = 1_795_341_600_000;

fn token() -> LinkToken {
    LinkToken {
        purpose: LinkPurpose::Click,
        store: StoreId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001)),
        message: MessageId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002)),
        number: 3,
        expires_at: NOW + 60 * SECOND,
        key_id: 1,
    }
}

fn open(text: &str, purpose: LinkPurpose, now: Millis) -> Result<LinkToken, LinkError> {
    let read = Unverified::read(text)?;
    read.verify(purpose, now, |signed| (read.key_id() == 1).then(|| hmac(KEY, signed)))
}

#[test]
fn a_token_reads_back() {
    let text = sign(&token(), |signed| hmac(KEY, signed));
    assert_eq!(text.len(), 82);
    assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    assert_eq!(open(&text, LinkPurpose::Click, NOW), Ok(token()));
    assert_eq!(Unverified::read(&text).map(|u| (u.store(), u.key_id())), Ok((token().store, 1)));
}

#[test]
fn it_counts_until_its_last_second_and_for_its_purpose_only() {
    let text = sign(&token(), |signed| hmac(KEY, signed));
    assert!(open(&text, LinkPurpose::Click, token().expires_at).is_ok());
    assert_eq!(open(&text, LinkPurpose::Click, token().expires_at + 1), Err(LinkError::Expired));
    for other in [LinkPurpose::Open, LinkPurpose::Unsubscribe] {
        assert_eq!(open(&text, other, NOW), Err(LinkError::Invalid));
    }
}

#[test]
fn a_missing_key_another_key_or_another_store_opens_nothing() {
    let text = sign(&token(), |signed| hmac(KEY, signed));
    let read = Unverified::read(&text).expect("well formed");
    assert_eq!(read.verify(LinkPurpose::Click, NOW, |_| None), Err(LinkError::Invalid));
    assert_eq!(
        read.verify(LinkPurpose::Click, NOW, |s| Some(hmac(b"another key", s))),
        Err(LinkError::Invalid)
    );
    let other_key = sign(&LinkToken { key_id: 2, ..token() }, |signed| hmac(KEY, signed));
    assert_eq!(open(&other_key, LinkPurpose::Click, NOW), Err(LinkError::Invalid));
}

#[test]
fn nothing_omitted_is_forgiven() {
    let text = sign(&token(), |signed| hmac(KEY, signed));
    for cut in 0..text.len() {
        assert_eq!(open(&text[..cut], LinkPurpose::Click, NOW), Err(LinkError::Invalid), "cut at {cut}");
    }
    let unsigned = URL_SAFE_NO_PAD.encode(signed_part(&token()));
    let null = URL_SAFE_NO_PAD.encode([signed_part(&token()).as_slice(), &[0; 16]].concat());
    for bad in
        ["", "=", "null", &format!("{text}="), &format!("{text}A"), &format!(" {text}"), &unsigned, &null]
    {
        assert_eq!(open(bad, LinkPurpose::Click, NOW), Err(LinkError::Invalid), "{bad}");
    }
    let mut older = signed_part(&token());
    older[0] = 0;
    let older = URL_SAFE_NO_PAD.encode([older.as_slice(), &hmac(KEY, &older)[..16]].concat());
    assert_eq!(
        open(&older, LinkPurpose::Click, NOW),
        Err(LinkError::Invalid),
        "an older version, though signed"
    );
}

#[test]
fn expiries_at_the_edge_of_time_do_not_overflow() {
    for expires_at in [i64::MAX, i64::MIN, 0] {
        let text = sign(&LinkToken { expires_at, ..token() }, |signed| hmac(KEY, signed));
        assert_eq!(open(&text, LinkPurpose::Click, NOW).is_ok(), expires_at > NOW);
    }
}

/// The keyed hash above is the real one: RFC 4231, test case 2.
#[test]
fn the_hash_of_these_tests_is_hmac() {
    let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(hex::encode(hmac(b"Jefe", b"what do ya want for nothing?")), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// S9: of 10,000 changed links none is accepted.
    #[test]
    fn no_changed_link_is_accepted(at in 0usize..82, with in "[A-Za-z0-9_=+/.%-]", kind in 0u8..4, at2 in 0usize..82, with2 in "[A-Za-z0-9_-]") {
        let good = sign(&token(), |signed| hmac(KEY, signed));
        let mut bad = good.clone();
        match kind {
            0 => bad.replace_range(at..=at, &with),
            1 => bad.insert_str(at, &with),
            2 => bad.replace_range(at..=at, ""),
            _ => {
                bad.replace_range(at..=at, &with);
                bad.replace_range(at2..=at2, &with2);
            }
        }
        prop_assume!(bad != good);
        for purpose in [LinkPurpose::Click, LinkPurpose::Open, LinkPurpose::Unsubscribe] {
            prop_assert!(open(&bad, purpose, NOW).is_err());
        }
    }

    #[test]
    fn random_text_is_no_link(text in "\\PC{0,120}") {
        prop_assert!(open(&text, LinkPurpose::Click, NOW).is_err());
    }

    #[test]
    fn every_token_reads_back(store: u128, message: u128, number: u16, seconds in 1_795_341_600i64..9_000_000_000) {
        let wanted = LinkToken {
            store: StoreId(Uuid::from_u128(store)),
            message: MessageId(Uuid::from_u128(message)),
            number,
            expires_at: seconds * SECOND,
            ..token()
        };
        let text = sign(&wanted, |signed| hmac(KEY, signed));
        prop_assert_eq!(open(&text, LinkPurpose::Click, NOW), Ok(wanted));
    }
}
