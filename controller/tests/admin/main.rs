//! What administrators see and change, over the real socket.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

mod cluster;
mod edits;
#[path = "../lab/mod.rs"]
mod lab;
mod lists;
mod watches;

use muster_controller::record::NodeRecord;
use muster_proto::v1;

pub(crate) fn names(nodes: &[v1::NodeRecord]) -> Vec<String> {
    nodes.iter().map(|node| node.name.clone()).collect()
}

pub(crate) fn id(number: usize) -> String {
    format!("{number:032x}")
}

pub(crate) fn gauges(number: usize) -> v1::Gauges {
    v1::Gauges {
        cpu_percent: Some(f64::from(u32::try_from(number).unwrap())),
        ..Default::default()
    }
}

pub(crate) fn record(number: usize) -> NodeRecord {
    let record = serde_json::json!({
        "id": id(number), "name": format!("node-{number}"), "description": "", "fingerprint": "", "macs": [],
        "status": "candidate", "reason": "", "status_since": 1_790_000_000_000_i64, "role": "worker",
        "public_key": "", "epoch": 1, "generation": 1, "tags": [], "labels": {}, "taints": {},
        "agent_version": "0.1.0", "revision": 0,
    });
    serde_json::from_value(record).unwrap()
}
