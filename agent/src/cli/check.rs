//! The command line of `muster check`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use muster_model::Role;

use super::diff::machine_file;
use super::{Color, duration};
use crate::machine_file::MachineFile;

/// The policy that machines are judged by when none is named.
pub(crate) const DEFAULT_POLICY: &str = "default";

pub(super) const HELP: &str = "\
Examples:
  sudo muster check                                 this machine, by the default policy
  sudo muster check --role control                  for one role
  muster check --policy ./mine.toml                 by a policy of your own
  muster check --explain memory-total               all about one rule
  muster check --list-rules --policy gpu-worker     what a policy asks for
  muster check --inventory machine.json -o junit    another machine, for a CI job
  ssh node muster discover -o json | muster check --inventory -

Data goes to standard output, everything else to standard error. Nothing on the machine is changed.

Exit codes:
  0  adequate: for --role, else for one role at least
  1  failed; standard error says why
  2  the command line is wrong
  4  inadequate
  5  undetermined: a fact that decides is unknown
  6  the policy is faulty or cannot be read";

/// What `muster check` is asked for.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) policy: PolicyChoice,

    /// Judge for this role alone.
    #[arg(long, value_enum, value_name = "ROLE")]
    pub(crate) role: Option<RoleName>,

    /// Judge the machine of this inventory or capture; `-` is standard input.
    #[arg(long, value_name = "FILE|-", value_parser = machine_file(), conflicts_with_all = ["root", "replay", "timeout"])]
    pub(crate) inventory: Option<MachineFile>,

    /// Judge another root directory; the policy is still read from this machine.
    #[arg(long, value_name = "DIR", conflicts_with = "replay")]
    pub(crate) root: Option<PathBuf>,

    /// Judge the machine of a capture; this machine is asked nothing.
    #[arg(long, value_name = "FILE", conflicts_with = "timeout")]
    pub(crate) replay: Option<PathBuf>,

    /// How to show the verdict.
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "report"
    )]
    pub(crate) output: VerdictFormat,

    /// Tell all about one rule: what it asks for, what the machine has, and what to do.
    #[arg(long, value_name = "RULE", conflicts_with = "output")]
    pub(crate) explain: Option<String>,

    /// List the rules of the policy; no machine is judged.
    #[arg(long, conflicts_with_all = ["explain", "inventory", "root", "replay", "output", "strict", "all"])]
    pub(crate) list_rules: bool,

    /// Let recommended rules weigh as much as required ones.
    #[arg(long)]
    pub(crate) strict: bool,

    /// Show the rules that pass, and those that do not apply, too.
    #[arg(short, long)]
    pub(crate) all: bool,

    /// How long one device may take to answer, such as 500ms, 2s, 1m.
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = duration)]
    pub(crate) timeout: Duration,

    /// Only the sentence that says whether the machine is adequate.
    #[arg(short, long, conflicts_with_all = ["all", "explain", "list_rules"])]
    pub(crate) quiet: bool,

    /// When to colour the output; `auto` also heeds NO_COLOR and CLICOLOR_FORCE.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

/// Which policy.
#[derive(Debug, Args)]
pub(crate) struct PolicyChoice {
    /// A policy by name or file: what has a / or ends in .toml is a file.
    #[arg(
        short,
        long,
        value_name = "NAME|FILE",
        default_value = DEFAULT_POLICY
    )]
    pub(crate) policy: String,

    #[command(flatten)]
    pub(crate) place: PolicyPlace,
}

/// Where named policies are.
#[derive(Debug, Args)]
pub(crate) struct PolicyPlace {
    /// Where to look for named policies [default: /etc/muster/policies].
    ///
    /// NAME.toml there is used instead of the policy NAME that comes with muster.
    #[arg(long, value_name = "DIR")]
    pub(crate) policies: Option<PathBuf>,
}

/// How to show a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerdictFormat {
    /// For people: what fails and what to do, as wide as the terminal.
    Report,
    /// A line a rule, never wrapped.
    Table,
    /// The document, indented by two spaces.
    Json,
    /// The document as YAML.
    Yaml,
    /// JUnit XML: a suite a role, a case a rule.
    Junit,
    /// SARIF 2.1.0: a result for each rule that fails or is undetermined.
    Sarif,
}

/// A role as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoleName(pub(crate) Role);

impl ValueEnum for RoleName {
    fn value_variants<'a>() -> &'a [Self] {
        const NAMES: [RoleName; Role::ALL.len()] = {
            let [control, worker] = Role::ALL;
            [RoleName(control), RoleName(worker)]
        };
        &NAMES
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let value = PossibleValue::new(self.0.key());
        Some(match self.0 {
            Role::Control => value.alias("server"),
            Role::Worker => value,
        })
    }
}
