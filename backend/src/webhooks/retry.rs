//! When a webhook is tried again: the schedule that Svix documents (docs.svix.com/retries), with a spread that is decided by a hash, so
//! that what failed together does not come back together and a test knows when.

use cartwheel_domain::{
    ids::DeliveryId,
    time::{DAY, HOUR, MINUTE, Millis, SECOND},
};
use sha2::{Digest, Sha256};

/// How long to wait before each attempt but the first.
pub const PAUSES: [Millis; 7] =
    [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR];

/// What a receiver may ask for by `Retry-After`, at most.
const ASKED_AT_MOST: Millis = 10 * HOUR;

/// Nothing but failures for so long switches an endpoint off.
pub const PATIENCE: Millis = 5 * DAY;

/// A day without an attempt is no failure; two of them end a stretch of failures.
pub const GAP: Millis = 2 * DAY;

/// Failed attempts in a row after which an endpoint is left alone for a while.
pub const CIRCUIT: i32 = 5;

/// How long to wait after attempt `number` (from 1) has failed: 100 to 120 % of the step, and never less than what was asked for.
/// `None` after the last.
pub fn wait(id: DeliveryId, number: i32, asked: Option<Millis>) -> Option<Millis> {
    let step = *PAUSES.get(usize::try_from(number.checked_sub(1)?).ok()?)?;
    let own = step + step / 5 * spread(id, number) / 1_000;
    Some(own.max(asked.unwrap_or(0).clamp(0, ASKED_AT_MOST)))
}

/// How long an endpoint rests after so many failures in a row: half a minute at first, a quarter of an hour at most.
pub fn rest(failures: i32) -> Option<Millis> {
    let over = u32::try_from(failures - CIRCUIT).ok()?;
    Some((30 * SECOND).saturating_mul(1 << over.min(10)).min(15 * MINUTE))
}

/// 0 to 999, by delivery and number.
pub fn spread(id: DeliveryId, number: i32) -> i64 {
    let digest = Sha256::digest(format!("cartwheel.hook.1/{id}/{number}").as_bytes());
    i64::from(u16::from_be_bytes([digest[0], digest[1]]) % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_schedule_is_the_documented_one() {
        let id = DeliveryId(Uuid::from_u128(1));
        for (i, step) in PAUSES.into_iter().enumerate() {
            let n = i32::try_from(i).expect("small") + 1;
            let own = wait(id, n, None).expect("another attempt");
            assert!((step..=step + step / 5).contains(&own), "{n}: {own}");
            assert_eq!(Some(own), wait(id, n, None), "the same each time");
        }
        assert_eq!((wait(id, 8, None), wait(id, 0, None), wait(id, -1, None)), (None, None, None));
        let others: std::collections::BTreeSet<_> =
            (0..100).map(|n| wait(DeliveryId(Uuid::from_u128(n)), 2, None)).collect();
        assert!(others.len() > 80, "they do not come back together");
    }

    #[test]
    fn what_is_asked_for_is_heeded_within_reason() {
        let id = DeliveryId(Uuid::from_u128(1));
        assert_eq!(wait(id, 1, Some(HOUR)), Some(HOUR));
        assert_eq!(wait(id, 1, Some(Millis::MAX)), Some(ASKED_AT_MOST));
        assert!(wait(id, 1, Some(-1)).expect("another") >= 5 * SECOND);
    }

    #[test]
    fn a_dead_endpoint_rests_longer_each_time() {
        let rests: Vec<_> = (0..12).map(rest).collect();
        assert!(rests[..5].iter().all(Option::is_none));
        assert_eq!(rests[5..8], [Some(30 * SECOND), Some(MINUTE), Some(2 * MINUTE)]);
        assert_eq!(rests[11], Some(15 * MINUTE));
        assert_eq!(rest(i32::MAX), Some(15 * MINUTE));
    }
}
