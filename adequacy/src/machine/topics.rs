//! What the warnings of an inventory speak of, by their probes, subjects and words.

use muster_model::{Section, Warning};

/// Under which probe and subject discovery warns of what a fact is read from, where that is named otherwise
/// than the fact.
pub(super) fn sources(section: Section, field: &str) -> &'static [(&'static str, &'static str)] {
    match (section, field) {
        (Section::Host, "machine_id") => &[("host", "machine-id")],
        // One probe reads all that the firmware says of the machine.
        (Section::Board | Section::Chassis | Section::Bios, _) => {
            &[("system", "system"), ("system", "smbios")]
        }
        (Section::Cpu, "flags" | "virtualization") => &[("cpu", "cpuinfo")],
        (Section::Cpu, "sockets" | "cores" | "threads" | "online_threads") => {
            &[("cpu", "topology"), ("cpu", "cpu0")]
        }
        (Section::Memory, "total_bytes" | "available_bytes" | "swap_total_bytes") => {
            &[("memory", "meminfo")]
        }
        // Another root has disks and interfaces in its files, but not what only a kernel answers of them.
        (Section::Network, "addresses") => &[("network", "addresses"), ("source", "root")],
        (Section::Disks, "health.status")
        | (Section::Filesystems, "size_bytes" | "available_bytes") => &[("source", "root")],
        (Section::Memory, "ecc.kind" | "slots" | "max_capacity_bytes") => &[("memory", "modules")],
        _ => &[],
    }
}

/// Whether a warning is of some fields only, and `field` (a path in its section or device) is none of
/// them.
pub(super) fn is_of_other_fields(warning: &Warning, field: &str) -> bool {
    let concerns = |names: &[&str]| {
        let mut parts = field.split(['.', '[']);
        parts.any(|part| names.contains(&part))
    };
    let message = warning.message.as_str();
    let mut topics = TOPICS.iter();
    let topic =
        topics.find(|(probe, begin, _)| warning.probe == *probe && message.starts_with(begin));
    match (topic, listed(message)) {
        (Some((_, _, names)), _) => !concerns(names),
        (None, Some(names)) => !concerns(&names),
        (None, None) => false,
    }
}

/// What the warning of a probe on all that it found begins with, where it is of some of the facts only.
const TOPICS: [(&str, &str, &[&str]); 8] = [
    (
        "disks",
        "health, and what is on disks",
        &[
            "health",
            "partitions",
            "filesystem",
            "available",
            "unavailable_reasons",
        ],
    ),
    (
        "disks",
        "whether disks are free",
        &[
            "available",
            "unavailable_reasons",
            "holders",
            "mount_points",
        ],
    ),
    ("gpus", "memory of NVIDIA GPUs", &["memory_bytes", "uuid"]),
    ("network", "LLDP: ", &["neighbour"]),
    (
        "pci",
        "part and serial numbers of network cards",
        &["part_number", "serial"],
    ),
    (
        "bmc",
        "firmware and addresses",
        &["firmware", "mac", "ipv4", "ipv6"],
    ),
    ("bmc", "addresses", &["mac", "ipv4", "ipv6"]),
    (
        "watchdogs",
        "identity, timeout and state",
        &["identity", "timeout_s", "active"],
    ),
];

/// The fields that a message lists before its cause: `serial, asset_tag: permission denied`, `ethtool:
/// wake_on_lan, transceiver: permission denied`.
fn listed(message: &str) -> Option<Vec<&str>> {
    const FIELDS: [&str; 16] = [
        "vendor",
        "product",
        "version",
        "serial",
        "uuid",
        "sku",
        "family",
        "asset_tag",
        "date",
        "locator",
        "bank",
        "manufacturer",
        "part_number",
        "mac",
        "wake_on_lan",
        "transceiver",
    ];
    let (before, _cause) = message.rsplit_once(": ")?;
    let mut parts = before.split(": ").map(|part| part.split(", "));
    let list = parts.find(|names| names.clone().all(|name| FIELDS.contains(&name)));
    list.map(Iterator::collect)
}

#[cfg(test)]
mod tests {
    use muster_model::WarningKind;

    use super::*;

    #[test]
    fn what_is_of_some_fields_explains_no_other() {
        let explains = |probe: &str, message: &str, field: &str| {
            let warning = Warning {
                probe: probe.to_owned(),
                subject: probe.to_owned(),
                kind: WarningKind::Denied,
                message: message.to_owned(),
                incomplete: None,
            };
            !is_of_other_fields(&warning, field)
        };
        let ethtool = "ethtool: wake_on_lan, transceiver: permission denied; it takes CAP_NET_ADMIN: run as root";
        assert!(explains("network", ethtool, "wake_on_lan"));
        assert!(explains("network", ethtool, "transceiver.vendor"));
        assert!(!explains("network", ethtool, "speed_mbps"));
        let more = "ethtool: wake_on_lan, driver and link settings: permission denied";
        assert!(explains("network", more, "speed_mbps"));
        let health =
            "health, and what is on disks that udev has not read, are unknown: permission denied";
        assert!(explains("disks", health, "health.status"));
        assert!(explains("disks", health, "available"));
        assert!(!explains("disks", health, "numa_node"));
        assert!(!explains("disks", health, "disks"));
        let firmware = "vendor: the firmware has only a placeholder: Default string";
        assert!(explains("bios", firmware, "vendor"));
        assert!(!explains("bios", firmware, "date"));
        assert!(explains(
            "listeners",
            "proc/net/tcp: not there",
            "listeners"
        ));
        assert!(explains(
            "bmc",
            "whether there is one is unknown: no tables",
            "present"
        ));
        assert!(!explains(
            "bmc",
            "firmware and addresses: timed out",
            "interface"
        ));
    }
}
