//! What the daemon needs of the host, so that the decisions do not know how it is done.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use muster_model::{NodeStatus, Role, Section};
use tokio::sync::watch;

use super::core::fencing::{Allowed, Permit};
use super::core::report::Local;

/// What a controller wants this node to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Desired {
    /// Counted up with each change.
    pub(crate) generation: u64,
    /// None when this agent does not know the word.
    pub(crate) status: Option<NodeStatus>,
    /// None before one was given.
    pub(crate) role: Option<Role>,
    /// Whether workloads may run.
    pub(crate) run_workloads: bool,
    /// Whether only those that run already may.
    pub(crate) drain: bool,
}

impl Desired {
    /// Which workloads may run.
    pub(crate) fn allowed(self) -> Allowed {
        match (self.run_workloads, self.drain) {
            (false, _) => Allowed::None,
            (true, true) => Allowed::Remaining,
            (true, false) => Allowed::Any,
        }
    }
}

/// Workloads could not be stopped or started.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct WorkloadsError {
    pub(crate) what: String,
}

/// The workloads of this node.
#[async_trait]
pub(crate) trait Workloads: Send + Sync {
    /// How many run; none when that is not known.
    async fn count(&self) -> Option<u32>;

    /// Stops them all: what does not end within `grace` is killed. Success is proof: nothing that was started before runs any more.
    async fn stop_all(&self, grace: Duration) -> Result<(), WorkloadsError>;

    /// Lets them start; nothing happens where they may already.
    async fn allow(&self) -> Result<(), WorkloadsError>;
}

/// This machine could not be seen.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct ObserverError {
    pub(crate) what: String,
}

/// Sees of this machine what takes root, where anybody here has its rights.
#[async_trait]
pub(crate) trait Observer: Send + Sync {
    /// These sections of the inventory, or what is usual without any, as JSON. Takes seconds when a device hangs.
    async fn inventory(&self, sections: &BTreeSet<Section>) -> Result<Vec<u8>, ObserverError>;

    /// What runs; none where this process sees as much by itself, or when nobody answers soon.
    async fn workloads(&self) -> Option<muster_model::Workloads>;
}

/// Keeps the lease outside this process: for the guard that stops workloads when this agent does not, and for
/// the agent that comes after this one.
pub(crate) trait Leases: Send + Sync {
    /// Workloads run under `permit` from here on.
    fn keep(&self, permit: Permit) -> std::io::Result<()>;

    /// None run, or none may.
    fn forget(&self) -> std::io::Result<()>;
}

/// What makes this node what it is to be.
#[async_trait]
pub(crate) trait Engine: Send + Sync {
    /// Works towards `desired` and says how far it is. Given up, at any await, when something else is desired.
    async fn pursue(&self, desired: Desired, progress: &watch::Sender<Local>);
}

/// A node on which muster starts no workloads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoWorkloads;

#[async_trait]
impl Workloads for NoWorkloads {
    async fn count(&self) -> Option<u32> {
        Some(0)
    }

    async fn stop_all(&self, _grace: Duration) -> Result<(), WorkloadsError> {
        tracing::info!("no workloads are managed on this node: there is nothing to stop");
        Ok(())
    }

    async fn allow(&self) -> Result<(), WorkloadsError> {
        tracing::info!("no workloads are managed on this node: there is nothing to start");
        Ok(())
    }
}

/// A node without an install profile: whatever is desired, it is that already.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoProfile;

#[async_trait]
impl Engine for NoProfile {
    async fn pursue(&self, desired: Desired, progress: &watch::Sender<Local>) {
        let is_accepted = !matches!(
            desired.status,
            None | Some(NodeStatus::Candidate | NodeStatus::Inadequate | NodeStatus::Rejected)
        );
        if is_accepted && *progress.borrow() != Local::Ready {
            tracing::info!("no install profile: nothing to apply");
            progress.send_replace(Local::Ready);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_controller_that_forbids_forbids_whatever_else_it_says() {
        let desired = |run_workloads, drain| Desired {
            generation: 1,
            status: None,
            role: None,
            run_workloads,
            drain,
        };
        assert_eq!(desired(true, false).allowed(), Allowed::Any);
        assert_eq!(desired(true, true).allowed(), Allowed::Remaining);
        assert_eq!(desired(false, true).allowed(), Allowed::None);
        assert_eq!(desired(false, false).allowed(), Allowed::None);
    }
}
