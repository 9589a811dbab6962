//! `muster diff` from outside: captured machines with faults set by hand.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use muster_adequacy::compare::{Comparison, DifferenceKind, Relation, Side, Weight};
use muster_tests::program::{Ran, command, run};
use serde_json::{Value, json};
use tempfile::TempDir;

fn fixture(name: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    fixtures.join(name)
}

fn metal() -> Value {
    serde_json::from_slice(&fs::read(fixture("emulated-metal.json")).unwrap()).unwrap()
}

/// The emulated metal with one thing changed, in a file.
struct Changed {
    _folder: TempDir,
    path: PathBuf,
}

fn changed(change: impl FnOnce(&mut Value)) -> Changed {
    let mut document = metal();
    change(&mut document);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("after.json");
    fs::write(&path, document.to_string()).unwrap();
    Changed {
        _folder: folder,
        path,
    }
}

fn device<'a>(document: &'a mut Value, list: &str, key: &str, name: &str) -> &'a mut Value {
    let list = document[list].as_array_mut().unwrap();
    list.iter_mut()
        .find(|device| device[key] == name)
        .unwrap_or_else(|| panic!("no {name}"))
}

fn diff(before: &Path, after: &Path, arguments: &[&str]) -> Ran {
    run(command().arg("diff").args([before, after]).args(arguments))
}

fn compared(before: &Path, after: &Path, arguments: &[&str]) -> Comparison {
    let ran = diff(before, after, &[arguments, &["-o", "json"]].concat());
    assert_eq!((ran.code, ran.told.as_str()), (Some(0), ""));
    serde_json::from_str(&ran.data).unwrap()
}

/// What differs after `change` of the metal; the other direction tells as much.
fn told(change: impl FnOnce(&mut Value)) -> Vec<(DifferenceKind, Weight, String)> {
    let (metal, changed) = (fixture("emulated-metal.json"), changed(change));
    let there = compared(&metal, &changed.path, &[]);
    assert_eq!(there.relation, Relation::SameMachine);
    assert_eq!(there.unknown, []);
    let back = compared(&changed.path, &metal, &[]);
    assert_eq!(there.differences.len(), back.differences.len());
    let differences = there.differences.into_iter();
    differences
        .map(|difference| (difference.kind, difference.weight, difference.words))
        .collect()
}

#[test]
fn faults_of_hardware_are_told_in_words() {
    use DifferenceKind::{Added, Changed, Moved, Removed};
    use Weight::{Better, Neutral, Worse};
    let one = |kind, weight, words: &str| vec![(kind, weight, words.to_owned())];
    assert_eq!(
        told(|machine| machine["memory"]["modules"] = json!([])),
        one(
            Removed,
            Worse,
            "DIMM DIMM 0 (1.5 GiB Rambus RB-8G-3200, serial 3C0A1B5A) is gone"
        )
    );
    assert_eq!(
        told(|machine| device(machine, "network", "name", "enp6s0")["speed_mbps"] = json!(100)),
        one(
            Changed,
            Worse,
            "link of interface enp6s0 (VMware VMXNET3 Ethernet Controller) went from 1 Gb/s to 100 Mb/s"
        )
    );
    assert_eq!(
        told(|machine| {
            device(machine, "pci", "slot", "0000:00:03.0")["link"]["width"] = json!(16);
        }),
        one(
            Changed,
            Worse,
            "PCIe link of PCI device 0000:00:03.0 (Red Hat, Inc. QEMU PCIe Root port) went from x32 to x16"
        )
    );
    assert_eq!(
        told(|machine| {
            device(machine, "disks", "name", "nvme0n1")["health"]["media_errors"] = json!(12);
        }),
        one(
            Changed,
            Worse,
            "media errors of disk nvme0n1 (QEMU NVMe Ctrl, serial HT-58270) grew from 0 to 12"
        )
    );
    assert_eq!(
        told(|machine| device(machine, "network", "name", "enp0s12")["name"] = json!("lan0")),
        one(
            Moved,
            Neutral,
            "interface lan0 (Realtek Semiconductor Co., Ltd. RTL-8100/8101L/8139 PCI Fast Ethernet \
             Adapter) was named enp0s12"
        )
    );
    let swapped = told(|machine| {
        let disk = device(machine, "disks", "name", "sdb");
        (disk["serial"], disk["wwn"]) = (json!("NEW"), json!("0x5000c50000000000"));
    });
    let kinds: Vec<_> = swapped
        .iter()
        .map(|(kind, weight, _)| (*kind, *weight))
        .collect();
    assert_eq!(kinds, [(Removed, Worse), (Added, Better)]);
}

#[test]
fn readings_are_no_difference() {
    let changes = told(|machine| {
        machine["captured_at"] = json!("2027-01-01T00:00:00Z");
        machine["host"]["uptime_s"] = json!(9);
        machine["host"]["boot_id"] = json!("00000000-0000-0000-0000-000000000000");
        machine["memory"]["available_bytes"] = json!(9);
        machine["filesystems"][0]["available_bytes"] = json!(9);
        machine["sensors"][0]["value"] = json!(99.0);
        device(machine, "disks", "name", "nvme0n1")["health"]["temperature_c"] = json!(9);
    });
    assert_eq!(changes, []);
}

#[test]
fn a_capture_is_the_machine_it_recorded() {
    let ran = diff(
        &fixture("emulated-metal.json"),
        &fixture("emulated-metal.tar.zst"),
        &["--exit-code"],
    );
    assert_eq!((ran.code, ran.told.as_str()), (Some(0), ""));
    assert!(ran.data.starts_with("No difference"), "{}", ran.data);
}

#[test]
fn differences_end_with_7_when_asked() {
    let (metal, vm) = (fixture("emulated-metal.json"), fixture("small-vm.json"));
    assert_eq!(diff(&metal, &vm, &[]).code, Some(0));
    let ran = diff(&metal, &vm, &["--exit-code"]);
    assert_eq!((ran.code, ran.told.as_str()), (Some(7), ""));
    assert!(ran.data.contains("two machines") && ran.data.contains("Worse"));
    assert_eq!(diff(&metal, &metal, &["--exit-code"]).code, Some(0));
}

#[test]
fn sections_and_relation_can_be_chosen() {
    let changed = changed(|machine| {
        machine["bios"]["version"] = json!("9");
        machine["host"]["hostname"] = json!("other");
    });
    let metal = fixture("emulated-metal.json");
    let sections = |arguments: &[&str]| -> Vec<String> {
        let found = compared(&metal, &changed.path, arguments).differences;
        found
            .into_iter()
            .map(|difference| difference.section)
            .collect()
    };
    assert_eq!(sections(&[]), ["host", "bios"]);
    assert_eq!(sections(&["-s", "host"]), ["host"]);
    assert_eq!(sections(&["--two-machines"]), ["bios"]);
    assert_eq!(
        sections(&["--two-machines", "--identities"]),
        ["host", "bios"]
    );
}

#[test]
fn a_part_of_an_inventory_is_compared_as_far_as_it_goes() {
    let part = changed(|machine| {
        machine.as_object_mut().unwrap().remove("disks");
    });
    let found = compared(&fixture("emulated-metal.json"), &part.path, &[]);
    assert_eq!(found.differences, []);
    let unknown: Vec<_> = found
        .unknown
        .iter()
        .map(|it| (it.fact.as_str(), it.side))
        .collect();
    assert_eq!(unknown, [("disks", Side::After)]);
}

#[test]
fn one_machine_may_come_through_a_pipe_and_the_other_be_this_one() {
    let metal = fixture("emulated-metal.json");
    let mut piped = command();
    piped.args(["diff", "-o", "json", "-"]).arg(&metal);
    piped.stdin(Stdio::from(File::open(&metal).unwrap()));
    let ran = run(&mut piped);
    assert_eq!((ran.code, ran.told.as_str()), (Some(0), ""));
    let found: Comparison = serde_json::from_str(&ran.data).unwrap();
    assert_eq!(found.differences, []);
    let ran = run(command().arg("diff").arg(&metal));
    assert_eq!((ran.code, ran.told.as_str()), (Some(0), ""));
    assert!(ran.data.contains("this machine"), "{}", ran.data);
}

#[test]
fn what_cannot_be_compared_is_refused_with_what_to_do() {
    let metal = fixture("emulated-metal.json");
    let folder = tempfile::tempdir().unwrap();
    let yaml = folder.path().join("a.yaml");
    fs::write(&yaml, "schema: muster.inventory/v1\n").unwrap();
    for (wrong, told) in [
        (folder.path(), "muster discover --root"),
        (&folder.path().join("none"), "No such file"),
        (&yaml, "`muster discover -o json`"),
    ] {
        let ran = diff(&metal, wrong, &[]);
        assert_eq!((ran.code, ran.data.as_str()), (Some(1), ""), "{}", ran.told);
        assert!(ran.told.contains(told), "{}", ran.told);
        assert!(ran.told.contains(wrong.to_str().unwrap()), "{}", ran.told);
    }
    let both = ["--same-machine", "--two-machines"];
    for arguments in [
        &["diff"][..],
        &["diff", "-", "-"],
        &[&["diff", "-"], &both[..]].concat(),
    ] {
        let ran = run(command().args(arguments).stdin(Stdio::null()));
        assert_eq!(
            (ran.code, ran.data.as_str()),
            (Some(2), ""),
            "{arguments:?}"
        );
    }
}
