//! The steps of a transaction, forwards and backwards.

use std::time::Duration;

use crate::host::HostError;
use crate::journal::{Record, Work};
use crate::step::{Action, Edited, State, StepError, Undo, undo};

use super::transaction::{Entry, Standing};
use super::{Ended, EngineError, Event, Installer, Observer, Outcome, StepEvent, store};

/// Between the first attempt and the second; then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What undoing a step has to do.
enum Back {
    Nothing,
    Set(Undo),
    Keep(String),
}

impl Installer<'_> {
    /// Does the steps that are not done.
    pub(super) fn forward(&mut self, observer: &mut dyn Observer) -> Result<Ended, EngineError> {
        self.tell_begun(observer);
        for step in 0..self.count() {
            if observer.is_to_stop() {
                return Ok(Ended {
                    outcome: None,
                    kept: Vec::new(),
                });
            }
            if self.is_cancelled()? {
                return self.revert(observer);
            }
            if let Err(error) = self.go_forward(step, observer) {
                // Whoever asked for it in the meantime did not know that it would fail.
                return match self.is_cancelled()? {
                    true => self.revert(observer),
                    false => Err(error),
                };
            }
        }
        self.end(Outcome::Installed, observer)?;
        Ok(Ended {
            outcome: Some(Outcome::Installed),
            kept: Vec::new(),
        })
    }

    /// Undoes the steps that were begun or done, the last first. One that cannot be undone does not keep the others.
    pub(super) fn backward(&mut self, observer: &mut dyn Observer) -> Result<Ended, EngineError> {
        let mut kept = Vec::new();
        let mut failed = Vec::new();
        self.tell_begun(observer);
        for step in (0..self.count()).rev() {
            match self.go_back(step, observer) {
                Ok(stays) => kept.extend(stays),
                Err(EngineError::Step { id, why }) => failed.push(format!("{id}: {why}")),
                Err(other) => return Err(other),
            }
        }
        if !failed.is_empty() {
            return Err(EngineError::NotUndone(failed.join("; ")));
        }
        let outcome = match self
            .current
            .as_ref()
            .map(|(_, transaction)| &transaction.work)
        {
            Some(Work::Uninstall(_)) => Outcome::Uninstalled,
            _ => Outcome::Reverted,
        };
        self.end(outcome, observer)?;
        Ok(Ended {
            outcome: Some(outcome),
            kept,
        })
    }

    fn go_forward(&mut self, step: usize, observer: &mut dyn Observer) -> Result<(), EngineError> {
        let (action, standing) = self.step(step)?;
        match standing {
            Standing::Waiting => {
                let found = self.found(&action);
                let (before, wanted) = self.noted(step, found, observer)?;
                if before == wanted {
                    self.record(Record::Unchanged { step })?;
                    self.tell(step, StepEvent::Unchanged, observer);
                    return Ok(());
                }
                let state = wanted.clone();
                self.record(Record::Begun {
                    step,
                    before,
                    wanted,
                })?;
                self.complete(step, &action, &state, observer)
            }
            Standing::Begun { .. } if action.window().is_some() => {
                let why = "whoever did it was gone before it was confirmed".to_owned();
                self.withdraw(step, &StepError::Refused(why), observer)
            }
            Standing::Begun { wanted, .. } => self.complete(step, &action, &wanted, observer),
            // A machine that was switched off has lost what only its kernel and services knew.
            Standing::Done { after, .. }
                if action.inspect(self.host).ok().as_ref() != Some(&after) =>
            {
                self.tell(step, StepEvent::Begun, observer);
                let done = self.reach(step, &action, &after, observer);
                self.noted(step, done, observer)?;
                self.tell(step, StepEvent::Done, observer);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn complete(
        &mut self,
        step: usize,
        action: &Action,
        wanted: &State,
        observer: &mut dyn Observer,
    ) -> Result<(), EngineError> {
        self.tell(step, StepEvent::Begun, observer);
        if action.window().is_some() {
            self.forget_confirmation()?;
        }
        let done = self.reach(step, action, wanted, observer);
        match action.window() {
            None => self.noted(step, done, observer)?,
            Some(window) => {
                let confirmed = match done {
                    Ok(()) => self.confirmed(step, window, observer)?,
                    failed => failed,
                };
                if let Err(why) = confirmed {
                    return self.withdraw(step, &why, observer);
                }
            }
        }
        let after = wanted.clone();
        self.record(Record::Done { step, after })?;
        self.tell(step, StepEvent::Done, observer);
        Ok(())
    }

    /// What was not put back.
    fn go_back(
        &mut self,
        step: usize,
        observer: &mut dyn Observer,
    ) -> Result<Vec<String>, EngineError> {
        let (action, standing) = self.step(step)?;
        let way = self.way_back(&action, standing);
        let (target, kept) = match self.noted(step, way, observer)? {
            Back::Nothing => return Ok(Vec::new()),
            Back::Keep(why) => {
                self.tell(step, StepEvent::Kept(&why), observer);
                let kept = vec![why.clone()];
                self.record(Record::Kept { step, why })?;
                return Ok(kept);
            }
            Back::Set(undo) => (undo.target, undo.kept),
        };
        if !matches!(self.step(step)?.1, Standing::Undoing { .. }) {
            self.record(Record::Undoing {
                step,
                target: target.clone(),
                kept: kept.clone(),
            })?;
        }
        self.tell(step, StepEvent::Undoing, observer);
        let undone = self.reach(step, &action, &target, observer);
        self.noted(step, undone, observer)?;
        self.record(Record::Undone { step })?;
        for why in &kept {
            self.tell(step, StepEvent::Kept(why), observer);
        }
        self.tell(step, StepEvent::Undone, observer);
        Ok(kept)
    }

    fn found(&self, action: &Action) -> Result<(State, State), StepError> {
        let before = action.inspect(self.host)?;
        let wanted = action.wanted(&before)?;
        if before != wanted {
            action.consider(self.host, &before)?;
        }
        Ok((before, wanted))
    }

    fn way_back(&self, action: &Action, standing: Standing) -> Result<Back, StepError> {
        let edited = self
            .current
            .as_ref()
            .and_then(|(_, transaction)| transaction.reverting);
        let (before, after, edited) = match standing {
            Standing::Waiting | Standing::Unchanged | Standing::Undone => return Ok(Back::Nothing),
            Standing::Undoing { target, kept } => return Ok(Back::Set(Undo { target, kept })),
            // What is in the middle is of our making.
            Standing::Begun { before, wanted } => (before, wanted, Edited::PutBack),
            Standing::Done { before, after } => (before, after, edited.unwrap_or(Edited::Kept)),
        };
        let now = match action.inspect(self.host) {
            Err(StepError::Host(HostError::OtherKind { path, found })) => {
                let why = format!("{path} stays: somebody put something else there, it is {found}");
                return Ok(Back::Keep(why));
            }
            now => now?,
        };
        let keep = action.keep(self.host, &before)?;
        undo([&before, &after, &now], edited, &keep).map(Back::Set)
    }

    /// Sets a state and looks whether it is there, as often as the step is to be tried.
    pub(super) fn reach(
        &mut self,
        step: usize,
        action: &Action,
        state: &State,
        observer: &mut dyn Observer,
    ) -> Result<(), StepError> {
        let attempts = self.entry(step).map_or(1, |entry| entry.attempts);
        let mut pause = FIRST_PAUSE;
        let mut reached = self.set(action, state);
        for _ in 1..attempts {
            let Err(why) = &reached else {
                break;
            };
            self.tell(step, StepEvent::TriedAgain(&why.to_string()), observer);
            self.host.pause(pause);
            pause = LONGEST_PAUSE.min(pause * 2);
            reached = self.set(action, state);
        }
        reached
    }

    pub(super) fn set(&mut self, action: &Action, state: &State) -> Result<(), StepError> {
        action.set(self.host, state)?;
        match action.is_at(&action.inspect(self.host)?, state) {
            true => Ok(()),
            false => Err(StepError::refused(
                "it was done without an error, and yet is not as it was to be: something else may change it",
            )),
        }
    }

    /// Writes down and tells of what did not go well.
    fn noted<T>(
        &mut self,
        step: usize,
        done: Result<T, StepError>,
        observer: &mut dyn Observer,
    ) -> Result<T, EngineError> {
        match done {
            Ok(done) => Ok(done),
            Err(why) => {
                let told = why.to_string();
                self.record(Record::Failed {
                    step,
                    why: told.clone(),
                })?;
                self.tell(step, StepEvent::Failed(&told), observer);
                let id = self.entry(step).map(|entry| entry.id.clone());
                let id = id.unwrap_or_default();
                Err(EngineError::Step { id, why })
            }
        }
    }

    fn end(&mut self, outcome: Outcome, observer: &mut dyn Observer) -> Result<(), EngineError> {
        self.record(Record::Ended { outcome })?;
        let plan = self.plan_digest().to_owned();
        self.finish()?;
        observer.on(&Event::Ended {
            plan: &plan,
            outcome,
        });
        Ok(())
    }

    pub(super) fn is_cancelled(&self) -> Result<bool, EngineError> {
        Ok(self.host.look(&store::cancellation())?.is_some())
    }

    pub(super) fn tell(&self, step: usize, state: StepEvent<'_>, observer: &mut dyn Observer) {
        let Some(entry) = self.entry(step) else {
            return;
        };
        observer.on(&Event::Step {
            plan: self.plan_digest(),
            number: step + 1,
            of: self.count(),
            id: &entry.id,
            what: &entry.what,
            state,
        });
    }

    fn tell_begun(&self, observer: &mut dyn Observer) {
        if let Some((_, transaction)) = &self.current {
            observer.on(&transaction.begun());
        }
    }

    fn plan_digest(&self) -> &str {
        let current = self.current.as_ref();
        current.map_or("", |(_, transaction)| transaction.plan_digest())
    }

    fn count(&self) -> usize {
        let current = self.current.as_ref();
        current.map_or(0, |(_, transaction)| transaction.steps.len())
    }

    pub(super) fn entry(&self, step: usize) -> Option<&Entry> {
        self.current.as_ref()?.1.steps.get(step)
    }

    pub(super) fn step(&self, step: usize) -> Result<(Action, Standing), EngineError> {
        match self.entry(step) {
            Some(entry) => Ok((entry.action.clone(), entry.standing.clone())),
            None => Err(EngineError::NothingUnfinished("do")),
        }
    }
}
