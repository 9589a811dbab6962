//! The one thread that writes.
//!
//! While it waits for the disk, transactions queue up; it takes all of them together, so that they wait for one sync and not for one
//! each. Within that each is for itself: one that fails leaves nothing, and takes none along.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::{Fault, unavailable, writes};
use crate::store::{StoreError, Transaction, Write};

/// Transactions with one sync; more would let the first one wait for too long.
const MOST_TOGETHER: usize = 512;

const COMMIT: &str = "commit";

/// Hands transactions to the thread; waits for it when it is dropped.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Asked>>,
    thread: Option<JoinHandle<()>>,
}

/// A transaction, and who waits for it.
#[derive(Debug)]
struct Asked {
    transaction: Transaction,
    answer: oneshot::Sender<Result<(), StoreError>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        let (queue, asked) = mpsc::channel();
        let thread = thread::Builder::new().name("store".to_owned());
        let thread = thread.spawn(move || run(connection, &asked));
        let thread = thread.map_err(|error| unavailable("start the writer", error))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Does all of it, or nothing. Once asked for it is done even when nobody waits any more.
    pub(super) async fn commit(&self, transaction: Transaction) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        let asked = Asked {
            transaction,
            answer,
        };
        let queue = self.queue.as_ref();
        let is_asked = queue.is_some_and(|queue| queue.send(asked).is_ok());
        let ended = || Err(unavailable(COMMIT, "the writer has ended"));
        if !is_asked {
            return ended();
        }
        answered.await.unwrap_or_else(|_| ended())
    }
}

impl Drop for Writer {
    /// The file is closed when this is done.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // Nothing is left to do for one that panicked.
            let _ = thread.join();
        }
    }
}

/// Until nobody can ask any more.
fn run(mut connection: Connection, queue: &mpsc::Receiver<Asked>) {
    while let Ok(first) = queue.recv() {
        let group = std::iter::once(first).chain(queue.try_iter());
        let (transactions, answers): (Vec<_>, Vec<_>) = group
            .take(MOST_TOGETHER)
            .map(|asked| (asked.transaction, asked.answer))
            .unzip();
        match together(&mut connection, transactions) {
            // Whoever asked may have gone.
            Ok(outcomes) => answers
                .into_iter()
                .zip(outcomes)
                .for_each(|(answer, outcome)| {
                    let _ = answer.send(outcome);
                }),
            Err(error) => {
                let cause = error.to_string();
                for answer in answers {
                    let _ = answer.send(Err(unavailable(COMMIT, cause.clone())));
                }
            }
        }
    }
}

/// What came of each. An error: none of them is stored.
fn together(
    connection: &mut Connection,
    transactions: Vec<Transaction>,
) -> rusqlite::Result<Vec<Result<(), StoreError>>> {
    // Dropped without a commit, it is rolled back.
    let mut begun = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut outcomes = Vec::with_capacity(transactions.len());
    for transaction in transactions {
        let outcome = match alone(&mut begun, transaction.writes) {
            Ok(()) => Ok(()),
            Err(Fault::Store(error)) => Err(error),
            // A fault as grave as a full disk ends the whole of it (SQLite, "Response To Errors Within A Transaction").
            Err(Fault::Sql(error)) if begun.is_autocommit() => return Err(error),
            Err(Fault::Sql(error)) => Err(unavailable(COMMIT, error)),
        };
        outcomes.push(outcome);
    }
    begun.commit()?;
    Ok(outcomes)
}

fn alone(begun: &mut rusqlite::Transaction<'_>, writes: Vec<Write>) -> Result<(), Fault> {
    // Dropped without a commit, it is rolled back, and nothing but it.
    let point = begun.savepoint()?;
    for write in writes {
        writes::write(&point, write)?;
    }
    Ok(point.commit()?)
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    /// A page of SQLite with its head in the log (https://www.sqlite.org/fileformat2.html#walformat).
    const PAGE: u64 = 4096 + 24;

    #[test]
    fn what_waits_is_written_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("muster.db");
        let connection = schema::open(&path).unwrap();
        // The last connection empties the log when it is closed.
        let second = schema::open(&path).unwrap();
        let log = || {
            std::fs::metadata(folder.path().join("muster.db-wal"))
                .unwrap()
                .len()
        };
        let before = log();
        let (queue, asked) = mpsc::channel();
        let answers: Vec<_> = (0..200).map(|number| ask(&queue, number)).collect();
        drop(queue);
        run(connection, &asked);
        for mut answer in answers {
            answer.try_recv().unwrap().unwrap();
        }
        let count = "SELECT COUNT(*) FROM revoked";
        let count: i64 = second.query_row(count, [], |row| row.get(0)).unwrap();
        assert_eq!(count, 200);
        assert!(log() - before < 100 * PAGE, "each was written for itself");
    }

    fn ask(queue: &mpsc::Sender<Asked>, number: u32) -> oneshot::Receiver<Result<(), StoreError>> {
        let (answer, answered) = oneshot::channel();
        let serial = format!("{number:x}");
        let transaction = Transaction {
            writes: vec![Write::Revoke { serial }],
        };
        let asked = Asked {
            transaction,
            answer,
        };
        queue.send(asked).unwrap();
        answered
    }
}
