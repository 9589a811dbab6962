//! `muster logs`: what the agent and the installer wrote to the journal.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context as _, bail};

use crate::cli::{LogsArguments, LogsUnit};
use crate::exit::Exit;

/// The programs of systemd are in one of these, whatever the caller's PATH says.
const PROGRAMS: [&str; 2] = ["/usr/bin/journalctl", "/bin/journalctl"];
/// The journal on disk, and the one that is gone after a restart.
const JOURNALS: [&str; 2] = ["/var/log/journal", "/run/log/journal"];
const AGENT: &str = "muster-agent.service";
const INSTALL: &str = "muster-install.service";
const NO_JOURNAL: &str = "this machine keeps no journal (systemd-journald), where the agent's log would be; the agent writes to standard error: look where whatever starts it puts that";

/// Becomes `journalctl` with what was asked for.
pub(crate) fn logs(arguments: &LogsArguments) -> anyhow::Result<Exit> {
    let mut command = journalctl()?;
    let error = command.args(words(arguments)).exec();
    Err(error).context("journalctl cannot be started")
}

/// The last lines, as text.
pub(super) fn last(lines: u32) -> anyhow::Result<String> {
    let arguments = LogsArguments {
        unit: None,
        follow: false,
        lines,
        since: None,
    };
    let ran = journalctl()?.args(words(&arguments)).output();
    let Output {
        status,
        stdout,
        stderr,
    } = ran.context("journalctl cannot be started")?;
    if !status.success() {
        bail!(
            "journalctl failed: {}",
            String::from_utf8_lossy(&stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}

#[allow(
    clippy::disallowed_methods,
    reason = "a program of systemd by its full path, its arguments fixed but for what a flag's value is"
)]
fn journalctl() -> anyhow::Result<Command> {
    let is_kept = JOURNALS.iter().any(|folder| Path::new(folder).is_dir());
    let program = PROGRAMS.iter().find(|program| Path::new(program).exists());
    match program {
        Some(program) if is_kept => Ok(Command::new(program)),
        _ => bail!(NO_JOURNAL),
    }
}

/// A value of the user's is never a word of its own, which could be an option.
fn words(arguments: &LogsArguments) -> Vec<String> {
    let mut words = vec!["--no-pager".to_owned(), "--output=short-iso".to_owned()];
    let units: &[&str] = match arguments.unit {
        None => &[AGENT, INSTALL],
        Some(LogsUnit::Agent) => &[AGENT],
        Some(LogsUnit::Install) => &[INSTALL],
    };
    words.extend(units.iter().map(|unit| format!("--unit={unit}")));
    if arguments.unit == Some(LogsUnit::Install) && !arguments.follow {
        // That a step was begun says nothing any more when it has ended.
        words.push("--priority=info".to_owned());
    }
    words.push(format!("--lines={}", arguments.lines));
    if arguments.follow {
        words.push("--follow".to_owned());
    }
    if let Some(since) = &arguments.since {
        words.push(format!("--since={since}"));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_gives_is_no_option() {
        let words = words(&LogsArguments {
            unit: None,
            follow: true,
            lines: 7,
            since: Some("--vacuum-size=1".to_owned()),
        });
        let expected = [
            "--no-pager",
            "--output=short-iso",
            "--unit=muster-agent.service",
            "--unit=muster-install.service",
            "--lines=7",
            "--follow",
            "--since=--vacuum-size=1",
        ];
        assert_eq!(words, expected);
    }
}
