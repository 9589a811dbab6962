//! The command line.

mod agent;
mod check;
mod config;
mod diff;
mod doctor;
mod install;
mod local;
mod page;
mod policy;
mod support;
mod workloads;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anstream::ColorChoice;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{ArgAction, Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use muster_model::Section;

use crate::exit::Exit;
use crate::terminal;

pub(crate) use agent::{AgentArguments, GuardArguments};
pub(crate) use check::{CheckArguments, DEFAULT_POLICY, PolicyChoice, PolicyPlace, VerdictFormat};
pub(crate) use config::{
    ConfigCommand, ConfigFormat, ConfigShowArguments, ConfigValidateArguments, FaultForm,
};
pub(crate) use diff::{DiffArguments, DiffFormat};
pub(crate) use doctor::DoctorArguments;
pub(crate) use install::{
    InstallArguments, PlanArguments, PlanFormat, RootArguments, UninstallArguments, WishArguments,
};
pub(crate) use local::{
    Goal, PlaceArguments, ResetArguments, Shown, StatusArguments, StatusFormat, TargetArguments,
    WaitArguments,
};
pub(crate) use page::PageCommand;
pub(crate) use policy::{FaultFormat, PolicyArguments, PolicyCommand, PolicyFormat};
pub(crate) use support::{BundleArguments, LogsArguments, LogsUnit};
pub(crate) use workloads::{WorkloadsArguments, WorkloadsFormat};

const EXIT_CODES: &str = "\
Exit codes:
  0  complete
  1  failed; standard error says why
  2  the command line is wrong
  3  complete, but with warnings, and --strict was given
  4  the machine is inadequate
  5  whether the machine is adequate cannot be said
  6  the policy or profile is faulty or cannot be read
  7  two machines differ, and --exit-code was given
  8  what was waited for was not so in time";

const DISCOVER_HELP: &str = "\
Examples:
  muster discover                           this machine, to read
  sudo muster discover                      with the facts that only root may see
  muster discover -o json | jq .cpu         for programs
  muster discover -s disks,network -o wide  two sections, every column
  muster discover --root /mnt/image         another root directory
  sudo muster discover --capture a.tar.zst --scrub
                                            record all that was read, without identities
  muster discover --replay a.tar.zst        the identical inventory from it, anywhere
  sudo muster discover --lldp 35s           with the switches at the other ends
  muster discover --watch -s network        each change as it happens
  muster discover --strict -q -o json       for automation: 3 when a fact is missing

Data goes to standard output, everything else to standard error. Nothing on the machine is changed.

Exit codes:
  0  complete
  1  failed; standard error says why
  2  the command line is wrong
  3  complete, but with warnings, and --strict was given";

/// Knows one Linux machine: its hardware, and why a fact is missing.
#[derive(Debug, Parser)]
#[command(name = "muster", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    /// Log to standard error: -v what is done, -vv more, -vvv everything.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the hardware of this machine, or of another root directory.
    #[command(after_help = DISCOVER_HELP)]
    Discover(DiscoverArguments),
    /// Judge whether a machine is fit for its role, and say why not.
    #[command(after_help = check::HELP)]
    Check(CheckArguments),
    /// Show, list and validate the policies that machines are judged by.
    #[command(after_help = policy::HELP)]
    Policy(PolicyArguments),
    /// Say in words what differs between two machines, or what changed on one.
    #[command(after_help = diff::HELP)]
    Diff(DiffArguments),
    /// Show what would be changed to make this machine fit for its role.
    #[command(after_help = install::PLAN_HELP)]
    Plan(PlanArguments),
    /// Change this machine as the plan says: all of it, or nothing.
    #[command(after_help = install::INSTALL_HELP)]
    Install(InstallArguments),
    /// Goes on with what an installation has in its journal; started by systemd.
    #[command(hide = true)]
    InstallService {
        /// Only put back what waits to be confirmed, because whoever could have confirmed it is gone.
        #[arg(long)]
        put_back: bool,
    },
    /// Put back all that was changed by installing.
    #[command(after_help = install::UNINSTALL_HELP)]
    Uninstall(UninstallArguments),
    /// Make this machine a node of a cluster, and keep it one.
    #[command(after_help = agent::HELP)]
    Agent(AgentArguments),
    /// Runs as long as the lease of this machine's agent; started by systemd.
    #[command(hide = true)]
    FenceGuard(GuardArguments),
    /// Does for the agent what takes root; started by the system's message bus.
    #[command(hide = true)]
    Helper,
    /// Show what this machine's agent is and does.
    #[command(after_help = local::STATUS_HELP)]
    Status(StatusArguments),
    /// Show what runs on this machine: virtual machines, containers, pods, services.
    #[command(after_help = workloads::HELP)]
    Workloads(WorkloadsArguments),
    /// Have the agent ask a controller as well.
    #[command(after_help = local::CONNECT_HELP)]
    Connect(TargetArguments),
    /// Have the agent not ask a controller any more.
    #[command(after_help = local::FORGET_HELP)]
    Forget(TargetArguments),
    /// Print all that the agent knows, as JSON.
    #[command(after_help = local::INSPECT_HELP)]
    Inspect(PlaceArguments),
    /// Print what the agent measures of itself, for Prometheus.
    #[command(after_help = local::METRICS_HELP)]
    Metrics(PlaceArguments),
    /// Open the page of this machine, https://NODE/installer.
    #[command(subcommand, after_help = page::HELP)]
    Page(PageCommand),
    /// Wait until this machine is a node, or an active one.
    #[command(after_help = local::WAIT_HELP)]
    Wait(WaitArguments),
    /// Take this node out of its cluster, so that the machine can join again.
    #[command(after_help = local::RESET_HELP)]
    Reset(ResetArguments),
    /// Find out why this node is not as it should be, and what helps.
    #[command(after_help = doctor::HELP)]
    Doctor(DoctorArguments),
    /// Show what the agent and installations wrote to the journal.
    #[command(after_help = support::LOGS_HELP)]
    Logs(LogsArguments),
    /// Put what somebody who helps needs to see into one file, without secrets.
    #[command(after_help = support::BUNDLE_HELP)]
    SupportBundle(BundleArguments),
    /// Show and validate the agent's configuration.
    #[command(subcommand, after_help = config::HELP)]
    Config(ConfigCommand),
    /// Print the JSON Schema of a document.
    Schema {
        /// Which document.
        #[arg(value_enum)]
        document: Document,
    },
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Write a manual page for each command into a folder.
    #[command(hide = true)]
    ManualPages {
        /// The folder, which has to be there.
        folder: PathBuf,
    },
}

/// What `muster discover` is asked for.
#[derive(Debug, Args)]
pub(crate) struct DiscoverArguments {
    /// How to show what was found.
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "report"
    )]
    pub(crate) output: Format,

    /// Only these sections: discover and show nothing else.
    ///
    /// `usage`, `modules`, `listeners` and `services` are discovered only when they are named here.
    #[arg(short, long = "section", value_name = "NAME,…", value_delimiter = ',', value_parser = section())]
    pub(crate) sections: Vec<Section>,

    /// Read another root directory and ask the running machine nothing.
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,

    /// Show the inventory of a machine from its capture; this machine is asked nothing.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["root", "timeout", "lldp"])]
    pub(crate) replay: Option<PathBuf>,

    /// Also record all that discovery reads, to be replayed anywhere.
    ///
    /// The file is a tar archive in zstd, readable by you alone. Without --scrub it holds serial
    /// numbers, addresses and names of this machine.
    #[arg(long, value_name = "FILE.tar.zst")]
    pub(crate) capture: Option<PathBuf>,

    /// Replace serial numbers, addresses, UUIDs and names in the capture, the same by the same.
    #[arg(long, requires = "capture")]
    pub(crate) scrub: bool,

    /// Let --capture replace a file that is there.
    #[arg(long, requires = "capture")]
    pub(crate) force: bool,

    /// Listen so long for LLDP neighbours on every physical link, such as 35s; needs root.
    ///
    /// Switches send every 30 seconds as a rule. While it listens, each link takes in LLDP's
    /// multicast addresses; that is put back. Nothing else of discovery touches the machine.
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "root")]
    pub(crate) lldp: Option<Duration>,

    /// Print a line of JSON for each change as it happens, until Ctrl-C: links, addresses, disks, mounts.
    #[arg(long, conflicts_with_all = ["output", "root", "replay", "capture", "lldp", "strict", "timings"])]
    pub(crate) watch: bool,

    /// How long one device may take to answer, such as 500ms, 2s, 1m.
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = duration)]
    pub(crate) timeout: Duration,

    /// End with 3 when there are warnings.
    #[arg(long)]
    pub(crate) strict: bool,

    /// Tell on standard error how long each probe took.
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) timings: bool,

    /// Only the data: no warnings or hints for people.
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// When to colour the output; `auto` also heeds NO_COLOR and CLICOLOR_FORCE.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

/// How to show an inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: grouped, as wide as the terminal.
    Report,
    /// The document, indented by two spaces.
    Json,
    /// The document as YAML.
    Yaml,
    /// A line a device, the usual columns.
    Table,
    /// A line a device, every column.
    Wide,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal that can.
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// A document that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Document {
    /// What `muster discover -o json` prints.
    Inventory,
    /// One change of one device.
    Change,
    /// What `muster check -o json` prints.
    Verdict,
    /// What `muster diff -o json` prints.
    Comparison,
    /// What `muster workloads -o json` prints.
    Workloads,
    /// What `muster plan -o json` prints.
    Plan,
    /// What an installation leaves in /var/lib/muster-install.
    Receipt,
}

/// Prints the completion script for `shell`.
pub(crate) fn print_completions(shell: Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "muster", &mut script);
    terminal::write_plain(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Complete)
}

/// Writes a manual page for each command into `folder`.
pub(crate) fn write_manual_pages(folder: &Path) -> anyhow::Result<Exit> {
    clap_mangen::generate_to(Cli::command(), folder)?;
    Ok(Exit::Complete)
}

/// Says what is wrong with a command line that no rule of the parser refuses.
pub(crate) fn refuse(why: &str) -> Exit {
    // Nobody is left to tell when standard error is closed too.
    let _ = Cli::command()
        .error(ErrorKind::ArgumentConflict, why)
        .print();
    Exit::Usage
}

fn section() -> impl TypedValueParser<Value = Section> {
    PossibleValuesParser::new(Section::ALL.map(Section::key)).try_map(|key| {
        Section::ALL
            .into_iter()
            .find(|section| section.key() == key)
            .ok_or("no such section")
    })
}

/// A whole number with its unit: `ms`, `s`, `m` or `h`.
fn duration(text: &str) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_hours(1);
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = text.strip_prefix(digits).unwrap_or_default();
    let number: u64 = digits
        .parse()
        .map_err(|_| "give a whole number with its unit, such as 2s".to_owned())?;
    let milliseconds = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        "" => return Err(format!("say the unit: {number}s, {number}ms or {number}m")),
        other => return Err(format!("{other} is no unit: use ms, s, m or h")),
    };
    match milliseconds.map(Duration::from_millis) {
        Some(Duration::ZERO) => Err("it has to be longer than nothing".to_owned()),
        Some(length) if length <= LONGEST => Ok(length),
        _ => Err("an hour is the longest".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_have_a_unit_and_bounds() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("35s"), Ok(Duration::from_secs(35)));
        assert_eq!(duration("1m"), Ok(Duration::from_secs(60)));
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3600)));
        for wrong in [
            "",
            "2",
            "0s",
            "s",
            "-1s",
            "1.5s",
            "2h",
            "1d",
            "99999999999999999999s",
        ] {
            assert!(duration(wrong).is_err(), "{wrong:?} was taken");
        }
    }
}
