//! Where a transaction is: the sum of its journal's records. Pure.

use crate::journal::{Record, Work};
use crate::receipt::{RECEIPT_SCHEMA, Receipt, ReceiptStep};
use crate::step::{Action, Edited, State};
use crate::value::HostPath;

use super::{Event, Outcome};

/// A transaction, and how far it is.
#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) at: String,
    pub(crate) work: Work,
    pub(crate) receipt_number: u32,
    pub(crate) folders_made: Vec<HostPath>,
    pub(crate) steps: Vec<Entry>,
    /// None while it goes forward.
    pub(crate) reverting: Option<Edited>,
    pub(crate) outcome: Option<Outcome>,
}

/// A step, and how far it is.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) what: String,
    pub(crate) action: Action,
    pub(crate) attempts: u32,
    pub(crate) standing: Standing,
    /// Why it failed the last time; none once it went well.
    pub(crate) failed: Option<String>,
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    Waiting,
    /// Found as it was to be.
    Unchanged,
    /// It may be done, undone, or in the middle; done, it may not be confirmed yet.
    Begun {
        before: State,
        wanted: State,
    },
    Done {
        before: State,
        after: State,
    },
    /// It may be done, undone, or in the middle.
    Undoing {
        target: State,
        kept: Vec<String>,
    },
    Undone,
}

impl Transaction {
    /// What the records of a journal come to.
    ///
    /// # Errors
    /// The number of the record that cannot follow those before it, counted from 1.
    pub(crate) fn of(records: Vec<Record>) -> Result<Self, usize> {
        let mut records = records.into_iter();
        let mut transaction = records.next().and_then(Self::opened).ok_or(1_usize)?;
        for (at, record) in records.enumerate() {
            transaction.add(record).map_err(|OutOfOrder| at + 2)?;
        }
        Ok(transaction)
    }

    fn opened(first: Record) -> Option<Self> {
        let Record::Opened {
            at,
            work,
            receipt_number,
            folders_made,
        } = first
        else {
            return None;
        };
        let (steps, reverting) = match &work {
            Work::Install(plan) => (plan.steps().iter().map(Entry::planned).collect(), None),
            Work::Uninstall(receipt) => {
                let steps = receipt.steps.iter().map(Entry::done).collect();
                (steps, Some(Edited::Kept))
            }
        };
        Some(Self {
            at,
            work,
            receipt_number,
            folders_made,
            steps,
            reverting,
            outcome: None,
        })
    }

    /// Adds what was just written to the journal.
    ///
    /// # Errors
    /// It cannot follow what was written before.
    pub(crate) fn add(&mut self, record: Record) -> Result<(), OutOfOrder> {
        if self.outcome.is_some() {
            return Err(OutOfOrder);
        }
        let is_forward = self.reverting.is_none();
        match record {
            Record::Opened { .. } => return Err(OutOfOrder),
            Record::Reverting { edited } => self.reverting = Some(edited),
            Record::Ended { outcome } => self.outcome = Some(outcome),
            Record::Failed { step, why } => self.step(step)?.failed = Some(why),
            Record::Unchanged { step } => {
                self.step(step)?.go(is_forward, |from| match from {
                    Standing::Waiting => Some(Standing::Unchanged),
                    _ => None,
                })?;
            }
            Record::Begun {
                step,
                before,
                wanted,
            } => self.step(step)?.go(is_forward, |from| match from {
                Standing::Waiting => Some(Standing::Begun { before, wanted }),
                _ => None,
            })?,
            Record::Unconfirmed { step } => match self.step(step)?.standing {
                Standing::Begun { .. } if is_forward => {}
                _ => return Err(OutOfOrder),
            },
            Record::Withdrawn { step, why } => {
                let entry = self.step(step)?;
                entry.go(is_forward, |from| match from {
                    Standing::Begun { .. } => Some(Standing::Waiting),
                    _ => None,
                })?;
                entry.failed = Some(why);
            }
            Record::Done { step, after } => self.step(step)?.go(is_forward, |from| match from {
                Standing::Begun { before, .. } => Some(Standing::Done { before, after }),
                _ => None,
            })?,
            Record::Undoing { step, target, kept } => {
                self.step(step)?.go(!is_forward, |from| match from {
                    Standing::Begun { .. } | Standing::Done { .. } => {
                        Some(Standing::Undoing { target, kept })
                    }
                    _ => None,
                })?;
            }
            Record::Kept { step, .. } => self.step(step)?.go(!is_forward, |from| match from {
                Standing::Begun { .. } | Standing::Done { .. } => Some(Standing::Undone),
                _ => None,
            })?,
            Record::Undone { step } => self.step(step)?.go(!is_forward, |from| match from {
                Standing::Undoing { .. } => Some(Standing::Undone),
                _ => None,
            })?,
        }
        Ok(())
    }

    /// `installing`, `reverting` or `uninstalling`.
    pub(crate) fn doing(&self) -> &'static str {
        match (&self.work, self.reverting) {
            (Work::Install(_), None) => "installing",
            (Work::Install(_), Some(_)) => "reverting",
            (Work::Uninstall(_), _) => "uninstalling",
        }
    }

    /// Of the plan that is applied or undone.
    pub(crate) fn plan_digest(&self) -> &str {
        match &self.work {
            Work::Install(plan) => plan.digest(),
            Work::Uninstall(receipt) => &receipt.plan,
        }
    }

    /// What is told when it goes on, or turns.
    pub(crate) fn begun(&self) -> Event<'_> {
        Event::Begun {
            plan: self.plan_digest(),
            work: self.doing(),
            of: self.steps.len(),
        }
    }

    /// The receipt of what was installed.
    pub(crate) fn receipt(&self) -> Option<Receipt> {
        let Work::Install(plan) = &self.work else {
            return None;
        };
        Some(Receipt {
            schema: RECEIPT_SCHEMA.to_owned(),
            plan: plan.digest().to_owned(),
            profile: plan.profile().clone(),
            role: plan.role(),
            parameters: plan.parameters().clone(),
            installed_at: self.at.clone(),
            folders_made: self.folders_made.clone(),
            steps: self.steps.iter().filter_map(Entry::receipt).collect(),
        })
    }

    /// Whether a step was begun that nobody has confirmed yet.
    pub(crate) fn is_unconfirmed(&self) -> bool {
        self.reverting.is_none() && self.steps.iter().any(Entry::is_unconfirmed)
    }

    fn step(&mut self, step: usize) -> Result<&mut Entry, OutOfOrder> {
        self.steps.get_mut(step).ok_or(OutOfOrder)
    }
}

/// A record that cannot follow those before it.
#[derive(Debug)]
pub(crate) struct OutOfOrder;

impl Entry {
    fn planned(step: &crate::plan::PlannedStep) -> Self {
        Self {
            id: step.id.clone(),
            what: step.what.clone(),
            action: step.action.clone(),
            attempts: step.attempts,
            standing: Standing::Waiting,
            failed: None,
        }
    }

    fn done(step: &ReceiptStep) -> Self {
        Self {
            id: step.id.clone(),
            what: step.what.clone(),
            action: step.action.clone(),
            attempts: step.attempts,
            standing: Standing::Done {
                before: step.before.clone(),
                after: step.after.clone(),
            },
            failed: None,
        }
    }

    fn is_unconfirmed(&self) -> bool {
        matches!(self.standing, Standing::Begun { .. }) && self.action.window().is_some()
    }

    fn receipt(&self) -> Option<ReceiptStep> {
        let Standing::Done { before, after } = &self.standing else {
            return None;
        };
        Some(ReceiptStep {
            id: self.id.clone(),
            what: self.what.clone(),
            action: self.action.clone(),
            before: before.clone(),
            after: after.clone(),
            attempts: self.attempts,
        })
    }

    fn go(
        &mut self,
        is_the_way: bool,
        next: impl FnOnce(Standing) -> Option<Standing>,
    ) -> Result<(), OutOfOrder> {
        let next = is_the_way.then(|| next(self.standing.clone())).flatten();
        self.standing = next.ok_or(OutOfOrder)?;
        self.failed = None;
        Ok(())
    }
}
