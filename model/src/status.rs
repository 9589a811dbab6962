//! Where a node is in its life.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The status of a node. Being offline is a condition beside it, and no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NodeStatus {
    /// Discovered, adequate, not yet in the cluster.
    Candidate,
    /// Its hardware fails the policy of every role that it may take.
    Inadequate,
    /// An administrator declined it; its record stays.
    Rejected,
    /// Accepted with a role, not yet activated.
    Approved,
    /// Its agent applies the role's install plan and brings services up.
    Starting,
    /// Installed; readiness checks run.
    Activating,
    /// Online, runs workloads.
    Active,
    /// It reported an error; the reason is beside the status.
    Failed,
    /// Isolated to protect data: its lease ran out.
    Fenced,
    /// It is back, and proves that nothing of the old epoch runs.
    Unfencing,
    /// Workloads are leaving it.
    EnteringMaintenance,
    /// Offline for servicing, runs no workload.
    InMaintenance,
    /// Removed; its certificate is revoked, and only a new token brings the machine back.
    Out,
}

impl NodeStatus {
    /// Every status, in the order of a node's life.
    pub const ALL: [Self; 13] = [
        Self::Candidate,
        Self::Inadequate,
        Self::Rejected,
        Self::Approved,
        Self::Starting,
        Self::Activating,
        Self::Active,
        Self::Failed,
        Self::Fenced,
        Self::Unfencing,
        Self::EnteringMaintenance,
        Self::InMaintenance,
        Self::Out,
    ];

    /// As it is written in documents and on the command line.
    pub fn key(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Inadequate => "inadequate",
            Self::Rejected => "rejected",
            Self::Approved => "approved",
            Self::Starting => "starting",
            Self::Activating => "activating",
            Self::Active => "active",
            Self::Failed => "failed",
            Self::Fenced => "fenced",
            Self::Unfencing => "unfencing",
            Self::EnteringMaintenance => "entering_maintenance",
            Self::InMaintenance => "in_maintenance",
            Self::Out => "out",
        }
    }

    /// The status of that key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.key() == key)
    }
}

/// As people read it: `entering maintenance`.
impl fmt::Display for NodeStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.key().replace('_', " "))
    }
}
