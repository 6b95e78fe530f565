//! Rows of BigCommerce's lists as hints: a list of orders has no lines, one of quotes no products.

use super::hints::Hint;
use crate::ingest::read::{self, Object};
use cartwheel_domain::time::{Millis, SECOND, parse_rfc3339};
use serde_json::Value;

/// What is to be fetched of a page.
pub fn hints(list: usize, rows: &[Object]) -> Vec<Hint> {
    let (kind, ids, key) = match list {
        0 => ("order", ["id", "id"], "date_modified"),
        _ => ("quote", ["quoteId", "id"], "updatedAt"),
    };
    rows.iter()
        .filter_map(|row| {
            let resource = read::id(row, &ids).ok().flatten()?;
            let at = time(row.get(key)).unwrap_or(0);
            // The same state of the same thing is fetched once.
            Some(Hint {
                source: format!("listed:{kind}:{resource}:{at}"),
                kind,
                resource,
                token: None,
                told_at: at,
            })
        })
        .collect()
}

fn time(value: Option<&Value>) -> Option<Millis> {
    match value? {
        Value::String(text) => parse_rfc3339(text)
            .or_else(|| Some(chrono::DateTime::parse_from_rfc2822(text.trim()).ok()?.timestamp_millis())),
        Value::Number(number) => number.as_i64()?.checked_mul(SECOND),
        _ => None,
    }
}
