//! The one place that reads the real clock and the system's entropy.
//!
//! Everything else is handed an [`Env`], so that a test can jump thirty days and repeat a run to the byte.

#![expect(clippy::disallowed_methods, reason = "the one file that may read the real clock")]

use cartwheel_domain::{ids, time::Millis};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};
use uuid::Uuid;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the epoch.
    fn now(&self) -> Millis;
}

/// Gives random bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the buffer with unpredictable bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// The outside things a decision depends on, passed to whatever needs them.
#[derive(Clone)]
pub struct Env {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Env {
    /// From any clock and source of entropy.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy }
    }

    /// The machine's clock and entropy.
    pub fn system() -> Self {
        Self::new(Arc::new(SystemClock), Arc::new(SystemEntropy(ring::rand::SystemRandom::new())))
    }

    /// A clock of its own that stands at `at` until it is moved, with this environment's entropy; for histories that are
    /// lived through faster than the day.
    pub fn running_from(&self, at: Millis) -> (TestClock, Self) {
        let clock = TestClock::at(at);
        let env = Self { clock: Arc::new(clock.clone()), entropy: self.entropy.clone() };
        (clock, env)
    }

    /// Now, in milliseconds since the epoch.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// `N` random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// A fresh UUIDv7 at this moment.
    pub fn uuid(&self) -> Uuid {
        ids::uuid_v7(self.now(), self.random())
    }

    /// A fresh typed id.
    pub fn id<T: From<Uuid>>(&self) -> T {
        T::from(self.uuid())
    }

    /// A secret of `N` random bytes in base64url, behind a prefix that makes a leak recognisable.
    pub fn secret<const N: usize>(&self, prefix: &str) -> String {
        use base64::Engine;
        format!("{prefix}{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.random::<N>()))
    }
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

struct SystemEntropy(ring::rand::SystemRandom);

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        use ring::rand::SecureRandom;
        self.0.fill(buffer).expect("the operating system has a source of entropy");
    }
}

/// A moment by which to see how long a socket has been idle. Nothing is decided or stored by it.
pub fn idle_since() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// What blinds a private key while it signs. The signature does not depend on it.
pub fn blinding() -> ring::rand::SystemRandom {
    ring::rand::SystemRandom::new()
}

/// A clock that moves when a test says so.
#[derive(Clone)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// Starts at `at`.
    pub fn at(at: Millis) -> Self {
        Self(Arc::new(AtomicI64::new(at)))
    }

    /// Jumps to `at`, forwards or backwards.
    pub fn set(&self, at: Millis) {
        self.0.store(at, Ordering::SeqCst);
    }

    /// Moves on by `by` milliseconds.
    pub fn advance(&self, by: Millis) {
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Millis {
        self.0.load(Ordering::SeqCst)
    }
}

/// Repeatable "entropy" for tests and seeds: splitmix64 (Steele, Lea, Flood 2014). Never for secrets.
pub struct SeededEntropy(Mutex<u64>);

impl SeededEntropy {
    /// The same seed gives the same bytes.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for chunk in buffer.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}
