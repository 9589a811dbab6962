//! What a node is for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The role of a node in its cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the cluster's services and its database.
    #[serde(alias = "server")]
    Control,
    /// Runs the workloads of tenants.
    Worker,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::Control, Self::Worker];

    /// As it is written in documents and on the command line.
    pub fn key(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Worker => "worker",
        }
    }

    /// The role of that name; `server` is another name of `control`.
    pub fn from_key(key: &str) -> Option<Self> {
        match key {
            "control" | "server" => Some(Self::Control),
            "worker" => Some(Self::Worker),
            _ => None,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.key())
    }
}
