//! `date`: an instant in the reader's zone and language.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::{Args, Env};
use crate::template::dates;
use crate::template::error::Fault;
use crate::template::reader::Reader;
use crate::template::value::Value;

/// Takes RFC 3339, `YYYY-MM-DD` with or without a time, whole seconds since 1970, and `now`. What is no date is
/// returned as it is, as Shopify's Liquid does. Without a pattern the form is `long`.
pub(super) fn date(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Result<Value, Fault> {
    let pattern = if args.get(0).is_some() { args.text(0, env)? } else { "long".into() };
    if pattern.is_empty() {
        return Ok(Value::str(""));
    }
    let Some(at) = instant(input, env.reader) else { return Ok(input.clone()) };
    dates::format(&at, &pattern, env.reader.language(), env.budget).map(Value::str)
}

fn instant(value: &Value, reader: &Reader) -> Option<DateTime<Tz>> {
    let utc = |at: DateTime<Utc>| at.with_timezone(&reader.zone);
    match value {
        Value::Int(seconds) => from_seconds(*seconds).map(utc),
        Value::Str(text) | Value::Html(text) => {
            let text = text.trim();
            if text.len() > 64 {
                return None;
            }
            if text == "now" || text == "today" {
                return reader.now.map(utc);
            }
            if let Ok(seconds) = text.parse::<i64>() {
                return from_seconds(seconds).map(utc);
            }
            if let Ok(at) = DateTime::parse_from_rfc3339(text) {
                return Some(utc(at.to_utc()));
            }
            local(text).and_then(|at| reader.zone.from_local_datetime(&at).earliest())
        }
        _ => None,
    }
}

/// Seconds of the years 1 to 9999: beyond, a date has no written form we could vouch for.
fn from_seconds(seconds: i64) -> Option<DateTime<Utc>> {
    (-62_135_596_800..253_402_300_800).contains(&seconds).then(|| DateTime::from_timestamp(seconds, 0))?
}

/// A date without a zone is meant in the reader's.
fn local(text: &str) -> Option<NaiveDateTime> {
    for pattern in ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"] {
        if let Ok(at) = NaiveDateTime::parse_from_str(text, pattern) {
            return Some(at);
        }
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0)
}
