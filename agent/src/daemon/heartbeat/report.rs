//! What heartbeats tell of the node, and what is sent beside them when the controller asks.

use std::sync::Arc;

use muster_proto::v1;

use super::{Count, Heartbeats};
use crate::daemon::clock::Clock;
use crate::daemon::connect::told;
use crate::daemon::core::fencing::SinceBoot;
use crate::daemon::core::report::{self, Local};
use crate::daemon::line::Line;
use crate::daemon::occupancy::Occupancy;

impl<C: Clock> Heartbeats<C> {
    pub(super) async fn report(&mut self, epoch: u64) -> v1::NodeReport {
        let status = self
            .ports
            .desired
            .borrow()
            .and_then(|desired| desired.status);
        let local = self.ports.local.borrow_and_update().clone();
        let running = *self.ports.running.borrow_and_update();
        let seen = self.occupancy.as_ref().and_then(Occupancy::last);
        v1::NodeReport {
            progress: report::progress(status, &local).into(),
            reason: match local {
                Local::Failed(reason) => reason,
                _ => String::new(),
            },
            workloads: match seen {
                Some(seen) => Some(seen.count),
                None => self.ports.workloads.count().await,
            },
            nothing_of_old_epoch_runs: running.is_clean(epoch),
            workload_summary: seen.map(|seen| seen.summary),
        }
    }

    pub(super) fn request(
        &mut self,
        count: &Count,
        report: v1::NodeReport,
        now: SinceBoot,
    ) -> v1::HeartbeatRequest {
        let facts = Arc::clone(&self.facts.borrow_and_update());
        v1::HeartbeatRequest {
            boot_id: facts.boot_id.clone(),
            sequence: count.sequence,
            epoch: count.told.standing.epoch,
            generation: count.told.standing.generation,
            inventory_digest: facts.digest(),
            gauges: self.meter.as_mut().map(|meter| meter.measure(now)),
            report: Some(report),
        }
    }

    /// It is asked for again when it does not get there.
    pub(super) async fn send_inventory(&self, line: &mut Line) {
        let facts = Arc::clone(&self.facts.borrow());
        let request = v1::ReportInventoryRequest {
            inventory: Some(facts.inventory.clone()),
        };
        match line.client.report_inventory(request).await {
            Ok(_) => tracing::info!("the controller has the inventory"),
            Err(status) => {
                tracing::warn!(reason = told(&status), "the inventory cannot be sent");
            }
        }
    }

    /// Somebody waits; who does not hear asks again.
    pub(super) async fn send_workloads(&self, line: &mut Line) {
        let workloads = self.occupancy.as_ref().and_then(Occupancy::document);
        let request = v1::ReportWorkloadsRequest { workloads };
        if let Err(status) = line.client.report_workloads(request).await {
            tracing::warn!(reason = told(&status), "what runs here cannot be sent");
        }
    }
}
