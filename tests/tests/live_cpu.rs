//! The running machine, against the installed `lscpu` at the same instant.

#![allow(clippy::unwrap_used, reason = "test code")]

use muster_discovery::{Options, Source, discover};
use muster_tests::{ledger, lscpu};

#[test]
fn this_machine() {
    let Some(expected) = lscpu::Expected::installed(None) else {
        return;
    };
    let source = Source::live().unwrap();
    let inventory = discover(&source, &Options::default()).inventory;
    let mut ledger = ledger::Ledger::new("this machine");
    let ours = inventory.cpu.architecture.as_deref();
    ledger.same("architecture", ours, expected.text("Architecture"));
    ledger.same(
        "architecture of the kernel",
        inventory.host.kernel.architecture.as_deref(),
        ours,
    );
    lscpu::compare(&mut ledger, &inventory, &expected);
    ledger.row();
}
