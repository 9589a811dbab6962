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
    /// A state is not of the step's kind: the document is not one that muster wrote.
    #[error("its state is that of another kind of step")]
    OtherKind,
}

impl StepError {
    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }
}
