//! The nodes, and the only code that moves one from one status to another.
//!
//! Map: [`Fleet`] ties the store, the life of a node and what is known from heartbeats together. RPCs and the
//! watch over leases tell it what happened; it decides by [`crate::lifecycle`], writes with a
//! compare-and-swap, and tells the watchers. What changes with every heartbeat stays in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use muster_model::NodeStatus;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::lifecycle::{Event, Next, Refused, next};
use crate::record::{NodeRecord, UnixMs};
use crate::store::{Store, StoreError, Transaction, Write};

/// How long nodes may be silent.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Between two heartbeats.
    pub interval: Duration,
    /// How long a node may run workloads after a heartbeat without another answer.
    pub lease: Duration,
    /// What the controller waits beyond the lease before it says that a node is fenced: by then the
    /// node has stopped its workloads itself.
    pub margin: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            lease: Duration::from_secs(30),
            margin: Duration::from_secs(15),
        }
    }
}

/// What is known of a node from its heartbeats.
#[derive(Debug, Clone)]
pub struct Heard {
    /// When the last one came.
    pub at: Instant,
    /// The same by the clock on the wall.
    pub at_unix_ms: UnixMs,
    /// How busy it is.
    pub gauges: Option<muster_proto::v1::Gauges>,
}

/// All nodes of one cluster.
#[derive(Debug)]
pub struct Fleet {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    timing: Timing,
    live: Mutex<HashMap<String, Live>>,
}

/// A node in memory.
#[derive(Debug, Clone)]
struct Live {
    record: Arc<NodeRecord>,
    heard: Option<Heard>,
    /// The lease counts from here: the last heartbeat, or the start of this controller.
    leased_from: Instant,
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

/// Somebody else may win a race so often before it is given up.
const MOST_RACES: usize = 8;

impl Fleet {
    /// Reads all nodes from the store. Leases count from now, so that a controller that was down fences nobody.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn load(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        timing: Timing,
    ) -> Result<Self, StoreError> {
        let now = Instant::now();
        let nodes = store.nodes().await?;
        let live = nodes
            .into_iter()
            .map(|record| (record.id.clone(), Live::new(record, now)));
        Ok(Self {
            live: Mutex::new(live.collect()),
            store,
            clock,
            timing,
        })
    }

    /// How long nodes may be silent.
    pub fn timing(&self) -> Timing {
        self.timing
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
        let live = self.live();
        let mut nodes: Vec<_> = live
            .values()
            .map(|live| (Arc::clone(&live.record), live.heard.clone()))
            .collect();
        nodes.sort_by(|(a, _), (b, _)| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        nodes
    }

    /// The node of that id.
    pub fn node(&self, id: &str) -> Option<(Arc<NodeRecord>, Option<Heard>)> {
        let live = self.live();
        live.get(id)
            .map(|live| (Arc::clone(&live.record), live.heard.clone()))
    }

    /// Whether its heartbeat is late: two intervals and a half without one. Who has no certificate sends none.
    pub fn is_offline(&self, record: &NodeRecord, heard: Option<&Heard>) -> bool {
        let late = self.timing.interval * 5 / 2;
        let is_late = heard.is_none_or(|heard| heard.at.elapsed() > late);
        is_late && record.certificate_serial.is_some()
    }

    /// Takes in a node that is new.
    ///
    /// # Errors
    /// It cannot be stored, or is there already.
    pub async fn admit(
        &self,
        record: NodeRecord,
        mut more: Vec<Write>,
    ) -> Result<Arc<NodeRecord>, StoreError> {
        let id = record.id.clone();
        more.insert(
            0,
            Write::Node {
                record: Box::new(record.clone()),
                expected: 0,
            },
        );
        more.push(self.event(&record, "admitted", record.reason.clone()));
        self.store.commit(Transaction { writes: more }).await?;
        let stored = NodeRecord {
            revision: 1,
            ..record
        };
        let entry = Live::new(stored, Instant::now());
        let record = Arc::clone(&entry.record);
        self.live().insert(id, entry);
        Ok(record)
    }

    /// Notes a heartbeat.
    pub fn heard(&self, id: &str, gauges: Option<muster_proto::v1::Gauges>) {
        let now = Instant::now();
        let at_unix_ms = self.clock.now();
        if let Some(live) = self.live().get_mut(id) {
            live.leased_from = now;
            live.heard = Some(Heard {
                at: now,
                at_unix_ms,
                gauges,
            });
        }
    }

    /// The nodes whose lease and margin have run out.
    pub fn overdue(&self) -> Vec<String> {
        let patience = self.timing.lease + self.timing.margin;
        let live = self.live();
        // Without a certificate nobody can send a heartbeat, or has a lease.
        let overdue = live.iter().filter(|(_, live)| {
            live.record.certificate_serial.is_some() && live.leased_from.elapsed() > patience
        });
        overdue.map(|(id, _)| id.clone()).collect()
    }

    /// Lets something happen to a node. Nothing is stored and nobody is told when it keeps its status.
    ///
    /// # Errors
    /// Its status does not allow it, or it cannot be stored.
    pub async fn happen(
        &self,
        id: &str,
        event: Event,
        reason: &str,
    ) -> Result<Option<Arc<NodeRecord>>, MoveError> {
        self.happen_with(id, event, reason, |_| Vec::new()).await
    }

    /// The same with an `edit` of the record, and with what has to be stored along. `None`: it was deleted.
    ///
    /// # Errors
    /// As [`Self::happen`].
    pub async fn happen_with(
        &self,
        id: &str,
        event: Event,
        reason: &str,
        edit: impl Fn(&mut NodeRecord) -> Vec<Write> + Send + Sync,
    ) -> Result<Option<Arc<NodeRecord>>, MoveError> {
        for _ in 0..MOST_RACES {
            let stored = self.store.node(id).await?;
            let before = stored.ok_or_else(|| MoveError::NoNode(id.to_owned()))?;
            let status = match next(before.status, event)? {
                Next::Stays => return Ok(Some(Arc::new(before))),
                Next::Deleted => match self.delete(&before).await {
                    Err(StoreError::Conflict { .. }) => continue,
                    deleted => return Ok(deleted.map(|()| None)?),
                },
                Next::Becomes(status) => status,
            };
            let mut after = self.moved(before, status, reason);
            let more = edit(&mut after);
            let message = format!("{status}: {reason}");
            match self.put(after, "status_changed", message, more).await {
                Err(StoreError::Conflict { .. }) => {}
                put => return Ok(Some(put?)),
            }
        }
        let what = format!("node {id}");
        Err(MoveError::Store(StoreError::Conflict { what }))
    }

    /// Changes a record without moving the node.
    ///
    /// # Errors
    /// There is no such node, or it cannot be stored.
    pub async fn edit(
        &self,
        id: &str,
        what: &str,
        edit: impl Fn(&mut NodeRecord) + Send + Sync,
    ) -> Result<Arc<NodeRecord>, MoveError> {
        for _ in 0..MOST_RACES {
            let stored = self.store.node(id).await?;
            let mut record = stored.ok_or_else(|| MoveError::NoNode(id.to_owned()))?;
            edit(&mut record);
            match self
                .put(record, "edited", what.to_owned(), Vec::new())
                .await
            {
                Err(StoreError::Conflict { .. }) => {}
                put => return Ok(put?),
            }
        }
        let what = format!("node {id}");
        Err(MoveError::Store(StoreError::Conflict { what }))
    }

    /// The record in its new status. Whatever a node may do is decided anew with a new epoch when it is fenced.
    fn moved(&self, mut record: NodeRecord, status: NodeStatus, reason: &str) -> NodeRecord {
        record.status = status;
        reason.clone_into(&mut record.reason);
        record.status_since = self.clock.now();
        record.generation += 1;
        if status == NodeStatus::Fenced {
            record.epoch += 1;
        }
        record
    }

    async fn put(
        &self,
        record: NodeRecord,
        kind: &str,
        message: String,
        more: Vec<Write>,
    ) -> Result<Arc<NodeRecord>, StoreError> {
        let expected = record.revision;
        let mut writes = vec![
            Write::Node {
                record: Box::new(record.clone()),
                expected,
            },
            self.event(&record, kind, message),
        ];
        writes.extend(more);
        self.store.commit(Transaction { writes }).await?;
        let record = Arc::new(NodeRecord {
            revision: expected + 1,
            ..record
        });
        tracing::info!(node = %record.id, name = %record.name, status = %record.status, reason = %record.reason, "node changed");
        let mut live = self.live();
        if let Some(live) = live.get_mut(&record.id) {
            // A slower writer must not put an older record over a newer one.
            if live.record.revision < record.revision {
                if live.record.certificate_serial != record.certificate_serial {
                    live.leased_from = Instant::now();
                }
                live.record = Arc::clone(&record);
            }
        }
        Ok(record)
    }

    async fn delete(&self, record: &NodeRecord) -> Result<(), StoreError> {
        let id = record.id.clone();
        let delete = Write::DeleteNode {
            id: id.clone(),
            expected: record.revision,
        };
        self.store
            .commit(Transaction {
                writes: vec![delete],
            })
            .await?;
        tracing::info!(node = %id, name = %record.name, "node deleted");
        self.live().remove(&id);
        Ok(())
    }

    fn event(&self, record: &NodeRecord, kind: &str, message: String) -> Write {
        Write::Event {
            node: record.id.clone(),
            at: self.clock.now(),
            kind: kind.to_owned(),
            message,
            spooled: None,
        }
    }

    /// Nothing is left half done under this lock.
    fn live(&self) -> MutexGuard<'_, HashMap<String, Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    fn new(record: NodeRecord, now: Instant) -> Self {
        Self {
            record: Arc::new(record),
            heard: None,
            leased_from: now,
        }
    }
}

/// Watches over the leases until it is dropped.
pub async fn watch_leases(fleet: Arc<Fleet>) {
    const EVERY: Duration = Duration::from_secs(1);
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        for id in fleet.overdue() {
            let silent = fleet.timing.lease + fleet.timing.margin;
            let reason = format!("not heard for {} s", silent.as_secs());
            match fleet.happen(&id, Event::LeaseExpired, &reason).await {
                Ok(_) | Err(MoveError::NoNode(_)) => {}
                Err(error) => {
                    tracing::error!(node = %id, %error, "a silent node could not be fenced");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
