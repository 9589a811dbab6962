//! Why the host did not do or tell something.

use std::fmt::Display;
use std::io;

/// What was tried, with what, and why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The host refused.
    #[error("cannot {operation} {subject}: {why}")]
    Failed {
        /// Such as `read`.
        operation: &'static str,
        /// A path, or the name of a unit, module or parameter.
        subject: String,
        /// What the kernel or a service says.
        why: io::Error,
    },
    /// What is at a path is of another kind than what is to be there.
    #[error("{path} is {found}")]
    OtherKind {
        /// Where.
        path: String,
        /// What is there, such as `a directory`.
        found: &'static str,
    },
    /// A program did not do what it is for.
    #[error("{program} {how}{said}")]
    Program {
        /// Its path.
        program: String,
        /// Such as `ended with 1`.
        how: String,
        /// The end of what it said, after a colon; empty when it said nothing.
        said: String,
    },
    /// There is no machine that runs: another root directory has files alone.
    #[error("cannot {operation} {subject}: this is another root directory, where nothing runs")]
    NotRunning {
        /// Such as `start`.
        operation: &'static str,
        /// What it was to be done to.
        subject: String,
    },
    /// Somebody else changes this host right now.
    #[error(
        "{holder} is at work on this host; see `muster install --status`, and try again when it has ended"
    )]
    Held {
        /// Who, in words.
        holder: String,
    },
}

impl HostError {
    pub(crate) fn failed(operation: &'static str, subject: impl Display, why: io::Error) -> Self {
        Self::Failed {
            operation,
            subject: subject.to_string(),
            why,
        }
    }

    pub(crate) fn because(operation: &'static str, subject: impl Display, why: &str) -> Self {
        Self::failed(operation, subject, io::Error::other(why))
    }
}
