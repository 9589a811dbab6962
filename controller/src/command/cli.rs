//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use muster_model::Role;

use super::administrators::AdministratorCommand;
use super::authority::AuthorityCommand;

/// Admits nodes to a cluster and keeps their life.
#[derive(Debug, Parser)]
#[command(name = "muster-controller", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// The local socket for administrators.
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        default_value = "/run/muster-controller/admin.sock"
    )]
    pub(crate) socket: PathBuf,

    #[command(flatten)]
    pub(crate) remote: Remote,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// A controller elsewhere.
#[derive(Debug, Args)]
pub(crate) struct Remote {
    /// A controller on another machine, instead of the local socket.
    #[arg(
        long,
        global = true,
        value_name = "HOST:PORT",
        requires = "credentials"
    )]
    pub(crate) server: Option<String>,

    /// The administrator's key and certificate, as `admin issue` wrote them.
    #[arg(long, global = true, value_name = "FILE", requires = "server")]
    pub(crate) credentials: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve nodes and administrators until it is told to stop.
    Serve(ServeArguments),
    /// Make, list and revoke join tokens.
    #[command(subcommand)]
    Tokens(TokenCommand),
    /// See and change nodes.
    #[command(subcommand)]
    Nodes(NodeCommand),
    /// See the cluster as a whole.
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// See the certificate authority, and replace its root.
    #[command(subcommand)]
    Authority(AuthorityCommand),
    /// Issue, list and revoke certificates of administrators.
    #[command(subcommand)]
    Admin(AdministratorCommand),
}

/// Where and how to serve.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Where the database and the certificate authority are kept; made when they are not there.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/muster-controller")]
    pub(crate) state: PathBuf,

    /// Where to listen for nodes; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "[::]:7443")]
    pub(crate) listen: SocketAddr,

    /// A name or address by which nodes reach this controller, for its certificate; may be given again.
    #[arg(long = "name", value_name = "NAME", default_values_t = ["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()])]
    pub(crate) names: Vec<String>,

    /// The policy by which machines are judged, in TOML; the default policy of muster unless given.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,

    /// The configuration, in TOML; /etc/muster-controller/config.toml unless given, if it is there.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// A certificate authority that you have: the certificate that signs, those above it, the root last, in PEM. Made on
    /// the first start unless given.
    #[arg(long, value_name = "FILE", requires = "authority_key")]
    pub(crate) authority_cert: Option<PathBuf>,

    /// The private key of the first certificate in --authority-cert, in PEM.
    #[arg(long, value_name = "FILE", requires = "authority_cert")]
    pub(crate) authority_key: Option<PathBuf>,

    /// Time between two heartbeats of a node.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(crate) interval: Duration,

    /// How long certificates of nodes are good; each renews its own after two thirds of that, more or less.
    #[arg(long, value_name = "DURATION", default_value = "90d", value_parser = duration)]
    pub(crate) certificate_life: Duration,

    #[arg(skip)]
    pub(crate) socket: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a join token and print it, this once.
    Create {
        /// The only role that it admits to; any unless given.
        #[arg(long, value_parser = role)]
        role: Option<Role>,
        /// How long it lives, such as 30m, 24h or 7d.
        #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration)]
        ttl: Duration,
        /// How many nodes it admits.
        #[arg(long, default_value_t = 1)]
        uses: u32,
        /// The only node name that it admits; any unless given.
        #[arg(long)]
        name: Option<String>,
        /// A label for every node that it admits; may be given again.
        #[arg(long = "label", value_name = "KEY=VALUE", value_parser = pair)]
        labels: Vec<(String, String)>,
        /// Accept at once whatever it admits, unless the machine is inadequate or quarantined.
        #[arg(long)]
        auto_accept: bool,
        /// How to print it.
        #[arg(short, long, value_enum, default_value = "table")]
        output: Format,
    },
    /// List the join tokens, without their secrets.
    List {
        /// How to show them.
        #[arg(short, long, value_enum, default_value = "table")]
        output: Format,
    },
    /// End a join token at once.
    Revoke {
        /// Its id, as `tokens list` shows it.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// List the nodes by name.
    List {
        /// Only nodes in this status; may be given again.
        #[arg(long = "status", value_parser = status)]
        statuses: Vec<muster_model::NodeStatus>,
        /// Only nodes with this tag.
        #[arg(long)]
        tag: Option<String>,
        /// How to show them.
        #[arg(short, long, value_enum, default_value = "table")]
        output: Format,
    },
    /// Show all about one node.
    Show {
        /// Its name or id.
        node: String,
        /// How to show it.
        #[arg(short, long, value_enum, default_value = "table")]
        output: Format,
    },
    /// Take a candidate into the cluster.
    Accept {
        /// Its name or id.
        node: String,
        /// What it is to be; what it asked for unless given, else a worker.
        #[arg(long, value_parser = role)]
        role: Option<Role>,
        /// Although it is quarantined because another node has the same identity.
        #[arg(long)]
        despite_duplicate: bool,
    },
    /// Decline a candidate; its record stays.
    Reject {
        /// Its name or id.
        node: String,
        /// Why, for people.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Take a rejection back.
    Reconsider {
        /// Its name or id.
        node: String,
    },
    /// Let a node back that was off until its certificate had ended, and asks for it with its key.
    Readmit {
        /// Its name or id.
        node: String,
    },
    /// Give a node another name; its hostname stays.
    Rename {
        /// Its name or id.
        node: String,
        /// The new name.
        name: String,
    },
    /// Add and remove tags.
    Tag {
        /// Its name or id.
        node: String,
        /// Tags to add; with `-` at the end, to remove.
        #[arg(required = true)]
        tags: Vec<String>,
    },
    /// Send a node into maintenance: its workloads leave it first.
    Maintenance {
        /// Its name or id.
        node: String,
        /// Call it off instead, before it began.
        #[arg(long)]
        cancel: bool,
        /// Wait for no workload to leave, and go past what only warns: after a warning, and a wait that Ctrl-C calls off.
        #[arg(long, conflicts_with = "cancel")]
        force: bool,
        /// With --force, the node's name; asked for on the terminal unless given.
        #[arg(long, value_name = "NAME", default_value = "", requires = "force")]
        confirm: String,
    },
    /// Bring a node back from maintenance.
    Activate {
        /// Its name or id.
        node: String,
    },
    /// Remove a node in maintenance from the cluster: its certificate is revoked.
    Remove {
        /// Its name or id.
        node: String,
        /// The node's name: this cannot be undone.
        #[arg(long, value_name = "NAME", default_value = "")]
        confirm: String,
        /// Go past what only warns: after a warning, and a wait that Ctrl-C calls off.
        #[arg(long)]
        force: bool,
    },
    /// Delete the record of a machine that is not in the cluster.
    Delete {
        /// Its name or id.
        node: String,
        /// The node's name: this cannot be undone.
        #[arg(long, value_name = "NAME", default_value = "")]
        confirm: String,
    },
    /// List what happened to a node, oldest first.
    Events {
        /// Its name or id.
        node: String,
        /// How to show it.
        #[arg(short, long, value_enum, default_value = "table")]
        output: Format,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Count the nodes, and say how many failures the control plane survives.
    Status {
        /// How to show it.
        #[arg(short, long, value_enum, default_value = "table")]
        output: Format,
    },
}

/// How to show an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

fn role(text: &str) -> Result<Role, String> {
    Role::from_key(text).ok_or_else(|| "a role is control or worker".to_owned())
}

fn status(text: &str) -> Result<muster_model::NodeStatus, String> {
    let key = text.replace(['-', ' '], "_");
    muster_model::NodeStatus::from_key(&key).ok_or_else(|| {
        let all: Vec<&str> = muster_model::NodeStatus::ALL
            .map(muster_model::NodeStatus::key)
            .to_vec();
        format!("a status is one of {}", all.join(", "))
    })
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as KEY=VALUE".to_owned()),
    }
}

/// A whole number with its unit: `ms`, `s`, `m`, `h` or `d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = text.strip_prefix(digits).unwrap_or_default();
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err("give a whole number with its unit: ms, s, m, h or d".to_owned()),
    };
    let number: Option<u64> = digits.parse().ok();
    match number.and_then(|number| number.checked_mul(milliseconds)) {
        Some(0) => Err("it has to be longer than nothing".to_owned()),
        Some(length) => Ok(Duration::from_millis(length)),
        None => Err("give a whole number with its unit, such as 24h".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("7d"), Ok(Duration::from_secs(604_800)));
        assert_eq!(duration("30m"), Ok(Duration::from_secs(1800)));
        for wrong in ["", "7", "d", "0s", "-1s", "1w", "99999999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong:?} was taken");
        }
    }
}
