//! What the page needs of the machine that it is about.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use muster_adequacy::Verdict;
use muster_model::Inventory;

/// The machine that the page is about, and the agent on it.
#[async_trait]
pub trait Machine: Send + Sync + 'static {
    /// What is known of it now.
    ///
    /// # Errors
    /// [`Unknown`]: it could not be read.
    async fn inventory(&self) -> Result<Arc<Inventory>, Unknown>;

    /// The policies that it can be judged by, by name; the first of them is the usual one.
    async fn policies(&self) -> Vec<String>;

    /// What the policy of that name says of it now.
    ///
    /// # Errors
    /// [`NoVerdict`]: there is no such policy, or it cannot be used.
    async fn judge(&self, policy: &str) -> Result<Verdict, NoVerdict>;

    /// What the agent knows of itself as a node.
    ///
    /// # Errors
    /// [`Unknown`]: its state could not be read.
    async fn node(&self) -> Result<Node, Unknown>;

    /// Has the machine read again, now and not when something changes.
    fn read_again(&self);
}

/// Nothing can be said; the reason is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unknown {
    /// What failed, why, and what would help.
    pub reason: String,
}

/// Why there is no verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoVerdict {
    /// There is no policy of that name.
    #[error("there is no policy {policy}")]
    NoPolicy {
        /// As it was asked for.
        policy: String,
    },
    /// The policy is faulty or cannot be read.
    #[error("the policy {policy} cannot be used: {reason}")]
    Unusable {
        /// Its name.
        policy: String,
        /// For people.
        reason: String,
    },
    /// The machine could not be read.
    #[error(transparent)]
    Unknown(#[from] Unknown),
}

/// The machine as a node of a cluster. What is not known yet is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    /// All of it, as `muster status --output json` has it.
    pub document: serde_json::Value,
    /// The node's id.
    pub id: Option<String>,
    /// What the agent does to be a node, in a sentence.
    pub summary: Option<String>,
    /// What the controller says that it is, by `NodeStatus::key`.
    pub status: Option<String>,
    /// What it is for, by `Role::key`.
    pub role: Option<String>,
    /// Whether workloads may run here.
    pub run_workloads: Option<bool>,
    /// When the node's certificate ends, RFC 3339.
    pub certificate_until: Option<String>,
    /// The controllers that it asks.
    pub controllers: Vec<Controller>,
}

/// A controller that the agent asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Controller {
    /// `host:port`.
    pub address: String,
    /// Whether it answers now.
    pub connected: Option<bool>,
    /// How long its last answer took.
    pub round_trip: Option<Duration>,
    /// Heartbeats that it answered on this connection.
    pub heartbeats: Option<u64>,
    /// How long workloads may run without another answer.
    pub lease_left: Option<Duration>,
    /// Why the last attempt failed.
    pub error: Option<String>,
}
