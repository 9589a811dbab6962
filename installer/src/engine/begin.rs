//! How something is begun: it is written down first, and then done by this process, or by another one that resumes.

use crate::host::files;
use crate::journal::{Journal, Record, Work};
use crate::plan::Plan;
use crate::step::Edited;

use super::transaction::Transaction;
use super::{Ended, EngineError, Installer, Observer, Outcome, store};

/// What is to be done.
#[derive(Debug, Clone)]
pub enum Task {
    /// What a plan says.
    Install(Plan),
    /// All that was installed is undone, the newest first.
    Uninstall(Edited),
    /// What was begun is gone on with, in the direction that it had.
    Resume,
    /// What an installation that was not finished has done is undone.
    Revert,
}

impl Installer<'_> {
    /// Does it.
    ///
    /// # Errors
    /// A step was not done or not undone; it cannot be begun.
    pub fn perform(
        &mut self,
        task: Task,
        observer: &mut dyn Observer,
    ) -> Result<Ended, EngineError> {
        match self.prepare(task)? {
            Some(ended) => Ok(ended),
            None => self.go_on(observer),
        }
    }

    /// Writes down what is to be done, for good, leaves word that it is to be gone on with, and gives the lease back: `muster-install.service` does
    /// the rest. How it ended, where there is nothing to do.
    ///
    /// # Errors
    /// It cannot be begun.
    pub fn hand_over(mut self, task: Task) -> Result<Option<Ended>, EngineError> {
        let prepared = self.prepare(task);
        if let Ok(None) = prepared {
            self.leave()?;
            return Ok(None);
        }
        let closed = self.close();
        let ended = prepared?;
        closed?;
        Ok(ended)
    }

    /// Gives the lease back, and leaves word that what was begun is to be gone on with: at the next boot at the latest.
    ///
    /// # Errors
    /// The host does not do it.
    pub fn leave(self) -> Result<(), EngineError> {
        store::leave_order(self.host)?;
        Ok(self.host.release(&store::lease())?)
    }

    /// Has it in the journal; or how it ended, where nothing is left to do.
    fn prepare(&mut self, task: Task) -> Result<Option<Ended>, EngineError> {
        // A cancellation holds for what was begun before it was asked for; also for what is only handed over yet, and where the machine went down meanwhile.
        let is_handed_over = self.current.is_some() && self.host.look(&store::order())?.is_some();
        if !is_handed_over {
            files::set_file(self.host, &store::cancellation(), None)?;
        }
        match task {
            Task::Install(plan) => self.prepare_install(plan),
            Task::Uninstall(edited) => {
                self.require_finished()?;
                match self.begin_undoing(edited)? {
                    true => Ok(None),
                    false => Err(EngineError::NothingInstalled),
                }
            }
            Task::Resume => self.prepare_resume(),
            Task::Revert => self.prepare_revert(),
        }
    }

    fn prepare_install(&mut self, plan: Plan) -> Result<Option<Ended>, EngineError> {
        self.require_finished()?;
        plan.check()?;
        if !plan.has_changes() {
            return Ok(Some(Ended::with(Outcome::Installed)));
        }
        let newest = store::receipts(self.host)?
            .last()
            .map(|(number, _)| *number);
        self.begin(Work::Install(plan), newest.unwrap_or_default() + 1)?;
        Ok(None)
    }

    fn prepare_resume(&mut self) -> Result<Option<Ended>, EngineError> {
        if self.current.is_some() {
            return Ok(None);
        }
        // It had ended when this was opened, but for its last words.
        match self.completed.take() {
            None => Err(EngineError::NothingUnfinished("resume")),
            Some((Outcome::Uninstalled, edited)) if self.begin_undoing(edited)? => Ok(None),
            Some((outcome, _)) => Ok(Some(Ended::with(outcome))),
        }
    }

    fn prepare_revert(&mut self) -> Result<Option<Ended>, EngineError> {
        let Some((_, transaction)) = &self.current else {
            return match self.completed {
                Some((outcome @ Outcome::Reverted, _)) => Ok(Some(Ended::with(outcome))),
                _ => Err(EngineError::NothingUnfinished("put back")),
            };
        };
        match (&transaction.work, transaction.reverting) {
            (Work::Uninstall(_), _) => return Err(EngineError::OnlyForward),
            (Work::Install(_), Some(_)) => {}
            (Work::Install(_), None) => self.record(Record::Reverting {
                edited: Edited::Kept,
            })?,
        }
        Ok(None)
    }

    /// Does what is in the journal, and after that what the receipts left to do.
    fn go_on(&mut self, observer: &mut dyn Observer) -> Result<Ended, EngineError> {
        let Some((_, transaction)) = &self.current else {
            return Err(EngineError::NothingUnfinished("resume"));
        };
        match (transaction.reverting, &transaction.work) {
            (None, _) => self.forward(observer),
            (Some(_), Work::Install(_)) => self.backward(observer),
            (Some(edited), Work::Uninstall(_)) => {
                let mut ended = self.backward(observer)?;
                while self.begin_undoing(edited)? {
                    ended.kept.extend(self.backward(observer)?.kept);
                }
                Ok(ended)
            }
        }
    }

    fn require_finished(&self) -> Result<(), EngineError> {
        match &self.current {
            None => Ok(()),
            Some((_, transaction)) => Err(EngineError::Unfinished(match transaction.work {
                Work::Install(_) => "an installation",
                Work::Uninstall(_) => "an uninstallation",
            })),
        }
    }

    /// Begins to undo what the newest receipt says, as a transaction of its own; whether there is one.
    fn begin_undoing(&mut self, edited: Edited) -> Result<bool, EngineError> {
        let Some((number, receipt)) = store::receipts(self.host)?.pop() else {
            return Ok(false);
        };
        self.begin(Work::Uninstall(receipt), number)?;
        self.record(Record::Reverting { edited })?;
        Ok(true)
    }

    fn begin(&mut self, work: Work, receipt_number: u32) -> Result<(), EngineError> {
        let first = Record::Opened {
            at: self.host.now(),
            work,
            receipt_number,
            folders_made: std::mem::take(&mut self.folders_made),
        };
        let journal = Journal::create(self.host, store::journal(), &first)?;
        let transaction = Transaction::of(vec![first]);
        // The first record is one that opens, by the lines above.
        self.current = transaction.ok().map(|transaction| (journal, transaction));
        Ok(())
    }
}

impl Ended {
    fn with(outcome: Outcome) -> Self {
        Self {
            outcome: Some(outcome),
            kept: Vec::new(),
        }
    }
}
