//! Machines recorded by hwloc, against its own view of them: processors, caches, NUMA nodes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use muster_discovery::{Options, Source, discover};
use muster_model::Inventory;
use muster_model::cpu::CacheKind;
use muster_tests::hwloc::{Object, objects};
use muster_tests::{dumps, ledger};

const INTRO: &str = "Machines recorded by hwloc with its own view of them (`lstopo`): what \
`muster discover --root` says of packages, cores, processors, caches and NUMA nodes.";

const MACHINES: &[(&str, &str)] = &[
    ("16em64t-4s2c2t", "console"),
    ("16em64t-4s2c2t-offlines", "console"),
    ("2pa-pcidomain32bits", "console"),
    ("40intel64-2g2n4c+pcilocality", "xml"),
    ("fakepcilocalities", "xml"),
];

#[test]
fn recorded_machines() {
    let mut rows = Vec::new();
    for (machine, form) in MACHINES {
        let archive = dumps::dump(&format!("hwloc/{machine}.tar.bz2"));
        let expected = dumps::dump(&format!("hwloc/{machine}.expected.{form}"));
        let (Some(archive), Some(expected)) = (archive, expected) else {
            return;
        };
        let folder = dumps::unpack(&archive);
        let source = Source::at_root(&only_folder(folder.path())).unwrap();
        let inventory = discover(&source, &Options::default()).inventory;
        let theirs = objects(&fs::read_to_string(expected).unwrap());
        let mut ledger = ledger::Ledger::new(machine);
        processors(&mut ledger, &inventory, &theirs);
        caches(&mut ledger, &inventory, &theirs);
        nodes(&mut ledger, &inventory, &theirs);
        rows.push(ledger.row());
    }
    ledger::hold_table("hwloc", INTRO, &rows);
}

fn only_folder(folder: &Path) -> PathBuf {
    let mut entries = fs::read_dir(folder).unwrap();
    entries.next().unwrap().unwrap().path()
}

fn count(objects: &[Object], kind: &str) -> Option<u32> {
    let found = objects.iter().filter(|object| object.kind == kind);
    Some(u32::try_from(found.count()).unwrap())
}

fn processors(ledger: &mut ledger::Ledger, ours: &Inventory, theirs: &[Object]) {
    ledger.same("packages", ours.cpu.sockets, count(theirs, "Package"));
    ledger.same("cores", ours.cpu.cores, count(theirs, "Core"));
    ledger.same("processors", ours.cpu.online_threads, count(theirs, "PU"));
}

/// Level, kind, bytes, bytes of a line, and ways.
type Shape = (u32, Option<CacheKind>, u64, u64, u32);

fn caches(ledger: &mut ledger::Ledger, ours: &Inventory, theirs: &[Object]) {
    let mut own = BTreeMap::<Shape, u32>::new();
    for cache in &ours.cpu.caches {
        let shape = (
            cache.level,
            cache.kind,
            cache.size_bytes.unwrap(),
            cache.line_size_bytes.unwrap(),
            cache.ways.unwrap(),
        );
        *own.entry(shape).or_default() += cache.instances.unwrap();
    }
    let mut told = BTreeMap::<Shape, u32>::new();
    for object in theirs {
        if let Some(shape) = shape(object) {
            *told.entry(shape).or_default() += 1;
        }
    }
    let mut shapes: Vec<&Shape> = own.keys().chain(told.keys()).collect();
    shapes.sort();
    shapes.dedup();
    for shape in shapes {
        ledger.same(&format!("{shape:?}"), own.get(shape), told.get(shape));
    }
}

fn shape(object: &Object) -> Option<Shape> {
    let name = object.kind.strip_suffix("Cache")?.strip_prefix('L')?;
    let level = name.trim_end_matches(['d', 'i']).parse().unwrap();
    let value = |names: [&str; 2]| {
        let found = names.iter().find_map(|name| object.attributes.get(*name));
        found.unwrap_or_else(|| panic!("{object:?} has no {names:?}"))
    };
    let kind = match (name.chars().last(), object.attributes.get("cache_type")) {
        (Some('d'), _) => CacheKind::Data,
        (Some('i'), _) => CacheKind::Instruction,
        (_, Some(number)) => match number.as_str() {
            "0" => CacheKind::Unified,
            "1" => CacheKind::Data,
            _ => CacheKind::Instruction,
        },
        _ => CacheKind::Unified,
    };
    let size = value(["cache_size", "size"]);
    let size = match size.strip_suffix("KiB") {
        Some(kib) => kib.parse::<u64>().unwrap() << 10,
        None => size.parse().unwrap(),
    };
    let line = value(["cache_linesize", "linesize"]).parse().unwrap();
    let ways = value(["cache_associativity", "ways"]).parse().unwrap();
    Some((level, Some(kind), size, line, ways))
}

fn nodes(ledger: &mut ledger::Ledger, ours: &Inventory, theirs: &[Object]) {
    let theirs: Vec<&Object> = theirs
        .iter()
        .filter(|object| object.kind == "NUMANode")
        .collect();
    ledger.same("NUMA nodes", ours.numa.len(), theirs.len());
    for node in theirs {
        let id = node.attributes["os_index"].parse::<u32>().unwrap();
        let own = ours.numa.iter().find(|node| node.id == id);
        // The console rounds to a unit; the XML has bytes.
        let (unit, told) = match (
            node.attributes.get("local_memory"),
            node.attributes.get("local"),
        ) {
            (Some(bytes), _) => (1, bytes.parse().unwrap()),
            (_, Some(rounded)) => rounded_bytes(rounded),
            _ => continue,
        };
        let memory = own.and_then(|node| node.memory_total_bytes);
        let memory = memory.map(|bytes| (bytes + unit / 2) / unit);
        ledger.same(&format!("memory of node {id}"), memory, Some(told));
        let Some(processors) = node.attributes.get("cpuset") else {
            continue;
        };
        let own = own.and_then(|node| node.cpus.as_deref());
        let own: Vec<usize> = own.map(expand).unwrap_or_default();
        ledger.same(&format!("processors of node {id}"), own, bits(processors));
    }
}

fn rounded_bytes(text: &str) -> (u64, u64) {
    let (unit, number) = match text.split_at(text.len() - 3) {
        (number, "GiB") => (1 << 30, number),
        (number, "MiB") => (1 << 20, number),
        (number, "KiB") => (1 << 10, number),
        other => panic!("unit {other:?}"),
    };
    (unit, number.parse().unwrap())
}

/// `0x00000011,0x11111111`.
fn bits(mask: &str) -> Vec<usize> {
    let mut set = Vec::new();
    for (group, digits) in mask.rsplit(',').enumerate() {
        let word = u32::from_str_radix(digits.trim_start_matches("0x"), 16).unwrap_or_default();
        set.extend(
            (0..32)
                .filter(|bit| word & (1 << bit) != 0)
                .map(|bit| group * 32 + bit),
        );
    }
    set
}

fn expand(list: &str) -> Vec<usize> {
    let ranges = list.split(',').map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        first.parse::<usize>().unwrap()..=last.parse::<usize>().unwrap()
    });
    ranges.flatten().collect()
}
