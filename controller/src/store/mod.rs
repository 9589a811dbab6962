//! What the controller remembers, behind one trait. Nothing here is of one kind of database.
//!
//! Map: this file is the trait; `conformance` is what every store has to pass; `memory` and `sqlite` are
//! stores.
//!
//! Invariants: a transaction is done wholly or not at all; a write to a record succeeds only against the
//! revision that was read, so that a lost race changes nothing and tells nobody.

#[cfg(test)]
mod conformance;
mod memory;
mod sqlite;

use async_trait::async_trait;

use crate::record::{EventRecord, NodeRecord, Revision, Spooled, TokenRecord};

pub use memory::MemoryStore;
pub use sqlite::SqliteStore;

/// Where records are kept.
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// The node of that id.
    async fn node(&self, id: &str) -> Result<Option<NodeRecord>, StoreError>;

    /// Every node, by id.
    async fn nodes(&self) -> Result<Vec<NodeRecord>, StoreError>;

    /// The token of that id.
    async fn token(&self, id: &str) -> Result<Option<TokenRecord>, StoreError>;

    /// Every token, by id.
    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError>;

    /// Events of a node with a sequence above `after`, in order, up to `limit`.
    async fn events(
        &self,
        node: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventRecord>, StoreError>;

    /// The sequence of the last event of every node that has one, by node.
    async fn last_events(&self) -> Result<Vec<(String, u64)>, StoreError>;

    /// How far the store is with a spool of a node: the sequence of its last event, or 0.
    async fn spooled(&self, node: &str, spool: &str) -> Result<u64, StoreError>;

    /// The inventory of a node as it was sent: JSON compressed by zstd.
    async fn inventory(&self, node: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Serial numbers of certificates that are revoked, as hex.
    async fn revoked(&self) -> Result<Vec<String>, StoreError>;

    /// What was noted of the cluster as a whole under that key.
    async fn note(&self, key: &str) -> Result<Option<String>, StoreError>;

    /// Does all of it, or nothing.
    async fn commit(&self, transaction: Transaction) -> Result<(), StoreError>;
}

/// What is done together.
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    /// In this order.
    pub writes: Vec<Write>,
}

/// One change. Where a revision is given, it has to be the one that is stored (0: there is none yet).
#[derive(Debug, Clone)]
pub enum Write {
    /// Stores a node; the store counts `record.revision` up from `expected`.
    Node {
        /// The new state; its own `revision` does not matter.
        record: Box<NodeRecord>,
        /// The revision that was read.
        expected: Revision,
    },
    /// Deletes a node with its events and its inventory.
    DeleteNode {
        /// Whose.
        id: String,
        /// The revision that was read.
        expected: Revision,
    },
    /// Stores a token.
    Token {
        /// The new state; its own `revision` does not matter.
        record: TokenRecord,
        /// The revision that was read.
        expected: Revision,
    },
    /// Counts one use of a token off. Many may do so at a time: it is a conflict only when the token has none left, was
    /// revoked, or is not there.
    UseToken {
        /// Which.
        id: String,
    },
    /// Appends to the log of a node; the store numbers it, whatever number it has. An event of the node's spool that is
    /// there already is passed over; one that would leave a gap in the spool's numbers is a conflict.
    Event {
        /// Whose.
        node: String,
        /// What happened.
        event: EventRecord,
    },
    /// Events of a node's spool are lost: the store goes on from `to` as if it had them.
    SkipSpool {
        /// Whose.
        node: String,
        /// The spool, and how far the store is with it: a conflict when it is not.
        from: Spooled,
        /// The last one that is lost.
        to: u64,
    },
    /// Stores the inventory of a node: JSON compressed by zstd.
    Inventory {
        /// Whose.
        node: String,
        /// The compressed document.
        content: Vec<u8>,
    },
    /// Notes something of the cluster as a whole, in place of what was noted under the same key.
    Note {
        /// Which.
        key: String,
        /// What.
        value: String,
    },
    /// Revokes a certificate for ever.
    Revoke {
        /// Its serial number, as hex.
        serial: String,
    },
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed what was read; read again. Nothing was changed.
    #[error("{what} was changed by somebody else meanwhile")]
    Conflict {
        /// Which record.
        what: String,
    },
    /// What is stored cannot be read.
    #[error("the record of {what} is damaged")]
    Damaged {
        /// Which record.
        what: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store itself does not work.
    #[error("the store does not answer ({operation})")]
    Unavailable {
        /// What was being done.
        operation: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_memory_store_conforms() {
        conformance::check(MemoryStore::new).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_sqlite_store_conforms() {
        let folder = tempfile::tempdir().unwrap();
        let count = std::sync::atomic::AtomicU32::new(0);
        conformance::check(|| {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            SqliteStore::open(&folder.path().join(format!("{number}.db"))).unwrap()
        })
        .await;
    }

    #[tokio::test]
    async fn sqlite_remembers_and_refuses_what_it_does_not_know() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("muster.db");
        let revoke = Write::Revoke {
            serial: "aa".to_owned(),
        };
        let store = SqliteStore::open(&path).unwrap();
        store
            .commit(Transaction {
                writes: vec![revoke],
            })
            .await
            .unwrap();
        drop(store);
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(store.revoked().await.unwrap(), ["aa"]);
        drop(store);

        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        let refused = SqliteStore::open(&path).unwrap_err();
        let cause = std::error::Error::source(&refused).unwrap().to_string();
        assert_eq!(cause, "it is of version 99, and 3 is the latest known here");
        std::fs::write(
            &path,
            "no database at all, but some text that is long enough",
        )
        .unwrap();
        assert!(SqliteStore::open(&path).is_err());
    }
}
