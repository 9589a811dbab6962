//! Takes the node out of its cluster: afterwards this machine is one that no controller has seen.

use std::sync::Arc;

use super::core::fencing::Permit;
use super::ports::{Leases, Workloads, WorkloadsError};
use super::state::{State, StateError};

/// What it is done to.
#[derive(Clone)]
pub(crate) struct Reset {
    pub(crate) state: Arc<State>,
    pub(crate) workloads: Arc<dyn Workloads>,
    pub(crate) leases: Arc<dyn Leases>,
}

/// Why the node was not reset. It is what it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResetError {
    #[error("workloads cannot be stopped, so nothing was deleted")]
    Workloads {
        #[from]
        source: WorkloadsError,
    },
    #[error("the kept lease cannot be removed, so nothing was deleted")]
    Lease { source: std::io::Error },
    #[error("this process cannot become the user whose the state is, so nothing was deleted")]
    Owner { source: std::io::Error },
    #[error(transparent)]
    State(#[from] StateError),
}

impl Reset {
    /// Stops all workloads, and only then deletes who this node is. To be called once nothing starts workloads any more.
    pub(crate) async fn run(&self) -> Result<(), ResetError> {
        tracing::warn!("this node is reset: it leaves its cluster");
        self.workloads.stop_all(Permit::grace_of(None)).await?;
        let forgotten = self.leases.forget();
        forgotten.map_err(|source| ResetError::Lease { source })?;
        self.state.reset()?;
        tracing::info!("this machine is no node any more");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use async_trait::async_trait;

    use super::*;
    use crate::daemon::identity::Identity;
    use crate::daemon::lease::LeaseFile;
    use crate::daemon::ports::NoWorkloads;

    fn leases(folder: &tempfile::TempDir) -> Arc<dyn Leases> {
        Arc::new(LeaseFile::at(folder.path().join("lease.json")).unwrap())
    }

    struct Stuck;

    #[async_trait]
    impl Workloads for Stuck {
        async fn count(&self) -> Option<u32> {
            Some(1)
        }

        async fn stop_all(&self, _: Duration) -> Result<(), WorkloadsError> {
            Err(WorkloadsError {
                what: "vm7 does not stop".to_owned(),
            })
        }

        async fn allow(&self) -> Result<(), WorkloadsError> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_node_becomes_a_new_machine() {
        let folder = tempfile::tempdir().unwrap();
        let state = Arc::new(State::open(folder.path()).unwrap());
        let before = Identity::open_or_create(&state).unwrap();
        let reset = Reset {
            state: Arc::clone(&state),
            workloads: Arc::new(NoWorkloads),
            leases: leases(&folder),
        };
        reset.run().await.unwrap();
        assert_eq!(state.node_id().unwrap(), None);
        let after = Identity::open_or_create(&state).unwrap();
        assert_ne!(before.id(), after.id());
        assert_ne!(before.public_key(), after.public_key());
    }

    #[tokio::test]
    async fn while_a_workload_runs_nothing_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let state = Arc::new(State::open(folder.path()).unwrap());
        let identity = Identity::open_or_create(&state).unwrap();
        let reset = Reset {
            state: Arc::clone(&state),
            workloads: Arc::new(Stuck),
            leases: leases(&folder),
        };
        let refused = reset.run().await.unwrap_err();
        assert!(refused.to_string().contains("nothing was deleted"));
        assert_eq!(state.node_id().unwrap().as_deref(), Some(identity.id()));
        assert!(state.key().unwrap().is_some());
    }
}
