//! The command line of `muster workloads`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub(super) const HELP: &str = "\
Examples:
  sudo muster workloads                     virtual machines, containers and pods, with memory and CPU time
  sudo muster workloads --services          and the services and scopes of systemd
  sudo muster workloads -o json | jq .pods  for programs; services included

What runs is told by the control groups: libvirt's and Proxmox' machines, Docker, Podman, containerd, CRI-O, LXC,
systemd-nspawn, the kubelet's pods. Root is needed to see which devices are passed through to a machine.

Exit codes:
  0  complete
  1  failed; standard error says why
  2  the command line is wrong";

/// What `muster workloads` is asked for.
#[derive(Debug, Args)]
pub(crate) struct WorkloadsArguments {
    /// How to show it.
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "table"
    )]
    pub(crate) output: WorkloadsFormat,

    /// Also the services and scopes of systemd.
    #[arg(long)]
    pub(crate) services: bool,

    /// Read another root directory and ask the running machine nothing.
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
}

/// How to show what runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WorkloadsFormat {
    /// A line each.
    Table,
    /// The document, indented by two spaces.
    Json,
    /// The document as YAML.
    Yaml,
}
