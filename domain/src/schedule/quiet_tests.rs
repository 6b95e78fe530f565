use super::*;
use crate::time::{HOUR, MINUTE, parse_rfc3339};
use chrono_tz::TZ_VARIANTS;
use proptest::prelude::*;

fn at(text: &str) -> Millis {
    parse_rfc3339(text).expect("an instant")
}

fn hours(from: &str, to: &str) -> QuietHours {
    QuietHours::new(from.parse().expect("a time"), to.parse().expect("a time")).expect("they differ")
}

const BERLIN: Tz = Tz::Europe__Berlin;

#[test]
fn quiet_hours_cross_midnight() {
    let night = [hours("20:00", "09:00")];
    let next = |text: &str| next_allowed(at(text), &night, &[BERLIN]);
    assert_eq!(next("2026-11-22T19:59:59.999+01:00"), Some(at("2026-11-22T19:59:59.999+01:00")));
    assert_eq!(next("2026-11-22T20:00:00+01:00"), Some(at("2026-11-23T09:00:00+01:00")));
    assert_eq!(next("2026-11-23T08:59:59.999+01:00"), Some(at("2026-11-23T09:00:00+01:00")));
    assert_eq!(next("2026-11-23T09:00:00+01:00"), Some(at("2026-11-23T09:00:00+01:00")));
    assert_eq!(next_allowed(at("2026-11-22T23:00:00Z"), &[], &[BERLIN]), Some(at("2026-11-22T23:00:00Z")));
}

#[test]
fn clock_changes_neither_cut_nor_stretch_silence() {
    // Ends inside the gap: free from the first instant after it.
    let next = next_allowed(at("2026-03-28T23:00:00+01:00"), &[hours("22:00", "02:30")], &[BERLIN]);
    assert_eq!(next, Some(at("2026-03-29T03:00:00+02:00")));
    // Ends inside the fold: free at its first occurrence, silent again when the hour comes back, free at the second.
    let silent = [hours("22:00", "02:30")];
    assert_eq!(
        next_allowed(at("2026-10-24T23:00:00+02:00"), &silent, &[BERLIN]),
        Some(at("2026-10-25T02:30:00+02:00"))
    );
    assert!(is_quiet(at("2026-10-25T02:10:00+01:00"), &silent, &[BERLIN]));
    assert_eq!(
        next_allowed(at("2026-10-25T02:10:00+01:00"), &silent, &[BERLIN]),
        Some(at("2026-10-25T02:30:00+01:00"))
    );
    // The fold itself ends silence.
    let early = [hours("02:30", "04:00")];
    assert_eq!(
        next_allowed(at("2026-10-25T02:45:00+02:00"), &early, &[BERLIN]),
        Some(at("2026-10-25T02:00:00+01:00"))
    );
}

#[test]
fn a_country_with_many_zones_is_silent_where_any_zone_is() {
    let us = super::super::zones_of_country("US".parse().expect("a country"));
    let night = [hours("20:00", "09:00")];
    // Nine in Honolulu is two in the afternoon in New York (winter).
    assert_eq!(
        next_allowed(at("2026-11-22T09:00:00-05:00"), &night, us),
        Some(at("2026-11-22T14:00:00-05:00"))
    );
    assert_eq!(
        next_allowed(at("2026-11-22T20:00:00-05:00"), &night, us),
        Some(at("2026-11-23T14:00:00-05:00"))
    );
    // Russia: Kamchatka's evening is Kaliningrad's morning, one hour is left.
    let russia = super::super::zones_of_country("RU".parse().expect("a country"));
    assert_eq!(next_allowed(at("2026-11-22T12:00:00Z"), &night, russia), Some(at("2026-11-23T07:00:00Z")));
}

#[test]
fn silence_without_end_is_said() {
    let whole_day = [hours("08:00", "20:00"), hours("20:00", "08:00")];
    assert_eq!(next_allowed(at("2026-11-22T12:00:00Z"), &whole_day, &[BERLIN]), None);
    // No common free hour: Auckland's day is Berlin's night.
    let narrow = [hours("12:00", "10:00")];
    assert_eq!(next_allowed(at("2026-11-22T12:00:00Z"), &narrow, &[BERLIN, Tz::Pacific__Auckland]), None);
}

#[test]
fn sending_hours_leave_the_rest_quiet() {
    assert_eq!(QuietHours::outside(9 * 60, 20 * 60 + 30), Some(hours("20:30", "09:00")));
    assert_eq!((QuietHours::outside(0, 0), QuietHours::outside(0, 1440)), (None, None));
}

#[test]
fn quiet_hours_are_read_strictly() {
    let read = |text: &str| serde_json::from_str::<QuietHours>(text);
    assert_eq!(read(r#"{"from":"20:00","to":"09:00"}"#).expect("valid"), hours("20:00", "09:00"));
    for bad in [
        r#"{"from":"20:00","to":"20:00"}"#,
        r#"{"from":"20:00"}"#,
        r#"{"from":"8pm","to":"09:00"}"#,
        r#"{"from":"20:00","to":"09:00","x":1}"#,
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
    assert_eq!(
        serde_json::to_string(&hours("20:00", "09:00")).expect("serialises"),
        r#"{"from":"20:00","to":"09:00"}"#
    );
}

/// The same answer by looking at each minute.
fn slow_next(now: Millis, quiet: &[QuietHours], zones: &[Tz], days: i64) -> Option<Millis> {
    if !is_quiet(now, quiet, zones) {
        return Some(now);
    }
    let first = now - now.rem_euclid(MINUTE) + MINUTE;
    (0..days * 24 * 60).map(|m| first + m * MINUTE).find(|t| !is_quiet(*t, quiet, zones))
}

fn any_zone() -> impl Strategy<Value = Tz> {
    prop::sample::select(&TZ_VARIANTS[..])
}

fn any_quiet() -> impl Strategy<Value = QuietHours> {
    let time = || (0u16..24, prop::sample::select(&[0u16, 15, 30, 45, 59][..]));
    (time(), time()).prop_filter_map("from and to differ", |((a, b), (c, d))| {
        QuietHours::new(LocalTime::new(a, b)?, LocalTime::new(c, d)?)
    })
}

/// Any instant 2020 to 2035, half of them within three hours of a change of that zone.
fn any_now(zone: Tz) -> impl Strategy<Value = Millis> {
    (1_577_836_800_000i64..2_082_758_400_000, -3 * HOUR..3 * HOUR, any::<bool>()).prop_map(
        move |(at, near, close)| match transitions(zone, at, at + 190 * DAY).first() {
            Some(change) if close => change + near,
            _ => at,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// quality 2.5: 10,000 random cases; the answer is free, and no earlier minute is.
    #[test]
    fn the_first_free_instant_is_found((zone, now) in any_zone().prop_flat_map(|z| (Just(z), any_now(z))), quiet in prop::collection::vec(any_quiet(), 1..3)) {
        let found = next_allowed(now, &quiet, &[zone]);
        prop_assert_eq!(found, slow_next(now, &quiet, &[zone], 2));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn several_zones_are_all_free(zones in prop::collection::vec(any_zone(), 2..6), now in 1_577_836_800_000i64..2_082_758_400_000, quiet in any_quiet()) {
        let found = next_allowed(now, &[quiet], &zones);
        prop_assert_eq!(found, slow_next(now, &[quiet], &zones, 8));
    }
}
