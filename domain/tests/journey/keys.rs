//! Keys are for ever: a change of these values would send messages twice.

use crate::build::{id, uuid};
use cartwheel_domain::{
    ids::{CartId, ContactId, JourneyId, RunId, StoreId},
    journey::keys::*,
};
use std::collections::BTreeSet;

#[test]
fn keys_do_not_change() {
    let key = send_key(StoreId(uuid(1)), RunId(uuid(2)), &id("mail_1"), 1);
    assert_eq!(key, "a017a62fe8f70b40d807f5b78f8eeb1e07ee620b2f2c2fe32459cc56f8dfa66d");
    assert_eq!(holdout_bucket(StoreId(uuid(1)), JourneyId(uuid(2)), ContactId(uuid(3))), 3077);
    assert_eq!(split_bucket(JourneyId(uuid(2)), &id("split"), ContactId(uuid(3))), 6644);
    assert_eq!(entry_key(CartId(uuid(4)), 2), format!("{}#2", CartId(uuid(4))));
}

#[test]
fn every_part_makes_another_key() {
    let mut seen = BTreeSet::new();
    let (s, r) = (|n| StoreId(uuid(n)), |n| RunId(uuid(n)));
    for (store, run, node, visit) in [
        (1, 2, "a", 1),
        (3, 2, "a", 1),
        (1, 3, "a", 1),
        (1, 2, "b", 1),
        (1, 2, "a", 2),
        (1, 2, "aa", 1),
        (2, 1, "a", 1),
    ] {
        let key = send_key(s(store), r(run), &id(node), visit);
        assert_eq!(key.len(), 64);
        assert!(seen.insert(key), "{store} {run} {node} {visit}");
    }
}

#[test]
fn parts_do_not_run_together_and_buckets_are_even() {
    assert_ne!(bucket(&[b"ab", b"c"]), bucket(&[b"a", b"bc"]));
    let mut tenths = [0_u32; 10];
    for n in 0..20_000_u32 {
        let b = bucket(&[b"even", &n.to_be_bytes()]);
        assert!(b < BUCKETS);
        tenths[(b / 1000) as usize] += 1;
    }
    // 2,000 expected in each; five standard deviations are 212.
    assert!(tenths.iter().all(|n| (1788..=2212).contains(n)), "{tenths:?}");
}
