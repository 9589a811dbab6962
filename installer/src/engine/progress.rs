//! What is told while something is done.

use super::Outcome;

/// Is told of each step, and says whether to go on.
pub trait Observer {
    /// Something happened. It is on disk already.
    fn on(&mut self, event: &Event<'_>);

    /// Asked between steps. What was done stays done, and can be gone on with.
    fn is_to_stop(&mut self) -> bool {
        false
    }
}

/// What happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// Steps are done from here on, or undone.
    Begun {
        /// The digest of the plan that is applied or undone.
        plan: &'a str,
        /// `installing`, `reverting` or `uninstalling`.
        work: &'a str,
        /// How many steps there are.
        of: usize,
    },
    /// A step is where it is.
    Step {
        /// The digest of the plan that it belongs to.
        plan: &'a str,
        /// Counted from 1.
        number: usize,
        /// How many steps there are.
        of: usize,
        /// The step's name.
        id: &'a str,
        /// What it does, in words.
        what: &'a str,
        /// How it is.
        state: StepEvent<'a>,
    },
    /// All is done.
    Ended {
        /// The digest of the plan that was applied or undone.
        plan: &'a str,
        /// What came of it.
        outcome: Outcome,
    },
}

/// How a step is.
#[derive(Debug)]
pub enum StepEvent<'a> {
    /// It is being done.
    Begun,
    /// It did not go well, and is tried again.
    TriedAgain(&'a str),
    /// It is done, and is undone unless it is confirmed in time.
    Unconfirmed,
    /// It is done.
    Done,
    /// There was nothing to do.
    Unchanged,
    /// It did not go well.
    Failed(&'a str),
    /// It is being undone.
    Undoing,
    /// It is undone.
    Undone,
    /// Something of it stays, for this reason.
    Kept(&'a str),
}

impl StepEvent<'_> {
    /// In a word, for logs: `begun`, `done`, …
    pub fn key(&self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::TriedAgain(_) => "tried_again",
            Self::Unconfirmed => "unconfirmed",
            Self::Done => "done",
            Self::Unchanged => "unchanged",
            Self::Failed(_) => "failed",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::Kept(_) => "kept",
        }
    }
}

/// Nobody is told.
impl Observer for () {
    fn on(&mut self, _event: &Event<'_>) {}
}
