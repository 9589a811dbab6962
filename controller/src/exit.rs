//! How the program ends.

use std::process::ExitCode;

/// The exit codes, the same for every command. `command/cli` tells them to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done.
    Complete,
    /// 1: it could not be done; standard error says why.
    Failed,
    /// 2: the command line is wrong, or what it asks for is.
    Usage,
    /// 3: refused by a rule.
    Refused,
    /// 4: there is no such node or token.
    NotFound,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Complete => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Refused => 3,
            Exit::NotFound => 4,
        })
    }
}

/// Why a command ended otherwise than by failing.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Ended {
    /// How the program ends.
    pub(crate) exit: Exit,
    /// Why, for people.
    pub(crate) message: String,
}

impl Ended {
    /// An error that ends the program with `exit`.
    pub(crate) fn with(exit: Exit, message: impl Into<String>) -> anyhow::Error {
        let message = message.into();
        anyhow::Error::new(Self { exit, message })
    }

    /// How an error ends the program.
    pub(crate) fn exit_of(error: &anyhow::Error) -> Exit {
        let ended = error.downcast_ref::<Self>();
        ended.map_or(Exit::Failed, |ended| ended.exit)
    }
}
