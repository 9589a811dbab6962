//! Machines of very many devices: no sentence names them all.

use serde_json::{Value, json};

use super::kinds;
use super::testing::{inventory, made};
use crate::machine::Machine;

const DEVICES: usize = 4096;

fn many(device: impl Fn(usize) -> Value) -> Vec<Value> {
    (0..DEVICES).map(device).collect()
}

/// Nothing of it will do, and each device lacks something else.
fn machine() -> Value {
    json!({
        "host": {}, "cpu": {}, "memory": {},
        "numa": many(|id| json!({"id": id, "cpus": "0", "memory_total_bytes": id})),
        "network": many(|n| json!({
            "name": format!("eth{n}"), "kind": "physical", "driver": format!("r{n}"),
            "speed_mbps": n % 1000, "carrier": true, "admin_state": "up",
            "bond": {"members": ["eth0", "eth1", "eth2"]},
        })),
        "disks": many(|n| json!({"name": format!("sd{n}"), "size_bytes": n << 30,
            "health": {"status": "failing"}, "unavailable_reasons": ["is removable"]})),
        "filesystems": [],
        "pci": many(|n| json!({"slot": format!("{n:04x}:00:00.0"), "vendor_id": "8086",
            "device_id": "10d3", "class_code": "0b4000",
            "link": {"width": 1, "max_width": 16, "speed_gts": 1.0, "max_speed_gts": 2.0}})),
        "gpus": many(|n| json!({"pci_slot": format!("{n:04x}:00:00.0"), "vendor": "NVIDIA",
            "memory_bytes": n, "driver": "nvidia"})),
        "listeners": many(|n| json!({"protocol": "tcp", "address": format!("::{n:x}"), "port": 6443})),
        "services": many(|_| json!({"name": "docker.service", "enabled": true, "masked": false})),
    })
}

#[test]
fn no_sentence_names_them_all() {
    let inventory = inventory(machine());
    let judged = |name: &str, parameters: &str| {
        let finding = made(name, parameters).judge(&Machine::new(&inventory));
        let texts = finding.actual.iter().chain(&finding.reasons);
        let length = texts.map(String::len).max().unwrap_or_default();
        assert!(length < 1000, "{name} {parameters}: {length} bytes");
        finding.devices.len()
    };
    for kind in kinds() {
        judged(kind.name, kind.example);
    }
    // The list of devices has them all.
    assert_eq!(judged("pci_full_link", "{}"), DEVICES);
    let large = "{ at_least = 5000, memory_at_least = \"1 TiB\" }";
    assert_eq!(judged("gpus", large), DEVICES);
}
