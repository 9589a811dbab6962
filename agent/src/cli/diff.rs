//! The command line of `muster diff`.

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use muster_model::Section;

use super::{Color, section};
use crate::machine_file::MachineFile;

pub(super) const HELP: &str = "\
Examples:
  muster diff yesterday.json today.json     what changed on one machine
  muster diff node1.tar.zst node2.tar.zst   the odd one of two that should be alike
  sudo muster diff before.json              what changed on this machine since then
  ssh node2 muster discover -o json | muster diff node1.json -
  muster diff a.json b.json -s disks,memory --exit-code
  muster diff a.json b.json -o json | jq '.differences[] | select(.weight == \"worse\")'

An inventory is what `muster discover -o json` writes, a capture what `muster discover --capture` does.
What changes all the time (free memory, temperatures, uptime) is no difference, nor is what only one
side knows: that is listed with its reason.

Exit codes:
  0  compared
  1  failed; standard error says why
  2  the command line is wrong
  7  they differ, and --exit-code was given";

/// What `muster diff` is asked for.
#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// The machine to compare with: an inventory in JSON, a capture, or - for standard input.
    #[arg(value_name = "BEFORE", value_parser = machine_file())]
    pub(crate) before: MachineFile,

    /// The machine that is compared, likewise; without it, this machine as it is now.
    #[arg(value_name = "AFTER", value_parser = machine_file())]
    pub(crate) after: Option<MachineFile>,

    /// How to show what differs.
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "report"
    )]
    pub(crate) output: DiffFormat,

    /// Compare only these sections.
    #[arg(short, long = "section", value_name = "NAME,…", value_delimiter = ',', value_parser = section())]
    pub(crate) sections: Vec<Section>,

    /// Of two machines, compare serial numbers, addresses, UUIDs and names too.
    #[arg(long)]
    pub(crate) identities: bool,

    /// Take both for one machine, whose devices are known again by serial number and address.
    ///
    /// Without this and --two-machines, the system's UUID and serial number tell, else machine-id.
    #[arg(long, conflicts_with = "two_machines")]
    pub(crate) same_machine: bool,

    /// Take them for two machines, whose devices are compared with those in the same place.
    #[arg(long)]
    pub(crate) two_machines: bool,

    /// End with 7 when something differs.
    #[arg(long)]
    pub(crate) exit_code: bool,

    /// When to colour the output; `auto` also heeds NO_COLOR and CLICOLOR_FORCE.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

/// How to show a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// For people: sentences, the worst first.
    Report,
    /// The document, indented by two spaces.
    Json,
    /// The document as YAML.
    Yaml,
}

pub(super) fn machine_file() -> impl TypedValueParser<Value = MachineFile> {
    OsStringValueParser::new().map(|argument| MachineFile::from(argument.as_os_str()))
}
