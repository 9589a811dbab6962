//! What an answer of the controller means for this node.

use std::time::Duration;

use muster_proto::v1;

use super::connection::Lost;
use super::{Count, Heartbeats};
use crate::daemon::clock::Clock;
use crate::daemon::core::fencing::{Allowed, Permit, SinceBoot};
use crate::daemon::ports::Desired;
use crate::daemon::state::Told;

impl<C: Clock> Heartbeats<C> {
    /// Keeps what is new on disk first, then lets the others know.
    pub(super) fn heed(
        &mut self,
        answer: &v1::HeartbeatResponse,
        sent: SinceBoot,
        count: &mut Count,
    ) -> Result<(), Lost> {
        let generation = answer.desired.as_ref().map(|desired| desired.generation);
        let standing = count.told.standing.heard(answer.epoch, generation)?;
        let mut told = Told::new(standing, count.told.endpoints.clone());
        if !answer.endpoints.is_empty() {
            told.endpoints.clone_from(&answer.endpoints);
        }
        if told != count.told {
            self.state.keep_told(&told)?;
            if told.endpoints != count.told.endpoints {
                self.endpoints.hear(&told.endpoints);
            }
            count.told = told;
        }
        if let Some(desired) = &answer.desired {
            self.want(desired);
        }
        let lease = Duration::from_millis(u64::from(answer.lease_ms));
        count.backoff.keep(lease);
        let desired = *self.ports.desired.borrow();
        let allowed = desired.map_or(Allowed::None, Desired::allowed);
        let permit = Permit::granted(sent, lease, answer.epoch, allowed);
        self.ports.permit.send_replace(Some(permit));
        Ok(())
    }

    fn want(&self, desired: &v1::DesiredState) {
        let wanted = Desired {
            generation: desired.generation,
            status: desired.status().known(),
            role: desired.role().known(),
            run_workloads: desired.run_workloads,
            drain: desired.drain,
        };
        self.ports.desired.send_if_modified(|before| {
            let is_new = *before != Some(wanted);
            if is_new {
                let status = wanted.status.map_or("unknown", |status| status.key());
                tracing::info!(status, generation = wanted.generation, "this node is to be");
                *before = Some(wanted);
            }
            is_new
        });
    }
}
