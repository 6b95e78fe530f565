use super::*;
use crate::time::parse_rfc3339;
use chrono_tz::TZ_VARIANTS;
use std::collections::BTreeMap;

const FROM: Millis = 1_577_836_800_000; // 2020-01-01
const TO: Millis = 2_082_758_400_000; // 2036-01-01

fn at(text: &str) -> Millis {
    parse_rfc3339(text).expect("an instant")
}

fn time(text: &str) -> LocalTime {
    text.parse().expect("a time of day")
}

fn berlin() -> Tz {
    Tz::Europe__Berlin
}

#[test]
fn a_gap_ends_at_its_first_valid_instant() {
    // 2026-03-29 02:00 CET -> 03:00 CEST.
    let evening = at("2026-03-28T20:00:00+01:00");
    assert_eq!(next_local(evening, time("02:30"), berlin()), at("2026-03-29T03:00:00+02:00"));
    assert_eq!(next_local(evening, time("03:00"), berlin()), at("2026-03-29T03:00:00+02:00"));
    assert_eq!(next_local(evening, time("01:59"), berlin()), at("2026-03-29T01:59:00+01:00"));
    let after = at("2026-03-29T03:00:00+02:00");
    assert_eq!(next_local(after, time("02:30"), berlin()), at("2026-03-30T02:30:00+02:00"));
}

#[test]
fn a_fold_counts_once_at_its_first_occurrence() {
    // 2026-10-25 03:00 CEST -> 02:00 CET.
    let evening = at("2026-10-24T20:00:00+02:00");
    let first = at("2026-10-25T02:30:00+02:00");
    assert_eq!(next_local(evening, time("02:30"), berlin()), first);
    assert_eq!(next_local(first, time("02:30"), berlin()), at("2026-10-26T02:30:00+01:00"));
    let between = at("2026-10-25T02:10:00+01:00");
    assert_eq!(next_local(between, time("02:30"), berlin()), at("2026-10-26T02:30:00+01:00"));
}

#[test]
fn now_itself_is_not_next() {
    let nine = at("2026-11-22T09:00:00+01:00");
    assert_eq!(next_local(nine, time("09:00"), berlin()), nine + DAY);
    assert_eq!(next_local(nine - 1, time("09:00"), berlin()), nine);
}

#[test]
fn a_weekday_is_found_within_the_week() {
    let sunday = at("2026-11-22T10:00:00+01:00");
    let monday = at("2026-11-23T09:00:00+01:00");
    assert_eq!(next_weekday(sunday, Weekday::Mon, time("09:00"), berlin()), monday);
    assert_eq!(next_weekday(monday, Weekday::Mon, time("09:00"), berlin()), monday + 7 * DAY);
    assert_eq!(next_weekday(sunday, Weekday::Sun, time("10:01"), berlin()), sunday + 60_000);
    // Across the clock change: still nine by the wall.
    assert_eq!(
        next_weekday(at("2026-03-28T12:00:00+01:00"), Weekday::Mon, time("09:00"), berlin()),
        at("2026-03-30T09:00:00+02:00")
    );
}

#[test]
fn a_day_of_the_calendar_has_23_to_25_hours() {
    let before_gap = at("2026-03-28T12:00:00+01:00");
    assert_eq!(plus_days(before_gap, 1, berlin()) - before_gap, 23 * HOUR);
    let before_fold = at("2026-10-24T12:00:00+02:00");
    assert_eq!(plus_days(before_fold, 1, berlin()) - before_fold, 25 * HOUR);
    assert_eq!(plus_days(before_fold, 0, berlin()), before_fold);
}

#[test]
fn a_day_that_never_was_is_skipped() {
    // Samoa went from 2011-12-29 straight to 2011-12-31.
    let zone = Tz::Pacific__Apia;
    let evening = at("2011-12-30T09:00:00Z");
    assert_eq!(plus_days(evening, 1, zone), at("2011-12-30T10:00:00Z"), "the first instant of the 31st");
}

#[test]
fn times_of_day_have_one_form() {
    assert_eq!(time("07:05").to_string(), "07:05");
    for bad in ["24:00", "12:60", "7:00", "07:5", "0700", "", "ab:cd", "-1:00", "12:00:00", "+7:00"] {
        assert!(bad.parse::<LocalTime>().is_err(), "{bad}");
    }
    assert_eq!(
        (LocalTime::new(23, 59).is_some(), LocalTime::new(24, 0), LocalTime::new(0, 60)),
        (true, None, None)
    );
}

#[test]
fn instants_beyond_all_calendars_do_not_panic() {
    for now in [i64::MIN / 4, i64::MAX / 4] {
        let _ = next_local(now, time("09:00"), berlin());
    }
}

/// All offset changes of a zone 2020 to 2035 with the offset after each, by a plain daily scan.
fn all_changes(zone: Tz) -> Vec<(Millis, Millis)> {
    let mut found = vec![(FROM, offset_at(zone, FROM))];
    for day in 1..=(TO - FROM) / DAY {
        let here = FROM + day * DAY;
        if offset_at(zone, here) != found[found.len() - 1].1 {
            found.push((bisect(zone, here - DAY, here), offset_at(zone, here)));
        }
    }
    found
}

/// The wall's time per minute around a change, and the definition the code must meet: the instant of a local time is
/// the first at which the wall shows it or more.
struct Around {
    start: Millis,
    /// The most the wall has shown up to each minute.
    most: Vec<Millis>,
}

const BEFORE: Millis = 30 * HOUR;

impl Around {
    fn new(zone: Tz, change: Millis) -> Self {
        let start = change - BEFORE - 15 * HOUR;
        let mut top = Millis::MIN;
        let shown = (0..(BEFORE + 100 * HOUR) / MINUTE).map(|m| {
            top = top.max(wall(zone, start + m * MINUTE));
            top
        });
        Self { start, most: shown.collect() }
    }

    fn instant_of(&self, wall_time: Millis) -> Millis {
        let minute = self.most.partition_point(|shown| *shown < wall_time);
        self.start + Millis::try_from(minute).unwrap_or(0) * MINUTE
    }

    fn next(&self, now: Millis, zone: Tz, time: LocalTime, wanted: impl Fn(i64) -> bool) -> Option<Millis> {
        let today = wall(zone, now).div_euclid(DAY);
        (today - 1..=today + 2)
            .filter(|d| wanted(*d))
            .map(|d| self.instant_of(d * DAY + time.millis()))
            .find(|t| *t > now)
    }
}

/// quality 2.5: every IANA zone, every transition 2020 to 2035, "next 09:00 local", "wait 1 day", "every Monday".
#[test]
fn every_zone_and_every_transition_from_2020_to_2035() {
    assert!(TZ_VARIANTS.len() > 500);
    let mut known: BTreeMap<Vec<(Millis, Millis)>, Tz> = BTreeMap::new();
    let mut changes = 0;
    for zone in TZ_VARIANTS {
        let all = all_changes(zone);
        assert!(
            all.windows(2).all(|w| w[1].0 - w[0].0 > 2 * DAY),
            "{zone} changes twice within the windows used here"
        );
        assert_eq!(transitions(zone, FROM, TO), all[1..].iter().map(|c| c.0).collect::<Vec<_>>(), "{zone}");
        changes += all.len() - 1;
        // Zones of the same changes and offsets are one zone as far as these years go.
        known.entry(all).or_insert(zone);
    }
    let mut checks = 0;
    let mut walls = BTreeMap::new();
    for (all, zone) in &known {
        for pair in all.windows(2) {
            let around = walls
                .entry((pair[1].0, pair[0].1, pair[1].1))
                .or_insert_with(|| Around::new(*zone, pair[1].0));
            checks += check_change(*zone, pair[1].0, around);
        }
    }
    assert!(changes > 5_000, "{changes} transitions");
    assert!(checks > 100_000, "{checks} checks of {} different zones", known.len());
}

fn check_change(zone: Tz, change: Millis, around: &Around) -> usize {
    // Local times on both sides of the change and inside what it skips or repeats.
    let (before, after) = (wall(zone, change - MINUTE), wall(zone, change));
    let near = [before - HOUR, before, before + MINUTE, (before + after) / 2, after, after + 30 * MINUTE];
    let mut times: Vec<LocalTime> = near
        .iter()
        .filter_map(|w| u16::try_from(w.rem_euclid(DAY) / MINUTE).ok())
        .filter_map(|m| LocalTime::new(m / 60, m % 60))
        .chain([time("09:00"), time("00:00")])
        .collect();
    times.sort_unstable();
    times.dedup();
    let mut checks = 0;
    for now in
        [-25 * HOUR, -HOUR, -MINUTE, -1, 0, 1, 30 * MINUTE, HOUR, 3 * HOUR, 23 * HOUR].map(|d| change + d)
    {
        for time in times.iter().copied() {
            assert_eq!(
                Some(next_local(now, time, zone)),
                around.next(now, zone, time, |_| true),
                "{zone} {time} at {now}"
            );
            checks += 1;
        }
        // Whichever weekday the wall shows tomorrow.
        let tomorrow = wall(zone, now).div_euclid(DAY) + 1;
        let weekday =
            Weekday::try_from(u8::try_from((tomorrow + 3).rem_euclid(7)).unwrap_or(0)).expect("0 to 6");
        let expected = around.next(now, zone, time("09:00"), |d| d == tomorrow);
        assert_eq!(
            Some(next_weekday(now, weekday, time("09:00"), zone)),
            expected,
            "{zone} {weekday} at {now}"
        );
        if now % MINUTE == 0 {
            let expected = around.instant_of(wall(zone, now) + DAY);
            assert_eq!(plus_days(now, 1, zone), expected, "{zone} a day after {now}");
        }
        checks += 2;
    }
    checks
}
