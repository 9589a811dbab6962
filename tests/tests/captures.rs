//! Recorded machines through a capture and back: the document must not change, and scrubbed it must
//! keep its shape.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::path::{Path, PathBuf};

use muster_discovery::source::Recording;
use muster_discovery::{Options, Source, capture, discover};
use muster_model::{Inventory, Section};
use muster_tests::dumps::{dump, unpack};
use serde_json::Value;

const MACHINES: &[&str] = &[
    "ghw/amd-ryzen-1600.tar.gz",
    "ghw/arm64.tar.gz",
    "ghw/intel-i7-1270P.tar.gz",
    "hwloc/16em64t-4s2c2t-offlines.tar.bz2",
    "hwloc/2pa-pcidomain32bits.tar.bz2",
    "hwloc/40intel64-2g2n4c+pcilocality.tar.bz2",
    "lsblk/simple-lvm.tar.xz",
    "lsblk/simple-nvme.tar.xz",
    "lscpu/armv7.tar.gz",
    "lscpu/ppc64-POWER7.tar.gz",
    "lscpu/rv64-visionfive2.tar.gz",
    "lscpu/s390-lpar.tar.gz",
    "lscpu/x86_64-64cpu.tar.gz",
    "lscpu/x86_64-dell_e4310.tar.gz",
];

#[test]
fn recorded_machines_survive_a_capture() {
    for machine in MACHINES {
        let Some(archive) = dump(machine) else {
            continue;
        };
        let folder = unpack(&archive);
        for root in roots(folder.path()) {
            let source = Source::at_root(&root).expect("a root");
            survives(machine, source);
        }
    }
}

#[test]
fn this_machine_survives_a_capture() {
    survives("this machine", Source::live().expect("the running machine"));
}

fn survives(machine: &str, source: Source) {
    let source = source.recorded();
    let options = Options {
        sections: Section::ALL.into(),
        ..Options::default()
    };
    let found = discover(&source, &options).inventory;
    let recording = source.into_recording();
    assert!(recording.len() > 10, "{machine}: hardly anything was asked");

    let again = replayed(&recording, &options, &found);
    assert!(
        again == found,
        "{machine}: a replay differs: {}",
        first_difference(&found, &again)
    );

    let scrubbed = capture::scrub(&recording, &found).expect("it can be scrubbed");
    assert_eq!(
        scrubbed.len(),
        recording.len(),
        "{machine}: requests fell together"
    );
    let scrubbed = replayed(&scrubbed, &options, &found);
    let (before, after) = (shape(&found), shape(&scrubbed));
    assert!(
        before == after,
        "{machine}: scrubbing changed facts: {}",
        difference(&before, &after)
    );
}

/// The document from the bytes of a capture.
fn replayed(recording: &Recording, options: &Options, found: &Inventory) -> Inventory {
    let mut file = Vec::new();
    capture::write(recording, &mut file).expect("it can be written");
    let read = capture::read(file.as_slice()).expect("it can be read");
    assert_eq!(&read, recording);
    let mut again = discover(&Source::replay(read), options).inventory;
    again.source = found.source;
    again
}

/// The folders of an archive that are the root of a machine.
fn roots(folder: &Path) -> Vec<PathBuf> {
    let mut roots = Vec::new();
    let mut left = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = left.pop() {
        if folder.join("sys").is_dir() || folder.join("proc").is_dir() {
            roots.push(folder);
            continue;
        }
        let below = std::fs::read_dir(&folder).expect("a folder");
        let below = below.filter_map(|entry| Some(entry.ok()?.path()));
        left.extend(
            below
                .filter(|it| depth < 3 && it.is_dir())
                .map(|it| (it, depth + 1)),
        );
    }
    roots
}

/// The document with every letter and digit of its texts as `x`, and lists in a fixed order.
fn shape(inventory: &Inventory) -> Value {
    fn shaped(value: Value) -> Value {
        match value {
            Value::String(text) => {
                let shape = |c: char| if c.is_ascii_alphanumeric() { 'x' } else { c };
                Value::String(text.chars().map(shape).collect())
            }
            Value::Array(list) => {
                let mut list: Vec<Value> = list.into_iter().map(shaped).collect();
                list.sort_by_key(Value::to_string);
                Value::Array(list)
            }
            Value::Object(map) => map.into_iter().map(|(key, it)| (key, shaped(it))).collect(),
            other => other,
        }
    }
    shaped(serde_json::to_value(inventory).expect("a document"))
}

fn first_difference(before: &Inventory, after: &Inventory) -> String {
    let value = |it| serde_json::to_value(it).expect("a document");
    difference(&value(before), &value(after))
}

fn difference(before: &Value, after: &Value) -> String {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => before
            .iter()
            .find(|(key, value)| after.get(*key) != Some(value))
            .map(|(key, value)| format!("{key} {}", difference(value, &after[key])))
            .unwrap_or_default(),
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => before
            .iter()
            .zip(after)
            .find(|(before, after)| before != after)
            .map(|(before, after)| difference(before, after))
            .unwrap_or_default(),
        _ => format!("{before} is {after}"),
    }
}
