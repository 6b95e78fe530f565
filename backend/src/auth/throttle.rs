//! Brakes on guessing: failed attempts are counted per address and per account, inside the process.
//!
//! Counting failures, not requests, keeps a busy office that signs in all morning from being locked out, and an
//! attempt is counted where it is judged, so that aliases and batches do not multiply guesses.

use cartwheel_domain::time::{HOUR, MINUTE, Millis};
use moka::sync::Cache;
use std::{net::IpAddr, sync::Arc, sync::Mutex};

const PER_ADDRESS: usize = 20;
const PER_ACCOUNT: usize = 100;

type Failures = Arc<Mutex<Vec<Millis>>>;

/// Remembers failed sign-ins.
#[derive(Clone)]
pub struct Throttle {
    addresses: Cache<IpAddr, Failures>,
    accounts: Cache<String, Failures>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { addresses: Cache::new(100_000), accounts: Cache::new(100_000) }
    }
}

impl Throttle {
    /// Seconds to wait before the next try; `None` when one may try now.
    /// An address has 20 failures in five minutes, an account 100 in an hour.
    pub fn wait(&self, address: Option<IpAddr>, account: &str, now: Millis) -> Option<u64> {
        let by_address =
            address.and_then(|a| self.addresses.get(&a)).and_then(|f| over(&f, PER_ADDRESS, 5 * MINUTE, now));
        let by_account = self.accounts.get(account).and_then(|f| over(&f, PER_ACCOUNT, HOUR, now));
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
            note(self.addresses.get_with(address, Failures::default), PER_ADDRESS);
        }
        note(self.accounts.get_with(account.to_owned(), Failures::default), PER_ACCOUNT);
    }

    /// Takes the latest try back: it was right.
    pub fn succeeded(&self, address: Option<IpAddr>, account: &str) {
        let by_address = address.and_then(|a| self.addresses.get(&a));
        for failures in by_address.into_iter().chain(self.accounts.get(account)) {
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
    let free_at = recent.first().map_or(now, |at| **at + window);
    Some(u64::try_from((free_at - now + 999) / 1000).unwrap_or(1).max(1))
}
