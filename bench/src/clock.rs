//! Time of day, for due times and for comparing what two processes wrote down.

use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since 1970 in UTC.
pub fn micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Milliseconds since 1970 in UTC.
pub fn millis() -> i64 {
    micros() / 1_000
}

/// Waits until a moment, in milliseconds since 1970.
pub async fn until(at: i64) {
    let left = u64::try_from(at - millis()).unwrap_or(0);
    tokio::time::sleep(std::time::Duration::from_millis(left)).await;
}
