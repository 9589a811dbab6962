//! Why a step cannot be planned or done.

use crate::host::HostError;

/// Why a step cannot be planned or done.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The host did not do or tell something.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The host is not as the step needs it.
    #[error("{0}")]
    Refused(String),
    /// It was done, and put back, because nobody was reached afterwards.
    #[error("{0}; what was before is put back")]
    Unconfirmed(String),
    /// It was not confirmed, and is not put back.
    #[error(
        "{why}; and what was before could not be put back: {put_back}. `muster install --cancel` tries again, and so does the next boot"
    )]
    Stuck {
        /// Why it was to be put back.
        why: String,
        /// Why it was not.
        put_back: String,
    },
    /// A state is not of the step's kind: the document is not one that muster wrote.
    #[error("its state is that of another kind of step")]
    OtherKind,
}

impl StepError {
    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }
}
