//! Hashes of passwords: dear by design, so they are made off the request threads, few at a time, and no endless queue waits for them.

use super::session::SignInError;
use std::{num::NonZero, sync::Arc};
use tokio::sync::Semaphore;

/// Those that may wait. One core makes some forty hashes a second, so the last of them waits for some six seconds; what comes then
/// would not be waited for.
const WAITING: usize = 256;

/// Seconds after which somebody who was sent away may come again.
pub(super) const COME_AGAIN: u64 = 5;

/// Where hashes are made.
#[derive(Clone)]
pub(super) struct Hashing {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Hashing {
    /// Half of the machine's cores, so that what comes in meanwhile has the others.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self::new((cores / 2).max(1), WAITING)
    }
}

impl Hashing {
    /// So many at once, and so many more that wait.
    fn new(at_once: usize, waiting: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once)), places: Arc::new(Semaphore::new(at_once + waiting)) }
    }

    /// Does work that takes as long as a hash.
    ///
    /// # Errors
    /// [`SignInError::Busy`] where too many wait already.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, SignInError> {
        let fault = |e: &dyn std::fmt::Display| SignInError::Fault(e.to_string());
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| SignInError::Busy)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|e| fault(&e))?;
        // The turn goes with the work and not with who waits for it: a caller who hangs up gives it back no sooner, else many of them
        // would have as many hashes made at once.
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((turn, place));
            done
        });
        done.await.map_err(|e| fault(&e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use tokio::sync::oneshot;

    /// Work that says when it has begun and ends when it is told to.
    fn held() -> (impl FnOnce() + Send + 'static, oneshot::Receiver<()>, mpsc::Sender<()>) {
        let (begun, has_begun) = oneshot::channel();
        let (end, told) = mpsc::channel::<()>();
        let work = move || {
            let _ = begun.send(());
            let _ = told.recv();
        };
        (work, has_begun, end)
    }

    #[tokio::test]
    async fn beyond_those_that_wait_one_is_sent_away() {
        let hashing = Hashing::new(1, 1);
        let (work, begun, end) = held();
        let first = tokio::spawn({
            let hashing = hashing.clone();
            async move { hashing.run(work).await }
        });
        begun.await.expect("it has begun");
        let mut second = Box::pin(hashing.run(|| 2));
        assert!(futures_util::poll!(&mut second).is_pending(), "it waits");
        assert!(matches!(hashing.run(|| 3).await, Err(SignInError::Busy)));
        drop(end);
        first.await.expect("no panic").expect("done");
        assert_eq!(second.await.expect("its turn came"), 2);
        assert_eq!(hashing.run(|| 4).await.expect("all have gone"), 4);
    }

    #[tokio::test]
    async fn who_hangs_up_gives_no_turn_back_before_the_work_is_done() {
        let hashing = Hashing::new(1, 1);
        let (work, begun, end) = held();
        let caller = tokio::spawn({
            let hashing = hashing.clone();
            async move { hashing.run(work).await }
        });
        begun.await.expect("it has begun");
        caller.abort();
        assert!(caller.await.is_err_and(|e| e.is_cancelled()));
        let mut next = Box::pin(hashing.run(|| 2));
        assert!(futures_util::poll!(&mut next).is_pending(), "one is being made still");
        drop(end);
        assert_eq!(next.await.expect("its turn came"), 2);
    }
}
