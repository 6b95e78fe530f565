//! The loops of a worker process.
//!
//! Each loop does one kind of work in passes. It rests until a bell rings or a fifth of a second is over, whichever is
//! first; correctness rests on the second, speed on the first. A pass that fails is logged and tried again after a pause;
//! a loop that panics takes the process down, since a worker without its loops would look alive and do nothing.

use crate::db::DbError;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};

/// How long a loop rests when nothing rings.
const REST: Duration = Duration::from_millis(200);
/// How long it rests after a fault.
const AFTER_FAULT: Duration = Duration::from_secs(1);

/// Loops that run until they are told to stop.
pub struct Workers {
    stop: watch::Sender<bool>,
    loops: JoinSet<()>,
}

impl Default for Workers {
    fn default() -> Self {
        Self { stop: watch::channel(false).0, loops: JoinSet::new() }
    }
}

impl Workers {
    /// Starts a loop. `pass` says whether there was something to do; then the next pass follows at once.
    pub fn start<F, Fut>(&mut self, name: &'static str, bell: Arc<Notify>, pass: F)
    where
        F: Fn() -> Fut + Send + 'static,
        Fut: Future<Output = Result<bool, DbError>> + Send,
    {
        self.start_every(name, REST, bell, pass);
    }

    /// Starts a loop that rests for `rest` when there is nothing to do.
    pub fn start_every<F, Fut>(&mut self, name: &'static str, rest: Duration, bell: Arc<Notify>, pass: F)
    where
        F: Fn() -> Fut + Send + 'static,
        Fut: Future<Output = Result<bool, DbError>> + Send,
    {
        let mut stop = self.stop.subscribe();
        self.loops.spawn(async move {
            while !*stop.borrow() {
                let rest = match pass().await {
                    Ok(true) => {
                        tokio::task::yield_now().await;
                        continue;
                    }
                    Ok(false) => rest,
                    Err(e) => {
                        metrics::counter!("cartwheel_worker_faults_total", "loop" => name).increment(1);
                        tracing::error!(worker = name, error = %e, "a pass failed; it will be tried again");
                        AFTER_FAULT
                    }
                };
                tokio::select! {
                    () = bell.notified() => {}
                    () = tokio::time::sleep(rest) => {}
                    _ = stop.changed() => {}
                }
            }
        });
    }

    /// Tells all loops to stop and waits until each has finished its pass.
    pub async fn stop(mut self) {
        // Fails only when no loop was ever started.
        let _ = self.stop.send(true);
        while let Some(ended) = self.loops.join_next().await {
            if let Err(e) = ended {
                tracing::error!(error = %e, "a loop ended badly");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn a_bell_wakes_a_loop_and_stop_ends_it() {
        let (passes, bell) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let mut workers = Workers::default();
        let count = passes.clone();
        workers.start_every("test", Duration::from_secs(3600), bell.clone(), move || {
            let count = count.clone();
            async move { Ok(count.fetch_add(1, Ordering::SeqCst) < 2) }
        });
        while passes.load(Ordering::SeqCst) < 3 {
            tokio::task::yield_now().await;
        }
        bell.notify_one();
        while passes.load(Ordering::SeqCst) < 4 {
            tokio::task::yield_now().await;
        }
        workers.stop().await;
        assert_eq!(passes.load(Ordering::SeqCst), 4);
    }
}
