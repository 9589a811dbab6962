//! What the agent is told to do: flags, environment, and later its configuration file.

use std::collections::HashMap;
use std::env;
use std::path::PathBuf;

use muster_proto::JoinToken;

use super::connect::Target;
use super::enroll::Asked;
use super::token::{self, TokenError};
use crate::cli::AgentArguments;

/// Set by systemd where the unit has `LoadCredential=`.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Everything that the agent is told.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) controllers: Vec<Target>,
    pub(crate) token: Option<JoinToken>,
    pub(crate) state: PathBuf,
    pub(crate) asked: Asked,
}

impl Settings {
    /// Takes the settings, and reads the token.
    pub(crate) fn of(arguments: &AgentArguments) -> Result<Self, TokenError> {
        let credentials = env::var_os(CREDENTIALS).map(PathBuf::from);
        let file = arguments.token_file.as_deref();
        Ok(Self {
            controllers: arguments.controllers.clone(),
            token: token::read(file, credentials.as_deref())?,
            state: arguments.state.clone(),
            asked: Asked {
                name: arguments.name.clone(),
                role: arguments.role,
                labels: HashMap::from_iter(arguments.labels.clone()),
                taints: arguments.taints.iter().map(Into::into).collect(),
            },
        })
    }
}
