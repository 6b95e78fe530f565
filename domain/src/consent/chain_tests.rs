use super::*;
use proptest::prelude::*;
use serde_json::json;

fn store(n: u128) -> StoreId {
    StoreId(uuid::Uuid::from_u128(n))
}

fn chained(entries: &[Value]) -> Vec<(Value, ChainHash)> {
    let mut last = genesis(store(1));
    let link = |entry: &Value| {
        last = next(last, entry).expect("whole numbers");
        (entry.clone(), last)
    };
    entries.iter().map(link).collect()
}

fn check(chain: &[(Value, ChainHash)], head: (ChainHash, usize)) -> Result<(), Broken> {
    verify(genesis(store(1)), chain.iter().map(|(e, h)| (e, *h)), head)
}

#[test]
fn the_canonical_form_is_one() {
    let value = json!({"b": [1, -2, null, true], "a": {"é": "x\n\"", "Z": 0}, "\u{1F600}": 1, "\u{FB33}": 2});
    // RFC 8785 sorts by UTF-16 units: the emoji's surrogate D83D comes before FB33.
    assert_eq!(
        canonical(&value).expect("whole numbers"),
        "{\"a\":{\"Z\":0,\"é\":\"x\\n\\\"\"},\"b\":[1,-2,null,true],\"\u{1F600}\":1,\"\u{FB33}\":2}"
    );
    assert_eq!(canonical(&json!({"x": [0.5]})), Err(NotCanonical("0.5".into())));
}

#[test]
fn a_link_is_sha256_of_the_previous_and_the_entry() {
    let entry = json!({"action": "given"});
    let expected: [u8; 32] =
        Sha256::new().chain_update([7; 32]).chain_update(br#"{"action":"given"}"#).finalize().into();
    assert_eq!(next(ChainHash([7; 32]), &entry), Ok(ChainHash(expected)));
    assert_ne!(genesis(store(1)), genesis(store(2)));
    let hash = ChainHash(expected);
    assert_eq!(ChainHash::from_hex(&hash.to_hex()), Some(hash));
    assert_eq!((ChainHash::from_hex("zz"), ChainHash::from_hex("00")), (None, None));
}

#[test]
fn a_chain_with_a_fraction_in_it_is_broken() {
    let chain = [(json!(0.5), ChainHash([0; 32]))];
    assert_eq!(check(&chain, (ChainHash([0; 32]), 1)), Err(Broken::At(0)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// S16: of 1,000 random tamperings all are found.
    #[test]
    fn every_tampering_is_found(n in 2usize..12, kind in 0usize..5, i in 0usize..12, j in 0usize..12, forged: u32) {
        let entries: Vec<Value> = (0..n).map(|k| json!({"id": k, "action": "given", "at": 1000 * k})).collect();
        let chain = chained(&entries);
        let head = (chain[n - 1].1, n);
        prop_assert_eq!(check(&chain, head), Ok(()));
        let (i, j) = (i % n, j % n);
        let mut bad = chain.clone();
        match kind {
            0 => bad[i].0["id"] = json!(u64::from(forged) + 100),
            1 => drop(bad.remove(i)),
            2 => bad.insert(i, (json!({"id": forged}), chain[j].1)),
            3 if i != j => bad.swap(i, j),
            _ => bad[i].1.0[usize::try_from(forged % 32).unwrap_or(0)] ^= 1,
        }
        prop_assert!(check(&bad, head).is_err());
    }

    /// Whoever can rewrite all the hashes too is caught by the head that was kept elsewhere.
    #[test]
    fn a_chain_rewritten_from_some_point_misses_the_head(n in 2usize..12, cut in 1usize..12) {
        let entries: Vec<Value> = (0..n).map(|k| json!({"id": k})).collect();
        let whole = chained(&entries);
        let head = (whole[n - 1].1, n);
        let shorter = chained(&entries[..n - (cut % n).max(1)]);
        let found = shorter.len();
        prop_assert_eq!(check(&shorter, head), Err(Broken::Head { expected: n, found }));
        let mut other = entries;
        other[0] = json!({"id": "forged"});
        let rewritten = chained(&other);
        let expected = Err(Broken::Head { expected: n, found: n });
        prop_assert_eq!(check(&rewritten, head), expected);
    }
}
