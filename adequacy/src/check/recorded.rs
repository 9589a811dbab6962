//! Checks of devices on a machine that was recorded.

use serde_json::Value;

use super::Outcome::{self, Fail, Pass, Undetermined};
use super::testing::judged;

/// The emulated server of the lab: seven disks, of which one is free, a bond of two links, two NUMA
/// nodes, a management controller without a network.
const METAL: &str = include_str!("../../../tests/fixtures/emulated-metal.json");

#[test]
fn the_emulated_server() {
    let cases: &[(&str, &str, Outcome, Option<&str>)] = &[
        ("disks", "{ at_least = 7 }", Pass, Some("7")),
        (
            "disks",
            "{ at_least = 2, available = true }",
            Fail,
            Some("1"),
        ),
        (
            "disks",
            r#"{ at_least = 2, transport = ["sas"], rotational = true }"#,
            Fail,
            Some("1"),
        ),
        (
            "disk_health",
            "{}",
            Pass,
            Some("2 healthy, 5 without health data"),
        ),
        (
            "boot_disk_separate",
            "{}",
            Pass,
            Some("system on vda; besides nvme0n1"),
        ),
        (
            "network_links",
            "{ at_least = 4, carrier = true }",
            Pass,
            Some("4"),
        ),
        // A virtual link does not tell its speed.
        (
            "network_links",
            r#"{ at_least = 4, speed_at_least = "100 Mb/s" }"#,
            Undetermined,
            Some("3"),
        ),
        (
            "network_drivers",
            r#"{ deny = ["8139cp"] }"#,
            Fail,
            Some("8139cp"),
        ),
        (
            "network_bonds",
            "{}",
            Pass,
            Some("bond0: enp5s0 1 Gb/s, enp6s0 1 Gb/s"),
        ),
        (
            "pci_present",
            r#"{ any_of = ["class:0108"] }"#,
            Pass,
            Some("1"),
        ),
        (
            "pci_forbidden",
            r#"{ any_of = ["8086:10d3"] }"#,
            Fail,
            Some("0000:05:00.0"),
        ),
        // The ports above the cards are wider.
        ("pci_full_link", "{}", Pass, Some("all 6")),
        (
            "pci_full_link",
            r#"{ any_of = ["class:0604"] }"#,
            Fail,
            Some(
                "0000:00:01.0 x1 at 2.5 GT/s, 0000:00:02.0 x1 at 2.5 GT/s, \
                 0000:00:04.0 x1 at 2.5 GT/s, 0000:00:05.0 x1 at 2.5 GT/s, \
                 0000:00:06.0 x1 at 2.5 GT/s, 0000:80:00.0 x1 at 2.5 GT/s",
            ),
        ),
        ("gpus", "{ at_least = 1 }", Fail, Some("0")),
        ("bmc", "{}", Undetermined, None),
        (
            "free_space",
            r#"{ mount = "/srv/data/x", percent_at_least = 90 }"#,
            Pass,
            Some("159 MiB of 173 MiB free, 92 %"),
        ),
    ];
    let metal: Value = serde_json::from_str(METAL).unwrap();
    for (name, parameters, outcome, actual) in cases {
        let finding = judged(name, parameters, metal.clone());
        assert_eq!(
            finding.outcome, *outcome,
            "{name} {parameters}: {finding:?}"
        );
        assert_eq!(finding.actual.as_deref(), *actual, "{name} {parameters}");
    }
}

/// A virtual machine of the same lab, asked by an ordinary user.
const AS_NOBODY: &str = include_str!("../../../tests/fixtures/small-vm-as-nobody.json");

/// Each fact is unknown for its own reason, or for none that anybody told.
#[test]
fn reasons_are_those_of_the_fact() {
    let cases = [
        (
            "network_links",
            r#"{ at_least = 1, speed_at_least = "1 Gb/s" }"#,
            "network[eth0].speed_mbps is unknown: the machine does not say",
        ),
        (
            "memory_symmetric",
            "{}",
            "memory.modules is unknown: slots and modules are unknown: this machine has no SMBIOS",
        ),
    ];
    let machine: Value = serde_json::from_str(AS_NOBODY).unwrap();
    for (name, parameters, reason) in cases {
        let finding = judged(name, parameters, machine.clone());
        assert!(
            finding.reasons.iter().any(|told| told.starts_with(reason)),
            "{name}: {finding:?}"
        );
    }
}
