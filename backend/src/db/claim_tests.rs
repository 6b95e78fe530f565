use super::*;

#[test]
fn shares_shrink_while_many_lanes_are_busy_and_grow_while_one_is() {
    let mut share = Share::default();
    for _ in 0..10 {
        let taken = share.per_lane();
        share.learn(512, (0..taken).map(|_| 7));
    }
    assert_eq!(share.per_lane(), 512, "one busy store gets everything");
    for _ in 0..10 {
        share.learn(512, (0..512).map(|n| n % LANES));
    }
    assert_eq!(share.per_lane(), 8, "64 busy lanes get an eighth of 64 each");
    share.learn(512, []);
    assert_eq!(share.per_lane(), 8, "nothing due teaches nothing");
}
