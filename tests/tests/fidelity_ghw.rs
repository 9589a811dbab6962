//! Machines recorded by ghw, against what the installed `lscpu` says of the same root.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "test code: it completes an unpacked copy"
)]

use std::fs;
use std::path::Path;

use muster_discovery::{Options, Source, discover};
use muster_tests::{dumps, ledger, lscpu};

const INTRO: &str = "Machines recorded by ghw: what `muster discover --root` says of processors and \
NUMA nodes, against `lscpu -s` on the same root. The recordings lack the lists of processors that \
`lscpu` needs (`possible`, `present`, `online`); the test adds them for it, and we do without.";

/// Each dump with its architecture, which `lscpu` takes from the running kernel.
const MACHINES: &[(&str, &str)] = &[
    ("amd-ryzen-1600", "x86_64"),
    ("arm64", "aarch64"),
    ("intel-i7-1270P", "x86_64"),
];

#[test]
fn recorded_machines() {
    let mut rows = Vec::new();
    for (machine, architecture) in MACHINES {
        let Some(archive) = dumps::dump(&format!("ghw/{machine}.tar.gz")) else {
            return;
        };
        let folder = dumps::unpack(&archive);
        let source = Source::at_root(folder.path()).unwrap();
        let inventory = discover(&source, &Options::default()).inventory;
        complete(folder.path(), inventory.cpu.threads.unwrap());
        let Some(expected) = lscpu::Expected::installed(Some(folder.path())) else {
            return;
        };
        let mut ledger = ledger::Ledger::new(machine);
        let ours = inventory.cpu.architecture.as_deref();
        ledger.same("architecture", ours, Some(*architecture));
        lscpu::compare(&mut ledger, &inventory, &expected);
        rows.push(ledger.row());
    }
    ledger::hold_table("ghw", INTRO, &rows);
}

fn complete(root: &Path, threads: u32) {
    for list in ["possible", "present", "online"] {
        let path = root.join("sys/devices/system/cpu").join(list);
        fs::write(path, format!("0-{}\n", threads - 1)).unwrap();
    }
}
