//! The command lines of the agent: `muster agent` and `muster status`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use muster_model::Role;
use muster_proto::v1;

use crate::daemon::Target;

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
#[derive(Debug, Args)]
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
}

/// Who starts and stops workloads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum WorkloadsChoice {
    /// systemd, where it runs the machine and knows muster-workload.target.
    #[default]
    Auto,
    /// systemd; the agent does not start without it.
    Systemd,
    /// Nobody: this node has none.
    None,
}

/// What `muster fence-guard` is asked for.
#[derive(Debug, Args)]
pub(crate) struct GuardArguments {
    /// Where the agent keeps its lease.
    #[arg(long, value_name = "FILE", default_value = "/run/muster/lease.json")]
    pub(crate) lease: PathBuf,
}

/// What `muster status` is asked for.
#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    /// How to show it.
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "report"
    )]
    pub(crate) output: StatusFormat,

    /// Where the agent keeps its state; /var/lib/muster, if not given.
    #[arg(long, value_name = "DIR", env = "MUSTER_STATE")]
    pub(crate) state: Option<PathBuf>,

    /// The configuration; /etc/muster/config.toml, if it is there and not given.
    ///
    /// Then the files in config.d beside it, in the order of their names. Flags and variables count for more.
    #[arg(long, value_name = "FILE", env = "MUSTER_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

/// How to show the agent's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusFormat {
    /// For people.
    Report,
    /// The document, indented by two spaces.
    Json,
}

/// What keeps workloads off a node, as in Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taint {
    key: String,
    value: String,
    effect: &'static str,
}

impl From<&Taint> for v1::Taint {
    fn from(taint: &Taint) -> Self {
        Self {
            key: taint.key.clone(),
            value: taint.value.clone(),
            effect: taint.effect.to_owned(),
        }
    }
}

impl FromStr for Taint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form =
            || "give a taint as KEY=VALUE:EFFECT, such as dedicated=gpu:NoSchedule".to_owned();
        let (rest, effect) = text.rsplit_once(':').ok_or_else(form)?;
        let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
        let known = EFFECTS.into_iter().find(|known| *known == effect);
        match known {
            None => Err(format!("{effect} is no effect: use {}", EFFECTS.join(", "))),
            Some(_) if key.is_empty() => Err(form()),
            Some(effect) => Ok(Self {
                key: key.to_owned(),
                value: value.to_owned(),
                effect,
            }),
        }
    }
}

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

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

    #[test]
    fn taints_have_a_key_and_an_effect() {
        let taint = |text: &str| text.parse::<Taint>();
        let read = |text: &str| v1::Taint::from(&taint(text).unwrap());
        let gpu = read("dedicated=gpu:NoSchedule");
        assert_eq!((gpu.key, gpu.value), ("dedicated".into(), "gpu".into()));
        assert_eq!(gpu.effect, "NoSchedule");
        assert_eq!(read("a:NoExecute").value, "");
        assert!(taint("a=b").is_err());
        assert!(taint("=b:NoExecute").is_err());
        assert!(taint("a:Never").unwrap_err().contains("PreferNoSchedule"));
    }
}
