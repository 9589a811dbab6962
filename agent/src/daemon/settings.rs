//! What the agent is told to do: flags and variables first, then the configuration files.

use std::collections::HashMap;
use std::env;
use std::path::{Path, PathBuf};

use muster_proto::JoinToken;

use super::config::{self, ConfigError};
use super::connect::Target;
use super::enroll::Asked;
use super::token::{self, TokenError};
use crate::cli::AgentArguments;
pub(crate) use crate::cli::WorkloadsChoice;

/// Set by systemd where the unit has `LoadCredential=`.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
const USUAL_STATE: &str = "/var/lib/muster";

/// Everything that the agent is told.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) controllers: Vec<Target>,
    pub(crate) token: Option<JoinToken>,
    pub(crate) state: PathBuf,
    pub(crate) asked: Asked,
    pub(crate) workloads: WorkloadsChoice,
}

/// Why the agent does not know what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl Settings {
    /// Takes the settings, and reads the token.
    pub(crate) fn of(arguments: &AgentArguments) -> Result<Self, SettingsError> {
        let config = config::read(arguments.config.as_deref())?;
        let given = |list: &[Target]| (!list.is_empty()).then(|| list.to_vec());
        let taints = match arguments.taints.is_empty() {
            true => config.taints.unwrap_or_default(),
            false => arguments.taints.clone(),
        };
        let mut labels = HashMap::from_iter(config.labels);
        labels.extend(arguments.labels.iter().cloned());
        let file = arguments.token_file.clone().or(config.token_file);
        let credentials = env::var_os(CREDENTIALS).map(PathBuf::from);
        Ok(Self {
            controllers: given(&arguments.controllers)
                .or(config.controllers)
                .unwrap_or_default(),
            token: token::read(file.as_deref(), credentials.as_deref())?,
            state: or_usual(arguments.state.clone().or(config.state)),
            workloads: arguments.workloads.or(config.workloads).unwrap_or_default(),
            asked: Asked {
                name: arguments.name.clone().or(config.name),
                role: arguments.role.or(config.role),
                labels,
                taints: taints.iter().map(Into::into).collect(),
            },
        })
    }
}

/// Where the agent keeps its state.
pub(crate) fn state_folder(
    given: Option<&Path>,
    configuration: Option<&Path>,
) -> Result<PathBuf, ConfigError> {
    Ok(match given {
        Some(folder) => folder.to_owned(),
        None => or_usual(config::read(configuration)?.state),
    })
}

fn or_usual(folder: Option<PathBuf>) -> PathBuf {
    folder.unwrap_or_else(|| USUAL_STATE.into())
}
