//! Who reads: language, zone and the present moment, as the context gives them.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::value::Value;
use crate::time::Millis;

/// The reader's settings during one rendering. There is no clock: without `now` in the context there is no now.
#[derive(Debug)]
pub(crate) struct Reader {
    /// A language tag, as `de` or `de-CH`.
    pub locale: String,
    pub zone: Tz,
    pub now: Option<DateTime<Utc>>,
}

impl Reader {
    pub fn of(context: &Value) -> Self {
        let text = |name| context.get(name).as_str().filter(|s| !s.is_empty()).map(str::to_owned);
        let locale = match (text("language"), text("locale")) {
            // The words are in the language, whatever else the reader's device speaks; the region still counts.
            (Some(language), Some(locale)) => match locale.split_once(['-', '_']) {
                Some((_, region)) => format!("{language}-{region}"),
                None => language,
            },
            (language, locale) => language.or(locale).unwrap_or_else(|| "en".to_owned()),
        };
        Self {
            locale,
            zone: text("time_zone").and_then(|z| crate::locale::zone(&z)).unwrap_or(Tz::UTC),
            now: text("now").and_then(|n| crate::time::parse_rfc3339(&n)).and_then(instant),
        }
    }

    pub fn language(&self) -> &str {
        self.locale.split(['-', '_']).next().unwrap_or_default()
    }
}

fn instant(at: Millis) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(at)
}
