//! What a machine says of itself when it asks: checked, and as the beginning of its record.

use std::collections::BTreeSet;

use muster_model::network::InterfaceKind;
use muster_model::{INVENTORY_SCHEMA, Inventory, NodeStatus};
use muster_proto::v1;

use super::AdmissionError;
use crate::hex::hex;
use crate::record::{NodeRecord, Taint, TaintEffect, UnixMs};

/// The inventory that came with the request.
pub(super) fn inventory(asked: &v1::EnrollRequest) -> Result<Inventory, AdmissionError> {
    let field = |problem: String| AdmissionError::Field {
        field: "inventory",
        problem,
    };
    let document = asked
        .inventory
        .as_ref()
        .ok_or_else(|| field("it is missing".to_owned()))?;
    let json = document
        .unpack(INVENTORY_SCHEMA)
        .map_err(|error| field(error.to_string()))?;
    Inventory::from_json(&json).map_err(|error| field(error.to_string()))
}

/// The record of a machine that asks for the first time, before anything is decided.
pub(super) fn record(
    asked: &v1::EnrollRequest,
    inventory: &Inventory,
    now: UnixMs,
) -> Result<NodeRecord, AdmissionError> {
    let name = match asked.name.as_str() {
        "" => inventory.host.hostname.as_deref().unwrap_or_default(),
        name => name,
    };
    let mut record = NodeRecord {
        id: node_id(&asked.node_id)?,
        name: bounded("name", name)?,
        description: String::new(),
        hostname: None,
        address: None,
        machine_id: None,
        fingerprint: String::new(),
        macs: BTreeSet::new(),
        status: NodeStatus::Candidate,
        reason: String::new(),
        quarantine: None,
        status_since: now,
        role: None,
        public_key: String::new(),
        token: None,
        certificate_serial: None,
        succession: crate::succession::Succession::default(),
        root: None,
        epoch: 1,
        generation: 1,
        inventory_digest: None,
        tags: BTreeSet::new(),
        labels: asked.labels.clone().into_iter().collect(),
        taints: asked.taints.iter().map(taint).collect::<Result<_, _>>()?,
        drains: false,
        agent_version: bounded("agent version", &asked.agent_version)?,
        revision: 0,
    };
    describe(&mut record, asked, inventory);
    Ok(record)
}

/// Takes over what identifies the machine as it is now.
pub(super) fn describe(record: &mut NodeRecord, asked: &v1::EnrollRequest, inventory: &Inventory) {
    let interfaces = inventory.network.iter();
    let physical = interfaces.filter(|interface| interface.kind == Some(InterfaceKind::Physical));
    record.hostname.clone_from(&inventory.host.hostname);
    record.machine_id.clone_from(&inventory.host.machine_id);
    record.fingerprint = hex(&asked.hardware_fingerprint);
    record.macs = physical
        .filter_map(|interface| interface.permanent_mac.clone())
        .collect();
    record.inventory_digest = digest(asked);
}

/// Of the inventory that came with the request, as hex.
pub(super) fn digest(asked: &v1::EnrollRequest) -> Option<String> {
    let document = asked.inventory.as_ref();
    document.map(|document| hex(&document.digest))
}

/// 32 hexadecimal digits.
fn node_id(text: &str) -> Result<String, AdmissionError> {
    let fits = |letter: char| letter.is_ascii_digit() || ('a'..='f').contains(&letter);
    if text.len() == 32 && text.chars().all(fits) {
        return Ok(text.to_owned());
    }
    Err(AdmissionError::Field {
        field: "node id",
        problem: "it has to be 32 lower-case hexadecimal digits".to_owned(),
    })
}

/// A text that fits on a line.
fn bounded(field: &'static str, text: &str) -> Result<String, AdmissionError> {
    const LONGEST: usize = 253;
    let problem = if text.is_empty() {
        "it is empty".to_owned()
    } else if text.len() > LONGEST || text.chars().any(char::is_control) {
        format!("it has to be at most {LONGEST} bytes without control characters")
    } else {
        return Ok(text.to_owned());
    };
    Err(AdmissionError::Field { field, problem })
}

fn taint(taint: &v1::Taint) -> Result<(String, Taint), AdmissionError> {
    let effect = TaintEffect::from_key(&taint.effect).ok_or_else(|| AdmissionError::Field {
        field: "taint",
        problem: format!(
            "{:?} is no effect: NoSchedule, PreferNoSchedule or NoExecute",
            taint.effect
        ),
    })?;
    let key = bounded("taint", &taint.key)?;
    let value = taint.value.clone();
    Ok((key, Taint { value, effect }))
}
