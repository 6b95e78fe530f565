//! A circuit breaker per route: while a provider is down, nobody knocks, and no attempts are used up.

use crate::channels::{Fault, Outcome};
use cartwheel_domain::time::{MINUTE, Millis, SECOND};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// So many of the provider's own failures in a row open the circuit.
const FAILURES: u32 = 5;
/// It stays open this long at first, then twice as long each time …
const OPEN: Millis = 15 * SECOND;
/// … up to this.
const OPEN_AT_MOST: Millis = 10 * MINUTE;

#[derive(Debug, Default, Clone, Copy)]
struct Circuit {
    failures: u32,
    opened: u32,
    until: Millis,
}

/// The circuits of all routes of this process.
#[derive(Default)]
pub struct Breaker(Mutex<HashMap<String, Circuit>>);

impl Breaker {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Circuit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one more message may go by this route now; else when to ask again. After an open circuit a single
    /// message goes first; the others follow when it came through.
    ///
    /// # Errors
    /// The instant to ask again.
    pub fn admit(&self, route: &str, now: Millis) -> Result<(), Millis> {
        let mut circuits = self.lock();
        let Some(circuit) = circuits.get_mut(route).filter(|c| c.failures >= FAILURES) else { return Ok(()) };
        if now < circuit.until {
            return Err(circuit.until);
        }
        // Should this one never be answered, the next is let through then.
        circuit.until = now + OPEN;
        Ok(())
    }

    /// Learns from an answer. Any answer from the provider, even a no, closes the circuit. Says until when the circuit is open if this
    /// answer opened it.
    pub fn learn(&self, route: &str, outcome: &Outcome, now: Millis) -> Option<Millis> {
        let failed = match outcome {
            Outcome::NotSent { fault: Fault::Provider, .. }
            | Outcome::Refused { fault: Fault::Provider, .. } => true,
            Outcome::NotSent { .. } => return None,
            Outcome::Uncertain { .. } => true,
            Outcome::Accepted { .. } | Outcome::Refused { .. } => false,
        };
        let mut circuits = self.lock();
        if !failed {
            circuits.remove(route);
            return None;
        }
        let circuit = circuits.entry(route.to_owned()).or_default();
        circuit.failures += 1;
        if circuit.failures >= FAILURES && now >= circuit.until {
            let open = OPEN.saturating_mul(1 << circuit.opened.min(10)).min(OPEN_AT_MOST);
            circuit.opened += 1;
            circuit.until = now + open;
            tracing::warn!(route, open_ms = open, "the mail route is down; it is left alone");
            return Some(circuit.until);
        }
        None
    }

    /// Routes that are open now, and until when.
    pub fn open(&self, now: Millis) -> Vec<(String, Millis)> {
        let circuits = self.lock();
        circuits
            .iter()
            .filter(|(_, c)| c.failures >= FAILURES && c.until > now)
            .map(|(r, c)| (r.clone(), c.until))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down() -> Outcome {
        Outcome::NotSent { fault: Fault::Provider, reply: String::new(), retry_after: None }
    }

    fn fine() -> Outcome {
        Outcome::Accepted { provider_id: None, reply: String::new() }
    }

    #[test]
    fn opens_after_failures_in_a_row_and_closes_with_one_answer() {
        let breaker = Breaker::default();
        for _ in 0..FAILURES - 1 {
            breaker.learn("r", &down(), 0);
        }
        assert_eq!(breaker.admit("r", 0), Ok(()));
        breaker.learn("r", &fine(), 0);
        for _ in 0..FAILURES {
            breaker.learn("r", &down(), 0);
        }
        assert_eq!(breaker.admit("r", 1), Err(OPEN));
        assert_eq!(breaker.admit("other", 1), Ok(()));
        assert_eq!(breaker.open(1).len(), 1);
        assert_eq!(breaker.admit("r", OPEN), Ok(()), "one goes first");
        assert!(breaker.admit("r", OPEN).is_err(), "the others wait for it");
        breaker.learn("r", &fine(), OPEN + 1);
        assert_eq!((breaker.admit("r", OPEN + 1), breaker.admit("r", OPEN + 1)), (Ok(()), Ok(())));
    }

    #[test]
    fn stays_open_longer_each_time() {
        let breaker = Breaker::default();
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..12 {
            for _ in 0..FAILURES {
                breaker.learn("r", &down(), now);
            }
            let until = breaker.open(now).first().map_or(now, |o| o.1);
            waits.push(until - now);
            now = until;
        }
        assert_eq!(waits[..3], [OPEN, 2 * OPEN, 4 * OPEN]);
        assert_eq!(waits.last(), Some(&OPEN_AT_MOST));
    }

    #[test]
    fn our_own_faults_and_the_recipients_do_not_open_it() {
        let breaker = Breaker::default();
        for _ in 0..50 {
            breaker.learn(
                "r",
                &Outcome::NotSent { fault: Fault::Own, reply: String::new(), retry_after: None },
                0,
            );
            let full = Outcome::Refused {
                permanent: false,
                suppress: None,
                fault: Fault::Recipient,
                reply: String::new(),
                retry_after: None,
            };
            breaker.learn("r", &full, 0);
        }
        assert_eq!(breaker.admit("r", 0), Ok(()));
    }
}
