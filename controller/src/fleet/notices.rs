//! Telling watchers that something about a node was stored.

use std::sync::Arc;

use tokio::sync::broadcast;

/// A watcher that is behind by more than this looks at everything anew.
const MOST_BEHIND: usize = 4096;

/// Says which node has something new: its record, or its events. What it is, is read from the fleet and the store, so
/// that a watcher that is slow misses nothing and costs no memory.
#[derive(Debug)]
pub(super) struct Notices(broadcast::Sender<Arc<str>>);

impl Notices {
    pub(super) fn new() -> Self {
        Self(broadcast::Sender::new(MOST_BEHIND))
    }

    /// Only after the transaction is done: a race that was lost tells nobody.
    pub(super) fn tell(&self, node: &str) {
        if self.0.receiver_count() > 0 {
            // Fails when the last watcher went meanwhile.
            let _ = self.0.send(Arc::from(node));
        }
    }

    pub(super) fn listen(&self) -> broadcast::Receiver<Arc<str>> {
        self.0.subscribe()
    }
}
