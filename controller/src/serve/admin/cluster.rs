//! The cluster as a whole: how many control nodes may fail.

use std::sync::Arc;

use muster_model::{NodeStatus, Role};
use muster_proto::v1;
use tonic::Status;

use super::Service;
use crate::fleet::Heard;
use crate::record::NodeRecord;

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
            advice: quorum_advice(controls),
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

/// n control nodes go on without n − (⌊n/2⌋ + 1) of them.
fn tolerated(controls: u32) -> u32 {
    controls.saturating_sub(controls / 2 + 1)
}

pub(super) fn quorum_advice(controls: u32) -> Vec<String> {
    match controls {
        0 => Vec::new(),
        even if even % 2 == 0 => vec![format!(
            "{even} control nodes survive as many failures as {} do ({}): one more, or one less, is better",
            even - 1,
            tolerated(even)
        )],
        1 => vec!["one control node survives no failure; three survive one".to_owned()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_counts_buy_nothing() {
        let table = [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 2)];
        for (controls, failures) in table {
            assert_eq!(tolerated(controls), failures, "{controls}");
        }
        assert_eq!(quorum_advice(3), [""; 0]);
        let advice = quorum_advice(4).join("");
        assert_eq!(
            advice,
            "4 control nodes survive as many failures as 3 do (1): one more, or one less, is better"
        );
    }
}
