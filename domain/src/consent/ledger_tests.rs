use super::*;
use proptest::prelude::*;

fn entry(n: usize, action: Action, method: Option<Method>, at: Millis) -> Entry {
    Entry {
        id: format!("consent_{n}"),
        channel: Channel::Email,
        purpose: Purpose::CartEmail,
        action,
        method,
        at,
    }
}

fn standing(entries: &[Entry]) -> Standing {
    fold(entries).standing(Channel::Email, Purpose::CartEmail).cloned().expect("spoken of")
}

use Action::{Confirmed, Expired, Given, Imported as Import, Objected, Withdrawn};
use Method::{Api, Checkbox, DoubleOptIn, Imported, Keyword, Platform};

#[test]
fn double_opt_in_takes_two_steps() {
    let asked = [entry(0, Given, Some(DoubleOptIn), 0)];
    let waiting = standing(&asked);
    assert_eq!((waiting.state, waiting.yes.len()), (State::Pending, 0));
    let pressed = [asked[0].clone(), entry(1, Confirmed, None, 5)];
    let given = standing(&pressed);
    assert_eq!((given.state, given.at, given.evidence.as_str()), (State::Given, 5, "consent_1"));
    assert_eq!(
        given.yes,
        [Yes { at: 5, method: DoubleOptIn, evidence: vec!["consent_0".into(), "consent_1".into()] }]
    );
}

#[test]
fn a_press_counts_only_in_time_after_a_first_step_that_stands() {
    let late = [entry(0, Given, Some(DoubleOptIn), 0), entry(1, Confirmed, None, CONFIRM_WITHIN + 1)];
    assert_eq!(standing(&late).state, State::Pending);
    let last = [entry(0, Given, Some(DoubleOptIn), 0), entry(1, Confirmed, None, CONFIRM_WITHIN)];
    assert_eq!(standing(&last).state, State::Given);
    assert_eq!(fold(&[entry(0, Confirmed, None, 0)]).standing(Channel::Email, Purpose::CartEmail), None);
    let undone =
        [entry(0, Given, Some(DoubleOptIn), 0), entry(1, Withdrawn, None, 1), entry(2, Confirmed, None, 2)];
    assert_eq!(standing(&undone).state, State::Withdrawn, "an old link does not undo a no");
}

#[test]
fn a_ticked_box_that_was_confirmed_is_proven() {
    let both = standing(&[entry(0, Given, Some(Checkbox), 0), entry(1, Confirmed, None, 5)]);
    let methods: Vec<_> = both.yes.iter().map(|y| (y.method, y.at)).collect();
    assert_eq!(methods, [(Checkbox, 0), (DoubleOptIn, 5)]);
    let stale =
        standing(&[entry(0, Given, Some(Checkbox), 0), entry(1, Confirmed, None, CONFIRM_WITHIN + 1)]);
    assert_eq!(stale.yes.len(), 1);
    // What a list claims cannot be confirmed into a proof.
    let claimed = standing(&[entry(0, Import, None, 0), entry(1, Confirmed, None, 5)]);
    assert_eq!(claimed.yes.iter().map(|y| y.method).collect::<Vec<_>>(), [Imported]);
}

#[test]
fn only_an_act_of_the_person_undoes_a_no() {
    for no in [Withdrawn, Objected] {
        for (method, undone) in
            [(Checkbox, true), (Keyword, true), (Api, false), (Platform, false), (Imported, false)]
        {
            let after = standing(&[entry(0, no, None, 0), entry(1, Given, Some(method), 1)]);
            assert_eq!(after.state == State::Given, undone, "{no} then {method}");
        }
        let unnamed = standing(&[entry(0, no, None, 0), entry(1, Given, None, 1)]);
        assert!(unnamed.state.is_no(), "no method is no act");
        let imported = standing(&[entry(0, no, None, 0), entry(1, Import, Some(Checkbox), 1)]);
        assert!(imported.state.is_no(), "a list cannot call itself a ticked box");
    }
}

#[test]
fn a_lapse_ends_a_yes_and_not_a_no() {
    assert_eq!(
        standing(&[entry(0, Given, Some(Checkbox), 0), entry(1, Expired, None, 1)]).state,
        State::Expired
    );
    assert_eq!(standing(&[entry(0, Withdrawn, None, 0), entry(1, Expired, None, 1)]).state, State::Withdrawn);
    assert_eq!(fold(&[entry(0, Expired, None, 0)]), ConsentState::default());
    let again = standing(&[
        entry(0, Given, Some(Checkbox), 0),
        entry(1, Expired, None, 1),
        entry(2, Given, Some(Api), 2),
    ]);
    assert_eq!((again.state, again.yes.len()), (State::Given, 1));
}

#[test]
fn at_one_instant_the_stricter_counts() {
    let same = [entry(0, Withdrawn, None, 7), entry(1, Given, Some(Checkbox), 7)];
    assert_eq!(standing(&same).state, State::Withdrawn);
}

#[test]
fn the_newest_yes_of_a_method_stands() {
    let twice = standing(&[entry(0, Given, Some(Checkbox), 0), entry(1, Given, Some(Checkbox), 9)]);
    assert_eq!(twice.yes, [Yes { at: 9, method: Checkbox, evidence: vec!["consent_1".into()] }]);
    assert_eq!(twice.at, 0, "given since the first");
}

#[test]
fn objections_to_marketing_are_kept_across_channels_and_for_good() {
    let mut by_text = entry(0, Objected, None, 3);
    (by_text.channel, by_text.purpose) = (Channel::Sms, Purpose::SmsMarketing);
    let state = fold(&[by_text, entry(1, Given, Some(Checkbox), 9)]);
    assert_eq!(state.objected(), Some((3, "consent_0")));
    assert_eq!(state.standings().count(), 2);
    let mut pixel = entry(0, Objected, None, 3);
    pixel.purpose = Purpose::OpenPixel;
    assert_eq!(fold(&[pixel]).objected(), None);
}

fn any_entries() -> impl Strategy<Value = Vec<Entry>> {
    let one = (
        prop::sample::select(Action::ALL),
        prop::option::of(prop::sample::select(Method::ALL)),
        0i64..20,
        prop::bool::ANY,
    );
    prop::collection::vec(one, 0..8).prop_map(|all| {
        let entries = all.into_iter().enumerate();
        let purpose = |m| if m { Purpose::MarketingEmail } else { Purpose::CartEmail };
        entries
            .map(|(n, (action, method, at, m))| Entry { purpose: purpose(m), ..entry(n, action, method, at) })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn order_and_repetition_do_not_matter(entries in any_entries(), seed: u64) {
        let mut other = entries.clone();
        other.extend(entries.iter().take(2).cloned());
        let n = other.len().max(1);
        for i in 0..other.len() {
            let j = usize::try_from(seed.rotate_left(u32::try_from(i).unwrap_or(0) * 7) % n as u64).unwrap_or(0);
            other.swap(i, j);
        }
        prop_assert_eq!(fold(&entries), fold(&other));
    }

    #[test]
    fn a_no_said_last_stands(entries in any_entries(), objected: bool) {
        let mut all = entries;
        all.push(entry(99, if objected { Objected } else { Withdrawn }, None, 20));
        let last = standing(&all);
        prop_assert!(last.state.is_no() && last.yes.is_empty());
    }

    #[test]
    fn a_list_or_a_platform_never_turns_a_no_into_a_yes(entries in any_entries(), method in prop::sample::select(&[Api, Platform, Imported][..])) {
        let before = fold(&entries);
        let said_no = before.standing(Channel::Email, Purpose::CartEmail).is_some_and(|s| s.state.is_no());
        let mut all = entries;
        all.push(entry(99, Given, Some(method), 21));
        prop_assert!(!said_no || standing(&all).state.is_no());
    }
}
