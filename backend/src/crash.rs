//! Named points at which a test can make a worker die.
//!
//! In a plain process the check is one relaxed load. With the feature `testing` a test arms a point for the task it
//! runs ([`armed`]); the k-th time the task comes by, it never gets past it, as if the process had been killed.

use std::sync::atomic::AtomicBool;

/// Whether any test in this process has armed a point.
pub static ANY: AtomicBool = AtomicBool::new(false);

/// Marks a point at which a worker may die: `crash_point!("engine.claimed")`.
macro_rules! crash_point {
    ($name:literal) => {
        if $crate::crash::ANY.load(std::sync::atomic::Ordering::Relaxed) {
            $crate::crash::reached($name).await;
        }
    };
}
pub(crate) use crash_point;

#[cfg(not(any(test, feature = "testing")))]
pub(crate) async fn reached(_name: &'static str) {}

#[cfg(any(test, feature = "testing"))]
mod testing {
    use super::ANY;
    use std::{
        cell::RefCell,
        collections::HashMap,
        future::Future,
        sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    };
    use tokio::sync::Notify;

    /// Which point, and after how many passes.
    struct Armed {
        point: &'static str,
        left: RefCell<u32>,
        seen: Arc<Mutex<HashMap<&'static str, u32>>>,
        died: Arc<Notify>,
    }

    tokio::task_local! {
        static ARMED: Armed;
    }

    /// What came of a piece of work under a crash point.
    #[derive(Debug, PartialEq, Eq)]
    pub enum Fate<T> {
        /// It came to its end.
        Finished(T),
        /// It died at the point.
        Died,
    }

    /// Runs `work` and kills it (drops its future, open transactions included) when it comes by `point` for the
    /// `nth` time, counted from 1. Says which points it came by, and how often.
    pub async fn armed<T>(
        point: &'static str,
        nth: u32,
        work: impl Future<Output = T>,
    ) -> (Fate<T>, HashMap<&'static str, u32>) {
        ANY.store(true, Ordering::Relaxed);
        let (seen, died) = (Arc::new(Mutex::default()), Arc::new(Notify::new()));
        let armed =
            Armed { point, left: RefCell::new(nth), seen: Arc::clone(&seen), died: Arc::clone(&died) };
        let fate = tokio::select! {
            biased;
            () = died.notified() => Fate::Died,
            done = ARMED.scope(armed, work) => Fate::Finished(done),
        };
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (fate, seen)
    }

    pub(crate) async fn reached(name: &'static str) {
        let dies = ARMED.try_with(|armed| {
            *armed.seen.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_insert(0) += 1;
            if armed.point != name {
                return false;
            }
            let mut left = armed.left.borrow_mut();
            *left = left.saturating_sub(1);
            if *left == 0 {
                armed.died.notify_one();
            }
            *left == 0
        });
        if dies == Ok(true) {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(any(test, feature = "testing"))]
pub(crate) use testing::reached;
#[cfg(any(test, feature = "testing"))]
pub use testing::{Fate, armed};
