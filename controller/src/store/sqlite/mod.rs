//! A store in one SQLite file with a write-ahead log.
//!
//! Records are JSON in a table for each kind, beside the columns by which they are found. A commit is on disk
//! before it answers.
//!
//! Map: this file reads; `schema` opens the file and makes the tables; `writer` commits, many transactions with one sync;
//! `writes` is what each write is in SQL.

mod schema;
mod writer;
mod writes;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::de::DeserializeOwned;

use self::writer::Writer;
use self::writes::last_spooled;
use super::{Store, StoreError, Transaction};
use crate::record::{EventRecord, NodeRecord, TokenRecord};

/// An SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Writer,
    /// Reads do not wait for the disk that a commit waits for.
    reader: Arc<tokio::sync::Mutex<Connection>>,
}

impl SqliteStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// It cannot be opened, is no database, or is of a later version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let writer = Writer::start(schema::open(path)?)?;
        let reader = schema::open(path)?;
        Ok(Self {
            writer,
            reader: Arc::new(tokio::sync::Mutex::new(reader)),
        })
    }

    /// Runs `question` where it may block.
    async fn ask<T: Send + 'static>(
        &self,
        operation: &'static str,
        question: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        // Waited for here, so that those who wait take no thread each.
        let mut connection = Arc::clone(&self.reader).lock_owned().await;
        let answered = tokio::task::spawn_blocking(move || question(&mut connection));
        match answered.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Fault::Store(error))) => Err(error),
            Ok(Err(Fault::Sql(error))) => Err(unavailable(operation, error)),
            Err(error) => Err(unavailable(operation, error)),
        }
    }

    async fn record<T: DeserializeOwned + Send + 'static>(
        &self,
        kind: &'static str,
        sql: &'static str,
        id: &str,
    ) -> Result<Option<T>, StoreError> {
        let id = id.to_owned();
        self.ask("read", move |connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let text: Option<String> = statement.query_row([&id], |row| row.get(0)).optional()?;
            text.map(|text| parse(&text, kind, &id)).transpose()
        })
        .await
    }

    async fn records<T: DeserializeOwned + Send + 'static>(
        &self,
        kind: &'static str,
        sql: &'static str,
    ) -> Result<Vec<T>, StoreError> {
        self.ask("list", move |connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.map(|row| {
                let (id, text): (String, String) = row?;
                parse(&text, kind, &id)
            })
            .collect()
        })
        .await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn node(&self, id: &str) -> Result<Option<NodeRecord>, StoreError> {
        let sql = "SELECT record FROM node WHERE id = ?1";
        self.record("node", sql, id).await
    }

    async fn nodes(&self) -> Result<Vec<NodeRecord>, StoreError> {
        let sql = "SELECT id, record FROM node ORDER BY id";
        self.records("node", sql).await
    }

    async fn token(&self, id: &str) -> Result<Option<TokenRecord>, StoreError> {
        let sql = "SELECT record FROM token WHERE id = ?1";
        self.record("token", sql, id).await
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        let sql = "SELECT id, record FROM token ORDER BY id";
        self.records("token", sql).await
    }

    async fn events(
        &self,
        node: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let node = node.to_owned();
        let (after, limit) = (signed(after), signed(limit as u64));
        self.ask("read events", move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT record FROM event WHERE node = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
            )?;
            let rows = statement.query_map(params![node, after, limit], |row| row.get(0))?;
            rows.map(|row| {
                let text: String = row?;
                parse(&text, "an event of", &node)
            })
            .collect()
        })
        .await
    }

    async fn last_events(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.ask("read events", |connection| {
            // The last of each node by the primary key: no event is read.
            let sql =
                "SELECT id, (SELECT MAX(sequence) FROM event WHERE event.node = node.id) AS last
                       FROM node WHERE last IS NOT NULL ORDER BY id";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, unsigned(row.get(1)?))))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn spooled(&self, node: &str, spool: &str) -> Result<u64, StoreError> {
        let (node, spool) = (node.to_owned(), spool.to_owned());
        self.ask("read events", move |connection| {
            Ok(last_spooled(connection, &node, &spool)?)
        })
        .await
    }

    async fn inventory(&self, node: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let node = node.to_owned();
        self.ask("read an inventory", move |connection| {
            let sql = "SELECT content FROM inventory WHERE node = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            Ok(statement.query_row([node], |row| row.get(0)).optional()?)
        })
        .await
    }

    async fn revoked(&self) -> Result<Vec<String>, StoreError> {
        self.ask("list revoked certificates", |connection| {
            let sql = "SELECT serial FROM revoked ORDER BY serial";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn note(&self, key: &str) -> Result<Option<String>, StoreError> {
        let key = key.to_owned();
        self.ask("read a note", move |connection| {
            let sql = "SELECT value FROM note WHERE key = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            Ok(statement.query_row([key], |row| row.get(0)).optional()?)
        })
        .await
    }

    async fn commit(&self, transaction: Transaction) -> Result<(), StoreError> {
        self.writer.commit(transaction).await
    }
}

/// SQLite's whole numbers are signed; ours are counters that never come near the end.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn parse<T: DeserializeOwned>(text: &str, kind: &str, id: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|error| damaged(kind, id, error))
}

fn hold(holds: bool, kind: &str, id: &str) -> Result<(), Fault> {
    if holds {
        Ok(())
    } else {
        let what = format!("{kind} {id}");
        Err(Fault::Store(StoreError::Conflict { what }))
    }
}

/// What goes wrong while SQL runs.
enum Fault {
    Store(StoreError),
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

fn damaged(kind: &str, id: &str, source: serde_json::Error) -> Fault {
    Fault::Store(StoreError::Damaged {
        what: format!("{kind} {id}"),
        source: source.into(),
    })
}

fn unavailable(
    operation: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Unavailable {
        operation,
        source: source.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_of_the_first_version_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("muster.db");
        let first = Connection::open(&path).unwrap();
        first.execute_batch(schema::MIGRATIONS[0]).unwrap();
        first.pragma_update(None, "user_version", 1).unwrap();
        let record =
            r#"{"sequence": 1, "at": 5, "kind": "old", "message": "", "spool_sequence": 3}"#;
        let insert = "INSERT INTO event VALUES ('n1', 1, 3, ?1)";
        first.execute(insert, [record]).unwrap();
        drop(first);
        for _ in 0..2 {
            let store = SqliteStore::open(&path).unwrap();
            assert_eq!(store.note("key").await.unwrap(), None);
            assert_eq!(store.spooled("n1", "").await.unwrap(), 3);
            assert_eq!(store.events("n1", 0, 10).await.unwrap()[0].kind, "old");
        }
    }
}
