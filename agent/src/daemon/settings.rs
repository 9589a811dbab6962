//! What the agent is told to do: flags and variables first, then the configuration files.

use std::collections::HashMap;
use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use muster_proto::JoinToken;

use super::config::{self, Config, ConfigError, Given, Item};
use super::enroll::Asked;
use super::local::LocalRead;
use super::outward::{Outward, Proxy, ProxyError};
use super::privileges::Privileges;
use super::token::{self, TokenError};
use crate::cli::{AgentArguments, PlaceArguments};
use crate::value::{Target, WorkloadsChoice};

/// Set by systemd where the unit has `LoadCredential=`.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
pub(super) const USUAL_STATE: &str = "/var/lib/muster";
const USUAL_SOCKET: &str = "/run/muster/agent.sock";
const SOCKET: &str = "agent.sock";

/// Everything that the agent is told.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) controllers: Vec<Target>,
    pub(crate) token: Option<JoinToken>,
    pub(crate) state: PathBuf,
    pub(crate) asked: Asked,
    pub(crate) workloads: WorkloadsChoice,
    pub(crate) local: LocalSettings,
    pub(crate) outward: Outward,
    pub(crate) privileges: Privileges,
}

/// How the agent is controlled on its own machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LocalSettings {
    /// Where it listens.
    pub(crate) socket: PathBuf,
    pub(crate) local_read: LocalRead,
    /// Where metrics are served over HTTP, too.
    pub(crate) metrics: Option<SocketAddr>,
}

/// Where an agent keeps its state and listens, and what it is told to ask: as far as other programs need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) state: PathBuf,
    pub(crate) socket: PathBuf,
    pub(crate) controllers: Vec<Target>,
    /// What the node is called; none where its host name is.
    pub(crate) name: Option<String>,
    pub(crate) workloads: WorkloadsChoice,
}

/// Why the agent does not know what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    #[error(
        "others can reach {address}: serve metrics on 127.0.0.1, or say that it is meant with metrics_public = true in the configuration"
    )]
    Exposed { address: SocketAddr },
}

impl Settings {
    /// Takes the settings, and reads the token.
    pub(crate) fn of(arguments: &AgentArguments) -> Result<Self, SettingsError> {
        let config = config::read(arguments.config.as_deref())?;
        let config = config.with(arguments, |_| None);
        if let Some(address) = config.exposed() {
            return Err(SettingsError::Exposed { address });
        }
        let proxy = Proxy::of(&config, variable)?;
        let taints = config.taints.unwrap_or_default();
        let credentials = env::var_os(CREDENTIALS).map(PathBuf::from);
        let state = or_usual(config.state);
        Ok(Self {
            controllers: config.controllers.unwrap_or_default(),
            token: token::read(config.token_file.as_deref(), credentials.as_deref())?,
            workloads: config.workloads.unwrap_or_default(),
            asked: Asked {
                name: config.name,
                role: config.role,
                labels: HashMap::from_iter(config.labels),
                taints: taints.iter().map(Into::into).collect(),
            },
            local: LocalSettings {
                socket: socket(config.socket, &state),
                local_read: config.local_read.unwrap_or_default(),
                metrics: config.metrics,
            },
            outward: Outward::new(proxy),
            privileges: Privileges::from(arguments.helper),
            state,
        })
    }
}

/// Every key of the configuration with its value as it counts for `muster agent` with these arguments.
pub(crate) fn shown(
    arguments: &AgentArguments,
    given: impl Fn(&str) -> Option<Given>,
) -> Result<Vec<Item>, ConfigError> {
    let config = config::read(arguments.config.as_deref())?;
    let config = config.with(arguments, given).with_environment(variable);
    let state = or_usual(config.state.clone());
    let socket = socket(config.socket.clone(), &state);
    Ok(config::effective(&config, &state, &socket))
}

/// Where the agent that is meant keeps its state and listens.
pub(crate) fn place(arguments: &PlaceArguments) -> Result<Place, ConfigError> {
    let config = config::read(arguments.config.as_deref())?;
    Ok(lenient_place(arguments, config))
}

/// The same, by what of the configuration can be read.
pub(crate) fn lenient_place(arguments: &PlaceArguments, config: Config) -> Place {
    let state = or_usual(arguments.state.clone().or(config.state));
    Place {
        socket: socket(arguments.socket.clone().or(config.socket), &state),
        state,
        controllers: config.controllers.unwrap_or_default(),
        name: config.name,
        workloads: config.workloads.unwrap_or_default(),
    }
}

/// A variable of the environment; none that is not UTF-8.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

fn or_usual(folder: Option<PathBuf>) -> PathBuf {
    folder.unwrap_or_else(|| USUAL_STATE.into())
}

/// An agent with a state of its own is another one than the machine's, and listens beside that.
fn socket(given: Option<PathBuf>, state: &Path) -> PathBuf {
    match given {
        Some(socket) => socket,
        None if state == Path::new(USUAL_STATE) => USUAL_SOCKET.into(),
        None => state.join(SOCKET),
    }
}
