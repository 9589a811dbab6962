//! The command line of `muster policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Color;
use super::check::{DEFAULT_POLICY, PolicyChoice, PolicyPlace};

pub(super) const HELP: &str = "\
Exit codes:
  0  complete
  1  failed; standard error says why
  2  the command line is wrong
  6  a policy is faulty or cannot be read";

/// What `muster policy` is asked for.
#[derive(Debug, Args)]
pub(crate) struct PolicyArguments {
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,

    /// When to colour the output; `auto` also heeds NO_COLOR and CLICOLOR_FORCE.
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        global = true
    )]
    pub(crate) color: Color,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Say all that is wrong with policies, each with its line and column.
    #[command(after_help = HELP)]
    Validate {
        /// Files with a policy each.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,

        /// How to show it.
        #[arg(
            short,
            long,
            value_enum,
            value_name = "FORMAT",
            default_value = "report"
        )]
        output: FaultFormat,
    },
    /// Show the rules of a policy in words.
    #[command(after_help = HELP)]
    Show {
        #[command(flatten)]
        choice: ShownPolicy,

        /// How to show it.
        #[arg(
            short,
            long,
            value_enum,
            value_name = "FORMAT",
            default_value = "report"
        )]
        output: PolicyFormat,
    },
    /// List the policies that there are, and which of them are in force.
    #[command(after_help = HELP)]
    List {
        #[command(flatten)]
        place: PolicyPlace,
    },
    /// Describe the ready-made checks that rules can name.
    Checks {
        /// This one alone.
        name: Option<String>,
    },
}

/// The policy to show.
#[derive(Debug, Args)]
pub(crate) struct ShownPolicy {
    /// A policy by name or file: what has a / or ends in .toml is a file.
    #[arg(value_name = "NAME|FILE", default_value = DEFAULT_POLICY)]
    policy: String,

    #[command(flatten)]
    place: PolicyPlace,
}

impl From<ShownPolicy> for PolicyChoice {
    fn from(shown: ShownPolicy) -> Self {
        Self {
            policy: shown.policy,
            place: shown.place,
        }
    }
}

/// How to show what is wrong with policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FaultFormat {
    /// A line a fault; on a terminal with the line that is meant.
    Report,
    /// An array with an object for each file.
    Json,
}

/// How to show a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyFormat {
    /// For people: its rules in words.
    Report,
    /// The text as it was written.
    Toml,
}
