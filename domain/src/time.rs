//! Time as the product keeps it: whole milliseconds since 1970-01-01T00:00:00Z.

use chrono::{DateTime, SecondsFormat, Utc};

/// Milliseconds since the Unix epoch, UTC. Integers sort and compare alike on both databases.
pub type Millis = i64;

/// One second in [`Millis`].
pub const SECOND: Millis = 1_000;
/// One minute in [`Millis`].
pub const MINUTE: Millis = 60 * SECOND;
/// One hour in [`Millis`].
pub const HOUR: Millis = 60 * MINUTE;
/// One day of 24 hours in [`Millis`]; a calendar day in a zone can be shorter or longer.
pub const DAY: Millis = 24 * HOUR;

/// The earliest and latest instants we accept from outside: years 2000 to 2100.
pub const PLAUSIBLE: std::ops::Range<Millis> = 946_684_800_000..4_102_444_800_000;

/// Reads an RFC 3339 instant (`2026-11-22T10:00:00.000Z`, any offset).
///
/// A date without a zone is refused: guessing one moves deadlines.
pub fn parse_rfc3339(text: &str) -> Option<Millis> {
    let at = DateTime::parse_from_rfc3339(text.trim()).ok()?.timestamp_millis();
    PLAUSIBLE.contains(&at).then_some(at)
}

/// RFC 3339 with milliseconds and `Z`, for people and APIs. Out-of-range values are clamped to the epoch.
pub fn to_rfc3339(at: Millis) -> String {
    DateTime::<Utc>::from_timestamp_millis(at)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The UTC day of an instant, counted from 1970-01-01; the key of daily roll-ups.
pub fn utc_day(at: Millis) -> i32 {
    i32::try_from(at.div_euclid(DAY)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_offsets_and_refuses_guesses() {
        assert_eq!(parse_rfc3339("2026-11-22T11:00:00+01:00"), Some(1_795_341_600_000));
        assert_eq!(parse_rfc3339("2026-11-22T10:00:00.000Z"), Some(1_795_341_600_000));
        for bad in ["2026-11-22T10:00:00", "2026-11-22", "9999-01-01T00:00:00Z", "", "now"] {
            assert_eq!(parse_rfc3339(bad), None, "{bad}");
        }
        assert_eq!(to_rfc3339(1_795_341_600_000), "2026-11-22T10:00:00.000Z");
    }

    #[test]
    fn days_before_1970_round_down() {
        assert_eq!((utc_day(-1), utc_day(0), utc_day(DAY)), (-1, 0, 1));
    }
}
