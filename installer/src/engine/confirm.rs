//! Steps that count only when they were confirmed: what might cut this host off is put back by itself.
//!
//! That a step was begun is on disk before its first change, and says by the step's kind that it is not confirmed. Only the process that did it can
//! confirm it, and does so by the record that it is done. So whoever finds it begun and not done knows that nobody is left to confirm it,
//! at whatever time and in whichever boot, and puts back what was before anything else.

use std::time::Duration;

use crate::host::files;
use crate::journal::Record;
use crate::step::{StepError, Window};
use crate::value::Endpoint;

use super::transaction::Standing;
use super::{EngineError, Installer, Observer, StepEvent, store};

/// How long it is tried to reach somebody, before it is looked whether somebody has said something.
const ROUND: Duration = Duration::from_secs(1);
/// What puts back is tried so often: there is nobody to try it again.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);

impl Installer<'_> {
    /// Waits until somebody is reached, or says so. The outer error is that of the journal.
    pub(super) fn confirmed(
        &mut self,
        step: usize,
        window: Window<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Result<(), StepError>, EngineError> {
        self.record(Record::Unconfirmed { step })?;
        self.tell(step, StepEvent::Unconfirmed, observer);
        Ok(self.awaited(window, observer))
    }

    fn awaited(
        &mut self,
        window: Window<'_>,
        observer: &mut dyn Observer,
    ) -> Result<(), StepError> {
        let mut left = window.length;
        while !left.is_zero() {
            if self.host.look(&store::confirmation())?.is_some() {
                return Ok(());
            }
            if observer.is_to_stop() || self.host.look(&store::cancellation())?.is_some() {
                return Err(StepError::refused("it was stopped before it was confirmed"));
            }
            if self.host.reaches(window.reach, ROUND)? {
                return Ok(());
            }
            left = left.saturating_sub(ROUND);
        }
        let seconds = window.length.as_secs();
        let whom: Vec<&str> = window.reach.iter().map(Endpoint::as_str).collect();
        Err(StepError::refused(match whom.as_slice() {
            [] => format!("nobody has confirmed it within {seconds} s"),
            whom => format!("{} did not answer within {seconds} s", whom.join(" and ")),
        }))
    }

    /// Puts back what was before a step that is not confirmed. It is an error in any case: what was wanted is not so.
    pub(super) fn withdraw(
        &mut self,
        step: usize,
        why: &StepError,
        observer: &mut dyn Observer,
    ) -> Result<(), EngineError> {
        let (action, Standing::Begun { before, .. }) = self.step(step)? else {
            return Err(EngineError::NothingUnfinished("put back"));
        };
        let mut put_back = self.set(&action, &before);
        for _ in 1..ATTEMPTS {
            if put_back.is_err() {
                self.host.pause(PAUSE);
                put_back = self.set(&action, &before);
            }
        }
        let why = match put_back {
            Ok(()) => StepError::Unconfirmed(why.to_string()),
            Err(put_back) => StepError::Stuck {
                why: why.to_string(),
                put_back: put_back.to_string(),
            },
        };
        let told = why.to_string();
        self.record(match &why {
            StepError::Unconfirmed(_) => Record::Withdrawn {
                step,
                why: told.clone(),
            },
            _ => Record::Failed {
                step,
                why: told.clone(),
            },
        })?;
        self.tell(step, StepEvent::Failed(&told), observer);
        let id = self.entry(step).map(|entry| entry.id.clone());
        Err(EngineError::Step {
            id: id.unwrap_or_default(),
            why,
        })
    }

    /// What somebody said of another step, or before, confirms nothing.
    pub(super) fn forget_confirmation(&mut self) -> Result<(), EngineError> {
        Ok(files::set_file(self.host, &store::confirmation(), None)?)
    }
}
