//! The command line of the agent itself.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use muster_model::Role;

use crate::value::{Taint, Target, WorkloadsChoice};

pub(super) const HELP: &str = "\
Examples:
  sudo muster agent --controller c1.example:7443 --token-file /run/muster-token
                                            join a cluster, and stay in it
  sudo muster agent --controller c1.example:7443 --controller c2.example:7443
                                            as a node that has joined, with two controllers
  muster-controller tokens create | ssh node7 sudo muster agent --controller c1.example:7443 --token-file -

The token is read from a file, from standard input, or from the credential `muster-token` of systemd
(LoadCredential=), never from an argument: others see arguments. The private key is made here and stays
here. Standard error says what happens; SIGTERM ends it.

Exit codes:
  0  ended by a signal
  1  failed; standard error says why
  2  the command line is wrong";

/// What `muster agent` is asked for.
#[derive(Debug, Clone, Args)]
pub(crate) struct AgentArguments {
    /// A controller to ask; give it again for each of them.
    #[arg(
        long = "controller",
        value_name = "HOST:PORT",
        env = "MUSTER_CONTROLLERS",
        value_delimiter = ','
    )]
    pub(crate) controllers: Vec<Target>,

    /// The file with the join token, - for standard input; needed once, to join.
    #[arg(long, value_name = "FILE", env = "MUSTER_TOKEN_FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// Where the node's id, key and certificate are kept; /var/lib/muster, if not given.
    #[arg(long, value_name = "DIR", env = "MUSTER_STATE")]
    pub(crate) state: Option<PathBuf>,

    /// Where to listen for commands of this machine; /run/muster/agent.sock, if not given, or agent.sock in another state folder.
    #[arg(long, value_name = "FILE", env = "MUSTER_SOCKET")]
    pub(crate) socket: Option<PathBuf>,

    /// Also serve metrics for Prometheus over HTTP on this address of loopback, such as 127.0.0.1:9469.
    ///
    /// `muster metrics` prints them without it. Another address needs metrics_public = true in the configuration.
    #[arg(long, value_name = "ADDRESS:PORT", env = "MUSTER_METRICS")]
    pub(crate) metrics: Option<SocketAddr>,

    /// The configuration; /etc/muster/config.toml, if it is there and not given.
    ///
    /// Then the files in config.d beside it, in the order of their names. Flags and variables count for more.
    #[arg(long, value_name = "FILE", env = "MUSTER_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// What to call this node; its host name, if not given.
    #[arg(long, value_name = "NAME", env = "MUSTER_NAME")]
    pub(crate) name: Option<String>,

    /// The role to ask for: control or worker.
    #[arg(long, value_name = "ROLE", env = "MUSTER_ROLE", value_parser = role())]
    pub(crate) role: Option<Role>,

    /// A label to ask for; give it again for each.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    pub(crate) labels: Vec<(String, String)>,

    /// A taint to ask for: NoSchedule, PreferNoSchedule or NoExecute; give it again for each.
    #[arg(long = "taint", value_name = "KEY[=VALUE]:EFFECT")]
    pub(crate) taints: Vec<Taint>,

    /// Who starts and stops this node's workloads; auto, if not given.
    #[arg(
        long,
        value_enum,
        value_name = "WHO",
        env = "MUSTER_WORKLOADS",
        hide_possible_values = false
    )]
    pub(crate) workloads: Option<WorkloadsChoice>,

    /// Have muster-helper.service do what takes root; for an agent that has no rights itself, as its unit starts it.
    #[arg(long)]
    pub(crate) helper: bool,
}

/// What `muster fence-guard` is asked for.
#[derive(Debug, Args)]
pub(crate) struct GuardArguments {
    /// Where the agent keeps its lease.
    #[arg(long, value_name = "FILE", default_value = "/run/muster/lease.json")]
    pub(crate) lease: PathBuf,
}

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::key))
        .try_map(|key| Role::from_key(&key).ok_or("no such role"))
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("give a label as KEY=VALUE, such as rack=r12".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_a_key() {
        let read = label("a/b=c=d").unwrap();
        assert_eq!(read, ("a/b".to_owned(), "c=d".to_owned()));
        assert!(label("=x").is_err());
        assert!(label("x").is_err());
    }
}
