//! Follows what somebody else does to this host, by the journal that is written as it is done.

use std::time::Duration;

use crate::host::{Host as _, HostError, Real, Tail, Watch};
use crate::journal::{JournalError, Place, Record};

use super::transaction::{Entry, Standing, Transaction};
use super::{EngineError, Event, Observer, Outcome, StepEvent, store};

/// Nothing tells when a process is killed: then its lease is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(400);
/// What has ended is gone in a moment.
const LAST_MOMENT: Duration = Duration::from_millis(20);

/// What is told of the steps that were done before somebody followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    /// How each is now.
    Told,
    /// Nothing.
    Skipped,
}

/// Reads a journal while it is written. It has the file open, and so sees its last words although it is removed after them.
#[derive(Debug)]
pub struct Follower<'h> {
    host: &'h Real,
    watch: Watch,
    current: Option<Current>,
    followed: Followed,
}

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Followed {
    /// How what was followed last has ended; none when it has not.
    pub outcome: Option<Outcome>,
    /// What was not put back, and why, in words.
    pub kept: Vec<String>,
    /// The steps that were not done or not undone, each with the reason.
    pub failed: Vec<String>,
    /// Whether whoever follows wanted to stop before.
    pub is_left: bool,
}

#[derive(Debug)]
struct Current {
    tail: Tail,
    place: Place,
    /// None before its first record was read.
    transaction: Option<Transaction>,
}

impl<'h> Follower<'h> {
    /// Begins where it is now.
    ///
    /// # Errors
    /// The journal cannot be read or is damaged.
    pub fn attach(
        host: &'h Real,
        past: Past,
        observer: &mut dyn Observer,
    ) -> Result<Self, EngineError> {
        let mut follower = Self {
            host,
            watch: host.watch(&store::folder()),
            current: None,
            followed: Followed::default(),
        };
        follower.advance(&mut ())?;
        if past == Past::Skipped {
            follower.followed = Followed::default();
        } else if let Some(transaction) = follower.transaction() {
            told(transaction, observer);
        }
        Ok(follower)
    }

    /// Follows until nobody is at work any more, as `is_at_work` says, or the observer wants to stop.
    ///
    /// # Errors
    /// The journal cannot be read or is damaged.
    pub fn run(
        mut self,
        is_at_work: &mut dyn FnMut() -> Result<bool, EngineError>,
        observer: &mut dyn Observer,
    ) -> Result<Followed, EngineError> {
        loop {
            // Before what was written is read: nothing is written afterwards.
            let is_at_work = is_at_work()?;
            self.advance(observer)?;
            if !is_at_work {
                return Ok(self.followed);
            }
            if observer.is_to_stop() {
                self.followed.is_left = true;
                return Ok(self.followed);
            }
            self.watch.wait(match self.followed.outcome {
                Some(_) => LAST_MOMENT,
                None => LOOK_AGAIN,
            });
        }
    }

    /// Whether there is a journal.
    pub fn has_begun(&self) -> bool {
        self.current.is_some()
    }

    fn transaction(&self) -> Option<&Transaction> {
        self.current.as_ref()?.transaction.as_ref()
    }

    /// Reads what was written since, also in journals that came after.
    fn advance(&mut self, observer: &mut dyn Observer) -> Result<(), EngineError> {
        loop {
            let found = self.host.tail(&store::journal())?;
            // One that another one came after is whole by now.
            self.take_in(observer)?;
            let next = found.filter(|found| match &self.current {
                Some(current) => !current.tail.is(found),
                None => true,
            });
            let Some(tail) = next else {
                return Ok(());
            };
            self.current = Some(Current {
                tail,
                place: Place::default(),
                transaction: None,
            });
            self.followed.outcome = None;
        }
    }

    fn take_in(&mut self, observer: &mut dyn Observer) -> Result<(), EngineError> {
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        let bytes = current.tail.after(current.place.bytes())?;
        let records = current.place.read(&bytes);
        let records = records.map_err(|fault| fault.in_file(&store::journal()))?;
        for record in records {
            let transaction = match &mut current.transaction {
                Some(transaction) => {
                    let added = transaction.add(record.clone());
                    added.map_err(|_| out_of_order())?;
                    transaction
                }
                none => {
                    none.insert(Transaction::of(vec![record.clone()]).map_err(|_| out_of_order())?)
                }
            };
            self.followed.add(&record, transaction);
            tell(&record, transaction, observer);
        }
        Ok(())
    }
}

impl Followed {
    fn add(&mut self, record: &Record, transaction: &Transaction) {
        match record {
            Record::Failed { step, why } | Record::Withdrawn { step, why } => {
                let id = transaction.steps.get(*step).map(|entry| entry.id.as_str());
                self.failed
                    .push(format!("{}: {why}", id.unwrap_or_default()));
            }
            Record::Kept { why, .. } => self.kept.push(why.clone()),
            Record::Undoing { kept, .. } => self.kept.extend(kept.iter().cloned()),
            Record::Ended { outcome } => self.outcome = Some(*outcome),
            _ => {}
        }
    }
}

/// How each step is, for whoever comes late.
fn told(transaction: &Transaction, observer: &mut dyn Observer) {
    observer.on(&transaction.begun());
    let is_forward = transaction.reverting.is_none();
    for (step, entry) in transaction.steps.iter().enumerate() {
        let state = match (&entry.failed, &entry.standing) {
            (Some(why), _) => StepEvent::Failed(why),
            (None, Standing::Unchanged) if is_forward => StepEvent::Unchanged,
            (None, Standing::Done { .. }) if is_forward => StepEvent::Done,
            (None, Standing::Undone) => StepEvent::Undone,
            _ => continue,
        };
        on(transaction, (step, entry), state, observer);
    }
}

fn tell(record: &Record, transaction: &Transaction, observer: &mut dyn Observer) {
    let (step, state) = match record {
        Record::Opened { .. } if transaction.reverting.is_none() => {
            return observer.on(&transaction.begun());
        }
        Record::Reverting { .. } => return observer.on(&transaction.begun()),
        Record::Opened { .. } => return,
        Record::Ended { outcome } => {
            let plan = transaction.plan_digest();
            let outcome = *outcome;
            return observer.on(&Event::Ended { plan, outcome });
        }
        Record::Unchanged { step } => (*step, StepEvent::Unchanged),
        Record::Begun { step, .. } => (*step, StepEvent::Begun),
        Record::Done { step, .. } => (*step, StepEvent::Done),
        Record::Unconfirmed { step } => (*step, StepEvent::Unconfirmed),
        Record::Failed { step, why } | Record::Withdrawn { step, why } => {
            (*step, StepEvent::Failed(why))
        }
        Record::Undoing { step, .. } => (*step, StepEvent::Undoing),
        Record::Undone { step } => (*step, StepEvent::Undone),
        Record::Kept { step, why } => (*step, StepEvent::Kept(why)),
    };
    let Some(entry) = transaction.steps.get(step) else {
        return;
    };
    if let Record::Undoing { kept, .. } = record {
        for why in kept {
            on(transaction, (step, entry), StepEvent::Kept(why), observer);
        }
    }
    on(transaction, (step, entry), state, observer);
}

fn on(
    transaction: &Transaction,
    (step, entry): (usize, &Entry),
    state: StepEvent<'_>,
    observer: &mut dyn Observer,
) {
    observer.on(&Event::Step {
        plan: transaction.plan_digest(),
        number: step + 1,
        of: transaction.steps.len(),
        id: &entry.id,
        what: &entry.what,
        state,
    });
}

/// Whether somebody has the lease of this host.
///
/// # Errors
/// The host does not tell.
pub fn is_at_work(host: &Real) -> Result<bool, HostError> {
    Ok(host.holder(&store::lease())?.is_some())
}

fn out_of_order() -> EngineError {
    EngineError::Journal(JournalError::Damaged {
        path: store::journal(),
        line: 0,
        why: "a record cannot follow those before it".to_owned(),
    })
}
