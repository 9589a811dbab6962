//! `muster check` and `muster policy` from outside.

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

use cargo_metadata::MetadataCommand;
use muster_adequacy::Verdict;
use muster_adequacy::verdict::{RuleStatus, Standing};
use muster_tests::program::{Ran, command, command_as_nobody, run};
use serde_json::{Value, json};
use tempfile::TempDir;

const ADEQUATE: i32 = 0;
const USAGE: i32 = 2;
const INADEQUATE: i32 = 4;
const UNDETERMINED: i32 = 5;
const POLICY: i32 = 6;

/// A worker needs little; control needs more than the rich machine has; few machines have what is
/// recommended.
const LAB: &str = r#"
schema = "muster.policy/v1"
name = "lab"
version = "2"
description = "For the tests."
roles = ["control", "worker"]

[[rules]]
id = "memory-total"
title = "Enough memory"
severity = "required"
check.memory_total = { at_least = "1 GiB" }
remedy = "Add memory modules."

[[rules]]
id = "control-memory"
title = "Enough memory for the database"
severity = "required"
roles = ["control"]
check.memory_total = { at_least = "64 TiB" }
remedy = "Use a machine with more memory."

[[rules]]
id = "data-disks"
title = "Disks for data"
severity = "recommended"
check.disks = { at_least = 64, available = true }
remedy = "Add disks."
"#;

/// A policy for workers alone, whose one rule is decided by `test`.
fn one_rule(test: &str) -> String {
    format!(
        "schema = \"muster.policy/v1\"\nname = \"one\"\nversion = \"1\"\nroles = [\"worker\"]\n\
         [[rules]]\nid = \"only\"\ntitle = \"Only\"\nseverity = \"required\"\n{test}\nremedy = \"Do it.\"\n"
    )
}

/// A folder with a policy `lab.toml`.
fn lab() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lab.toml"), LAB).unwrap();
    folder
}

fn put(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn muster(arguments: &[&str]) -> Ran {
    run(command().args(arguments))
}

/// `muster check --policy lab` on the rich machine.
fn check(folder: &TempDir, arguments: &[&str]) -> Ran {
    let rich = committed("tests/golden/rich.json");
    let mut command = command();
    command.args(["check", "--policy", "lab", "--policies"]);
    command.arg(folder.path()).arg("--inventory").arg(rich);
    run(command.args(arguments))
}

fn committed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn verdict(ran: &Ran) -> Verdict {
    serde_json::from_str(&ran.data).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn the_exit_code_says_the_standing() {
    let folder = lab();
    let one = check(&folder, &[]);
    assert_eq!((one.code, one.told.as_str()), (Some(ADEQUATE), ""));
    assert!(
        one.data
            .starts_with("node17 is adequate as worker; not as control: 1 rule fails.")
    );
    let of_role = |role: &str| check(&folder, &["--role", role]).code;
    assert_eq!(of_role("worker"), Some(ADEQUATE));
    assert_eq!(of_role("control"), Some(INADEQUATE));
    assert_eq!(of_role("server"), Some(INADEQUATE));
    assert_eq!(check(&folder, &["--strict"]).code, Some(INADEQUATE));
}

#[test]
fn what_is_unknown_is_undetermined() {
    let folder = lab();
    let inventory = put(
        &folder,
        "bare.json",
        r#"{"schema": "muster.inventory/v1", "memory": {}}"#,
    );
    let ran = check(&folder, &["--inventory", &inventory]);
    assert_eq!(ran.code, Some(USAGE), "the option was given twice");
    let place = folder.path().to_str().unwrap();
    let arguments = [
        "check",
        "-p",
        "lab",
        "--policies",
        place,
        "--inventory",
        &inventory,
    ];
    let ran = muster(&arguments);
    assert_eq!(ran.code, Some(UNDETERMINED));
    assert!(
        ran.data.starts_with("This machine may be adequate"),
        "{}",
        ran.data
    );
    assert!(
        ran.data.contains("memory.total_bytes is unknown"),
        "{}",
        ran.data
    );
    let words: Vec<&str> = ran.data.split_whitespace().collect();
    let advice = "discover the machine again with the section disks";
    assert!(words.join(" ").contains(advice), "{}", ran.data);
}

#[test]
fn a_rule_that_does_not_apply_says_why() {
    let folder = lab();
    let test = "expression = 'memory.total_bytes > 0'\nwhen = 'cpu.threads > 100000'";
    let policy = put(&folder, "one.toml", &one_rule(test));
    let rich = committed("tests/golden/rich.json");
    let with = |arguments: &[&str]| {
        let mut command = command();
        command.args(["check", "-p", &policy, "--inventory"]);
        run(command.arg(&rich).args(arguments))
    };
    let ran = with(&["--all"]);
    assert_eq!(ran.code, Some(ADEQUATE));
    assert!(ran.data.contains("– not applicable  only"), "{}", ran.data);
    assert!(ran.data.contains("cpu.threads > 100000"), "{}", ran.data);
    assert!(with(&[]).data.contains("1 rule does not apply; --all"));
    assert!(
        with(&["-o", "junit"])
            .data
            .contains("<skipped message=\"not applicable")
    );
    // The facts that the expressions name, and no others.
    let explained = with(&["--explain", "only"]).data;
    let facts = explained.split("What the machine says").nth(1).unwrap();
    let facts: Vec<&str> = facts
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(facts, ["cpu threads 128", "memory total 254 GiB"]);
}

#[test]
fn a_machine_comes_from_anywhere() {
    let folder = lab();
    let policy = put(
        &folder,
        "one.toml",
        &one_rule("check.memory_total = { at_least = \"1 MiB\" }"),
    );
    let capture = committed("tests/fixtures/small-vm.tar.zst");
    let document = committed("tests/fixtures/small-vm.json");
    let json = |arguments: &[&str]| {
        let mut all = vec!["check", "-p", &policy, "-o", "json"];
        all.extend(arguments);
        let ran = muster(&all);
        assert_eq!(
            (ran.code, ran.told.as_str()),
            (Some(ADEQUATE), ""),
            "{arguments:?}"
        );
        verdict(&ran)
    };
    let of_document = json(&["--inventory", document.to_str().unwrap()]);
    assert!(of_document.machine.hostname.is_some());
    assert_eq!(json(&["--replay", capture.to_str().unwrap()]), of_document);
    assert_eq!(
        json(&["--inventory", capture.to_str().unwrap()]),
        of_document
    );
    let piped = run(command()
        .args(["check", "-p", &policy, "-o", "json", "--inventory", "-"])
        .stdin(Stdio::from(File::open(&document).unwrap())));
    assert_eq!(verdict(&piped), of_document);
}

#[test]
fn another_root_is_judged_by_the_policies_of_this_machine() {
    let folder = lab();
    let root = tempfile::tempdir().unwrap();
    let inside = root.path().join("etc/muster/policies");
    fs::create_dir_all(&inside).unwrap();
    fs::write(inside.join("default.toml"), "not a policy").unwrap();
    fs::create_dir_all(root.path().join("proc/sys/kernel")).unwrap();
    fs::write(root.path().join("proc/sys/kernel/hostname"), "made\n").unwrap();
    fs::write(root.path().join("proc/meminfo"), "MemTotal: 512 kB\n").unwrap();
    let ran = run(command()
        .args(["check", "-o", "json", "--role", "worker", "--policy"])
        .arg(folder.path().join("lab.toml"))
        .arg("--root")
        .arg(root.path()));
    assert_eq!(ran.code, Some(INADEQUATE), "{ran:?}");
    let verdict = verdict(&ran);
    assert_eq!(verdict.machine.hostname.as_deref(), Some("made"));
    assert_eq!(verdict.roles[0].rules[0].actual.as_deref(), Some("512 KiB"));
    let by_default = run(command().args(["check", "-q", "--root"]).arg(root.path()));
    assert!(by_default.code != Some(POLICY), "{by_default:?}");
}

#[test]
fn this_machine_is_judged_by_what_the_policy_looks_at() {
    let folder = lab();
    let policy = put(
        &folder,
        "one.toml",
        &one_rule("check.memory_total = { at_least = \"1 MiB\" }"),
    );
    // Where nobody may read it: a folder of root's.
    let text = fs::read(&policy).unwrap();
    let readable = std::env::temp_dir().join(format!("muster-check-{}.toml", std::process::id()));
    fs::write(&readable, text).unwrap();
    let ran = run(command_as_nobody()
        .args(["check", "-o", "json", "-p"])
        .arg(&readable));
    fs::remove_file(&readable).unwrap();
    assert_eq!((ran.code, ran.told.as_str()), (Some(ADEQUATE), ""));
    let verdict = verdict(&ran);
    assert_eq!(verdict.standing, Standing::Adequate);
    assert!(verdict.machine.inventory_captured_at.is_some());
    assert_eq!(verdict.roles[0].rules[0].status, RuleStatus::Pass);
}

#[test]
fn only_the_wrong_question_is_a_usage_error() {
    let folder = lab();
    let policy = put(
        &folder,
        "one.toml",
        &one_rule("check.cpu_cores = { at_least = 1 }"),
    );
    let ran = muster(&["check", "-p", &policy, "--role", "control"]);
    assert_eq!(ran.code, Some(USAGE));
    let told = "the policy one does not judge the role control; give --role worker";
    assert!(ran.told.contains(told), "{}", ran.told);
    let ran = check(&folder, &["--explain", "memory-totla"]);
    assert_eq!(ran.code, Some(USAGE));
    assert!(
        ran.told.contains("did you mean memory-total?"),
        "{}",
        ran.told
    );
    let ran = check(
        &folder,
        &["--explain", "control-memory", "--role", "worker"],
    );
    assert_eq!(ran.code, Some(USAGE));
    assert!(ran.told.contains("not for the role worker"), "{}", ran.told);
    let wrong: [&[&str]; 5] = [
        &["check", "--role", "spare"],
        &["check", "--root", "/", "--replay", "x"],
        &["check", "--inventory", "-", "--root", "/"],
        &["check", "--list-rules", "-o", "json"],
        &["check", "-o", "html"],
    ];
    for arguments in wrong {
        let ran = muster(arguments);
        assert_eq!(
            (ran.code, ran.data.as_str()),
            (Some(USAGE), ""),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_policy_that_is_no_use_ends_with_6_and_no_data() {
    let folder = lab();
    let faulty = put(
        &folder,
        "bad.toml",
        &LAB.replace("memory_total", "memory_totl"),
    );
    let ran = muster(&["check", "-p", &faulty]);
    assert_eq!((ran.code, ran.data.as_str()), (Some(POLICY), ""));
    let places: Vec<&str> = ran.told.lines().skip(1).collect();
    assert_eq!(places.len(), 2, "{}", ran.told);
    let first =
        format!("{faulty}:12:7: there is no check \"memory_totl\"; did you mean \"memory_total\"?");
    assert_eq!(places[0], first);
    let place = folder.path().to_str().unwrap();
    let no_use: [&[&str]; 4] = [
        &["-p", "defalt"],
        &["-p", "./gone.toml"],
        &["--policies", "/no/such"],
        &["-p", place],
    ];
    for arguments in no_use {
        let mut all = vec!["check"];
        all.extend(arguments);
        let ran = muster(&all);
        assert_eq!(
            (ran.code, ran.data.as_str()),
            (Some(POLICY), ""),
            "{arguments:?}"
        );
        assert!(
            ran.told.starts_with("muster: cannot take the policy: "),
            "{}",
            ran.told
        );
    }
    let ran = muster(&["check", "--inventory", &faulty]);
    assert_eq!(ran.code, Some(1), "a bad inventory is no bad policy");
}

#[test]
fn the_operators_policies_come_first() {
    let folder = lab();
    let place = folder.path().to_str().unwrap().to_owned();
    let list = || muster(&["policy", "list", "--policies", &place]);
    let before = list();
    assert_eq!(before.code, Some(0));
    assert!(
        before
            .data
            .lines()
            .any(|line| line.contains("lab") && line.contains("yes"))
    );
    assert!(!before.data.contains("overridden"));
    put(
        &folder,
        "default.toml",
        &LAB.replace("\"lab\"", "\"default\"")
            .replace("\"2\"", "\"mine\""),
    );
    let after = list();
    assert!(after.data.contains("overridden"), "{}", after.data);
    let rich = committed("tests/golden/rich.json");
    let by_default = |arguments: &[&str]| {
        let mut command = command();
        command
            .args(["check", "-o", "json", "--inventory"])
            .arg(&rich);
        run(command.args(arguments))
    };
    assert_eq!(
        verdict(&by_default(&["--policies", &place])).policy.version,
        "mine"
    );
    assert_ne!(verdict(&by_default(&[])).policy.version, "mine");
    // A faulty one is not passed over.
    put(&folder, "default.toml", "name =");
    assert_eq!(by_default(&["--policies", &place]).code, Some(POLICY));
    let faulty = list();
    assert_eq!(faulty.code, Some(POLICY));
    assert!(faulty.data.contains("FAULTY"), "{}", faulty.data);
}

#[test]
fn documents_are_the_verdict_of_the_schema() {
    let folder = lab();
    let json = check(&folder, &["-o", "json"]);
    assert_eq!(
        check(&folder, &["-o", "json"]).data,
        json.data,
        "not the same twice"
    );
    let document: Value = serde_json::from_str(&json.data).unwrap();
    let schema = muster(&["schema", "verdict"]);
    let schema: Value = serde_json::from_str(&schema.data).unwrap();
    jsonschema::validate(&schema, &document).unwrap();
    assert_eq!(document["standing"], "adequate");
    assert_eq!(document["roles"][0]["standing"], "inadequate");
    assert_eq!(document["roles"][0]["rules"][1]["actual"], "254 GiB");
    let yaml = check(&folder, &["-o", "yaml"]);
    let same: Value = serde_saphyr::from_str(&yaml.data).unwrap();
    assert_eq!(same, document);
    let strict: Value =
        serde_json::from_str(&check(&folder, &["-o", "json", "--strict"]).data).unwrap();
    assert_eq!(strict["standing"], "inadequate");
    assert_eq!(strict["roles"][1]["rules"][1]["severity"], "recommended");
}

#[test]
fn junit_is_red_where_the_machine_is_not_adequate() {
    let folder = lab();
    let outcome = |arguments: &[&str], suite: &str, case: &str| {
        let mut all = vec!["-o", "junit"];
        all.extend(arguments);
        let ran = check(&folder, &all);
        let document = roxmltree::Document::parse(&ran.data).unwrap();
        let suite = named(document.root(), "testsuite", suite);
        let case = named(suite, "testcase", case);
        let child = case
            .children()
            .find(|node| node.is_element() && !node.has_tag_name("properties"));
        child.map(|node| {
            let message = node.attribute("message").unwrap_or_default().to_owned();
            (node.tag_name().name().to_owned(), message)
        })
    };
    assert_eq!(outcome(&[], "lab.control", "memory-total"), None);
    let (kind, message) = outcome(&[], "lab.control", "control-memory").unwrap();
    assert_eq!(kind, "failure");
    assert_eq!(
        message,
        "FAIL (required): has 254 GiB, needs at least 64 TiB"
    );
    assert_eq!(
        outcome(&[], "lab.worker", "data-disks").unwrap().0,
        "skipped"
    );
    assert_eq!(
        outcome(&["--strict"], "lab.worker", "data-disks")
            .unwrap()
            .0,
        "failure"
    );
}

fn named<'a, 'b>(
    within: roxmltree::Node<'a, 'b>,
    tag: &str,
    name: &str,
) -> roxmltree::Node<'a, 'b> {
    within
        .descendants()
        .find(|node| node.has_tag_name(tag) && node.attribute("name") == Some(name))
        .unwrap_or_else(|| panic!("there is no {tag} {name}"))
}

#[test]
fn sarif_is_as_its_schema_says() {
    let folder = lab();
    let ran = check(&folder, &["-o", "sarif"]);
    let log: Value = serde_json::from_str(&ran.data).unwrap();
    let faults: Vec<String> = sarif_validator()
        .iter_errors(&log)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let _: serde_sarif::sarif::Sarif = serde_json::from_str(&ran.data).unwrap();
    let driver = &log["runs"][0]["tool"]["driver"];
    assert_eq!(driver["rules"].as_array().unwrap().len(), 3);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let told = |result: &Value| {
        (
            result["ruleId"].clone(),
            result["level"].clone(),
            result["ruleIndex"].clone(),
        )
    };
    let told: Vec<_> = results.iter().map(told).collect();
    assert_eq!(
        told,
        [
            (json!("control-memory"), json!("error"), json!(1)),
            (json!("data-disks"), json!("warning"), json!(2)),
        ]
    );
    let place = |result: usize| {
        let location = &results[result]["locations"][0]["logicalLocations"][0];
        location["fullyQualifiedName"].clone()
    };
    assert_eq!(place(0), "node17/memory");
    assert_eq!(place(1), "node17/disks/nvme0n1");
    assert_eq!(
        driver["rules"][1]["help"]["text"],
        "Use a machine with more memory."
    );
}

/// By the schema of OASIS, as a package of others has it.
fn sarif_validator() -> jsonschema::Validator {
    let metadata = MetadataCommand::new()
        .manifest_path(committed("Cargo.toml"))
        .other_options(["--locked".to_owned(), "--offline".to_owned()])
        .exec()
        .unwrap();
    let package = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == "serde-sarif")
        .unwrap();
    let path = package
        .manifest_path
        .with_file_name("src")
        .join("schema.json");
    // A pattern has a bracket too many, and is no regular expression.
    let text = fs::read_to_string(path).unwrap();
    let text = text.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
    let schema: Value = serde_json::from_str(&text).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn tables_rules_and_explanations() {
    let folder = lab();
    let table = check(&folder, &["-o", "table"]);
    assert_eq!(table.data.lines().count(), 4, "{}", table.data);
    let of_disks = table.data.lines().last().unwrap();
    let cells: Vec<&str> = of_disks.split_whitespace().take(4).collect();
    assert_eq!(
        cells,
        ["data-disks", "FAIL", "recommended", "control,worker"]
    );
    let place = folder.path().to_str().unwrap();
    let rules = muster(&["check", "--list-rules", "-p", "lab", "--policies", place]);
    assert_eq!(rules.code, Some(0));
    assert!(rules.data.contains("at least 64 TiB"), "{}", rules.data);
    let explained = check(&folder, &["--explain", "data-disks"]);
    assert_eq!(explained.code, Some(ADEQUATE));
    for told in [
        "disks[nvme0n1]",
        "available no",
        "needs",
        "There are `at_least`",
        "Add disks.",
    ] {
        assert!(explained.data.contains(told), "{told}: {}", explained.data);
    }
}

#[test]
fn quiet_is_one_sentence_and_all_is_every_rule() {
    let folder = lab();
    let quiet = check(&folder, &["-q"]);
    assert_eq!(
        quiet.data,
        "node17 is adequate as worker; not as control: 1 rule fails.\n"
    );
    let usual = check(&folder, &[]);
    assert!(!usual.data.contains("memory-total"), "{}", usual.data);
    let all = check(&folder, &["--all"]);
    assert!(all.data.contains("✓ pass  memory-total"), "{}", all.data);
    assert!(!all.data.contains('\x1b'));
    assert!(
        check(&folder, &["--color", "always"])
            .data
            .contains("\x1b[31m")
    );
}

#[test]
fn policies_are_validated_with_every_place() {
    let folder = lab();
    let good = folder.path().join("lab.toml");
    let good = good.to_str().unwrap();
    let text = LAB
        .replace("memory_total", "memory_totl")
        .replace("\"1 GiB\"", "1");
    let bad = put(&folder, "bad.toml", &text);
    let ran = muster(&["policy", "validate", good]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(ran.data, format!("{good}: valid, policy lab 2\n"));
    let ran = muster(&["policy", "validate", good, &bad]);
    assert_eq!((ran.code, ran.told.as_str()), (Some(POLICY), ""));
    let faults = ran
        .data
        .lines()
        .filter(|line| line.starts_with(&bad))
        .count();
    assert_eq!(faults, 2, "{}", ran.data);
    let ran = muster(&["policy", "validate", "-o", "json", good, &bad, "/no/such"]);
    assert_eq!(ran.code, Some(POLICY));
    let files: Value = serde_json::from_str(&ran.data).unwrap();
    assert_eq!(files[0]["valid"], true);
    assert_eq!(files[0]["policy"]["name"], "lab");
    assert_eq!(files[1]["faults"][0]["line"], 12);
    assert_eq!(files[1]["faults"][0]["column"], 7);
    assert!(
        files[2]["error"]
            .as_str()
            .unwrap()
            .contains("cannot read /no/such")
    );
}

#[test]
fn policies_and_checks_are_shown() {
    let folder = lab();
    let place = folder.path().to_str().unwrap();
    let source = muster(&["policy", "show", "lab", "--policies", place, "-o", "toml"]);
    assert_eq!(source.data, LAB);
    let shown = muster(&["policy", "show", "lab", "--policies", place]);
    for told in [
        "lab 2",
        "control and worker",
        "at least 64 TiB",
        "Use a machine with more",
    ] {
        assert!(shown.data.contains(told), "{told}: {}", shown.data);
    }
    let by_default = muster(&["policy", "show"]);
    assert_eq!(by_default.code, Some(0));
    assert!(
        by_default.data.starts_with("default "),
        "{}",
        by_default.data
    );
    let every = muster(&["policy", "checks"]);
    let one = muster(&["policy", "checks", "memory_total"]);
    assert!(every.data.contains(&one.data) && one.data.lines().count() > 2);
    assert_eq!(muster(&["policy", "checks", "memory_totl"]).code, Some(1));
    for command in ["show", "list", "validate", "checks"] {
        assert_eq!(muster(&["policy", command, "--help"]).code, Some(0));
    }
}

#[test]
fn the_readme_has_the_report_of_a_machine() {
    const BEGIN: &str = "<!-- check -->\n";
    const END: &str = "<!-- /check -->";
    let ran = run(command()
        .env("COLUMNS", "94")
        .args(["check", "--replay", "tests/fixtures/emulated-metal.tar.zst"])
        .current_dir(committed("")));
    let block = format!(
        "```console\n$ muster check --replay tests/fixtures/emulated-metal.tar.zst\n{}```\n",
        ran.data
    );
    let path = committed("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    if std::env::var_os("MUSTER_BLESS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{block}{END}{after}")).unwrap();
    } else {
        assert_eq!(
            shown, block,
            "README.md is stale: run this test with MUSTER_BLESS=1"
        );
    }
}

#[test]
fn expressions_of_several_lines_are_shown_on_one() {
    let folder = lab();
    let test = "expression = '''\nmemory.total_bytes > 0 &&\n    cpu.threads > 0\n'''";
    let policy = put(&folder, "one.toml", &one_rule(test));
    let rich = committed("tests/golden/rich.json");
    let shown: [&[&str]; 5] = [
        &["--all"],
        &["-o", "table"],
        &["--explain", "only"],
        &["--list-rules"],
        &["-q"],
    ];
    for arguments in shown {
        let mut command = command();
        command.env("COLUMNS", "200").args(["check", "-p", &policy]);
        if arguments != ["--list-rules"] {
            command.arg("--inventory").arg(&rich);
        }
        let ran = run(command.args(arguments));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let has = ran
            .data
            .contains("memory.total_bytes > 0 && cpu.threads > 0");
        assert_eq!(has, arguments != ["-q"], "{}", ran.data);
        assert!(!ran.data.contains("\\x0a"), "{}", ran.data);
    }
}

#[test]
fn a_directory_is_no_capture() {
    let folder = lab();
    let place = folder.path().to_str().unwrap();
    let ran = muster(&["check", "--replay", place]);
    assert_eq!((ran.code, ran.data.as_str()), (Some(1), ""));
    assert!(
        ran.told.contains("it is a directory; --root reads one"),
        "{}",
        ran.told
    );
}
