//! Does what a plan says, and undoes it, as one transaction.
//!
//! Before anything is changed it is in the journal, with what was there before; after a crash at any instant the journal tells which step may be in the
//! middle, and setting a state is right from there as well. So a transaction is always gone on with or undone, and never guessed at.

mod begin;
mod confirm;
mod error;
mod follow;
mod preview;
mod progress;
mod scan;
mod status;
pub(crate) mod store;
#[cfg(test)]
mod tests;
mod transaction;
mod work;

use serde::{Deserialize, Serialize};

use crate::host::{Host, files};
use crate::journal::{Journal, JournalError, Record, Work};
use crate::plan::Plan;
use crate::step::Edited;
use crate::value::HostPath;

pub use begin::Task;
pub use error::EngineError;
pub use follow::{Followed, Follower, Past, is_at_work};
pub use preview::{Undone, preview};
pub use progress::{Event, Observer, StepEvent};
pub use scan::{Scan, ScannedReceipt, Trace, scan};
pub use status::{InstalledStatus, Status, StepStatus, UnfinishedStatus, is_unconfirmed, status};
pub use store::{confirm_network, request_cancellation};
pub(crate) use transaction::Transaction;

/// What came of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The plan was applied.
    Installed,
    /// What was applied of the plan was undone.
    Reverted,
    /// What a receipt says was undone.
    Uninstalled,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// None: it was stopped between two steps, and can be gone on with.
    pub outcome: Option<Outcome>,
    /// What was not put back, and why, in words.
    pub kept: Vec<String>,
}

/// Whoever changes this host now. There is one at a time.
pub struct Installer<'h> {
    host: &'h mut dyn Host,
    /// What was begun and not finished.
    current: Option<(Journal, Transaction)>,
    /// What had come to its end, but for its last words, when this was opened.
    completed: Option<(Outcome, Edited)>,
    /// Folders that are removed again when nothing is left in them.
    folders_made: Vec<HostPath>,
}

impl<'h> Installer<'h> {
    /// Takes the lease of this host as `holder`, which is for people, and finds what was begun and not finished.
    ///
    /// # Errors
    /// Somebody else has the lease; the journal cannot be used.
    pub fn open(host: &'h mut dyn Host, holder: &str) -> Result<Self, EngineError> {
        let folders_made = files::make_folders(host, &store::folder())?;
        host.lease(&store::lease(), holder)?;
        let mut installer = Self {
            host,
            current: None,
            completed: None,
            folders_made,
        };
        match installer.load() {
            Ok(()) => Ok(installer),
            Err(error) => {
                installer.host.release(&store::lease())?;
                Err(error)
            }
        }
    }

    /// Whether something was begun and not finished.
    pub fn has_unfinished(&self) -> bool {
        self.current.is_some()
    }

    /// Does what the plan says.
    ///
    /// # Errors
    /// A step failed: what was done stays, until [`Installer::resume`] or [`Installer::revert`].
    pub fn install(
        &mut self,
        plan: Plan,
        observer: &mut dyn Observer,
    ) -> Result<Ended, EngineError> {
        self.perform(Task::Install(plan), observer)
    }

    /// Goes on with what was begun, in the direction that it had.
    ///
    /// # Errors
    /// As [`Installer::install`] and [`Installer::uninstall`]; there is nothing to go on with.
    pub fn resume(&mut self, observer: &mut dyn Observer) -> Result<Ended, EngineError> {
        self.perform(Task::Resume, observer)
    }

    /// Undoes what an installation that was not finished has done.
    ///
    /// # Errors
    /// Steps were not undone; there is no such installation.
    pub fn revert(&mut self, observer: &mut dyn Observer) -> Result<Ended, EngineError> {
        self.perform(Task::Revert, observer)
    }

    /// Undoes all that was installed, the newest first.
    ///
    /// # Errors
    /// Nothing is installed; something was begun and not finished; a receipt cannot be used; steps were not undone.
    pub fn uninstall(
        &mut self,
        edited: Edited,
        observer: &mut dyn Observer,
    ) -> Result<Ended, EngineError> {
        self.perform(Task::Uninstall(edited), observer)
    }

    /// Gives the lease back, and removes muster's own folders where nothing is left in them. A step that is neither confirmed nor put back is tried
    /// again at the next boot.
    ///
    /// # Errors
    /// The host does not do it.
    pub fn close(self) -> Result<(), EngineError> {
        let is_unconfirmed = matches!(&self.current, Some((_, begun)) if begun.is_unconfirmed());
        let order = (!is_unconfirmed).then(store::order);
        let signs = [store::cancellation(), store::confirmation()];
        for sign in signs.into_iter().chain(order) {
            files::set_file(self.host, &sign, None)?;
        }
        let is_needed = self.current.is_some() || !store::receipt_paths(self.host)?.is_empty();
        self.host.release(&store::lease())?;
        for folder in self.folders_made.iter().rev().filter(|_| !is_needed) {
            // Others may have put something into them.
            if self.host.list(folder)?.is_empty() {
                files::set_directory(self.host, folder, None)?;
            }
        }
        Ok(())
    }

    fn load(&mut self) -> Result<(), EngineError> {
        let Some((journal, records)) = Journal::open(self.host, store::journal())? else {
            return Ok(());
        };
        let transaction = Transaction::of(records).map_err(|line| JournalError::Damaged {
            path: store::journal(),
            line,
            why: "the record cannot follow those before it".to_owned(),
        })?;
        let edited = transaction.reverting.unwrap_or(Edited::Kept);
        self.completed = transaction.outcome.map(|outcome| (outcome, edited));
        let has_ended = transaction.outcome.is_some();
        self.current = Some((journal, transaction));
        match has_ended {
            true => self.finish(),
            false => Ok(()),
        }
    }

    /// Keeps or drops the receipt, and removes the journal: as often as needed, after the last record.
    fn finish(&mut self) -> Result<(), EngineError> {
        let Some((journal, transaction)) = self.current.take() else {
            return Ok(());
        };
        let number = transaction.receipt_number;
        let receipt = transaction
            .receipt()
            .filter(|receipt| !receipt.steps.is_empty());
        match (transaction.outcome, receipt, transaction.work) {
            (Some(Outcome::Installed), Some(receipt), _) => {
                store::keep(self.host, number, &receipt)?;
            }
            (Some(Outcome::Uninstalled), _, Work::Uninstall(receipt)) => {
                store::drop(self.host, number)?;
                self.folders_made = receipt.folders_made;
            }
            _ => self.folders_made = transaction.folders_made,
        }
        Ok(journal.remove(self.host)?)
    }

    /// Writes to the journal, and goes by what was written.
    fn record(&mut self, record: Record) -> Result<(), EngineError> {
        let Some((journal, transaction)) = &mut self.current else {
            return Ok(());
        };
        journal.append(self.host, &record)?;
        let added = transaction.add(record);
        added.map_err(|_| {
            EngineError::Journal(JournalError::Damaged {
                path: store::journal(),
                line: 0,
                why: "what was written last does not follow".to_owned(),
            })
        })
    }
}
