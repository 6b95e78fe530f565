//! Numbers, money, time and spans as the reader writes them.

use cartwheel_domain::journey::Weekday;

use super::{intl, t};

/// A whole number with the reader's grouping.
pub fn number(n: i64) -> String {
    intl::number(&n.to_string(), &[])
}

/// A share of one as per cent with at most one digit after the point.
pub fn percent(share: f64) -> String {
    intl::number(&share.to_string(), &[("style", "percent"), ("maximumFractionDigits", "1")])
}

/// An amount in its own currency, from its decimal text.
pub fn money(decimal: &str, currency: &str) -> String {
    intl::number(decimal, &[("style", "currency"), ("currency", currency)])
}

/// An amount in whole units, for headlines and axes.
pub fn money_round(decimal: &str, currency: &str) -> String {
    intl::number(
        decimal,
        &[
            ("style", "currency"),
            ("currency", currency),
            ("maximumFractionDigits", "0"),
            ("minimumFractionDigits", "0"),
        ],
    )
}

/// A day with its month: `12 Mar`.
pub fn day(millis: i64) -> String {
    intl::date(millis, &[("day", "numeric"), ("month", "short")])
}

/// A full date: `12 March 2026`.
pub fn date(millis: i64) -> String {
    intl::date(millis, &[("dateStyle", "long")])
}

/// Date and time of day, exact to the minute.
pub fn date_time(millis: i64) -> String {
    intl::date(millis, &[("dateStyle", "medium"), ("timeStyle", "short")])
}

/// Date and time of day, exact to the second, with the zone: what stands behind a relative time.
pub fn exact(millis: i64) -> String {
    intl::date(
        millis,
        &[
            ("year", "numeric"),
            ("month", "long"),
            ("day", "numeric"),
            ("hour", "2-digit"),
            ("minute", "2-digit"),
            ("second", "2-digit"),
            ("timeZoneName", "short"),
        ],
    )
}

/// A day of the week, `long` or `short`.
pub fn weekday(day: Weekday, length: &str) -> String {
    // The fifth of January 1970 was a Monday.
    let monday = 4 * 86_400_000;
    let after = i64::from(day.of_calendar().num_days_from_monday()) * 86_400_000;
    intl::date(monday + after, &[("weekday", length), ("timeZone", "UTC")])
}

/// The distance of a moment from `now`: "3 hours ago", "in 20 minutes". Beyond 30 days the date says more.
pub fn relative(millis: i64, now: i64) -> String {
    let seconds = (millis - now) / 1000;
    let (count, unit) = match seconds.abs() {
        0..45 => return t::time_now(),
        45..3_000 => (rounded(seconds, 60), "minute"),
        3_000..79_200 => (rounded(seconds, 3_600), "hour"),
        79_200..2_592_000 => (rounded(seconds, 86_400), "day"),
        _ => return day_and_year(millis, now),
    };
    intl::relative(count, unit)
}

/// A day, with its year when that is not the reader's.
fn day_and_year(millis: i64, now: i64) -> String {
    if (millis - now).abs() < 180 * 86_400_000 {
        day(millis)
    } else {
        intl::date(millis, &[("day", "numeric"), ("month", "short"), ("year", "numeric")])
    }
}

/// Division that rounds half away from zero and never to nothing.
fn rounded(seconds: i64, unit: i64) -> i64 {
    let count = (seconds.abs() + unit / 2) / unit;
    count.max(1) * seconds.signum()
}

/// A span in words, its largest two units: "1 day 6 hours", "90 seconds".
pub fn span(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let parts = [
        (days > 0).then(|| t::span_days(days)),
        (hours > 0).then(|| t::span_hours(hours)),
        (minutes > 0 && days == 0).then(|| t::span_minutes(minutes)),
        ((seconds % 60 > 0 && seconds < 3_600) || seconds == 0).then(|| t::span_seconds(seconds % 60)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().take(2).collect();
    parts.join(" ")
}
