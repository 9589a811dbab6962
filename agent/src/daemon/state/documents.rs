//! The JSON documents among the state files. Each has a version; fields that are not known are left alone.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::daemon::core::standing::Standing;
use crate::value::Target;

/// What enrolment gave: `enrolment.json`. Certificates are PEM (RFC 7468).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Enrolment {
    pub(super) version: u32,
    /// The node's certificate, then up to the authority's.
    pub(crate) chain: Vec<String>,
    /// Roots to trust.
    pub(crate) roots: Vec<String>,
    /// The controller that issued it, `host:port`.
    pub(crate) controller: String,
}

impl Enrolment {
    pub(crate) fn new(chain: Vec<String>, roots: Vec<String>, controller: String) -> Self {
        Self {
            version: VERSION,
            chain,
            roots,
            controller,
        }
    }
}

/// What the controller told: `standing.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(super) version: u32,
    /// The newest numbers.
    #[serde(flatten)]
    pub(crate) standing: Standing,
    /// Controllers to know, `host:port`.
    #[serde(default)]
    pub(crate) endpoints: Vec<String>,
}

impl Told {
    pub(crate) fn new(standing: Standing, endpoints: Vec<String>) -> Self {
        Self {
            version: VERSION,
            standing,
            endpoints,
        }
    }
}

/// What the operator said of controllers with `muster connect` and `muster forget`: `targets.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Targets {
    version: u32,
    /// To be asked as well, `host:port`.
    added: Vec<String>,
    /// Not to be asked, though a controller tells them, `host:port`.
    forgotten: Vec<String>,
}

impl Default for Targets {
    fn default() -> Self {
        Self {
            version: VERSION,
            added: Vec::new(),
            forgotten: Vec::new(),
        }
    }
}

impl Targets {
    /// To be asked as well, `host:port`.
    pub(crate) fn added(&self) -> &[String] {
        &self.added
    }

    /// Whether it is not to be asked, though a controller tells it.
    pub(crate) fn forgets(&self, target: &Target) -> bool {
        self.forgotten.contains(&target.to_string())
    }

    /// It is to be asked. Whether that is news.
    pub(crate) fn add(&mut self, target: &Target) -> bool {
        let name = target.to_string();
        self.forgotten.retain(|other| *other != name);
        let is_new = !self.added.contains(&name);
        if is_new {
            self.added.push(name);
        }
        is_new
    }

    /// It is not to be asked. Whether that is news.
    pub(crate) fn forget(&mut self, target: &Target) -> bool {
        let name = target.to_string();
        self.added.retain(|other| *other != name);
        let is_new = !self.forgotten.contains(&name);
        if is_new {
            self.forgotten.push(name);
        }
        is_new
    }
}

/// How the agent is doing: `status.json`, for `muster status`. Written when it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AgentStatus {
    pub(super) version: u32,
    /// Milliseconds since 1970.
    pub(crate) since_unix_ms: i64,
    /// The agent's process.
    pub(crate) process: u32,
    #[serde(flatten)]
    pub(crate) link: Link,
    /// What the controller says the node is; none before it said so.
    #[serde(default)]
    pub(crate) status: Option<String>,
    /// What the node is for, likewise.
    #[serde(default)]
    pub(crate) role: Option<String>,
    /// Whether workloads may run here, likewise.
    #[serde(default)]
    pub(crate) run_workloads: Option<bool>,
}

/// The link to the controllers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "link", rename_all = "snake_case")]
pub(crate) enum Link {
    /// The agent is a service, and waits to be started with a join token.
    NoToken,
    /// The agent asks to be enrolled.
    Enrolling,
    /// An operator has to decide.
    Pending { controller: String, reason: String },
    /// A controller does not enrol this machine, however often it asks.
    Refused { controller: String, reason: String },
    /// A controller answers heartbeats.
    Connected { controller: String },
    /// None does.
    Lost { reason: String },
    /// The agent ended.
    Stopped,
}

impl AgentStatus {
    pub(crate) fn new(link: Link, now_unix_ms: i64) -> Self {
        Self {
            version: VERSION,
            since_unix_ms: now_unix_ms,
            process: std::process::id(),
            link,
            status: None,
            role: None,
            run_workloads: None,
        }
    }
}

/// A document that has a version.
pub(super) trait Versioned {
    fn version(&self) -> u32;
}

impl Versioned for Enrolment {
    fn version(&self) -> u32 {
        self.version
    }
}

impl Versioned for Told {
    fn version(&self) -> u32 {
        self.version
    }
}

impl Versioned for Targets {
    fn version(&self) -> u32 {
        self.version
    }
}

impl Versioned for AgentStatus {
    fn version(&self) -> u32 {
        self.version
    }
}

pub(super) const VERSION: u32 = 1;

/// A line for people.
impl fmt::Display for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken => formatter.write_str("there is no join token"),
            Self::Enrolling => formatter.write_str("asking to be enrolled"),
            Self::Pending { controller, reason } => {
                write!(formatter, "waiting for {controller} to admit it: {reason}")
            }
            Self::Refused { controller, reason } => {
                write!(formatter, "{controller} refuses to enrol it: {reason}")
            }
            Self::Connected { controller } => write!(formatter, "connected to {controller}"),
            Self::Lost { reason } => write!(formatter, "no controller answers: {reason}"),
            Self::Stopped => formatter.write_str("stopped"),
        }
    }
}
