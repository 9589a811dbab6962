//! The cluster as it is seen in one moment.

use std::sync::Arc;

use muster_model::{NodeStatus, Role};
use muster_proto::v1;

use crate::record::{NodeRecord, TaintEffect, UnixMs};

/// A node as it is seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What is stored of it.
    pub record: Arc<NodeRecord>,
    /// When it was heard last; none when that was before the controller started, or never.
    pub heard_unix_ms: Option<UnixMs>,
    /// Its heartbeats come.
    pub is_online: bool,
    /// How busy it said it is.
    pub gauges: Option<v1::Gauges>,
    /// What it said of itself.
    pub report: Option<v1::NodeReport>,
}

impl Seen {
    /// Whether it belongs to the cluster.
    pub fn is_member(&self) -> bool {
        use NodeStatus::{Candidate, Inadequate, Out, Rejected};
        !matches!(self.record.status, Candidate | Inadequate | Rejected | Out)
    }

    /// Whether it does what it is for.
    pub fn works(&self) -> bool {
        self.record.status == NodeStatus::Active && self.is_online
    }

    /// Whether it is for control.
    pub fn is_control(&self) -> bool {
        self.record.role == Some(Role::Control)
    }

    /// Whether it may be given workloads.
    pub(super) fn takes_workloads(&self) -> bool {
        let mut taints = self.record.taints.values();
        let is_kept_free = taints.any(|taint| taint.effect != TaintEffect::PreferNoSchedule);
        self.works() && !is_kept_free
    }

    /// Memory that nothing uses; none when that is not known.
    pub(super) fn free_memory_bytes(&self) -> Option<u64> {
        let gauges = self.gauges.as_ref()?;
        let total = gauges.memory_total_bytes?;
        Some(total.saturating_sub(gauges.memory_used_bytes?))
    }
}

/// All nodes of the cluster in one moment.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    nodes: Vec<Seen>,
}

impl Picture {
    /// Of these nodes.
    pub fn new(nodes: Vec<Seen>) -> Self {
        Self { nodes }
    }

    /// The nodes that belong to the cluster.
    pub fn members(&self) -> impl Iterator<Item = &Seen> {
        self.nodes.iter().filter(|seen| seen.is_member())
    }

    /// The same without one.
    pub(super) fn others<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Seen> {
        self.members().filter(move |seen| seen.record.id != id)
    }

    /// The node of that id.
    pub fn node(&self, id: &str) -> Option<&Seen> {
        self.nodes.iter().find(|seen| seen.record.id == id)
    }
}

/// Names of nodes, the first of them if they are many.
pub(super) fn named<'a>(nodes: impl Iterator<Item = &'a Seen>) -> String {
    const MOST: usize = 3;
    let mut names: Vec<&str> = nodes.map(|seen| seen.record.name.as_str()).collect();
    names.sort_unstable();
    let more = names.len().saturating_sub(MOST);
    names.truncate(MOST);
    match more {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}
