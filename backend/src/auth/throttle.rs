//! Brakes on guessing: failed attempts are counted per address and per account, inside the process.
//!
//! Counting failures, not requests, keeps a busy office that signs in all morning from being locked out, and an
//! attempt is counted where it is judged, so that aliases and batches do not multiply guesses.

use cartwheel_domain::time::{HOUR, MINUTE, Millis};
use moka::sync::Cache;
use std::{net::IpAddr, sync::Arc, sync::Mutex, time::Duration};

const PER_ADDRESS: usize = 20;
const PER_ACCOUNT: usize = 100;

type Failures = Arc<Mutex<Vec<Millis>>>;

/// A bounded memory: what nobody asked for in an hour counts no more, so it is forgotten.
fn remembered<K: std::hash::Hash + Eq + Send + Sync + 'static>() -> Cache<K, Failures> {
    Cache::builder().max_capacity(100_000).time_to_idle(Duration::from_secs(3_600)).build()
}

/// Who counts as one: an IPv4 address, or the /64 of an IPv6 address, which one household has.
fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.into(),
            None => IpAddr::from((u128::from(v6) & !u128::from(u64::MAX)).to_be_bytes()),
        },
        v4 => v4,
    }
}

/// An account by the hash of its name: names come from strangers and may be long.
fn named(account: &str) -> String {
    crate::accounts::service::key_hash(account)
}

/// Remembers failed sign-ins.
#[derive(Clone)]
pub struct Throttle {
    addresses: Cache<IpAddr, Failures>,
    accounts: Cache<String, Failures>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { addresses: remembered(), accounts: remembered() }
    }
}

impl Throttle {
    /// Seconds to wait before the next try; `None` when one may try now.
    /// An address has 20 failures in five minutes, an account 100 in an hour.
    pub fn wait(&self, address: Option<IpAddr>, account: &str, now: Millis) -> Option<u64> {
        self.wait_of(address, account, PER_ACCOUNT, now)
    }

    /// The same, for an account that has fewer tries.
    pub fn wait_of(&self, address: Option<IpAddr>, account: &str, most: usize, now: Millis) -> Option<u64> {
        let by_address = address
            .and_then(|a| self.addresses.get(&household(a)))
            .and_then(|f| over(&f, PER_ADDRESS, 5 * MINUTE, now));
        let by_account = self.accounts.get(&named(account)).and_then(|f| over(&f, most, HOUR, now));
        by_address.max(by_account)
    }

    /// Counts a try as a failure until it is known to be none.
    pub fn tried(&self, address: Option<IpAddr>, account: &str, now: Millis) {
        let note = |failures: Failures, most: usize| {
            let mut list = failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            list.push(now);
            let spare = list.len().saturating_sub(most);
            list.drain(..spare);
        };
        if let Some(address) = address {
            note(self.addresses.get_with(household(address), Failures::default), PER_ADDRESS);
        }
        note(self.accounts.get_with(named(account), Failures::default), PER_ACCOUNT);
    }

    /// Forgets the tries of an account: its password is another.
    pub fn forget(&self, account: &str) {
        self.accounts.invalidate(&named(account));
    }

    /// Takes the latest try back: it was right.
    pub fn succeeded(&self, address: Option<IpAddr>, account: &str) {
        let by_address = address.and_then(|a| self.addresses.get(&household(a)));
        for failures in by_address.into_iter().chain(self.accounts.get(&named(account))) {
            failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        }
    }
}

fn over(failures: &Failures, most: usize, window: Millis, now: Millis) -> Option<u64> {
    let list = failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let recent: Vec<_> = list.iter().filter(|at| **at > now - window).collect();
    if recent.len() < most {
        return None;
    }
    // Free again once so many of them are old that one fewer than the most is left.
    let free_at = recent.get(recent.len() - most).map_or(now, |at| **at + window);
    Some(u64::try_from((free_at - now + 999) / 1000).unwrap_or(1).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_household_counts_as_one() {
        let is = |text: &str| household(text.parse().expect("an address"));
        assert_eq!(is("2001:db8:1:2::7"), is("2001:db8:1:2:ffff::1"));
        assert_ne!(is("2001:db8:1:2::7"), is("2001:db8:1:3::7"));
        assert_eq!(is("::ffff:192.0.2.1"), is("192.0.2.1"));
        assert_ne!(is("192.0.2.1"), is("192.0.2.2"));
    }

    #[test]
    fn few_tries_are_counted_apart() {
        let throttle = Throttle::default();
        for n in 0..5 {
            assert_eq!(throttle.wait_of(None, "session", 5, n), None);
            throttle.tried(None, "session", n);
        }
        assert!(throttle.wait_of(None, "session", 5, 5).is_some_and(|seconds| seconds <= 3_600));
        assert_eq!(throttle.wait_of(None, "session", 5, HOUR + 1), None, "the first is an hour old");
        assert_eq!(throttle.wait(None, "account", 5), None);
    }
}
