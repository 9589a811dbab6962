//! What each write is in SQL, within a transaction that somebody else begins and ends.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;

use super::{Fault, damaged, hold, parse, signed, unsigned};
use crate::record::{EventRecord, Revision, Spooled, TokenRecord};
use crate::store::Write;

/// Does one write.
pub(super) fn write(transaction: &Connection, write: Write) -> Result<(), Fault> {
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
        Write::UseToken { id } => use_token(transaction, &id),
        Write::DeleteNode { id, expected } => delete_node(transaction, &id, expected),
        Write::Event { node, event } => append(transaction, &node, event),
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

fn use_token(transaction: &Connection, id: &str) -> Result<(), Fault> {
    let sql = "SELECT record FROM token WHERE id = ?1";
    let mut statement = transaction.prepare_cached(sql)?;
    let text: Option<String> = statement.query_row([id], |row| row.get(0)).optional()?;
    let record = text.map(|text| parse::<TokenRecord>(&text, "token", id));
    let record = record.transpose()?.and_then(TokenRecord::used);
    hold(record.is_some(), "token", id)?;
    let Some(record) = record else { return Ok(()) };
    let expected = record.revision;
    let write = Write::Token { record, expected };
    self::write(transaction, write)
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

/// How far the store is with a spool of a node.
pub(super) fn last_spooled(
    connection: &Connection,
    node: &str,
    spool: &str,
) -> rusqlite::Result<u64> {
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
