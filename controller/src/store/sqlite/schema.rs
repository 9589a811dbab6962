//! The file, and its tables.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::unavailable;
use crate::store::StoreError;

/// What leads from each version to the next, from an empty file on. `user_version` counts the versions.
pub(super) const MIGRATIONS: [&str; 3] = [
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

/// How long another process may have the file to itself.
const BUSY: Duration = Duration::from_secs(5);

/// Opens the file, or makes it; with the tables as they are now.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path).map_err(|error| unavailable("open", error))?;
    let set_up = || -> rusqlite::Result<i64> {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_query_value(None, "user_version", |row| row.get(0))
    };
    let version = set_up().map_err(|error| unavailable("open", error))?;
    let known = MIGRATIONS.len();
    let missing = usize::try_from(version).ok();
    let missing = missing.and_then(|version| MIGRATIONS.get(version..));
    let missing = missing.ok_or_else(|| {
        let message = format!("it is of version {version}, and {known} is the latest known here");
        unavailable("open", message)
    })?;
    if !missing.is_empty() {
        let make = missing.concat();
        let make = format!("BEGIN IMMEDIATE; {make} PRAGMA user_version = {known}; COMMIT;");
        connection
            .execute_batch(&make)
            .map_err(|error| unavailable("make the tables", error))?;
    }
    Ok(connection)
}
