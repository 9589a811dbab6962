//! Our own recorded machines, `tests/fixtures/*.tar.zst`: each replays to its golden inventory, byte
//! for byte, and can be captured again. `MUSTER_BLESS=1` writes the goldens; read the difference.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    reason = "test code"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use muster_discovery::source::Recording;
use muster_discovery::{Fault, capture};
use muster_tests::program::{command, run};
use serde_json::Value;

#[test]
fn a_fixture_replays_to_its_golden() {
    for fixture in fixtures() {
        let path = golden(&fixture);
        let replayed = replay(&fixture);
        if std::env::var_os("MUSTER_BLESS").is_some() {
            fs::write(&path, &replayed).expect("the golden is written");
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        let line = committed
            .lines()
            .zip(replayed.lines())
            .find(|(before, after)| before != after);
        assert!(
            committed == replayed,
            "{} is missing or differs (first at {line:?}); with MUSTER_BLESS=1 this test renews it",
            path.display()
        );
    }
}

#[test]
fn a_golden_has_its_fixture() {
    let fixtures: BTreeSet<PathBuf> = fixtures().iter().map(|it| golden(it)).collect();
    for path in files("json") {
        assert!(fixtures.contains(&path), "{} is an orphan", path.display());
    }
}

#[test]
fn goldens_are_valid() {
    let schema = folder().join("../../docs/inventory.schema.json");
    let schema = fs::read_to_string(schema).expect("the published schema");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for path in files("json") {
        let document = fs::read_to_string(&path).expect("a golden");
        let document = serde_json::from_str(&document).expect("JSON");
        let faults = validator.iter_errors(&document);
        let faults: Vec<String> = faults
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{}: {faults:#?}", path.display());
    }
}

/// A probe may have come to ask less than when the fixture was made, but what it asks has the answer
/// that the fixture has, and a second generation is the first one to the byte.
#[test]
fn a_replay_can_be_captured_again() {
    let folder = tempfile::tempdir().expect("a folder");
    for fixture in fixtures() {
        let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
        recapture(&fixture, &first);
        recapture(&first, &second);
        let bytes = |path| fs::read(path).expect("a capture");
        assert!(bytes(&first) == bytes(&second), "{}", fixture.display());

        let (original, again) = (recording(&fixture), recording(&first));
        assert!(
            original.is_scrubbed(),
            "{} names its machine",
            fixture.display()
        );
        assert!(again.is_scrubbed());
        for (request, answer) in again.iter() {
            if *answer != Err(Fault::NotAsked) {
                assert_eq!(&original.answer(request), answer, "{request:?}");
            }
        }
        for capture in [first, second] {
            assert!(replay(&capture) == replay(&fixture));
            fs::remove_file(capture).expect("removed");
        }
    }
}

fn replay(capture: &Path) -> String {
    let ran = run(command()
        .args(["discover", "-o", "json", "--replay"])
        .arg(capture));
    assert_eq!((ran.code, ran.told.as_str()), (Some(0), ""));
    ran.data
}

fn recapture(from: &Path, to: &Path) {
    let mut command = command();
    command
        .args(["discover", "-o", "json", "--replay"])
        .arg(from);
    let ran = run(command.arg("--capture").arg(to));
    assert_eq!(ran.code, Some(0), "{}", ran.told);
}

fn recording(path: &Path) -> Recording {
    let bytes = fs::read(path).expect("a capture");
    capture::read(bytes.as_slice()).expect("a capture that can be read")
}

fn fixtures() -> Vec<PathBuf> {
    let fixtures = files("zst");
    assert!(!fixtures.is_empty(), "no fixtures");
    fixtures
}

fn golden(fixture: &Path) -> PathBuf {
    // NAME.tar.zst
    fixture.with_extension("").with_extension("json")
}

fn files(extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("the fixtures");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| path.extension().is_some_and(|it| it == extension))
        .collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}
