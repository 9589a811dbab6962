//! The rooms of ARCHITECTURE.md: who may import whom, and what only one place may do.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Who may import whom for its tests alone: the simulation of the fencing bound has both sides in one process.
const FOR_TESTS: [(&str, &str); 1] = [("muster-agent", "muster-controller")];

/// Whatever reaches outside: no parser may name it.
const INPUT_OUTPUT: [&str; 14] = [
    "std::fs",
    "std::io",
    "std::process",
    "std::env",
    "std::thread",
    "SystemTime",
    "Instant",
    "TcpStream",
    "UdpSocket",
    "nix::",
    "Context<",
    "&Source",
    "Dir<",
    "crate::probe",
];

#[test]
fn packages_import_what_the_table_says() {
    let table = table();
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    let ours: BTreeSet<String> = metadata
        .packages
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let listed: BTreeSet<String> = table.keys().cloned().collect();
    assert_eq!(
        ours, listed,
        "ARCHITECTURE.md does not list the packages that are"
    );
    for package in &metadata.packages {
        let room = &table[package.name.as_str()];
        let folder = package.manifest_path.parent().unwrap();
        assert!(
            folder.ends_with(&room.folder),
            "{} is in {folder}",
            package.name
        );
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let in_tests = dependency.kind == DependencyKind::Development
                && FOR_TESTS.contains(&(package.name.as_str(), name));
            let allowed = in_tests || !ours.contains(name) || room.may_import.contains(name);
            assert!(
                allowed,
                "{} imports {name}, which its room may not",
                package.name
            );
        }
    }
}

#[test]
fn unsafe_code_is_in_one_place() {
    let mut found = 0;
    for file in sources(&root()) {
        let content = fs::read_to_string(&file).unwrap();
        let code = content
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let has = code.clone().any(|line| {
            [
                "unsafe {",
                "unsafe fn",
                "unsafe impl",
                "unsafe extern",
                "unsafe trait",
                "#[unsafe(",
            ]
            .iter()
            .any(|keyword| line.contains(keyword))
        });
        let here = file.strip_prefix(root()).unwrap().to_owned();
        if has && here != Path::new("tests/tests/rooms.rs") {
            found += 1;
            assert!(
                here.starts_with("discovery/src/source/ioctl"),
                "{} has unsafe code",
                here.display()
            );
        }
    }
    // Not a fault by itself, but then this test looks in the wrong place.
    let ioctl = root().join("discovery/src/source/ioctl");
    assert!(
        found > 0 || !ioctl.exists(),
        "no unsafe code was found at all"
    );
}

#[test]
fn parsers_do_no_input_or_output() {
    for file in sources(&root().join("discovery/src/parse")) {
        let content = production_code(&file);
        for word in INPUT_OUTPUT {
            assert!(!content.contains(word), "{} names {word}", file.display());
        }
    }
}

#[test]
fn no_probe_imports_another() {
    let folder = root().join("discovery/src/probe");
    let probes: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .filter(|name| name != "mod")
        .collect();
    assert!(probes.len() > 1, "no probes in {}", folder.display());
    for file in sources(&folder) {
        let own = file
            .strip_prefix(&folder)
            .unwrap()
            .components()
            .next()
            .unwrap();
        let own = Path::new(own.as_os_str())
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let content = production_code(&file);
        for other in probes.iter().filter(|name| **name != own) {
            for path in [format!("probe::{other}"), format!("super::super::{other}")] {
                assert!(
                    !content.contains(&path),
                    "{} imports {other}",
                    file.display()
                );
            }
        }
    }
}

struct Room {
    folder: String,
    may_import: BTreeSet<String>,
}

/// The table of ARCHITECTURE.md by package.
fn table() -> BTreeMap<String, Room> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows = text
        .lines()
        .skip_while(|line| !line.starts_with("| folder | package |"));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let bare = |cell: &str| cell.trim_matches('`').trim_end_matches('/').to_owned();
        let imports = cells[3].split(", ").filter(|cell| *cell != "–").map(bare);
        let room = Room {
            folder: bare(cells[0]),
            may_import: imports.collect(),
        };
        (bare(cells[1]), room)
    })
    .collect()
}

/// What comes before the tests of a file.
fn production_code(file: &Path) -> String {
    let content = fs::read_to_string(file).unwrap();
    let end = content.find("#[cfg(test)]").unwrap_or(content.len());
    if file.file_stem().is_some_and(|name| name == "tests") {
        return String::new();
    }
    let lines = content[..end].lines();
    let code = lines.filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

/// Every Rust file below, but for what was built.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if name.ends_with(".rs") {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "nothing in {}", folder.display());
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}
