//! Who has the same identity already.

use muster_model::NodeStatus;

use super::Admission;
use crate::record::NodeRecord;

impl Admission {
    /// Who has the same identity already, in words. The newcomer is told; the live node is left alone.
    pub(super) fn twin(&self, new: &NodeRecord) -> Option<String> {
        self.fleet.nodes().into_iter().find_map(|(other, _)| {
            if other.status == NodeStatus::Out {
                return None;
            }
            let same = [
                (
                    "machine id",
                    new.machine_id.is_some() && other.machine_id == new.machine_id,
                ),
                (
                    "hardware fingerprint",
                    !new.fingerprint.is_empty() && other.fingerprint == new.fingerprint,
                ),
                ("name", other.name == new.name),
                ("MAC address", !other.macs.is_disjoint(&new.macs)),
            ];
            let (what, _) = same.into_iter().find(|(_, same)| *same)?;
            Some(format!(
                "same {what} as the node {} ({})",
                other.name, other.id
            ))
        })
    }
}
