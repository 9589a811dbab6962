//! Nodes for the tables of the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use muster_model::{NodeStatus, Role};
use muster_proto::v1;

use super::{Picture, Seen};
use crate::record::{NodeRecord, Taint, TaintEffect};

pub(super) const NOW: i64 = 1_790_000_000_000;
pub(super) const GIB: u64 = 1 << 30;

pub(super) fn picture(nodes: Vec<Seen>) -> Picture {
    Picture::new(nodes)
}

pub(super) fn control(name: &str, status: NodeStatus) -> Seen {
    seen(name, status, Role::Control)
}

/// One that is active and empty, with 16 GiB of which 10 are free.
pub(super) fn worker(name: &str) -> Seen {
    seen(name, NodeStatus::Active, Role::Worker)
}

/// Heard just now, and empty.
pub(super) fn seen(name: &str, status: NodeStatus, role: Role) -> Seen {
    Seen {
        record: Arc::new(record(name, status, role)),
        heard_unix_ms: Some(NOW),
        is_online: true,
        gauges: Some(v1::Gauges {
            memory_total_bytes: Some(16 * GIB),
            memory_used_bytes: Some(6 * GIB),
            ..Default::default()
        }),
        report: Some(v1::NodeReport {
            workloads: Some(0),
            workload_summary: Some(v1::WorkloadSummary::default()),
            ..Default::default()
        }),
    }
}

impl Seen {
    pub(super) fn runs(mut self, summary: v1::WorkloadSummary) -> Self {
        let report = self.report.get_or_insert_default();
        report.workloads = None;
        report.workload_summary = Some(summary);
        self
    }

    pub(super) fn is(mut self, edit: impl FnOnce(&mut NodeRecord)) -> Self {
        edit(Arc::make_mut(&mut self.record));
        self
    }

    pub(super) fn tainted(self, effect: TaintEffect) -> Self {
        let taint = Taint {
            value: String::new(),
            effect,
        };
        self.is(|record| {
            record.taints.insert("dedicated".to_owned(), taint);
        })
    }

    pub(super) fn with(mut self, edit: impl FnOnce(&mut Self)) -> Self {
        edit(&mut self);
        self
    }
}

/// Two machines with 8 GiB together.
pub(super) fn two_machines() -> v1::WorkloadSummary {
    v1::WorkloadSummary {
        machines: 2,
        memory_bytes: 8 * GIB,
        ..Default::default()
    }
}

fn record(name: &str, status: NodeStatus, role: Role) -> NodeRecord {
    NodeRecord {
        id: name.to_owned(),
        name: name.to_owned(),
        description: String::new(),
        hostname: None,
        address: None,
        machine_id: None,
        fingerprint: String::new(),
        macs: BTreeSet::new(),
        status,
        reason: "because".to_owned(),
        quarantine: None,
        drains: false,
        status_since: NOW,
        role: Some(role),
        public_key: String::new(),
        token: None,
        certificate_serial: Some("4a".to_owned()),
        root: None,
        succession: crate::succession::Succession::default(),
        epoch: 1,
        generation: 1,
        inventory_digest: None,
        tags: BTreeSet::new(),
        labels: BTreeMap::new(),
        taints: BTreeMap::new(),
        agent_version: String::new(),
        revision: 1,
    }
}
