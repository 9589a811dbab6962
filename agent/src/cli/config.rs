//! The command line of `muster config`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::AgentArguments;

pub(super) const HELP: &str = "\
Examples:
  muster config show --origin               what counts, and where it is said
  muster config show --name n7 -o json      what would count with that flag
  muster config validate                    the files that the agent reads, all mistakes at once
  muster config validate new.toml           another one, with config.d beside it

/etc/muster/config.toml is read first, then config.d/*.toml beside it in the order of their names. Variables
(MUSTER_…) count for more than files, flags for more than variables.

Exit codes:
  0  shown; without mistakes
  1  the configuration is faulty or cannot be read
  2  the command line is wrong";

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show every value as it counts for `muster agent` with the same flags.
    #[command(after_help = HELP)]
    Show(ConfigShowArguments),
    /// Tell all mistakes of the configuration files, with line and column.
    #[command(after_help = HELP)]
    Validate(ConfigValidateArguments),
}

/// What `muster config show` is asked for.
#[derive(Debug, Args)]
pub(crate) struct ConfigShowArguments {
    /// Say where each value is from: default, FILE:LINE, a variable or a flag.
    #[arg(long)]
    pub(crate) origin: bool,

    /// How to show it.
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "toml")]
    pub(crate) output: ConfigFormat,

    #[command(flatten)]
    pub(crate) agent: AgentArguments,
}

/// How to show the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConfigFormat {
    /// A file that says the same.
    Toml,
    /// A list with key, value and origin.
    Json,
}

/// What `muster config validate` is asked for.
#[derive(Debug, Args)]
pub(crate) struct ConfigValidateArguments {
    /// The file; the one that the agent reads, if not given.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// The same, as the agent is told it.
    #[arg(long, value_name = "FILE", env = "MUSTER_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// How to tell the mistakes.
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "report"
    )]
    pub(crate) output: FaultForm,
}

/// How to tell mistakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FaultForm {
    /// A line each, FILE:LINE:COLUMN first.
    Report,
    /// A list.
    Json,
}
