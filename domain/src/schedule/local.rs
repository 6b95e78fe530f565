//! Local times of day and the instants they fall on.

use crate::time::{DAY, HOUR, MINUTE, Millis, SECOND};
use chrono::{DateTime, Offset, TimeZone, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// A time of day on a 24-hour clock, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime(u16);

/// Why a text is no time of day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a time of day from 00:00 to 23:59")]
pub struct LocalTimeError(String);

impl LocalTime {
    /// `hour` 0 to 23, `minute` 0 to 59; `None` outside.
    pub const fn new(hour: u16, minute: u16) -> Option<Self> {
        if hour < 24 && minute < 60 { Some(Self(hour * 60 + minute)) } else { None }
    }

    /// Milliseconds since local midnight by the clock on the wall.
    pub(super) const fn millis(self) -> Millis {
        self.0 as Millis * MINUTE
    }
}

impl FromStr for LocalTime {
    type Err = LocalTimeError;

    fn from_str(text: &str) -> Result<Self, LocalTimeError> {
        let bad = || LocalTimeError(text.chars().take(16).collect());
        let (hour, minute) = text.trim().split_once(':').ok_or_else(bad)?;
        let number = |s: &str| {
            (s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit())).then(|| s.parse().ok()).flatten()
        };
        number(hour).zip(number(minute)).and_then(|(h, m)| Self::new(h, m)).ok_or_else(bad)
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl Serialize for LocalTime {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LocalTime {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Local time minus UTC at an instant, in milliseconds. Instants chrono cannot hold count as UTC.
pub(super) fn offset_at(zone: Tz, at: Millis) -> Millis {
    DateTime::from_timestamp_millis(at).map_or(0, |utc| {
        Millis::from(zone.offset_from_utc_datetime(&utc.naive_utc()).fix().local_minus_utc()) * SECOND
    })
}

/// What the clock on the wall shows, as milliseconds since the epoch of a clock without zones.
pub(super) fn wall(zone: Tz, at: Millis) -> Millis {
    at + offset_at(zone, at)
}

/// The instants in `(from, to]` at which the zone's offset changes: the first instant of the new offset.
pub(super) fn transitions(zone: Tz, from: Millis, to: Millis) -> Vec<Millis> {
    // Closer than this no zone has changed twice since clocks had zones.
    const STEP: Millis = 6 * HOUR;
    let mut found = Vec::new();
    let mut low = from;
    while low < to {
        let high = (low + STEP).min(to);
        if offset_at(zone, low) != offset_at(zone, high) {
            found.push(bisect(zone, low, high));
        }
        low = high;
    }
    found
}

fn bisect(zone: Tz, mut low: Millis, mut high: Millis) -> Millis {
    let before = offset_at(zone, low);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if offset_at(zone, middle) == before { low = middle } else { high = middle }
    }
    high
}

/// The instant at which the wall shows `wall_time`: its first occurrence, or in a gap the first instant after it.
fn instant_of(zone: Tz, wall_time: Millis) -> Millis {
    // Clocks stand between 12 hours behind UTC and 14 ahead: whatever applies at this wall time is among these.
    let (from, to) = (wall_time - 15 * HOUR, wall_time + 13 * HOUR);
    let near = transitions(zone, from, to);
    let mut offsets = vec![offset_at(zone, from)];
    offsets.extend(near.iter().map(|t| offset_at(zone, *t)));
    let shown = offsets.into_iter().map(|o| wall_time - o).filter(|at| wall(zone, *at) == wall_time).min();
    let skipped =
        || near.iter().copied().find(|t| wall(zone, t - 1) < wall_time && wall_time <= wall(zone, *t));
    shown.or_else(skipped).unwrap_or(wall_time)
}

/// The next instant after `now` at which it is `time` in `zone`: once per local day, also on days of a clock change.
pub fn next_local(now: Millis, time: LocalTime, zone: Tz) -> Millis {
    next_on(now, time, zone, |_| true)
}

/// The next instant after `now` at which it is `time` on `weekday` in `zone`.
pub fn next_weekday(now: Millis, weekday: Weekday, time: LocalTime, zone: Tz) -> Millis {
    // 1970-01-01 was a Thursday.
    next_on(now, time, zone, |day| (day + 3).rem_euclid(7) == i64::from(weekday.num_days_from_monday()))
}

/// The same time of the clock on the wall `days` later: a day of 23 or 25 hours counts as one.
pub fn plus_days(now: Millis, days: u32, zone: Tz) -> Millis {
    instant_of(zone, wall(zone, now) + Millis::from(days) * DAY)
}

fn next_on(now: Millis, time: LocalTime, zone: Tz, wanted: impl Fn(i64) -> bool) -> Millis {
    let today = wall(zone, now).div_euclid(DAY);
    // All of an earlier day has been shown already. A week covers every weekday, and one day more what is past today.
    let days = (today..=today + 8).filter(|day| wanted(*day));
    days.map(|day| instant_of(zone, day * DAY + time.millis())).find(|at| *at > now).unwrap_or(now + DAY)
}

#[cfg(test)]
#[path = "local_tests.rs"]
mod tests;
