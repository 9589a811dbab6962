//! No check may take a list for all that there is when discovery says that it may lack something.

use muster_model::{Inventory, Warning, WarningKind};

use super::testing::made;
use super::{Finding, Outcome};
use crate::machine::Machine;

const METAL: &[u8] = include_bytes!("../../../tests/fixtures/emulated-metal.json");

/// A check with parameters that a complete list decides, and the list.
const CASES: &[(&str, &str, &str)] = &[
    ("network", "network_links", "{ at_least = 1 }"),
    ("network", "network_links", "{ at_least = 64 }"),
    ("network", "network_drivers", r#"{ deny = ["none"] }"#),
    ("network", "network_drivers", r#"{ allow = ["none"] }"#),
    ("network", "network_bonds", "{}"),
    ("disks", "disks", "{ at_least = 1 }"),
    ("disks", "disks", "{ at_least = 64 }"),
    ("disks", "boot_disk_separate", "{}"),
    ("pci", "pci_present", r#"{ any_of = ["8086:*"] }"#),
    ("pci", "pci_present", r#"{ any_of = ["10de:*"] }"#),
    ("pci", "pci_forbidden", r#"{ any_of = ["10de:*"] }"#),
    ("gpus", "gpus", "{ at_least = 1 }"),
    (
        "filesystems",
        "free_space",
        r#"{ mount = "/", at_least = "1 MiB" }"#,
    ),
    ("numa", "memory_numa_balanced", "{ within = 50 }"),
    ("memory.modules", "memory_symmetric", "{}"),
];

fn judge(check: &str, parameters: &str, machine: &Inventory) -> Finding {
    made(check, parameters).judge(&Machine::new(machine))
}

#[test]
fn what_may_lack_something_decides_nothing() {
    let complete = Inventory::from_json(METAL).unwrap();
    for (list, check, parameters) in CASES {
        let decided = judge(check, parameters, &complete);
        assert_ne!(
            decided.outcome,
            Outcome::Undetermined,
            "{check}: {decided:?}"
        );
        let mut partial = complete.clone();
        let probe = list.split('.').next().unwrap_or(list);
        partial.warnings.push(Warning {
            probe: probe.to_owned(),
            subject: "some file".to_owned(),
            kind: WarningKind::Malformed,
            message: "2 of them are left out".to_owned(),
            incomplete: Some((*list).to_owned()),
        });
        let found = judge(check, parameters, &partial);
        assert_eq!(
            found.outcome,
            Outcome::Undetermined,
            "{check} {parameters}: {found:?}"
        );
        let reasons = found.reasons.join("; ");
        assert!(
            reasons.contains("2 of them are left out"),
            "{check}: {reasons}"
        );
    }
}
