//! What programs read: the fields of `-o json` and `-o yaml`. docs/controller.md lists them; they are added to, not
//! renamed. What is not known is null.

use std::collections::BTreeMap;

use muster_model::{NodeStatus, Role};
use muster_proto::v1;
use serde::Serialize;

use super::cells::{at, known_role, known_status};

/// A node.
#[derive(Debug, Serialize)]
pub(super) struct Node<'a> {
    id: &'a str,
    name: &'a str,
    description: Option<&'a str>,
    hostname: Option<&'a str>,
    address: Option<&'a str>,
    /// Null: of a later version of the controller.
    status: Option<&'static str>,
    reason: Option<&'a str>,
    status_since: Option<String>,
    stuck: Option<&'a str>,
    quarantine: Option<&'a str>,
    role: Option<&'static str>,
    offline: bool,
    /// Null: it has no certificate, or it is not known.
    certificate_ends_at: Option<String>,
    certificate_warning: Option<&'a str>,
    heard_at: Option<String>,
    cpu_percent: Option<f64>,
    memory_used_bytes: Option<u64>,
    memory_total_bytes: Option<u64>,
    network_received_bytes_per_s: Option<u64>,
    network_transmitted_bytes_per_s: Option<u64>,
    load_1m: Option<f64>,
    tags: &'a [String],
    labels: BTreeMap<&'a str, &'a str>,
    taints: Vec<Taint<'a>>,
    agent_version: Option<&'a str>,
    /// Null: not known.
    workloads: Option<Workloads>,
    revision: u64,
}

/// What ran on a node when it was heard last, beside its own services.
#[derive(Debug, Serialize)]
struct Workloads {
    machines: u32,
    containers: u32,
    pods: u32,
    memory_bytes: u64,
    with_passed_through_gpu: u32,
}

impl From<v1::WorkloadSummary> for Workloads {
    fn from(summary: v1::WorkloadSummary) -> Self {
        Self {
            machines: summary.machines,
            containers: summary.containers,
            pods: summary.pods,
            memory_bytes: summary.memory_bytes,
            with_passed_through_gpu: summary.with_passed_through_gpu,
        }
    }
}

/// A taint of a node.
#[derive(Debug, Serialize)]
struct Taint<'a> {
    key: &'a str,
    value: &'a str,
    effect: &'a str,
}

impl<'a> From<&'a v1::Taint> for Taint<'a> {
    fn from(taint: &'a v1::Taint) -> Self {
        Self {
            key: &taint.key,
            value: &taint.value,
            effect: &taint.effect,
        }
    }
}

impl<'a> From<&'a v1::NodeRecord> for Node<'a> {
    fn from(node: &'a v1::NodeRecord) -> Self {
        let gauges = node.gauges.unwrap_or_default();
        Self {
            id: &node.id,
            name: &node.name,
            description: known(&node.description),
            hostname: known(&node.hostname),
            address: known(&node.address),
            status: known_status(node.status).map(NodeStatus::key),
            reason: known(&node.reason),
            status_since: at(node.status_since_unix_ms),
            stuck: known(&node.stuck),
            quarantine: known(&node.quarantine),
            role: known_role(node.role).map(Role::key),
            offline: node.offline,
            certificate_ends_at: node.certificate_ends_unix_ms.and_then(at),
            certificate_warning: known(&node.certificate_warning),
            heard_at: node.heard_unix_ms.and_then(at),
            cpu_percent: gauges.cpu_percent,
            memory_used_bytes: gauges.memory_used_bytes,
            memory_total_bytes: gauges.memory_total_bytes,
            network_received_bytes_per_s: gauges.network_received_bytes_per_s,
            network_transmitted_bytes_per_s: gauges.network_transmitted_bytes_per_s,
            load_1m: gauges.load_1m,
            tags: &node.tags,
            labels: pairs(&node.labels),
            taints: node.taints.iter().map(Taint::from).collect(),
            agent_version: known(&node.agent_version),
            workloads: node.workloads.map(Workloads::from),
            revision: node.revision,
        }
    }
}

/// A line of `nodes list --watch`.
#[derive(Debug, Serialize)]
pub(super) struct NodeChange<'a> {
    /// `reset`, `node`, `gone` or `synced`.
    pub(super) change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) node: Option<Node<'a>>,
}

/// A node that is not shown any more.
#[derive(Debug, Serialize)]
pub(super) struct GoneNode<'a> {
    /// Always `gone`.
    pub(super) change: &'static str,
    pub(super) id: &'a str,
}

/// A join token without its secret.
#[derive(Debug, Serialize)]
pub(super) struct Token<'a> {
    id: &'a str,
    /// Null: any.
    role: Option<&'static str>,
    created_at: Option<String>,
    expires_at: Option<String>,
    uses_left: u32,
    /// Null: any.
    name: Option<&'a str>,
    labels: BTreeMap<&'a str, &'a str>,
    taints: Vec<Taint<'a>>,
    revoked: bool,
    auto_accept: bool,
}

impl<'a> From<&'a v1::TokenRecord> for Token<'a> {
    fn from(token: &'a v1::TokenRecord) -> Self {
        Self {
            id: &token.id,
            role: known_role(token.role).map(Role::key),
            created_at: at(token.created_unix_ms),
            expires_at: at(token.expires_unix_ms),
            uses_left: token.uses_left,
            name: known(&token.name),
            labels: pairs(&token.labels),
            taints: token.taints.iter().map(Taint::from).collect(),
            revoked: token.revoked,
            auto_accept: token.auto_accept,
        }
    }
}

/// A join token with its secret, this once.
#[derive(Debug, Serialize)]
pub(super) struct CreatedToken<'a> {
    pub(super) token: &'a str,
    pub(super) record: Token<'a>,
}

/// The one line that makes a machine a node; it has the join token's secret.
#[derive(Debug, Serialize)]
pub(super) struct ImportCommand<'a> {
    pub(super) command: &'a str,
    /// Where the machine asks, `HOST:PORT`.
    pub(super) controller: &'a str,
    pub(super) root_sha256: &'a str,
    /// The files that the controller has for machines.
    pub(super) packages: Vec<&'a str>,
    pub(super) record: Token<'a>,
}

/// An event of a node.
#[derive(Debug, Serialize)]
pub(super) struct Event<'a> {
    /// The node's id and name, where events of several nodes are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    sequence: u64,
    at: Option<String>,
    kind: &'a str,
    message: &'a str,
    /// Null: the controller saw it, not the node.
    spool_sequence: Option<u64>,
}

impl<'a> From<&'a v1::Event> for Event<'a> {
    fn from(event: &'a v1::Event) -> Self {
        Self {
            node: None,
            name: None,
            sequence: event.sequence,
            at: at(event.at_unix_ms),
            kind: &event.kind,
            message: &event.message,
            spool_sequence: event.spool_sequence,
        }
    }
}

impl<'a> Event<'a> {
    /// Of the node that is named.
    pub(super) fn of(node: &'a str, name: &'a str, event: &'a v1::Event) -> Self {
        Self {
            node: Some(node),
            name: Some(name),
            ..Self::from(event)
        }
    }
}

/// The cluster as a whole.
#[derive(Debug, Serialize)]
pub(super) struct Cluster<'a> {
    nodes: u32,
    control_nodes: u32,
    tolerated_failures: u32,
    offline: u32,
    statuses: BTreeMap<&'static str, u32>,
    attention: Vec<Attention<'a>>,
    attention_total: u32,
    advice: &'a [String],
    version: Option<&'a str>,
}

/// A node that needs somebody.
#[derive(Debug, Serialize)]
struct Attention<'a> {
    kind: String,
    node: &'a str,
    name: &'a str,
    reason: &'a str,
}

impl<'a> From<&'a v1::GetClusterResponse> for Cluster<'a> {
    fn from(cluster: &'a v1::GetClusterResponse) -> Self {
        let statuses = cluster.counts.iter().map(|count| {
            let status = known_status(count.status).map_or("unknown", NodeStatus::key);
            (status, count.nodes)
        });
        let attention = cluster.attention.iter().map(|one| Attention {
            kind: attention_kind(one),
            node: &one.node,
            name: &one.name,
            reason: &one.reason,
        });
        Self {
            nodes: cluster.nodes,
            control_nodes: cluster.control_nodes,
            tolerated_failures: cluster.tolerated_failures,
            offline: cluster.offline,
            statuses: statuses.collect(),
            attention: attention.collect(),
            attention_total: cluster.attention_total,
            advice: &cluster.advice,
            version: known(&cluster.version),
        }
    }
}

/// `certificate_ends`; `unspecified` for a kind of a later version.
pub(super) fn attention_kind(one: &v1::Attention) -> String {
    let name = one.kind().as_str_name();
    name.strip_prefix("KIND_").unwrap_or(name).to_lowercase()
}

fn known(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn pairs(map: &std::collections::HashMap<String, String>) -> BTreeMap<&str, &str> {
    let pairs = map.iter();
    pairs
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect()
}
