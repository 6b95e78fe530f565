//! How much somebody may send, by a leaky bucket on the injected clock (GCRA, ITU-T I.371): events of a store, requests of a key.

use cartwheel_domain::{
    ids::StoreId,
    time::{Millis, SECOND},
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// A rate, and how much may come at once.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// Events a second.
    pub per_second: u32,
    /// Events at once after a pause.
    pub burst: u32,
}

/// Buckets by whatever they are told apart by.
pub struct Buckets<K> {
    // When each will be empty again, in microseconds.
    empty_at: Mutex<HashMap<K, i64>>,
}

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self { empty_at: Mutex::new(HashMap::new()) }
    }
}

/// How a bucket stands after somebody took from it, or could not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How much could be taken at once now.
    pub left: u32,
    /// In how many milliseconds it is empty again.
    pub full_again: Millis,
    /// After how many milliseconds what was asked for may be taken; 0: it was.
    pub wait: Millis,
}

/// Buckets that are kept before those that are empty are thrown away.
const KEPT: usize = 100_000;

impl<K: Eq + std::hash::Hash> Buckets<K> {
    /// Takes `n` from a bucket, all or none. More than a bucket holds goes when it is empty.
    pub fn take(&self, key: K, rate: Rate, n: usize, now: Millis) -> Standing {
        let each = 1_000_000 / i64::from(rate.per_second.max(1));
        let now = now.saturating_mul(1_000);
        let most = each.saturating_mul(i64::from(rate.burst));
        let cost = each.saturating_mul(i64::try_from(n).unwrap_or(i64::MAX)).min(most);
        let mut buckets = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= KEPT && !buckets.contains_key(&key) {
            buckets.retain(|_, empty_at| *empty_at > now);
        }
        let empty_at = buckets.entry(key).or_insert(now);
        let from = (*empty_at).max(now);
        let over = from + cost - now - most;
        if over <= 0 {
            *empty_at = from + cost;
        }
        let used = (*empty_at).max(now) - now;
        Standing {
            left: u32::try_from((most - used) / each).unwrap_or(0),
            full_again: (used + 999) / 1_000,
            wait: if over > 0 { (over / 1_000).max(1) } else { 0 },
        }
    }
}

/// The buckets of all stores.
pub struct Limiter {
    server: Rate,
    browser: Rate,
    buckets: Buckets<(StoreId, bool)>,
}

impl Limiter {
    /// `server` for write keys, `browser` for public keys.
    pub fn new(server: Rate, browser: Rate) -> Self {
        Self { server, browser, buckets: Buckets::default() }
    }

    /// Takes `n` events, or says after how many milliseconds they may come.
    pub fn take(&self, store: StoreId, browser: bool, n: usize, now: Millis) -> Result<(), Millis> {
        let rate = if browser { self.browser } else { self.server };
        match self.buckets.take((store, browser), rate, n, now).wait {
            0 => Ok(()),
            wait => Err(wait),
        }
    }
}

impl Default for Limiter {
    /// What one process of ours keeps up with, and what no shop's browsers send.
    fn default() -> Self {
        Self::new(Rate { per_second: 50_000, burst: 100_000 }, Rate { per_second: 2_000, burst: 10_000 })
    }
}

/// Whole seconds for `Retry-After`, rounded up.
pub fn retry_after(wait: Millis) -> i64 {
    (wait + SECOND - 1) / SECOND
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartwheel_domain::ids::StoreId;
    use uuid::Uuid;

    #[test]
    fn a_burst_is_taken_and_the_excess_told_when_to_come_back() {
        let limiter = Limiter::new(Rate { per_second: 10, burst: 20 }, Rate { per_second: 1, burst: 1 });
        let (a, b) = (StoreId(Uuid::from_u128(1)), StoreId(Uuid::from_u128(2)));
        assert_eq!(limiter.take(a, false, 20, 0), Ok(()));
        let wait = limiter.take(a, false, 5, 0).expect_err("the bucket is full");
        assert_eq!((wait, retry_after(wait)), (500, 1));
        assert_eq!(limiter.take(a, false, 5, wait), Ok(()));
        assert_eq!(limiter.take(b, false, 20, 0), Ok(()), "another store has a bucket of its own");
        assert_eq!(limiter.take(a, true, 1, 0), Ok(()), "browsers have one of their own");
        assert_eq!(limiter.take(a, true, 1, 0), Err(1_000));
        assert_eq!(
            limiter.take(b, true, 1_000, 0),
            Ok(()),
            "a batch larger than the bucket goes when it is empty"
        );
    }
}
