//! The command lines that look at the agent of this machine and control it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::duration;
use crate::value::Target;

pub(super) const STATUS_HELP: &str = "\
Examples:
  sudo muster status                        how the agent is doing
  sudo muster status --targets              the controllers that it asks, and how that went
  sudo muster status --connections          those that answer
  sudo muster status --peers                those that are known to be of the cluster
  sudo muster status -o json | jq .agent.link

The running agent is asked on its socket; without it, its state on disk tells what was so at last.

Exit codes:
  0  shown, however the agent is doing
  1  failed; standard error says why
  2  the command line is wrong";

pub(super) const CONNECT_HELP: &str = "\
Examples:
  sudo muster connect c2.example:7443       ask this controller as well, from now on
  sudo muster connect [2001:db8::1]:7443

A running agent that is connected to nobody tries it at once, and says what came of it. The controller
need not be there yet. Kept in the state; `muster forget` takes it back.

Exit codes:
  0  it is asked from now on, also when it does not answer yet
  1  failed; standard error says why
  2  the command line is wrong";

pub(super) const FORGET_HELP: &str = "\
Examples:
  sudo muster forget c1.example:7443        do not ask this controller any more

One that another controller tells of stays forgotten, too, until `muster connect` names it. One that the
configuration or a flag gives is not forgotten: take it out there.

Exit codes:
  0  it is not asked any more, or never was
  1  failed; standard error says why
  2  the command line is wrong";

pub(super) const INSPECT_HELP: &str = "\
Prints all that the agent knows, as JSON: its status, settings, counts, what controllers told. No key and
no token is in it. Without a running agent, what its state on disk says.

Exit codes:
  0  shown
  1  failed; standard error says why
  2  the command line is wrong";

pub(super) const METRICS_HELP: &str = "\
Prints what the running agent measures of itself in the text format of Prometheus (0.0.4). With metrics =
\"127.0.0.1:9469\" in the configuration the agent also serves it at http://127.0.0.1:9469/metrics.

Exit codes:
  0  printed
  1  failed; standard error says why
  2  the command line is wrong";

pub(super) const WAIT_HELP: &str = "\
Examples:
  sudo muster wait --for ready              until a controller answers this node's heartbeats
  sudo muster wait --for active --timeout 10m
                                            until the controller says that it is active

The agent need not run yet. Standard error says what is being waited for, a line each time that changes.

Exit codes:
  0  it is so
  1  failed; standard error says why
  2  the command line is wrong
  8  it was not so in time; standard error says what was missing";

pub(super) const RESET_HELP: &str = "\
Examples:
  sudo muster reset                         asks for the node's name first
  sudo muster reset --yes                   for automation

Takes the node out of its cluster: stops its workloads, then deletes its id, key, certificate, and what
controllers told. This machine can then join the same cluster or another with a new token, as a
new machine. A running agent ends. The controller keeps its record: remove the node there as well.
Broken off by a crash, it is finished when the agent starts again. When a workload does not stop, nothing
is deleted.

Exit codes:
  0  this machine is no node any more, or never was
  1  failed, and the node is what it was; standard error says why
  2  the command line is wrong";

/// Which agent is meant.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlaceArguments {
    /// Where the agent listens; /run/muster/agent.sock, if not given, or agent.sock in another state folder.
    #[arg(long, value_name = "FILE", env = "MUSTER_SOCKET")]
    pub(crate) socket: Option<PathBuf>,

    /// Where the agent keeps its state; /var/lib/muster, if not given.
    #[arg(long, value_name = "DIR", env = "MUSTER_STATE")]
    pub(crate) state: Option<PathBuf>,

    /// The configuration; /etc/muster/config.toml, if it is there and not given.
    ///
    /// Then the files in config.d beside it, in the order of their names. Flags and variables count for more.
    #[arg(long, value_name = "FILE", env = "MUSTER_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

/// What `muster status` is asked for.
#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    /// The controllers that the agent asks, and how that went.
    #[arg(long, conflicts_with_all = ["connections", "peers"])]
    pub(crate) targets: bool,

    /// The controllers that answer.
    #[arg(long, conflicts_with = "peers")]
    pub(crate) connections: bool,

    /// The controllers that are known to be of the cluster.
    #[arg(long)]
    pub(crate) peers: bool,

    /// How to show it.
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "report"
    )]
    pub(crate) output: StatusFormat,

    #[command(flatten)]
    pub(crate) place: PlaceArguments,
}

/// What of the agent is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Summary,
    Targets,
    Connections,
    Peers,
}

impl StatusArguments {
    /// What is to be shown.
    pub(crate) fn shown(&self) -> Shown {
        match (self.targets, self.connections, self.peers) {
            (true, _, _) => Shown::Targets,
            (_, true, _) => Shown::Connections,
            (_, _, true) => Shown::Peers,
            _ => Shown::Summary,
        }
    }
}

/// How to show what is known of the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusFormat {
    /// For people.
    Report,
    /// The document, indented by two spaces.
    Json,
}

/// What `muster connect` and `muster forget` are asked for.
#[derive(Debug, Args)]
pub(crate) struct TargetArguments {
    /// The controller.
    #[arg(value_name = "HOST:PORT")]
    pub(crate) target: Target,

    #[command(flatten)]
    pub(crate) place: PlaceArguments,
}

/// What `muster wait` is asked for.
#[derive(Debug, Args)]
pub(crate) struct WaitArguments {
    /// What to wait for.
    #[arg(long = "for", value_enum, value_name = "STATE")]
    pub(crate) goal: Goal,

    /// How long, such as 60s, 5m; an hour at most.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub(crate) timeout: Duration,

    #[command(flatten)]
    pub(crate) place: PlaceArguments,
}

/// What can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Goal {
    /// Enrolled, and a controller answers heartbeats.
    Ready,
    /// Ready, and the controller says that the node is active.
    Active,
}

/// What `muster reset` is asked for.
#[derive(Debug, Args)]
pub(crate) struct ResetArguments {
    /// Do not ask for the node's name.
    #[arg(long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) place: PlaceArguments,
}
