//! What happens to machines, and what is told of it.

mod properties;
mod stable;
mod sweep;

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::*;

const METAL: &[u8] = include_bytes!("../../../tests/fixtures/emulated-metal.json");

fn metal() -> Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_slice(METAL).unwrap());
    DOCUMENT.clone()
}

fn inventory(document: &Value) -> Inventory {
    Inventory::from_json(document.to_string().as_bytes()).unwrap()
}

/// The metal with some places set to other values.
fn changed(changes: &[(&str, Value)]) -> Value {
    let mut document = metal();
    for (place, value) in changes {
        *document.pointer_mut(place).expect(place) = value.clone();
    }
    document
}

fn over_time(before: &Value, after: &Value) -> Comparison {
    compare(&inventory(before), &inventory(after), &Options::default())
}

fn beside(before: &Value, after: &Value) -> Comparison {
    let options = Options {
        relation: Some(Relation::TwoMachines),
        ..Options::default()
    };
    compare(&inventory(before), &inventory(after), &options)
}

fn words(comparison: &Comparison) -> Vec<String> {
    let line = |difference: &Difference| format!("{:?}: {}", difference.weight, difference.words);
    comparison.differences.iter().map(line).collect()
}

fn place(document: &Value, list: &str, key: &str, name: &str) -> usize {
    let list = document[list].as_array().unwrap();
    list.iter().position(|device| device[key] == name).unwrap()
}

/// Places in the document with their values after.
type Edits = Vec<(String, Value)>;
#[test]
fn a_machine_does_not_differ_from_itself() {
    for comparison in [over_time(&metal(), &metal()), beside(&metal(), &metal())] {
        assert_eq!(comparison.differences, []);
        assert_eq!(comparison.unknown, []);
    }
}

#[test]
fn what_happens_to_a_machine_is_told() {
    let document = metal();
    let card = place(&document, "pci", "slot", "0000:05:00.0");
    let disk = place(&document, "disks", "name", "nvme0n1");
    let port = place(&document, "network", "name", "enp5s0");
    let cases: Vec<(Edits, &[&str])> = vec![
        (
            vec![
                ("/memory/modules".into(), json!([])),
                ("/memory/total_bytes".into(), json!(1_000_000_000)),
            ],
            &[
                "Worse: memory went from 1.42 GiB to 954 MiB (501 MiB less)",
                "Worse: DIMM DIMM 0 (1.5 GiB Rambus RB-8G-3200, serial 3C0A1B5A) is gone",
            ],
        ),
        (
            vec![(format!("/network/{port}/speed_mbps"), json!(100))],
            &[
                "Worse: link of interface enp5s0 (Intel Corporation 82574L Gigabit Network Connection) went from 1 Gb/s to 100 Mb/s",
            ],
        ),
        (
            vec![
                (format!("/network/{port}/carrier"), json!(false)),
                (format!("/network/{port}/oper_state"), json!("down")),
                (format!("/network/{port}/speed_mbps"), json!(null)),
                (format!("/network/{port}/duplex"), json!(null)),
            ],
            &[
                "Worse: carrier of interface enp5s0 (Intel Corporation 82574L Gigabit Network Connection) is lost, was there",
            ],
        ),
        (
            vec![(format!("/pci/{card}/link/width"), json!(0))],
            &[
                "Worse: PCIe link of PCI device 0000:05:00.0 (Intel Corporation 82574L Gigabit Network Connection) went from x1 to x0",
            ],
        ),
        (
            vec![
                (format!("/disks/{disk}/health/media_errors"), json!(12)),
                (format!("/disks/{disk}/health/temperature_c"), json!(70)),
                (format!("/disks/{disk}/health/power_on_hours"), json!(70)),
                (format!("/disks/{disk}/health/percentage_used"), json!(81)),
            ],
            &[
                "Worse: used endurance of disk nvme0n1 (QEMU NVMe Ctrl, serial HT-58270) went from 0 % to 81 %",
                "Worse: media errors of disk nvme0n1 (QEMU NVMe Ctrl, serial HT-58270) grew from 0 to 12",
            ],
        ),
        (
            vec![
                (format!("/disks/{disk}/serial"), json!("OTHER")),
                (format!("/disks/{disk}/wwn"), json!("OTHER")),
            ],
            &[
                "Worse: disk nvme0n1 (16 GiB QEMU NVMe Ctrl, serial HT-58270) is gone",
                "Better: disk nvme0n1 (16 GiB QEMU NVMe Ctrl, serial OTHER) is new",
            ],
        ),
        (
            vec![
                (format!("/network/{port}/name"), json!("lan0")),
                ("/network/0/bond/members".into(), json!(["enp6s0", "lan0"])),
            ],
            &[
                "Neutral: interface lan0 (Intel Corporation 82574L Gigabit Network Connection) was named enp5s0",
            ],
        ),
        (
            vec![
                ("/bios/version".into(), json!("4.3")),
                ("/cpu/cores".into(), json!(2)),
                ("/cpu/flags".into(), json!(["aes"])),
                ("/host/boot_id".into(), json!("x")),
                ("/host/hostname".into(), json!("new")),
            ],
            &[
                "Neutral: host name is new, was mvccj",
                "Neutral: BIOS is 4.3, was 4.2.1",
                "Worse: CPU cores went from 4 to 2 (2 fewer)",
                "Worse: CPU features: lost 3dnow, 3dnowext, abm, acpi, adx, apic, arat, avx and 71 more",
            ],
        ),
    ];
    for (changes, expected) in cases {
        let changes: Vec<(&str, Value)> = changes
            .iter()
            .map(|(place, value)| (place.as_str(), value.clone()))
            .collect();
        let comparison = over_time(&document, &changed(&changes));
        assert_eq!(words(&comparison), expected);
        assert_eq!(comparison.unknown, []);
    }
}

#[test]
fn of_two_machines_only_the_hardware_is_compared() {
    let document = metal();
    let disk = place(&document, "disks", "name", "nvme0n1");
    let port = place(&document, "network", "name", "enp5s0");
    let (serial, wwn) = (
        format!("/disks/{disk}/serial"),
        format!("/disks/{disk}/wwn"),
    );
    let mac = format!("/network/{port}/permanent_mac");
    let other = changed(&[
        ("/host/hostname", json!("other")),
        (
            "/host/machine_id",
            json!("00000000000000000000000000000000"),
        ),
        (
            "/system/uuid",
            json!("00000000-0000-0000-0000-000000000000"),
        ),
        ("/system/serial", json!("other")),
        (&serial, json!("OTHER")),
        (&wwn, json!("OTHER")),
        (&mac, json!("52:54:00:00:00:01")),
        ("/memory/modules/0/serial", json!("OTHER")),
        ("/memory/modules/0/speed_mts", json!(2933)),
    ]);
    let comparison = over_time(&document, &other);
    assert_eq!(comparison.relation, Relation::TwoMachines);
    assert_eq!(
        words(&comparison),
        ["Worse: rated speed of DIMM DIMM 0 (Rambus RB-8G-3200): 2933 MT/s instead of 3200 MT/s"]
    );
    let options = Options {
        identities: true,
        ..Options::default()
    };
    let with_identities = compare(&inventory(&document), &inventory(&other), &options);
    assert_eq!(with_identities.differences.len(), 9);
}

#[test]
fn what_one_side_does_not_know_is_no_difference() {
    let document = metal();
    let mut partial = changed(&[
        ("/memory/modules", json!([])),
        ("/bios/version", json!(null)),
        ("/disks/0/health/media_errors", json!(null)),
        (
            "/warnings",
            json!([
                {"probe": "disks", "subject": "disks", "kind": "denied", "message": "run as root"},
                {"probe": "memory", "subject": "modules", "kind": "denied", "message": "no tables"},
            ]),
        ),
    ]);
    partial.as_object_mut().unwrap().remove("pci");
    let told = |comparison: &Comparison| -> Vec<String> {
        let line = |it: &UnknownFact| format!("{:?} {}: {}", it.side, it.fact, it.reason);
        comparison.unknown.iter().map(line).collect()
    };
    let comparison = over_time(&document, &partial);
    assert_eq!(words(&comparison), [""; 0]);
    assert_eq!(
        told(&comparison),
        [
            "After bios.version: the machine does not say",
            "After memory.modules: no tables",
            "After disks[nvme0n1].health.media_errors: run as root",
            "After pci: the inventory was made without this section",
        ]
    );
    let mirrored = told(&over_time(&partial, &document));
    assert!(mirrored.iter().all(|line| line.starts_with("Before ")));
    assert_eq!(mirrored.len(), 4);
}

#[test]
fn what_is_none_differs_from_what_is_not_known() {
    let document = metal();
    let port = place(&document, "network", "name", "enp5s0");
    let disk = place(&document, "disks", "name", "sda");
    let (master, content) = (
        format!("/network/{port}/master"),
        format!("/disks/{disk}/filesystem"),
    );
    let after = changed(&[(&master, json!(null)), (&content, json!(null))]);
    assert_eq!(
        words(&over_time(&document, &after)),
        [
            "Neutral: bond or bridge of interface enp5s0 (Intel Corporation 82574L Gigabit Network \
             Connection) is none, was bond0",
            "Neutral: content of disk sda (HGST HUC101212CSS600, serial A4O012A9) is none, was \
             label vddli:0, linux_raid_member, uuid 625a7b53-c60b-d648-ab9c-d079cd785bd5",
        ]
    );
}

#[test]
fn a_renamed_disk_is_renamed_everywhere() {
    let text = metal().to_string();
    let swapped = text
        .replace("\"sda\"", "\"sdx\"")
        .replace("\"sdd", "\"sdy")
        .replace("/dev/sdd2", "/dev/sdy2");
    let after: Value = serde_json::from_str(&swapped).unwrap();
    assert_eq!(
        words(&over_time(&metal(), &after)),
        [
            "Neutral: disk sdx (HGST HUC101212CSS600, serial A4O012A9) was named sda",
            "Neutral: disk sdy (WDC_WD4003FRYZ-01F0DB0, serial VBG417R7) was named sdd",
        ]
    );
}

#[test]
fn an_idle_gpu_is_no_slower() {
    let document = metal();
    let after_rate = |slot: &str, class: &str| {
        let place = place(&document, "pci", "slot", slot);
        let class_code = format!("/pci/{place}/class_code");
        let rate = format!("/pci/{place}/link/speed_gts");
        let before = changed(&[(&class_code, json!(class)), (&rate, json!(16.0))]);
        let after = changed(&[(&class_code, json!(class)), (&rate, json!(2.5))]);
        words(&over_time(&before, &after)).len()
    };
    assert_eq!(after_rate("0000:05:00.0", "030000"), 0);
    assert_eq!(after_rate("0000:05:00.0", "060400"), 0);
    assert_eq!(after_rate("0000:05:00.0", "020000"), 1);
}

#[test]
fn another_root_directory_has_not_lost_what_it_cannot_tell() {
    let document = metal();
    let flags = ("/cpu/flags", json!([]));
    let warnings = json!([
        {"probe": "source", "subject": "root", "kind": "unsupported", "message": "files only"},
    ]);
    let root = changed(&[
        flags.clone(),
        ("/source", json!("root")),
        ("/warnings", warnings),
    ]);
    let comparison = over_time(&document, &root);
    assert_eq!(words(&comparison), [""; 0]);
    assert_eq!(comparison.unknown[0].fact, "cpu.flags");
    let without_a_reason = over_time(&document, &changed(&[flags]));
    assert_eq!(without_a_reason.differences[0].weight, Weight::Worse);
}

#[test]
fn a_command_line_is_told_word_by_word() {
    let after = changed(&[(
        "/host/kernel/command_line",
        json!("console=ttyS0 quiet iommu=pt"),
    )]);
    assert_eq!(
        words(&over_time(&metal(), &after)),
        [
            "Neutral: kernel command line: lost initrd=initrd, intel_iommu=on, no_timer_check, \
             panic=-1; gained iommu=pt"
        ]
    );
}

#[test]
fn what_a_list_lacks_that_may_lack_something_is_not_gone() {
    let mut partial = metal();
    let lost = partial["network"].as_array_mut().unwrap().pop().unwrap();
    let comparison = over_time(&metal(), &partial);
    let name = lost["name"].as_str().unwrap();
    assert!(
        words(&comparison).join(" ").contains(name),
        "{comparison:?}"
    );
    partial["warnings"].as_array_mut().unwrap().push(json!({
        "probe": "network", "subject": "links", "kind": "malformed",
        "message": "1 netlink messages could not be read and are left out", "incomplete": "network",
    }));
    let comparison = over_time(&metal(), &partial);
    let of_network = |it: &&Difference| it.section == "network";
    assert_eq!(comparison.differences.iter().find(of_network), None);
    assert_eq!(comparison.unknown[0].fact, "network");
}
