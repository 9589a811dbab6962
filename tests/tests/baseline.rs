//! `muster check --baseline` from outside: a recorded machine before and after faults set by hand.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use muster_adequacy::Verdict;
use muster_adequacy::compare::{Relation, RelationBy, Weight};
use muster_adequacy::verdict::Standing;
use muster_tests::program::{Ran, command, run};
use serde_json::{Value, json};
use tempfile::TempDir;

const ADEQUATE: i32 = 0;
const FAILED: i32 = 1;
const USAGE: i32 = 2;
const INADEQUATE: i32 = 4;

/// The metal passes it.
const POLICY: &str = r#"
schema = "muster.policy/v1"
name = "lab"
version = "1"
roles = ["control", "worker"]

[[rules]]
id = "memory-total"
title = "Enough memory"
severity = "required"
check.memory_total = { at_least = "1 MiB" }
remedy = "Add memory modules."
"#;

fn fixture(name: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    fixtures.join(name)
}

fn metal() -> PathBuf {
    fixture("emulated-metal.json")
}

/// The emulated metal after a bad day, with the policy, in a folder.
fn after(change: impl FnOnce(&mut Value)) -> TempDir {
    let mut document: Value = serde_json::from_slice(&fs::read(metal()).unwrap()).unwrap();
    change(&mut document);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("now.json"), document.to_string()).unwrap();
    fs::write(folder.path().join("lab.toml"), POLICY).unwrap();
    folder
}

fn worn(machine: &mut Value) {
    machine["disks"][0]["health"]["media_errors"] = json!(12);
    machine["bios"]["version"] = json!("9");
}

fn check(folder: &TempDir, baseline: &Path, arguments: &[&str]) -> Ran {
    let mut command = command();
    command.arg("check").arg("--policy");
    command.arg(folder.path().join("lab.toml"));
    command
        .arg("--inventory")
        .arg(folder.path().join("now.json"));
    command.arg("--baseline").arg(baseline);
    run(command.args(arguments))
}

fn verdict(ran: &Ran) -> Verdict {
    serde_json::from_str(&ran.data).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn what_got_worse_is_told_and_weighs_only_strictly() {
    let folder = after(worn);
    let ran = check(&folder, &metal(), &[]);
    assert_eq!((ran.code, ran.told.as_str()), (Some(ADEQUATE), ""));
    let text = ran.data.replace("\n    ", " ");
    for told in [
        "\n2 differences since the baseline: 1 worse, 1 other (one machine",
        "\nWorse\n  ▼ media errors of disk nvme0n1 (QEMU NVMe Ctrl, serial HT-58270) grew from 0 to 12\n",
        "\nOther\n  • BIOS is 9, was 4.2.1\n",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let strict = check(&folder, &metal(), &["--strict"]);
    assert_eq!(strict.code, Some(INADEQUATE));
    let sentence = "is not adequate as control or worker: 1 difference from the baseline is worse.";
    let first = strict.data.replace(['\n', '\u{a0}'], " ");
    assert!(first.contains(sentence), "{first}");
    let only_other = after(|machine| machine["bios"]["version"] = json!("9"));
    assert_eq!(
        check(&only_other, &metal(), &["--strict"]).code,
        Some(ADEQUATE)
    );
}

#[test]
fn nothing_changed_is_said() {
    let folder = after(|_| ());
    for baseline in [metal(), fixture("emulated-metal.tar.zst")] {
        let ran = check(&folder, &baseline, &["--strict"]);
        assert_eq!((ran.code, ran.told.as_str()), (Some(ADEQUATE), ""));
        assert!(
            ran.data
                .contains("\nNo difference since the baseline (one machine")
        );
        assert!(!ran.data.contains("Worse"), "{}", ran.data);
    }
    let quiet = check(&folder, &metal(), &["-q"]).data;
    let lines: Vec<&str> = quiet.lines().collect();
    assert!(
        lines[0].ends_with("is adequate as control and worker."),
        "{quiet}"
    );
    assert!(
        lines[1].starts_with("No difference since the baseline"),
        "{quiet}"
    );
}

#[test]
fn documents_have_what_changed_when_it_was_asked_for() {
    let folder = after(worn);
    let json = check(&folder, &metal(), &["-o", "json"]);
    let document: Value = serde_json::from_str(&json.data).unwrap();
    let schema = run(command().args(["schema", "verdict"])).data;
    let schema: Value = serde_json::from_str(&schema).unwrap();
    jsonschema::validate(&schema, &document).unwrap();
    let found = verdict(&json);
    assert_eq!(found.standing, Standing::Adequate);
    let weights: Vec<Weight> = found
        .baseline
        .unwrap()
        .differences
        .into_iter()
        .map(|it| it.weight)
        .collect();
    assert_eq!(weights, [Weight::Neutral, Weight::Worse]);
    let yaml = check(&folder, &metal(), &["-o", "yaml"]).data;
    let same: Value = serde_saphyr::from_str(&yaml).unwrap();
    assert_eq!(same, document);
    let strict = verdict(&check(&folder, &metal(), &["-o", "json", "--strict"]));
    assert_eq!(strict.standing, Standing::Inadequate);
    let without = run(command()
        .args(["check", "-o", "json", "--inventory"])
        .arg(metal()));
    let without: Value = serde_json::from_str(&without.data).unwrap();
    assert_eq!(without.get("baseline"), None);
}

#[test]
fn junit_has_a_suite_of_what_changed() {
    let folder = after(worn);
    let ran = check(&folder, &metal(), &["-o", "junit"]);
    let document = roxmltree::Document::parse(&ran.data).unwrap();
    let suite = document
        .descendants()
        .find(|node| node.has_tag_name("testsuite") && node.attribute("name") == Some("baseline"))
        .unwrap();
    let cases = suite
        .children()
        .filter(|node| node.has_tag_name("testcase"));
    let told: Vec<(&str, Option<&str>)> = cases
        .map(|case| {
            let failure = case.children().find(|node| node.has_tag_name("failure"));
            let message = failure.and_then(|failure| failure.attribute("message"));
            (case.attribute("name").unwrap(), message)
        })
        .collect();
    let words = "media errors of disk nvme0n1 (QEMU NVMe Ctrl, serial HT-58270) grew from 0 to 12";
    assert_eq!(
        told,
        [
            ("bios version", None),
            ("disks/nvme0n1 health.media_errors", Some(words))
        ]
    );
}

#[test]
fn sarif_has_a_result_for_what_is_worse() {
    let folder = after(worn);
    for (arguments, level) in [
        (&["-o", "sarif"][..], "warning"),
        (&["-o", "sarif", "--strict"], "error"),
    ] {
        let ran = check(&folder, &metal(), arguments);
        let _: serde_sarif::sarif::Sarif = serde_json::from_str(&ran.data).unwrap();
        let log: Value = serde_json::from_str(&ran.data).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), 1, "{results:#?}");
        let result = &results[0];
        assert_eq!(
            (&result["ruleId"], &result["level"]),
            (&json!("baseline"), &json!(level))
        );
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(
            log["runs"][0]["tool"]["driver"]["rules"][index]["id"],
            "baseline"
        );
        let place = &result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"];
        assert_eq!(place, "mvccj/disks/nvme0n1");
    }
}

#[test]
fn tables_have_a_line_a_difference() {
    let folder = after(worn);
    let table = check(&folder, &metal(), &["-o", "table"]).data;
    let lines = table.lines().filter(|line| line.starts_with("baseline "));
    let states: Vec<&str> = lines
        .map(|line| line.split_whitespace().nth(1).unwrap())
        .collect();
    assert_eq!(states, ["other", "WORSE"]);
}

#[test]
fn a_baseline_of_another_machine_is_refused() {
    let folder = after(|_| ());
    let ran = check(&folder, &fixture("small-vm.json"), &[]);
    assert_eq!((ran.code, ran.data.as_str()), (Some(FAILED), ""));
    for told in [
        "small-vm.json is of another machine",
        "it is of xk, and mvccj (serial GP50-340723) is judged (the machine-id differs)",
        "muster diff",
    ] {
        assert!(ran.told.contains(told), "{told}: {}", ran.told);
    }
}

#[test]
fn where_nothing_tells_it_is_taken_for_the_same_machine() {
    let nameless = |machine: &mut Value| {
        machine["system"]["uuid"] = json!(null);
        machine["system"]["serial"] = json!(null);
        machine["host"]["machine_id"] = json!(null);
    };
    let folder = after(nameless);
    let ran = check(&folder, &metal(), &[]);
    let text = ran.data.replace('\n', " ");
    assert!(
        text.contains("taken for one machine: nothing tells whether it is"),
        "{text}"
    );
    let found = verdict(&check(&folder, &metal(), &["-o", "json"]))
        .baseline
        .unwrap();
    assert_eq!(
        (found.relation, found.relation_by),
        (Relation::SameMachine, RelationBy::Asked)
    );
}

#[test]
fn this_machine_is_asked_for_what_the_baseline_has() {
    let folder = after(|_| ());
    let here = run(command().args(["discover", "-o", "json", "-s", "host,system,cpu,modules"]));
    let before = folder.path().join("before.json");
    let mut document: Value = serde_json::from_str(&here.data).unwrap();
    document["cpu"]["threads"] = json!(100_000);
    fs::write(&before, document.to_string()).unwrap();
    let ran = run(command()
        .args(["check", "-o", "json", "--policy"])
        .arg(folder.path().join("lab.toml"))
        .args(["--baseline", "-"])
        .stdin(Stdio::from(File::open(&before).unwrap())));
    assert_eq!((ran.code, ran.told.as_str()), (Some(ADEQUATE), ""));
    let found = verdict(&ran).baseline.unwrap();
    let fewer = found
        .differences
        .iter()
        .find(|it| it.field.as_deref() == Some("threads"));
    assert_eq!(fewer.map(|it| it.weight), Some(Weight::Worse), "{found:#?}");
    let lacking: Vec<&str> = found.unknown.iter().map(|it| it.fact.as_str()).collect();
    assert_eq!(
        lacking,
        ["memory"],
        "what the policy looks at and the baseline lacks"
    );
}

#[test]
fn a_baseline_that_is_none_is_refused_with_what_to_do() {
    let folder = after(|_| ());
    let policy = folder.path().join("lab.toml");
    for wrong in [Path::new("/no/such"), folder.path(), &policy] {
        let ran = check(&folder, wrong, &[]);
        assert_eq!((ran.code, ran.data.as_str()), (Some(FAILED), ""));
        assert!(
            ran.told.starts_with("muster: cannot take the baseline: "),
            "{}",
            ran.told
        );
        assert!(ran.told.contains(wrong.to_str().unwrap()), "{}", ran.told);
    }
    let baseline = metal();
    let baseline = baseline.to_str().unwrap();
    let wrong: [&[&str]; 3] = [
        &["--inventory", "-", "--baseline", "-"],
        &["--baseline", baseline, "--list-rules"],
        &["--baseline", baseline, "--explain", "memory-total"],
    ];
    for arguments in wrong {
        let ran = run(command().arg("check").args(arguments).stdin(Stdio::null()));
        assert_eq!(
            (ran.code, ran.data.as_str()),
            (Some(USAGE), ""),
            "{arguments:?}"
        );
    }
}
