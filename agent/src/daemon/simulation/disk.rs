//! The controller's store as the simulation sees it: slow, contended, and watched.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use muster_controller::record::{EventRecord, NodeRecord, TokenRecord};
use muster_controller::store::{MemoryStore, Store, StoreError, Transaction, Write};
use muster_model::NodeStatus;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::chance::Chance;
use super::host::Host;
use super::ledger::Ledger;

/// It survives the controller.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) inner: MemoryStore,
    pub(super) manner: watch::Sender<Manner>,
    chance: Chance,
    ledger: Arc<Ledger>,
    hosts: Vec<Arc<Host>>,
}

/// The disk as one process has it: nothing that the process began is done after its end.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) disk: Arc<Disk>,
    pub(super) process: CancellationToken,
}

/// How it behaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// For one operation.
    pub(super) slowest: Duration,
    /// One of so many writes loses against somebody else.
    pub(super) one_conflict_of: Option<u64>,
}

/// As on an ordinary machine.
pub(super) const ORDINARY: Manner = Manner {
    slowest: Duration::from_millis(20),
    one_conflict_of: None,
};

impl Disk {
    pub(super) fn new(chance: Chance, ledger: Arc<Ledger>, hosts: Vec<Arc<Host>>) -> Self {
        Self {
            inner: MemoryStore::new(),
            manner: watch::Sender::new(ORDINARY),
            chance,
            ledger,
            hosts,
        }
    }

    async fn wait(&self) {
        let slowest = self.manner.borrow().slowest;
        tokio::time::sleep(self.chance.up_to(slowest)).await;
    }

    async fn look(&self, id: &str) -> (Option<NodeRecord>, usize) {
        let events = self.inner.events(id, 0, usize::MAX).await.unwrap();
        (self.inner.node(id).await.unwrap(), events.len())
    }

    /// A node was written.
    fn check(&self, before: Option<&NodeRecord>, after: &NodeRecord) {
        let id = &after.id;
        let was = before.map(|before| before.status);
        if before.is_some_and(|before| before.epoch > after.epoch) {
            self.ledger
                .broken(format_args!("{id}: its epoch went back to {}", after.epoch));
        }
        if was == Some(after.status) {
            return;
        }
        self.ledger.note(format_args!(
            "{id} is {} in epoch {}",
            after.status, after.epoch
        ));
        let Some(host) = self.hosts.iter().find(|host| host.id == *id) else {
            return;
        };
        match after.status {
            NodeStatus::Fenced => host.declared_fenced(),
            NodeStatus::Active => host.declared_active(after.epoch),
            NodeStatus::InMaintenance => host.declared_empty(),
            _ => host.declared_other(),
        }
    }
}

#[async_trait]
impl Store for Opened {
    async fn node(&self, id: &str) -> Result<Option<NodeRecord>, StoreError> {
        self.disk.wait().await;
        self.disk.inner.node(id).await
    }

    async fn nodes(&self) -> Result<Vec<NodeRecord>, StoreError> {
        self.disk.wait().await;
        self.disk.inner.nodes().await
    }

    async fn token(&self, id: &str) -> Result<Option<TokenRecord>, StoreError> {
        self.disk.inner.token(id).await
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        self.disk.inner.tokens().await
    }

    async fn events(
        &self,
        node: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventRecord>, StoreError> {
        self.disk.inner.events(node, after, limit).await
    }

    async fn spooled(&self, node: &str, spool: &str) -> Result<u64, StoreError> {
        self.disk.wait().await;
        self.disk.inner.spooled(node, spool).await
    }

    async fn last_events(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.disk.inner.last_events().await
    }

    async fn note(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.disk.wait().await;
        self.disk.inner.note(key).await
    }

    async fn inventory(&self, node: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.disk.inner.inventory(node).await
    }

    async fn revoked(&self) -> Result<Vec<String>, StoreError> {
        self.disk.inner.revoked().await
    }

    async fn commit(&self, transaction: Transaction) -> Result<(), StoreError> {
        self.disk.wait().await;
        if self.process.is_cancelled() {
            return std::future::pending().await;
        }
        let written = transaction.writes.iter().find_map(|write| match write {
            Write::Node { record, .. } => Some(record.as_ref().clone()),
            _ => None,
        });
        let Some(written) = written else {
            let done = self.disk.inner.commit(transaction).await;
            self.disk.wait().await;
            return done;
        };
        let chances = self.disk.manner.borrow().one_conflict_of;
        if chances.is_some_and(|chances| self.disk.chance.one_of(chances)) {
            let what = format!("node {}", written.id);
            return Err(StoreError::Conflict { what });
        }
        let before = self.disk.look(&written.id).await;
        let done = self.disk.inner.commit(transaction).await;
        match &done {
            Ok(()) => self.disk.check(before.0.as_ref(), &written),
            Err(_) if self.disk.look(&written.id).await != before => {
                self.disk.ledger.broken(format_args!(
                    "{}: a lost write changed something",
                    written.id
                ));
            }
            Err(_) => {}
        }
        // The controller may end before it hears what came of it.
        self.disk.wait().await;
        done
    }
}
