//! Bells between the parts of one process: work was committed, somebody may begin at once.
//!
//! A bell that is not heard loses nothing: every loop looks for itself a few times a second.

use std::sync::Arc;
use tokio::sync::Notify;

/// The bells; cheap to clone.
#[derive(Clone, Default)]
pub struct Wake {
    /// Carts may have become due.
    pub carts: Arc<Notify>,
    /// Runs began or became due.
    pub runs: Arc<Notify>,
    /// Messages were queued.
    pub messages: Arc<Notify>,
}
