use muster_model::Warning;
use muster_model::disk::{Disk, Health};
use muster_model::network::{Bond, NetworkInterface};
use serde_json::json;

use super::*;

fn network(interfaces: &[(&str, u32)]) -> Inventory {
    Inventory {
        network: interfaces
            .iter()
            .map(|(name, mtu)| NetworkInterface {
                name: (*name).to_owned(),
                mtu: Some(*mtu),
                ..NetworkInterface::default()
            })
            .collect(),
        ..Inventory::default()
    }
}

fn changes(before: &Inventory, after: &Inventory, renames: &[(&str, &str)]) -> Vec<Change> {
    let sections: BTreeSet<Section> = Section::ALL.into_iter().collect();
    let renames: Vec<(String, String)> = renames
        .iter()
        .map(|(old, new)| ((*old).to_owned(), (*new).to_owned()))
        .collect();
    let mut known = Known::new(before, &sections);
    let changes = known.update(after, &sections, &renames, "now");
    assert_eq!(
        known.update(after, &sections, &[], "later"),
        [],
        "taken over"
    );
    changes
}

fn short(changes: &[Change]) -> Vec<String> {
    changes
        .iter()
        .map(|change| {
            let fields: Vec<String> = change
                .fields
                .iter()
                .map(|field| format!(" {}:{}>{}", field.field, field.before, field.after))
                .collect();
            format!("{} {:?}{}", change.subject, change.kind, fields.concat())
        })
        .collect()
}

#[test]
fn nothing_changed() {
    let same = network(&[("eth0", 1500)]);
    assert_eq!(changes(&same, &same, &[]), []);
}

#[test]
fn removed_added_and_changed() {
    let before = network(&[("eth2", 1500), ("lo", 65536), ("tap0", 1500)]);
    let after = network(&[("eth10", 1500), ("eth2", 9000), ("lo", 65536)]);
    assert_eq!(
        short(&changes(&before, &after, &[])),
        ["tap0 Removed", "eth10 Added", "eth2 Changed mtu:1500>9000"]
    );
}

#[test]
fn renamed() {
    let before = network(&[("eth0", 1500)]);
    let after = network(&[("lan", 9000)]);
    assert_eq!(
        short(&changes(&before, &after, &[("eth0", "lan")])),
        ["lan Renamed mtu:1500>9000 name:\"eth0\">\"lan\""]
    );
}

#[test]
fn names_swapped_and_names_taken_over() {
    let before = network(&[("a", 1), ("b", 2)]);
    let swapped = network(&[("a", 2), ("b", 1)]);
    assert_eq!(
        short(&changes(&before, &swapped, &[("a", "b"), ("b", "a")])),
        ["a Renamed name:\"b\">\"a\"", "b Renamed name:\"a\">\"b\""]
    );
    let taken = network(&[("a", 3), ("b", 1)]);
    assert_eq!(
        short(&changes(&before, &taken, &[("a", "b")])),
        ["b Removed", "b Renamed name:\"a\">\"b\"", "a Added"]
    );
}

#[test]
fn nested_fields_by_path() {
    let bond = |active: &str| {
        let mut inventory = network(&[("bond0", 1500)]);
        inventory.network[0].bond = Some(Bond {
            active: Some(active.to_owned()),
            ..Bond::default()
        });
        inventory
    };
    assert_eq!(
        short(&changes(&bond("eth0"), &bond("eth1"), &[])),
        ["bond0 Changed bond.active:\"eth0\">\"eth1\""]
    );
}

#[test]
fn volatile_fields_are_no_change() {
    let mut before = Inventory::default();
    before.host.uptime_s = Some(1);
    before.memory.available_bytes = Some(1);
    before.disks = vec![Disk {
        name: "sda".to_owned(),
        health: Health {
            temperature_c: Some(30),
            ..Health::default()
        },
        ..Disk::default()
    }];
    let mut after = before.clone();
    after.host.uptime_s = Some(2);
    after.memory.available_bytes = Some(2);
    after.disks[0].health.temperature_c = Some(31);
    after.captured_at = Some("later".to_owned());
    assert_eq!(changes(&before, &after, &[]), []);
    after.disks[0].size_bytes = Some(5);
    let found = changes(&before, &after, &[]);
    assert_eq!(found[0].section, "disks");
    assert_eq!(found[0].fields[0].after, json!(5));
}

#[test]
fn a_device_that_did_not_answer_keeps_what_it_said() {
    let mut before = network(&[("eth0", 1500)]);
    before.network[0].firmware_version = Some("1.2".to_owned());
    let mut after = network(&[("eth0", 9000)]);
    after.warnings.push(Warning {
        probe: "network".to_owned(),
        subject: "eth0".to_owned(),
        kind: WarningKind::TimedOut,
        message: String::new(),
        incomplete: None,
    });
    assert_eq!(
        short(&changes(&before, &after, &[])),
        ["eth0 Changed mtu:1500>9000"]
    );
}
