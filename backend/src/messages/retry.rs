//! When to try again. Deterministic: the same key and attempt wait equally long on every machine, and keys differ, so
//! that a backlog does not come back in one wave.

use crate::channels::Fault;
use cartwheel_domain::time::{HOUR, MINUTE, Millis, SECOND};
use sha2::{Digest, Sha256};

/// How long to wait before attempt `attempt + 1`, given whose fault attempt number `attempt` was, and what the
/// provider asked for. 80 to 120 % of the step, never less than what was asked for, never more than six hours.
pub fn wait(key: &str, attempt: u32, fault: Fault, asked: Option<Millis>) -> Millis {
    let (first, most) = match fault {
        // Greylisting and full mailboxes: minutes at least.
        Fault::Recipient => (5 * MINUTE, 6 * HOUR),
        Fault::Provider => (30 * SECOND, HOUR),
        // Somebody has to mend our settings; nothing is gained by hurry.
        Fault::Own => (5 * MINUTE, HOUR),
    };
    let step = first.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(most);
    let spread = jitter(key, attempt);
    let own = step * 8 / 10 + step * 4 / 10 * spread / 1_000;
    own.max(asked.unwrap_or(0).clamp(0, 6 * HOUR)).min(6 * HOUR)
}

/// 0 to 999, by key and attempt.
fn jitter(key: &str, attempt: u32) -> i64 {
    let digest = Sha256::digest(format!("cartwheel.retry.1/{key}/{attempt}").as_bytes());
    i64::from(u16::from_be_bytes([digest[0], digest[1]]) % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_stay_within_their_bounds_and_differ() {
        let mut before = 0;
        for attempt in 1..=5 {
            let now = wait("k", attempt, Fault::Provider, None);
            let step = (30 * SECOND) << (attempt - 1);
            assert!((step * 8 / 10..=step * 12 / 10).contains(&now), "{attempt}: {now}");
            assert!(now > before);
            before = now;
            assert_eq!(now, wait("k", attempt, Fault::Provider, None));
        }
        assert!(wait("k", u32::MAX, Fault::Recipient, None) <= 6 * HOUR);
        let spread: std::collections::HashSet<_> =
            (0..100).map(|n| wait(&n.to_string(), 1, Fault::Provider, None)).collect();
        assert!(spread.len() > 80);
    }

    #[test]
    fn what_the_provider_asks_for_is_honoured_within_reason() {
        assert_eq!(wait("k", 1, Fault::Provider, Some(2 * HOUR)), 2 * HOUR);
        assert_eq!(wait("k", 1, Fault::Provider, Some(i64::MAX)), 6 * HOUR);
        assert!(wait("k", 1, Fault::Provider, Some(-5)) >= 24 * SECOND);
    }
}
