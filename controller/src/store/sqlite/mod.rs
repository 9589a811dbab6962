//! A store in one SQLite file with a write-ahead log.
//!
//! Records are JSON in a table for each kind, beside the columns by which they are found. Every commit is
//! one SQL transaction, synced to disk before it answers.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Store, StoreError, Transaction, Write};
use crate::record::{EventRecord, NodeRecord, Revision, Spooled, TokenRecord};

/// What leads from each version to the next, from an empty file on. `user_version` counts the versions.
const MIGRATIONS: [&str; 3] = [
    "
    CREATE TABLE node (id TEXT PRIMARY KEY, revision INTEGER NOT NULL, record TEXT NOT NULL) STRICT;
    CREATE TABLE token (id TEXT PRIMARY KEY, revision INTEGER NOT NULL, record TEXT NOT NULL) STRICT;
    CREATE TABLE event (
        node TEXT NOT NULL, sequence INTEGER NOT NULL, spool_sequence INTEGER, record TEXT NOT NULL,
        PRIMARY KEY (node, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX event_spool ON event (node, spool_sequence) WHERE spool_sequence IS NOT NULL;
    CREATE TABLE inventory (node TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT;
    CREATE TABLE revoked (serial TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
",
    "CREATE TABLE note (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;",
    // A node may have several spools, and how far the store is with one outlives the events.
    "
    CREATE TABLE spool (
        node TEXT NOT NULL, spool TEXT NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (node, spool)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO spool (node, spool, last)
        SELECT node, '', MAX(spool_sequence) FROM event WHERE spool_sequence IS NOT NULL GROUP BY node;
    DROP INDEX event_spool;
    ALTER TABLE event DROP COLUMN spool_sequence;
",
];

/// An SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Arc<Mutex<Connection>>,
}

impl SqliteStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// It cannot be opened, is no database, or is of a later version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path).map_err(|error| unavailable("open", error))?;
        Self::prepare(connection)
    }

    fn prepare(connection: Connection) -> Result<Self, StoreError> {
        let set_up = || -> rusqlite::Result<i64> {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "foreign_keys", "ON")?;
            connection.busy_timeout(std::time::Duration::from_secs(5))?;
            connection.pragma_query_value(None, "user_version", |row| row.get(0))
        };
        let version = set_up().map_err(|error| unavailable("open", error))?;
        let known = MIGRATIONS.len();
        let missing = usize::try_from(version).ok();
        let missing = missing.and_then(|version| MIGRATIONS.get(version..));
        let missing = missing.ok_or_else(|| {
            let message =
                format!("it is of version {version}, and {known} is the latest known here");
            unavailable("open", message)
        })?;
        if !missing.is_empty() {
            let make = missing.concat();
            let make = format!("BEGIN IMMEDIATE; {make} PRAGMA user_version = {known}; COMMIT;");
            connection
                .execute_batch(&make)
                .map_err(|error| unavailable("make the tables", error))?;
        }
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    /// Runs `question` where it may block.
    async fn ask<T: Send + 'static>(
        &self,
        operation: &'static str,
        question: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.connection);
        let answered = tokio::task::spawn_blocking(move || {
            // A transaction that a panic cut off was rolled back when it was dropped.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            question(&mut connection)
        });
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
        self.ask("commit", move |connection| {
            // Dropped without a commit, it is rolled back.
            let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for change in transaction.writes {
                write(&begun, change)?;
            }
            Ok(begun.commit()?)
        })
        .await
    }
}

fn write(transaction: &Connection, write: Write) -> Result<(), Fault> {
    match write {
        Write::Node {
            mut record,
            expected,
        } => {
            record.revision = expected + 1;
            put(transaction, &NODE, &record.id, expected, &*record)
        }
        Write::Token {
            mut record,
            expected,
        } => {
            record.revision = expected + 1;
            put(transaction, &TOKEN, &record.id, expected, &record)
        }
        Write::DeleteNode { id, expected } => delete_node(transaction, &id, expected),
        Write::Event {
            node,
            at,
            kind,
            message,
            spooled,
        } => {
            let event = EventRecord {
                sequence: 0,
                at,
                kind,
                message,
                spooled,
            };
            append(transaction, &node, event)
        }
        Write::SkipSpool { node, from, to } => {
            let last = last_spooled(transaction, &node, &from.spool)?;
            hold(last == from.sequence, "events of", &node)?;
            Ok(put_spool(transaction, &node, &from.spool, to)?)
        }
        Write::Inventory { node, content } => {
            let sql = "INSERT INTO inventory (node, content) VALUES (?1, ?2)
                       ON CONFLICT (node) DO UPDATE SET content = excluded.content";
            transaction
                .prepare_cached(sql)?
                .execute(params![node, content])?;
            Ok(())
        }
        Write::Note { key, value } => {
            let sql = "INSERT INTO note (key, value) VALUES (?1, ?2)
                       ON CONFLICT (key) DO UPDATE SET value = excluded.value";
            transaction.prepare_cached(sql)?.execute([key, value])?;
            Ok(())
        }
        Write::Revoke { serial } => {
            let sql = "INSERT INTO revoked (serial) VALUES (?1) ON CONFLICT DO NOTHING";
            transaction.prepare_cached(sql)?.execute([serial])?;
            Ok(())
        }
    }
}

/// The statements for one kind of record.
struct Statements {
    kind: &'static str,
    insert: &'static str,
    update: &'static str,
}

const NODE: Statements = Statements {
    kind: "node",
    insert: "INSERT INTO node (id, revision, record) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    update: "UPDATE node SET revision = ?2, record = ?3 WHERE id = ?1 AND revision = ?4",
};

const TOKEN: Statements = Statements {
    kind: "token",
    insert: "INSERT INTO token (id, revision, record) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    update: "UPDATE token SET revision = ?2, record = ?3 WHERE id = ?1 AND revision = ?4",
};

fn put<T: Serialize>(
    transaction: &Connection,
    statements: &Statements,
    id: &str,
    expected: Revision,
    record: &T,
) -> Result<(), Fault> {
    let text =
        serde_json::to_string(record).map_err(|error| damaged(statements.kind, id, error))?;
    let revision = signed(expected + 1);
    let changed = if expected == 0 {
        let mut insert = transaction.prepare_cached(statements.insert)?;
        insert.execute(params![id, revision, text])?
    } else {
        let mut update = transaction.prepare_cached(statements.update)?;
        update.execute(params![id, revision, text, signed(expected)])?
    };
    hold(changed == 1, statements.kind, id)
}

fn delete_node(transaction: &Connection, id: &str, expected: Revision) -> Result<(), Fault> {
    let deleted = transaction.execute(
        "DELETE FROM node WHERE id = ?1 AND revision = ?2",
        params![id, signed(expected)],
    )?;
    hold(deleted == 1, "node", id)?;
    transaction.execute("DELETE FROM event WHERE node = ?1", [id])?;
    transaction.execute("DELETE FROM inventory WHERE node = ?1", [id])?;
    transaction.execute("DELETE FROM spool WHERE node = ?1", [id])?;
    Ok(())
}

fn append(transaction: &Connection, node: &str, mut event: EventRecord) -> Result<(), Fault> {
    if let Some(Spooled { spool, sequence }) = &event.spooled {
        let last = last_spooled(transaction, node, spool)?;
        if *sequence <= last {
            return Ok(());
        }
        hold(*sequence == last + 1, "events of", node)?;
        put_spool(transaction, node, spool, *sequence)?;
    }
    let sql = "SELECT COALESCE(MAX(sequence), 0) FROM event WHERE node = ?1";
    let last: i64 = transaction
        .prepare_cached(sql)?
        .query_row([node], |row| row.get(0))?;
    event.sequence = unsigned(last) + 1;
    let text =
        serde_json::to_string(&event).map_err(|error| damaged("an event of", node, error))?;
    transaction
        .prepare_cached("INSERT INTO event (node, sequence, record) VALUES (?1, ?2, ?3)")?
        .execute(params![node, last + 1, text])?;
    Ok(())
}

fn last_spooled(connection: &Connection, node: &str, spool: &str) -> rusqlite::Result<u64> {
    let sql = "SELECT last FROM spool WHERE node = ?1 AND spool = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let last = statement.query_row([node, spool], |row| row.get(0));
    Ok(last.optional()?.map_or(0, unsigned))
}

fn put_spool(connection: &Connection, node: &str, spool: &str, last: u64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO spool (node, spool, last) VALUES (?1, ?2, ?3)
               ON CONFLICT (node, spool) DO UPDATE SET last = excluded.last";
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute(params![node, spool, signed(last)])?;
    Ok(())
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
        first.execute_batch(MIGRATIONS[0]).unwrap();
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
