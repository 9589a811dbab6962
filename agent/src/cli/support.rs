//! The command lines of `muster logs` and `muster support-bundle`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::PlaceArguments;

pub(super) const LOGS_HELP: &str = "\
Examples:
  sudo muster logs                          the last hundred lines
  sudo muster logs -f                       and those that come, until Ctrl-C
  sudo muster logs install -f               what is installed, step by step
  sudo muster logs --since '1 hour ago' -n 10000

What the units muster-agent and muster-install wrote to systemd's journal. The exit code is that of journalctl.

Exit codes:
  0  shown
  1  failed, or this machine keeps no journal; standard error says why
  2  the command line is wrong";

pub(super) const BUNDLE_HELP: &str = "\
Examples:
  sudo muster support-bundle                muster-support-TIME.tar.zst here
  sudo muster support-bundle -o a.tar.zst --scrub

Holds what status, inspect, config show, doctor and discover say, and the end of the journal; what could not be
had is named with the reason. Join tokens, private keys, and passwords in addresses are not in it. Names and
addresses are; --scrub takes them out of the inventory. The file is readable by you alone.

Exit codes:
  0  written; standard output lists what is inside
  1  failed; standard error says why
  2  the command line is wrong";

/// What `muster logs` is asked for.
#[derive(Debug, Args)]
pub(crate) struct LogsArguments {
    /// Whose log; that of both, if not given.
    #[arg(value_enum, value_name = "UNIT")]
    pub(crate) unit: Option<LogsUnit>,

    /// Go on with what comes.
    #[arg(short, long)]
    pub(crate) follow: bool,

    /// So many of the last lines.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100)]
    pub(crate) lines: u32,

    /// Only from then on, as journalctl takes it: '2026-11-21 08:00', '1 hour ago', today.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
}

/// Whose log is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogsUnit {
    /// The agent's.
    Agent,
    /// That of what was installed and uninstalled.
    Install,
}

/// What `muster support-bundle` is asked for.
#[derive(Debug, Args)]
pub(crate) struct BundleArguments {
    /// The file to write; muster-support-TIME.tar.zst, if not given. One that is there is not replaced.
    #[arg(short, long, value_name = "FILE.tar.zst")]
    pub(crate) output: Option<PathBuf>,

    /// Replace serial numbers, addresses, UUIDs and names in the inventory.
    #[arg(long)]
    pub(crate) scrub: bool,

    #[command(flatten)]
    pub(crate) place: PlaceArguments,
}
