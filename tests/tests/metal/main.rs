//! The emulated metal, discovered from inside. One boot serves every check: what was put on the
//! emulator's command line is in the inventory, in the initramfs before udev, as root and as an
//! ordinary user; other programs say the same; plugging comes out of `--watch`; a scrubbed capture
//! replays here as there; and a disk for data is made of one that is empty.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the tests run programs and keep files"
)]

mod disk;
mod expected;
mod live;
mod peers;

use std::fs;
use std::path::{Path, PathBuf};

use muster_model::Inventory;
use muster_tests::ledger::{Ledger, hold_table};
use muster_tests::metal::{Guest, Hardware, Image, Machine};
use muster_tests::program::muster;

#[test]
fn the_emulated_metal_is_in_the_inventory() {
    let Some(image) = Image::prepare() else {
        return;
    };
    let hardware = Hardware::standard();
    let programs = [muster(), Path::new("/usr/bin/dbus-daemon")];
    let (mut machine, mut guest) = Machine::boot(&image, &hardware, &programs);
    guest.succeed(include_str!("../../lab/metal/populate"));
    guest.succeed("mkdir -p /run/lab/survey");
    let survey = include_str!("../../lab/metal/survey").replace("\"$1\"", "/run/lab/survey");
    guest.succeed(&survey);

    let mut faults = Vec::new();
    let mut accounts = Vec::new();
    for view in expected::VIEWS {
        let Some(inventory) = inventory(&mut guest, view.file, &mut faults) else {
            continue;
        };
        let mut ledger = Ledger::new(view.name);
        expected::compare(&hardware, &inventory, view, &mut ledger);
        accounts.push(ledger);
    }
    if let Some(inventory) = inventory(&mut guest, "survey/root", &mut Vec::new()) {
        accounts.extend(peers::compare(&mut guest, &inventory));
    }
    accounts.push(live::capture(&mut guest));
    accounts.extend(live::plugging(&mut guest, &mut machine.monitor()));
    disk::data_disk(&mut guest, &hardware);

    faults.extend(accounts.iter().filter_map(|ledger| ledger.verdict().err()));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let rows: Vec<String> = accounts.into_iter().map(Ledger::row).collect();
    let intro = "The machine that `tests/src/metal/hardware.rs` describes, emulated, and what is made of \
                 it in `tests/lab/metal/populate`. The first rows compare the inventory with that \
                 description, the others with another program at the same instant.";
    hold_table("emulated-metal", intro, &rows);
}

/// The inventory that the program wrote at `/run/lab/NAME.json`, kept under `target/` as evidence.
fn inventory(guest: &mut Guest, name: &str, faults: &mut Vec<String>) -> Option<Inventory> {
    let json = guest.run(&format!("cat /run/lab/{name}.json")).stdout;
    keep(&format!("{}.json", name.replace('/', "-")), &json);
    let code = guest.run(&format!("cat /run/lab/{name}.rc")).stdout;
    let parsed = serde_json::from_slice(&json);
    if code != b"0\n" || parsed.is_err() {
        let said = guest.run(&format!("cat /run/lab/{name}.err")).stdout;
        faults.push(format!(
            "{name}: exit code {:?}, {:?}: {}",
            String::from_utf8_lossy(&code),
            parsed.as_ref().err(),
            String::from_utf8_lossy(&said)
        ));
    }
    parsed.ok()
}

/// Keeps what came out of the machine where a person can look at it.
fn keep(name: &str, bytes: &[u8]) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("metal");
    fs::create_dir_all(&folder).expect("a folder for the evidence");
    fs::write(folder.join(name), bytes).expect("the evidence can be kept");
}
