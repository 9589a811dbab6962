//! The cluster as a whole: how many control nodes may fail.

use std::sync::Arc;

use muster_model::{NodeStatus, Role};
use muster_proto::v1;
use tonic::Status;

use super::Service;
use crate::fleet::Heard;
use crate::record::NodeRecord;
use crate::rules::{advice, tolerated};

impl Service {
    pub(super) async fn get_cluster(
        &self,
        _: v1::GetClusterRequest,
    ) -> Result<v1::GetClusterResponse, Status> {
        let nodes = self.services.fleet.nodes();
        let controls = control_nodes(&nodes);
        let mut cluster = v1::GetClusterResponse {
            nodes: u32::try_from(nodes.len()).unwrap_or(u32::MAX),
            control_nodes: controls,
            tolerated_failures: tolerated(controls),
            advice: advice(controls),
            ..Default::default()
        };
        self.survey(&nodes, &mut cluster);
        Ok(cluster)
    }
}

/// Control nodes that are in the cluster.
pub(super) fn control_nodes(nodes: &[(Arc<NodeRecord>, Option<Heard>)]) -> u32 {
    use NodeStatus::{Candidate, Inadequate, Out, Rejected};
    let controls = nodes.iter().filter(|(record, _)| {
        let outside = matches!(record.status, Candidate | Inadequate | Rejected | Out);
        record.role == Some(Role::Control) && !outside
    });
    u32::try_from(controls.count()).unwrap_or(u32::MAX)
}
