//! The units of `systemd/`: systemd finds nothing wrong with them, and their services are shut in.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use muster_tests::images::skip;
use muster_tests::program;

/// What `systemd-analyze security` may say of each service, in tenths: 0 is safest, 100 is not shut in at all.
const EXPOSURES: [(&str, u32); 3] = [
    ("muster-agent.service", 34),
    ("muster-fence.service", 5),
    ("muster-fence-kill.service", 15),
];

/// The units, with a program that is there.
fn installed(folder: &Path) -> Vec<PathBuf> {
    let units = Path::new(env!("CARGO_MANIFEST_DIR")).join("../systemd");
    let mut copies: Vec<PathBuf> = fs::read_dir(units)
        .unwrap()
        .map(|entry| {
            let unit = entry.unwrap().path();
            let text = fs::read_to_string(&unit).unwrap();
            let program = program::muster().to_str().unwrap();
            let copy = folder.join(unit.file_name().unwrap());
            fs::write(&copy, text.replace("/usr/bin/muster", program)).unwrap();
            copy
        })
        .collect();
    copies.sort();
    copies
}

fn analyze() -> Option<Command> {
    let mut command = Command::new("systemd-analyze");
    command.arg("--version");
    if command.output().is_err() {
        skip(
            "the units",
            "systemd-analyze is missing; tests/setup build test",
        );
        return None;
    }
    Some(Command::new("systemd-analyze"))
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let Some(mut analyze) = analyze() else { return };
    let folder = tempfile::tempdir().unwrap();
    let ran = program::run(
        analyze
            .args(["verify", "--man=no", "--recursive-errors=no"])
            .args(installed(folder.path())),
    );
    assert_eq!((ran.code, ran.told.as_str()), (Some(0), ""));
}

#[test]
fn services_are_shut_in() {
    let folder = tempfile::tempdir().unwrap();
    let units = installed(folder.path());
    let services = units
        .iter()
        .filter(|unit| unit.extension().unwrap() == "service");
    assert_eq!(
        services.count(),
        EXPOSURES.len(),
        "a service has no threshold"
    );
    for (service, most) in EXPOSURES {
        let Some(mut analyze) = analyze() else { return };
        let ran = program::run(
            analyze
                .args(["security", "--no-pager", "--offline=yes"])
                .arg(format!("--threshold={most}"))
                .arg(folder.path().join(service)),
        );
        assert_eq!(ran.code, Some(0), "{service}: {}{}", ran.data, ran.told);
    }
}
