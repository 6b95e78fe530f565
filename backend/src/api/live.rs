//! What changed, for those who watch: a broadcast inside the process.
//!
//! A watcher that falls behind is told to look again; nothing depends on a notice arriving. With several processes each
//! one also tells its watchers every few seconds, so that a change made elsewhere is seen.

use cartwheel_domain::ids::{CartId, StoreId};
use tokio::sync::broadcast;

/// A cart that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CartChanged {
    /// In which store.
    pub store: StoreId,
    /// Which cart.
    pub cart: CartId,
}

/// Hands changes from those who make them to those who watch.
#[derive(Clone)]
pub struct Live(broadcast::Sender<CartChanged>);

impl Default for Live {
    fn default() -> Self {
        Self(broadcast::channel(1024).0)
    }
}

impl Live {
    /// Tells whoever watches. With nobody watching it costs nothing.
    pub fn cart(&self, store: StoreId, cart: CartId) {
        let _ = self.0.send(CartChanged { store, cart });
    }

    /// Watches from now on.
    pub fn watch(&self) -> broadcast::Receiver<CartChanged> {
        self.0.subscribe()
    }
}
