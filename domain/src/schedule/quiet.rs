//! Quiet hours: the part of the local day in which a channel is silent.

use super::local::{LocalTime, offset_at, transitions, wall};
use crate::time::{DAY, Millis};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize};

/// Silent from `from` (inclusive) to `to` (exclusive) by the recipient's clock; `22:00` to `08:00` crosses midnight.
/// The two differ: a channel that is always silent is one that is switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct QuietHours {
    from: LocalTime,
    to: LocalTime,
}

impl QuietHours {
    /// `None` when both are the same time.
    pub fn new(from: LocalTime, to: LocalTime) -> Option<Self> {
        (from != to).then_some(Self { from, to })
    }

    /// What is left of the day outside the hours `from` to `to` (minutes after midnight) in which messages may go.
    /// `None` when the two are equal or no minutes of a day: then any time is allowed.
    pub fn outside(from: u16, to: u16) -> Option<Self> {
        Self::new(LocalTime::new(to / 60, to % 60)?, LocalTime::new(from / 60, from % 60)?)
    }

    /// When silence begins.
    pub const fn from(&self) -> LocalTime {
        self.from
    }

    /// When it ends.
    pub const fn to(&self) -> LocalTime {
        self.to
    }

    fn covers(&self, of_day: Millis) -> bool {
        let (from, to) = (self.from.millis(), self.to.millis());
        if from < to { (from..to).contains(&of_day) } else { of_day >= from || of_day < to }
    }
}

impl<'de> Deserialize<'de> for QuietHours {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Raw {
            from: LocalTime,
            to: LocalTime,
        }
        let raw = Raw::deserialize(d)?;
        Self::new(raw.from, raw.to).ok_or_else(|| {
            serde::de::Error::custom("quiet hours from and to are the same time; leave them out for none")
        })
    }
}

/// Whether any of `quiet` covers `at` in any of `zones`.
pub fn is_quiet(at: Millis, quiet: &[QuietHours], zones: &[Tz]) -> bool {
    zones.iter().any(|zone| {
        let of_day = wall(*zone, at).rem_euclid(DAY);
        quiet.iter().any(|q| q.covers(of_day))
    })
}

/// The first instant from `now` on that is quiet in none of `zones`; `now` itself when it is free.
///
/// Several zones mean that we know only the country: all of them must allow it. `None` when no instant of the next
/// eight days is free, because the quiet hours add up to whole days; the caller then takes the store's zone and
/// reports it.
pub fn next_allowed(now: Millis, quiet: &[QuietHours], zones: &[Tz]) -> Option<Millis> {
    let horizon = now + 8 * DAY;
    let mut at = now;
    while at <= horizon {
        let blocking = zones.iter().find(|zone| is_quiet(at, quiet, std::slice::from_ref(zone)));
        let Some(zone) = blocking else { return Some(at) };
        // In one zone silence lasts less than a day, unless several quiet hours fill it.
        at = end_of_quiet(at, quiet, *zone)?;
    }
    None
}

/// The first instant after `at` that is not quiet in `zone`. Silence can only end where the wall shows the end of
/// quiet hours, or where a clock change moves it.
fn end_of_quiet(at: Millis, quiet: &[QuietHours], zone: Tz) -> Option<Millis> {
    let horizon = at + 2 * DAY;
    let changes = transitions(zone, at, horizon);
    let mut offsets = vec![offset_at(zone, at)];
    offsets.extend(changes.iter().map(|t| offset_at(zone, *t)));
    let mut candidates = changes;
    for offset in offsets {
        let first_day = (at + offset).div_euclid(DAY);
        for day in first_day..=first_day + 2 {
            candidates.extend(quiet.iter().map(|q| day * DAY + q.to.millis() - offset));
        }
    }
    candidates.retain(|t| *t > at && !is_quiet(*t, quiet, &[zone]));
    candidates.into_iter().min()
}

#[cfg(test)]
#[path = "quiet_tests.rs"]
mod tests;
