//! Why something was not installed or undone.

use crate::host::HostError;
use crate::journal::JournalError;
use crate::plan::PlanError;
use crate::receipt::ReceiptError;
use crate::step::StepError;
use crate::value::HostPath;

/// Why something was not installed or undone.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The host did not do something.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The plan cannot be used.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A receipt cannot be used.
    #[error(
        "the receipt {path} cannot be used: {why}. Nothing was changed; `muster uninstall --scan` shows what can be read of it"
    )]
    Receipt {
        /// Where it is.
        path: HostPath,
        /// Why.
        why: ReceiptError,
    },
    /// A step was not done. Those before it are, and can be undone.
    #[error("step {id} failed: {why}")]
    Step {
        /// Which one.
        id: String,
        /// Why.
        why: StepError,
    },
    /// Steps were not undone. All others are.
    #[error("not undone: {0}")]
    NotUndone(String),
    /// Something was begun and not finished.
    #[error("{0} was begun here and not finished: go on with it, or put back what it did")]
    Unfinished(&'static str),
    /// There is nothing to go on with or to put back.
    #[error("there is nothing to {0}: nothing was begun here and not finished")]
    NothingUnfinished(&'static str),
    /// What is being undone cannot be put back.
    #[error("an uninstallation was begun: it can only be gone on with")]
    OnlyForward,
    /// Nothing is installed.
    #[error("nothing is installed on this host by muster")]
    NothingInstalled,
    /// A document cannot be written.
    #[error("a document cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
}
