//! What runs on a node, as it tells when it is asked.

use std::time::Duration;

use muster_proto::v1;
use tonic::Status;

use super::Service;

/// Beyond the interval after which a node is asked at the latest.
const PATIENCE: Duration = Duration::from_secs(5);

impl Service {
    pub(super) async fn get_workloads(
        &self,
        asked: v1::GetWorkloadsRequest,
    ) -> Result<v1::GetWorkloadsResponse, Status> {
        let (record, heard) = self.find(&asked.node)?;
        let name = &record.name;
        let heard = heard.filter(|heard| !heard.is_late()).ok_or_else(|| {
            Status::failed_precondition(format!(
                "{name} is not heard, so that it cannot be asked what runs there: `nodes show` has how much ran when it was heard last"
            ))
        })?;
        let told = self.services.fleet.ask_workloads(&record.id);
        let Ok(told) = tokio::time::timeout(heard.interval + PATIENCE, told).await else {
            return Err(Status::deadline_exceeded(format!(
                "{name} did not tell what runs there: its agent may be older than this controller, or it is busy; ask again"
            )));
        };
        let workloads = told.ok().flatten().ok_or_else(|| {
            Status::unavailable(format!(
                "{name} cannot see what runs there: `muster workloads` on it says why"
            ))
        })?;
        Ok(v1::GetWorkloadsResponse {
            node: name.clone(),
            workloads: Some(workloads),
        })
    }
}
