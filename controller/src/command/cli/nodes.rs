//! `muster-controller nodes` and `events`.

use clap::{Args, Subcommand};
use muster_model::{NodeStatus, Role};

use super::Output;
use super::import::{HELP as IMPORT_HELP, ImportArguments};
use super::values::{role, status};

const LIST_HELP: &str = "\
Examples:
  muster-controller nodes list --status active --sort -cpu
  muster-controller nodes list -l zone=a,gpu,rack!=7 -o wide
  muster-controller nodes list --offline -o name
  muster-controller nodes list --watch               each change as it happens
  muster-controller nodes list -o json | jq '.[].address'";

const SEVERAL_HELP: &str = "\
Examples:
  muster-controller nodes accept node7 node8 --role worker
  muster-controller nodes accept --all --status candidate -l zone=a
                                          asks how many there are; --count tells it where nobody can be asked";

#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// List the nodes.
    #[command(after_help = LIST_HELP)]
    List(ListArguments),
    /// List the nodes, and then each change as it happens; as `list --watch`.
    Watch(ListArguments),
    /// Show all about one node.
    Show(ShowArguments),
    /// Show what runs on a node now: its virtual machines, containers and pods by name.
    Workloads(WorkloadsArguments),
    /// Print the one line that makes a machine a node, with a join token of its own.
    #[command(after_help = IMPORT_HELP)]
    ImportCommand(ImportArguments),
    /// Take candidates into the cluster.
    #[command(after_help = SEVERAL_HELP)]
    Accept {
        #[command(flatten)]
        targets: Targets,
        /// What they are to be; what each asked for unless given, else a worker.
        #[arg(long, value_name = "ROLE", value_parser = role)]
        role: Option<Role>,
        /// Although it is quarantined because another node has the same identity.
        #[arg(long)]
        despite_duplicate: bool,
    },
    /// Decline candidates; their records stay.
    Reject {
        #[command(flatten)]
        targets: Targets,
        /// Why, for people.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Take rejections back.
    Reconsider {
        #[command(flatten)]
        targets: Targets,
    },
    /// Let nodes back that were off until their certificate had ended, and that ask for it with their key.
    Readmit {
        #[command(flatten)]
        targets: Targets,
    },
    /// Give a node another name; its hostname stays.
    Rename {
        /// Its name or id.
        node: String,
        /// The new name.
        name: String,
        /// What people should know of it; `""` takes it away.
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// Say what people should know of a node.
    Describe {
        /// Its name or id.
        node: String,
        /// One line; `""` takes it away.
        text: String,
    },
    /// Add and remove tags of a node, or of several.
    Tag {
        /// A node, then tags to add, with `-` at the end to remove; with --all, tags alone.
        #[arg(required = true, value_name = "NODE TAG[-]")]
        words: Vec<String>,
        #[command(flatten)]
        several: Several,
    },
    /// Set and remove labels of nodes.
    Label(Changes),
    /// Set and remove taints of nodes: KEY[=VALUE]:EFFECT, with NoSchedule, PreferNoSchedule or NoExecute.
    Taint(Changes),
    /// Send nodes into maintenance: their workloads leave them first.
    Maintenance {
        #[command(flatten)]
        targets: Targets,
        /// Call it off instead, before it began.
        #[arg(long)]
        cancel: bool,
        /// Wait for no workload to leave, and go past what only warns: after a warning, and a wait that Ctrl-C calls off.
        #[arg(long, conflicts_with = "cancel")]
        force: bool,
        /// With --force, the node's name; on a terminal it is asked for.
        #[arg(long, value_name = "NAME", requires = "force")]
        confirm: Option<String>,
    },
    /// Bring nodes back from maintenance.
    Activate {
        #[command(flatten)]
        targets: Targets,
    },
    /// Remove a node in maintenance from the cluster: its certificate is revoked.
    Remove {
        /// Its name or id.
        node: String,
        /// The node's name: this cannot be undone. On a terminal it is asked for.
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
        /// Go past what only warns: after a warning, and a wait that Ctrl-C calls off.
        #[arg(long)]
        force: bool,
    },
    /// Delete the record of a machine that is not in the cluster.
    Delete {
        /// Its name or id.
        node: String,
        /// The node's name: this cannot be undone. On a terminal it is asked for.
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
    /// List what happened to a node, oldest first.
    Events(EventArguments),
}

/// Which nodes to list, and how.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    pub(crate) filter: FilterArguments,

    /// Only for this role; may be given again.
    #[arg(long = "role", value_name = "ROLE", value_delimiter = ',', value_parser = role)]
    pub(crate) roles: Vec<Role>,

    /// By what: name, status, role, heard, cpu, memory or age (in its status); `-` in front turns it.
    #[arg(
        long,
        value_name = "KEY",
        default_value = "name",
        allow_hyphen_values = true
    )]
    pub(crate) sort: String,

    /// Show so many at most.
    #[arg(long, value_name = "N", conflicts_with = "watch")]
    pub(crate) limit: Option<usize>,

    /// Go on with each change as it happens, until Ctrl-C.
    #[arg(short, long)]
    pub(crate) watch: bool,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Which nodes: those that satisfy all of it.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct FilterArguments {
    /// Only in this status; may be given again, or several with commas between.
    #[arg(long = "status", value_name = "STATUS", value_delimiter = ',', value_parser = status)]
    pub(crate) statuses: Vec<NodeStatus>,

    /// Only with this tag; given again, with all of them.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,

    /// Only with these labels: key=value, key!=value, key, !key, with commas between.
    #[arg(
        short = 'l',
        long,
        value_name = "SELECTOR",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) selector: String,

    /// Only with this text in the name, id, hostname, address or description.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) text: String,

    /// Only those whose heartbeat is late.
    #[arg(long)]
    pub(crate) offline: bool,

    /// Only those that are in their status for longer than is usual.
    #[arg(long)]
    pub(crate) stuck: bool,

    /// Only those that have the identity of another node.
    #[arg(long)]
    pub(crate) quarantined: bool,
}

/// Nodes by name, or all that a filter chooses.
#[derive(Debug, Args)]
pub(crate) struct Targets {
    /// Names or ids.
    #[arg(value_name = "NODE", required_unless_present = "all")]
    pub(crate) nodes: Vec<String>,

    #[command(flatten)]
    pub(crate) several: Several,
}

/// All nodes that a filter chooses.
#[derive(Debug, Args)]
pub(crate) struct Several {
    /// All nodes that --status, --tag, -l and the like choose.
    #[arg(long)]
    pub(crate) all: bool,

    /// With --all, how many nodes that is: nothing is done when it is another number. On a terminal it is asked for.
    #[arg(long, value_name = "N", requires = "all")]
    pub(crate) count: Option<usize>,

    #[command(flatten)]
    pub(crate) filter: FilterArguments,
}

/// Nodes and what to change of them, as kubectl takes it.
#[derive(Debug, Args)]
pub(crate) struct Changes {
    /// Nodes by name or id, then KEY=VALUE to set and KEY- to remove.
    #[arg(required = true, value_name = "NODE|CHANGE")]
    pub(crate) words: Vec<String>,

    #[command(flatten)]
    pub(crate) several: Several,
}

/// Which node to show, and what of it.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// Its name or id.
    pub(crate) node: String,

    /// Print the inventory that it sent, as JSON.
    #[arg(long, conflicts_with_all = ["verdict", "format"])]
    pub(crate) inventory: bool,

    /// Print what the controller's policy says of it, as JSON.
    #[arg(long, conflicts_with = "format")]
    pub(crate) verdict: bool,

    #[command(flatten)]
    pub(crate) show: Output,
}

/// What to show of what runs on which node.
#[derive(Debug, Args)]
pub(crate) struct WorkloadsArguments {
    /// Its name or id.
    pub(crate) node: String,

    /// Show the services and scopes of systemd too; documents always have them.
    #[arg(long)]
    pub(crate) services: bool,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Whose events to show.
#[derive(Debug, Args)]
pub(crate) struct EventArguments {
    /// The node's name or id; with --watch, every node unless given.
    #[arg(required_unless_present = "watch")]
    pub(crate) node: Option<String>,

    /// Go on with each event as it is stored, until Ctrl-C; without a node, from now on.
    #[arg(short, long)]
    pub(crate) watch: bool,

    #[command(flatten)]
    pub(crate) output: Output,
}
