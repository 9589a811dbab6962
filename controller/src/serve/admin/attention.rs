//! Which nodes need somebody, and why.

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_model::NodeStatus;
use muster_proto::v1;
use muster_proto::v1::attention::Kind;

use super::Service;
use crate::fleet::Heard;
use crate::record::NodeRecord;

/// More are counted, and not told.
const MOST_TOLD: usize = 100;

type Node = (Arc<NodeRecord>, Option<Heard>);

impl Service {
    /// Adds to what is said of the cluster how its nodes are.
    pub(super) fn survey(&self, nodes: &[Node], cluster: &mut v1::GetClusterResponse) {
        let mut counts = BTreeMap::new();
        let mut attention = Vec::new();
        for (record, heard) in nodes {
            let offline = self.services.fleet.is_offline(record, heard.as_ref());
            cluster.offline += u32::from(offline);
            *counts
                .entry(i32::from(v1::NodeStatus::from(record.status)))
                .or_insert(0) += 1;
            if let Some((kind, reason)) = self.concern(record, heard.as_ref(), offline) {
                attention.push(v1::Attention {
                    kind: kind.into(),
                    node: record.id.clone(),
                    name: record.name.clone(),
                    reason,
                });
            }
        }
        let counts = counts.into_iter();
        cluster.counts = counts
            .map(|(status, nodes)| v1::StatusCount { status, nodes })
            .collect();
        cluster.attention_total = u32::try_from(attention.len()).unwrap_or(u32::MAX);
        attention.sort_by(|a, b| (a.kind, &a.name, &a.node).cmp(&(b.kind, &b.name, &b.node)));
        attention.truncate(MOST_TOLD);
        cluster.attention = attention;
        env!("CARGO_PKG_VERSION").clone_into(&mut cluster.version);
    }

    /// The most urgent that there is to say of a node.
    fn concern(
        &self,
        record: &NodeRecord,
        heard: Option<&Heard>,
        offline: bool,
    ) -> Option<(Kind, String)> {
        let stuck = self.stuck(record, heard);
        let ends = record.certificate_warning(self.services.fleet.now());
        let reason = || record.reason.clone();
        match record.status {
            NodeStatus::Rejected | NodeStatus::Out => None,
            NodeStatus::Fenced => Some((Kind::Fenced, reason())),
            NodeStatus::Failed => Some((Kind::Failed, reason())),
            _ if record.quarantine.is_some() => Some((Kind::Quarantined, reason())),
            _ if !stuck.is_empty() => Some((Kind::Stuck, stuck)),
            _ if offline => Some((Kind::Offline, "its heartbeat is late".to_owned())),
            NodeStatus::Inadequate => Some((Kind::Inadequate, reason())),
            NodeStatus::Candidate => Some((Kind::Candidate, reason())),
            _ => ends.map(|ends| (Kind::CertificateEnds, ends.to_owned())),
        }
    }
}
