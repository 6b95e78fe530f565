use super::*;
use crate::time::{DAY, HOUR};
use proptest::prelude::*;

const THREE_A_DAY: Cap = Cap { max: 3, window: DAY };

#[test]
fn the_window_slides() {
    let sent = [0, 5 * HOUR, 10 * HOUR];
    assert!(!cap_allows(&sent, DAY - 1, THREE_A_DAY));
    assert!(cap_allows(&sent, DAY, THREE_A_DAY), "the first has left the window");
    assert_eq!(cap_next(&sent, 11 * HOUR, THREE_A_DAY), Some(DAY));
    assert_eq!(cap_next(&sent[..2], 11 * HOUR, THREE_A_DAY), Some(11 * HOUR));
    assert_eq!(cap_next(&sent, 3 * DAY, THREE_A_DAY), Some(3 * DAY));
}

#[test]
fn a_cap_of_none_stops_everything() {
    let none = Cap { max: 0, window: DAY };
    assert!(!cap_allows(&[], 0, none));
    assert_eq!((cap_next(&[], 0, none), caps_next(&[], 0, &[THREE_A_DAY, none])), (None, None));
}

#[test]
fn several_caps_hold_together() {
    let sent = [0, HOUR, 2 * HOUR];
    let weekly = Cap { max: 3, window: 7 * DAY };
    assert_eq!(caps_next(&sent, 3 * HOUR, &[THREE_A_DAY, weekly]), Some(7 * DAY));
    assert_eq!(caps_next(&sent, 3 * HOUR, &[]), Some(3 * HOUR));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// I7: however the waits fall, no window anywhere holds more than the cap.
    #[test]
    fn no_window_ever_holds_more(wishes in prop::collection::vec(0i64..1_000, 1..40), max in 1u32..5, window in 1i64..300) {
        let cap = Cap { max, window };
        let mut sent: Vec<i64> = Vec::new();
        let mut clock = 0;
        for wish in wishes {
            clock += wish % 50;
            let at = cap_next(&sent, clock, cap).expect("max is not 0");
            prop_assert!(at >= clock && cap_allows(&sent, at, cap));
            prop_assert!(at == clock || !cap_allows(&sent, at - 1, cap), "not later than needed");
            clock = at;
            sent.push(at);
        }
        for end in &sent {
            let inside = sent.iter().filter(|t| (end - window + 1..=*end).contains(*t)).count();
            prop_assert!(u32::try_from(inside).expect("few") <= max);
        }
    }
}
