//! Machines recorded by util-linux, against the output of `lscpu` that came with them.

#![allow(clippy::unwrap_used, reason = "test code")]

use muster_discovery::{Options, Source, discover};
use muster_tests::{dumps, ledger, lscpu};

const INTRO: &str = "Machines recorded by util-linux with the output of its `lscpu`: what \
`muster discover --root` says of them. Compared are all fields that the document has, and the \
table of processors that `lscpu -p` prints.";

/// Each dump with the architecture of the machine, which the expected texts leave out.
const MACHINES: &[(&str, Option<&str>)] = &[
    ("armv7", Some("armv7l")),
    ("ppc64-POWER7", Some("ppc64")),
    ("rv64-visionfive2", Some("riscv64")),
    ("s390-lpar", Some("s390x")),
    ("vbox-win", Some("x86_64")),
    ("x86_64-64cpu", Some("x86_64")),
    ("x86_64-dell_e4310", Some("x86_64")),
];

#[test]
fn recorded_machines() {
    let mut rows = Vec::new();
    for (machine, architecture) in MACHINES {
        let archive = dumps::dump(&format!("lscpu/{machine}.tar.gz"));
        let expected = dumps::dump(&format!("lscpu/{machine}.expected.txt"));
        let (Some(archive), Some(expected)) = (archive, expected) else {
            return;
        };
        let folder = dumps::unpack(&archive);
        let source = Source::at_root(&folder.path().join(machine)).unwrap();
        let inventory = discover(&source, &Options::default()).inventory;
        let mut ledger = ledger::Ledger::new(machine);
        let ours = inventory.cpu.architecture.as_deref();
        ledger.same("architecture", ours, *architecture);
        lscpu::compare(
            &mut ledger,
            &inventory,
            &lscpu::Expected::recorded(&expected),
        );
        rows.push(ledger.row());
    }
    ledger::hold_table("lscpu", INTRO, &rows);
}
