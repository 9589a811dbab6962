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
const EXPOSURES: [(&str, u32); 6] = [
    ("muster-controller.service", 14),
    ("muster-agent.service", 15),
    // It looks at all of the machine.
    ("muster-helper.service", 29),
    ("muster-fence.service", 5),
    ("muster-fence-kill.service", 15),
    // It may change all of the machine.
    ("muster-install.service", 70),
];

/// The units, with a program that is there.
fn installed(folder: &Path) -> Vec<PathBuf> {
    let units = Path::new(env!("CARGO_MANIFEST_DIR")).join("../systemd");
    let mut copies: Vec<PathBuf> = fs::read_dir(units)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|unit| {
            let text = fs::read_to_string(&unit).unwrap();
            let copy = folder.join(unit.file_name().unwrap());
            let text = [program::controller(), program::muster()]
                .into_iter()
                .fold(text, |text, program| at_its_place(&text, program));
            fs::write(&copy, text).unwrap();
            copy
        })
        .collect();
    copies.sort();
    copies
}

/// With the program where it is here rather than in `/usr/bin`.
fn at_its_place(text: &str, program: &Path) -> String {
    let name = program.file_name().unwrap().to_str().unwrap();
    text.replace(
        &format!("=/usr/bin/{name} "),
        &format!("={} ", program.display()),
    )
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
