//! The nodes, and the only code that moves one from one status to another.
//!
//! Map: [`Fleet`] ties the store, the life of a node and what is known from heartbeats together. RPCs and the
//! watch over leases tell it what happened; `moves` decides by [`crate::lifecycle`] and writes with a
//! compare-and-swap; `leases` ends what is silent, by the [`Timing`] that nodes were told; `watch` tells those who
//! watch, `notices` administrators that something is new. What changes with every heartbeat stays in memory (`live`).

mod identities;
mod leases;
mod live;
mod moves;
mod notices;
mod timing;
mod watch;
mod workloads;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;
use tokio::time::Instant;

use self::live::Nodes;
use self::timing::Pace;
use crate::clock::Clock;
use crate::lifecycle::Refused;
use crate::record::{NodeRecord, UnixMs};
use crate::rules::{Picture, Seen};
use crate::store::{Store, StoreError};

pub use leases::{Grant, watch_leases};
pub use live::Heard;
pub use timing::Timing;
pub use watch::Watch;

/// All nodes of one cluster.
#[derive(Debug)]
pub struct Fleet {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    live: Arc<Mutex<Nodes>>,
    operations: tokio::sync::Mutex<()>,
}

/// Why a node was not moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// There is no such node.
    #[error("there is no node {0:?}")]
    NoNode(String),
    /// Its status does not allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It cannot be stored.
    #[error("the change cannot be stored")]
    Store(#[from] StoreError),
}

impl Fleet {
    /// Reads all nodes from the store. Leases count from now, and for as long as any controller has promised
    /// before, so that a controller that was down fences nobody.
    ///
    /// # Errors
    /// The store cannot be read, or cannot note what nodes will be promised.
    pub async fn load(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        timing: Timing,
    ) -> Result<Self, StoreError> {
        let records = store.nodes().await?;
        let noted = Self::noted_patience(&*store).await?;
        let kept = noted.max(timing.patience());
        let now = Instant::now();
        let pace = Pace::new(timing, kept, now);
        let fleet = Self {
            live: Arc::new(Mutex::new(Nodes::new(records, pace, now))),
            store,
            clock,
            operations: tokio::sync::Mutex::default(),
        };
        if kept > noted {
            fleet.note_patience(kept).await?;
        }
        fleet.pace().await?;
        Ok(fleet)
    }

    /// How long nodes may be silent.
    pub fn timing(&self) -> Timing {
        self.live().pace.told()
    }

    /// The store behind it, for what is not the life of a node.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The time by the controller's clock.
    pub fn now(&self) -> UnixMs {
        self.clock.now()
    }

    /// Every node with what was heard of it, by name and id.
    pub fn nodes(&self) -> Vec<(Arc<NodeRecord>, Option<Heard>)> {
        let mut nodes = self.snapshot();
        nodes.sort_by(|(a, _), (b, _)| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        nodes
    }

    /// The same in no order.
    pub fn snapshot(&self) -> Vec<(Arc<NodeRecord>, Option<Heard>)> {
        let live = self.live();
        let nodes = live.live.values();
        nodes
            .map(|live| (Arc::clone(&live.record), live.heard.clone()))
            .collect()
    }

    /// Those who may have something in common with a machine that no two have in common, itself not excepted; by name
    /// and id.
    pub(crate) fn alike(&self, record: &NodeRecord) -> Vec<Arc<NodeRecord>> {
        let live = self.live();
        let ids = live.identities.alike(record);
        let nodes = ids.iter().filter_map(|id| live.live.get(&**id));
        let mut nodes: Vec<_> = nodes.map(|live| Arc::clone(&live.record)).collect();
        nodes.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        nodes
    }

    /// The ids of nodes of which something new is stored from now on, a record or an event.
    pub fn listen(&self) -> broadcast::Receiver<Arc<str>> {
        self.live().notices.listen()
    }

    /// Tells the watchers that events of a node were stored beside the fleet.
    pub fn stored_events(&self, id: &str) {
        self.live().notices.tell(id);
    }

    /// The node of that id.
    pub fn node(&self, id: &str) -> Option<(Arc<NodeRecord>, Option<Heard>)> {
        let live = self.live();
        live.live
            .get(id)
            .map(|live| (Arc::clone(&live.record), live.heard.clone()))
    }

    /// Whether its heartbeat is late. Who has no certificate sends none.
    pub fn is_offline(&self, record: &NodeRecord, heard: Option<&Heard>) -> bool {
        heard.is_none_or(Heard::is_late) && record.certificate_serial.is_some()
    }

    /// A node as it is seen now.
    pub fn seen(&self, record: &Arc<NodeRecord>, heard: Option<&Heard>) -> Seen {
        Seen {
            record: Arc::clone(record),
            heard_unix_ms: heard.map(|heard| heard.at_unix_ms),
            is_online: heard.is_some_and(|heard| !heard.is_late()),
            gauges: heard.and_then(|heard| heard.gauges),
            report: heard.and_then(|heard| heard.report.clone()),
        }
    }

    /// All nodes as they are seen now.
    pub fn picture(&self) -> Picture {
        let live = self.live();
        let nodes = live.live.values();
        let seen = nodes.map(|live| self.seen(&live.record, live.heard.as_ref()));
        Picture::new(seen.collect())
    }

    /// Held while an operation is decided on and done: two that may not be done both are not decided on at once.
    pub async fn operation(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.operations.lock().await
    }

    fn live(&self) -> MutexGuard<'_, Nodes> {
        locked(&self.live)
    }
}

/// Nothing is left half done under this lock.
fn locked(live: &Mutex<Nodes>) -> MutexGuard<'_, Nodes> {
    live.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
