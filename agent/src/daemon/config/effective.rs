//! Flags, variables and files together, and what came from where.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use muster_model::Role;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Config, PageConfig};
use crate::cli::AgentArguments;
use crate::daemon::local::LocalRead;
use crate::daemon::outward::{Choice, of_environment};
use crate::value::{Taint, Target, WorkloadsChoice};

/// From where a value is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "origin", rename_all = "snake_case")]
pub(crate) enum Origin {
    /// Nobody said otherwise.
    Default,
    /// Counted from 1.
    File {
        #[serde(rename = "file")]
        path: PathBuf,
        line: usize,
    },
    /// Of the environment.
    Variable { variable: &'static str },
    /// Of the command line.
    Flag { flag: &'static str },
}

/// How an argument was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    Variable,
    Flag,
}

/// A key with its value as it counts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Item {
    pub(crate) key: String,
    /// Null where there is none.
    pub(crate) value: Value,
    #[serde(flatten)]
    pub(crate) origin: Origin,
}

/// The key of an argument, its flag and its variable.
const ARGUMENTS: [(&str, &str, &str); 10] = [
    ("controllers", "--controller", "MUSTER_CONTROLLERS"),
    ("token_file", "--token-file", "MUSTER_TOKEN_FILE"),
    ("state", "--state", "MUSTER_STATE"),
    ("name", "--name", "MUSTER_NAME"),
    ("role", "--role", "MUSTER_ROLE"),
    ("taints", "--taint", ""),
    ("socket", "--socket", "MUSTER_SOCKET"),
    ("metrics", "--metrics", "MUSTER_METRICS"),
    ("workloads", "--workloads", "MUSTER_WORKLOADS"),
    ("labels", "--label", ""),
];

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Self::Variable { variable } => formatter.write_str(variable),
            Self::Flag { flag } => formatter.write_str(flag),
        }
    }
}

impl Config {
    /// What the arguments say counts for more than the files. `given` says how the argument of that key was given.
    pub(crate) fn with(
        self,
        arguments: &AgentArguments,
        given: impl Fn(&str) -> Option<Given>,
    ) -> Self {
        let some = |is_empty: bool| (!is_empty).then_some(());
        let mut origins = BTreeMap::new();
        for (key, flag, variable) in ARGUMENTS {
            let origin = match given(key) {
                None => continue,
                Some(Given::Flag) => Origin::Flag { flag },
                Some(Given::Variable) => Origin::Variable { variable },
            };
            match key {
                "labels" => {
                    let labels = arguments.labels.iter();
                    let named = labels.map(|(label, _)| format!("labels.{label}"));
                    origins.extend(named.map(|key| (key, origin.clone())));
                }
                _ => {
                    origins.insert(key.to_owned(), origin);
                }
            }
        }
        let arguments = arguments.clone();
        self.then(Self {
            controllers: some(arguments.controllers.is_empty()).map(|()| arguments.controllers),
            token_file: arguments.token_file,
            state: arguments.state,
            name: arguments.name,
            role: arguments.role,
            labels: arguments.labels.into_iter().collect(),
            taints: some(arguments.taints.is_empty()).map(|()| arguments.taints),
            workloads: arguments.workloads,
            socket: arguments.socket,
            metrics: arguments.metrics,
            local_read: None,
            metrics_public: None,
            proxy: None,
            proxy_credentials_file: None,
            no_proxy: None,
            page: PageConfig::default(),
            origins,
        })
    }
}

impl Config {
    /// What the environment says for all programs counts where nothing is said to muster.
    pub(crate) fn with_environment(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let [proxy, except] = of_environment(variable);
        if let (None, Some((variable, address))) = (&self.proxy, proxy) {
            self.proxy = address.parse().ok();
            self.origins
                .insert("proxy".to_owned(), Origin::Variable { variable });
        }
        if let (None, Some((variable, text))) = (&self.no_proxy, except) {
            let names = text.split(',').map(|name| name.trim().to_owned());
            self.no_proxy = Some(names.collect());
            self.origins
                .insert("no_proxy".to_owned(), Origin::Variable { variable });
        }
        self
    }
}

/// As it is written in a file.
fn word(choice: WorkloadsChoice) -> Option<String> {
    let value = choice.to_possible_value()?;
    Some(value.get_name().to_owned())
}

/// Every key, with its value as it counts; `state` and `socket` as they follow from the rest.
pub(crate) fn effective(config: &Config, state: &Path, socket: &Path) -> Vec<Item> {
    let texts = |texts: Vec<String>| json!(texts);
    let controllers = config.controllers.as_deref().unwrap_or_default();
    let taints = config.taints.as_deref().unwrap_or_default();
    let is_public = config.metrics_public.unwrap_or_default();
    let may_read = config.local_read.unwrap_or_default() == LocalRead::Allowed;
    let values = [
        (
            "controllers",
            texts(controllers.iter().map(Target::to_string).collect()),
        ),
        ("token_file", json!(config.token_file)),
        ("state", json!(state)),
        ("socket", json!(socket)),
        ("local_read", json!(may_read)),
        ("metrics", json!(config.metrics)),
        ("metrics_public", json!(is_public)),
        ("proxy", json!(config.proxy.as_ref().map(Choice::to_string))),
        (
            "proxy_credentials_file",
            json!(config.proxy_credentials_file),
        ),
        (
            "no_proxy",
            texts(config.no_proxy.clone().unwrap_or_default()),
        ),
        (
            "workloads",
            json!(word(config.workloads.unwrap_or_default())),
        ),
        ("name", json!(config.name)),
        ("role", json!(config.role.map(Role::key))),
        (
            "taints",
            texts(taints.iter().map(Taint::to_string).collect()),
        ),
    ];
    let labels = config.labels.iter();
    let labels = labels.map(|(label, value)| (format!("labels.{label}"), json!(value)));
    let page = config.page.effective();
    let values = values.into_iter().chain(page);
    let values = values.map(|(key, value)| (key.to_owned(), value));
    let items = values.chain(labels).map(|(key, value)| Item {
        origin: config.origins.get(&key).cloned().unwrap_or(Origin::Default),
        key,
        value,
    });
    items.collect()
}
