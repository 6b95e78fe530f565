//! A provider that does what a test says, and keeps a ledger of what it accepted.

use super::{Channel, Fault, Outcome, Outgoing, Route};
use cartwheel_domain::consent::SuppressionReason;
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// What the fake does with one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Accepts and says so.
    Accept,
    /// Accepts, but the answer is lost.
    AcceptSilently,
    /// Fails before anything was accepted.
    Unreachable,
    /// Says no for now, and how long to wait (milliseconds).
    Defer(Option<i64>),
    /// Says no for good.
    Reject,
    /// Says that the mailbox does not exist.
    NoSuchMailbox,
    /// Says that the recipient wants nothing more.
    OptedOut,
}

/// One accepted message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The send key it came with.
    pub key: String,
    /// What was in it.
    pub message: Outgoing,
}

/// The scripted provider.
#[derive(Default)]
pub struct Fake {
    idempotent: AtomicBool,
    script: Mutex<VecDeque<Act>>,
    ledger: Mutex<Vec<Accepted>>,
    calls: Mutex<HashMap<String, u32>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fake {
    /// A provider that makes one message of repeated keys.
    pub fn idempotent() -> Self {
        Self { idempotent: AtomicBool::new(true), ..Self::default() }
    }

    /// A provider that knows no keys, as SMTP does.
    pub fn forgetful() -> Self {
        Self::default()
    }

    /// What to do with the next calls; after that everything is accepted.
    pub fn script(&self, acts: impl IntoIterator<Item = Act>) {
        lock(&self.script).extend(acts);
    }

    /// Everything accepted, in order.
    pub fn ledger(&self) -> Vec<Accepted> {
        lock(&self.ledger).clone()
    }

    /// How many messages were accepted for each key.
    pub fn accepted_per_key(&self) -> HashMap<String, u32> {
        let mut counts = HashMap::new();
        for entry in lock(&self.ledger).iter() {
            *counts.entry(entry.key.clone()).or_insert(0) += 1;
        }
        counts
    }

    /// How often each key was handed over, accepted or not.
    pub fn calls_per_key(&self) -> HashMap<String, u32> {
        lock(&self.calls).clone()
    }

    fn accept(&self, key: &str, message: &Outgoing) {
        let mut ledger = lock(&self.ledger);
        if self.idempotent.load(Ordering::Relaxed) && ledger.iter().any(|a| a.key == key) {
            return;
        }
        ledger.push(Accepted { key: key.to_owned(), message: message.clone() });
    }
}

#[async_trait::async_trait]
impl Channel for Fake {
    fn idempotent(&self) -> bool {
        self.idempotent.load(Ordering::Relaxed)
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(30)
    }

    async fn send(&self, _route: &Route, message: &Outgoing, key: &str) -> Outcome {
        *lock(&self.calls).entry(key.to_owned()).or_insert(0) += 1;
        let act = lock(&self.script).pop_front().unwrap_or(Act::Accept);
        let refused = |permanent, suppress, reply: &str, retry_after| Outcome::Refused {
            permanent,
            suppress,
            fault: Fault::Recipient,
            reply: reply.into(),
            retry_after,
        };
        match act {
            Act::Accept => {
                self.accept(key, message);
                Outcome::Accepted { provider_id: Some(format!("fake-{key}")), reply: "250 2.0.0 OK".into() }
            }
            Act::AcceptSilently => {
                self.accept(key, message);
                Outcome::Uncertain { reply: "the connection ended before the answer".into() }
            }
            Act::Unreachable => Outcome::NotSent {
                fault: Fault::Provider,
                reply: "connection refused".into(),
                retry_after: None,
            },
            Act::Defer(after) => refused(false, None, "451 4.7.1 try again later", after),
            Act::Reject => refused(true, None, "554 5.7.1 not wanted", None),
            Act::NoSuchMailbox => {
                refused(true, Some(SuppressionReason::HardBounce), "550 5.1.1 no such user", None)
            }
            Act::OptedOut => refused(true, Some(SuppressionReason::Unsubscribed), "21610 said stop", None),
        }
    }
}
