//! How the program ends.

use std::process::ExitCode;

/// The exit codes, the same for every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done.
    Complete,
    /// 1: it could not be done; standard error says why.
    Failed,
    /// 2: the command line is wrong.
    Usage,
    /// 3: done, but with warnings, and `--strict` was given.
    Warnings,
    /// 4: the machine is inadequate.
    Inadequate,
    /// 5: whether the machine is adequate cannot be said.
    Undetermined,
    /// 6: the policy or profile is faulty or cannot be read; standard error says why.
    Policy,
    /// 7: two machines differ, and `--exit-code` was given.
    Different,
    /// 8: what was waited for was not so in time; standard error says what was missing.
    TimedOut,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Complete => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Warnings => 3,
            Exit::Inadequate => 4,
            Exit::Undetermined => 5,
            Exit::Policy => 6,
            Exit::Different => 7,
            Exit::TimedOut => 8,
        })
    }
}
