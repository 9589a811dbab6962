//! What moves a node, and what changes its record: against the store first, in memory only when the store has it.
//!
//! Invariant: a lost compare-and-swap changes nothing and tells nobody.

use std::sync::Arc;

use muster_model::NodeStatus;
use tokio::time::Instant;

use super::live::Nodes;
use super::{Fleet, MoveError, locked};
use crate::lifecycle::{Event, Next, next};
use crate::record::{EventRecord, NodeRecord};
use crate::store::{StoreError, Transaction, Write};

/// Somebody else may win a race so often before it is given up.
const MOST_RACES: usize = 8;

impl Fleet {
    /// Takes in a node that is new.
    ///
    /// # Errors
    /// It cannot be stored, or is there already.
    pub async fn admit(
        &self,
        record: NodeRecord,
        mut more: Vec<Write>,
    ) -> Result<Arc<NodeRecord>, StoreError> {
        more.insert(
            0,
            Write::Node {
                record: Box::new(record.clone()),
                expected: 0,
            },
        );
        more.push(self.event(&record, "admitted", record.reason.clone()));
        let revision = 1;
        let record = Arc::new(NodeRecord { revision, ..record });
        let stored = Arc::clone(&record);
        let admit = move |nodes: &mut Nodes| nodes.admit(stored, Instant::now());
        self.commit(more, admit).await?;
        Ok(record)
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
                Next::Stays => return Ok(Some(self.show(before))),
                Next::Deleted => match self.delete(&before).await {
                    Err(StoreError::Conflict { .. }) => continue,
                    deleted => return Ok(deleted.map(|()| None)?),
                },
                Next::Becomes(status) => status,
            };
            let mut after = self.moved(before, status, reason);
            after.drains = event == Event::EnterMaintenance;
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
        let edit = |record: &mut NodeRecord| {
            edit(record);
            Vec::new()
        };
        self.edit_with(id, what, edit).await
    }

    /// The same with what has to be stored along.
    ///
    /// # Errors
    /// As [`Self::edit`].
    pub async fn edit_with(
        &self,
        id: &str,
        what: &str,
        edit: impl Fn(&mut NodeRecord) -> Vec<Write> + Send + Sync,
    ) -> Result<Arc<NodeRecord>, MoveError> {
        self.edit_as("edited", id, what, edit).await
    }

    /// The same as an event of that kind.
    ///
    /// # Errors
    /// As [`Self::edit`].
    pub async fn edit_as(
        &self,
        kind: &str,
        id: &str,
        what: &str,
        edit: impl Fn(&mut NodeRecord) -> Vec<Write> + Send + Sync,
    ) -> Result<Arc<NodeRecord>, MoveError> {
        for _ in 0..MOST_RACES {
            let stored = self.store.node(id).await?;
            let mut record = stored.ok_or_else(|| MoveError::NoNode(id.to_owned()))?;
            let more = edit(&mut record);
            match self.put(record, kind, what.to_owned(), more).await {
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
        let revision = expected + 1;
        let record = Arc::new(NodeRecord { revision, ..record });
        let stored = Arc::clone(&record);
        let show = move |nodes: &mut Nodes| {
            tracing::info!(node = %stored.id, name = %stored.name, status = %stored.status, reason = %stored.reason, "node changed");
            nodes.show(&stored, Instant::now());
        };
        self.commit(writes, show).await?;
        Ok(record)
    }

    /// Stores, and then does `then` in memory. Once begun it is done to the end, even when nobody waits for it any more
    /// (a client that hangs up drops its call): what is stored is always known here.
    async fn commit(
        &self,
        writes: Vec<Write>,
        then: impl FnOnce(&mut Nodes) + Send + 'static,
    ) -> Result<(), StoreError> {
        let (store, live) = (Arc::clone(&self.store), Arc::clone(&self.live));
        let done = tokio::spawn(async move {
            store.commit(Transaction { writes }).await?;
            then(&mut locked(&live));
            Ok(())
        });
        done.await.unwrap_or_else(|source| {
            Err(StoreError::Unavailable {
                operation: "commit",
                source: Box::new(source),
            })
        })
    }

    /// Whatever the store has of a node, everybody sees from now on.
    fn show(&self, record: NodeRecord) -> Arc<NodeRecord> {
        let record = Arc::new(record);
        self.live().show(&record, Instant::now());
        record
    }

    async fn delete(&self, record: &NodeRecord) -> Result<(), StoreError> {
        let (id, name) = (record.id.clone(), record.name.clone());
        let delete = Write::DeleteNode {
            id: id.clone(),
            expected: record.revision,
        };
        let remove = move |nodes: &mut Nodes| {
            tracing::info!(node = %id, %name, "node deleted");
            nodes.remove(&id);
        };
        self.commit(vec![delete], remove).await
    }

    /// An event for the log of a node, to be stored along with something else.
    pub(crate) fn event(&self, record: &NodeRecord, kind: &str, message: String) -> Write {
        Write::Event {
            node: record.id.clone(),
            event: EventRecord::new(self.clock.now(), kind, message),
        }
    }
}
