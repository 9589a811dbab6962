//! Records as they are on the wire.

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_proto::v1;

use super::Service;
use crate::fleet::Heard;
use crate::record::{NodeRecord, Taint};
use crate::rules;

impl Service {
    pub(super) fn shown(&self, record: &NodeRecord, heard: Option<&Heard>) -> v1::NodeRecord {
        let fleet = &self.services.fleet;
        let certificate = record.succession.term;
        let report = heard.and_then(|heard| heard.report.as_ref());
        v1::NodeRecord {
            id: record.id.clone(),
            name: record.name.clone(),
            description: record.description.clone(),
            hostname: record.hostname.clone().unwrap_or_default(),
            address: record.address.clone().unwrap_or_default(),
            status: v1::NodeStatus::from(record.status).into(),
            reason: record.reason.clone(),
            status_since_unix_ms: record.status_since,
            role: record
                .role
                .map_or(v1::Role::Unspecified, v1::Role::from)
                .into(),
            offline: fleet.is_offline(record, heard),
            heard_unix_ms: heard.map(|heard| heard.at_unix_ms),
            gauges: heard.and_then(|heard| heard.gauges),
            tags: record.tags.iter().cloned().collect(),
            labels: record.labels.clone().into_iter().collect(),
            taints: shown_taints(&record.taints),
            agent_version: record.agent_version.clone(),
            revision: record.revision,
            stuck: self.stuck(record, heard),
            quarantine: record.quarantine.clone().unwrap_or_default(),
            certificate_ends_unix_ms: certificate.map(|term| term.ends),
            certificate_warning: record
                .certificate_warning(fleet.now())
                .unwrap_or_default()
                .to_owned(),
            workloads: report.and_then(|report| report.workload_summary),
        }
    }
}

pub(super) fn shown_taints(taints: &BTreeMap<String, Taint>) -> Vec<v1::Taint> {
    let taints = taints.iter().map(|(key, taint)| v1::Taint {
        key: key.clone(),
        value: taint.value.clone(),
        effect: taint.effect.key().to_owned(),
    });
    taints.collect()
}

impl Service {
    /// What keeps a node in its status for longer than is usual; empty when nothing does.
    pub(super) fn stuck(&self, record: &NodeRecord, heard: Option<&Heard>) -> String {
        let fleet = &self.services.fleet;
        let now = fleet.now();
        // Asked of every node, and true of few.
        if !rules::is_overlong(record, now) {
            return String::new();
        }
        let seen = fleet.seen(&Arc::new(record.clone()), heard);
        rules::stuck(&seen, now).unwrap_or_default()
    }
}
