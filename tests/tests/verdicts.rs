//! The shipped policies, and what they say of every machine that was recorded: goldens in
//! `tests/golden/verdicts/`. `MUSTER_BLESS=1` writes them; read the difference.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use muster_adequacy::verdict::{RuleStatus, RuleVerdict};
use muster_adequacy::{Policy, Verdict, judge};
use muster_discovery::{Options, Source, discover};
use muster_model::{Role, Section};
use muster_tests::policies::{SHIPPED, folder, shipped};
use muster_tests::recorded::{Machine, foreign, foreign_names, own};

#[test]
fn every_policy_that_is_shipped_is_known_here() {
    let files = fs::read_dir(folder()).unwrap();
    let files: BTreeSet<String> = files
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let known = SHIPPED.map(|name| format!("{name}.toml"));
    assert_eq!(files, BTreeSet::from(known));
}

#[test]
fn shipped_policies_say_what_to_do() {
    for name in SHIPPED {
        let policy = shipped(name);
        assert_eq!(policy.name().name, name, "the file's name is the policy's");
        assert!(
            !policy.description().is_empty(),
            "{name} says what it is for"
        );
        for rule in policy.rules() {
            let (id, remedy) = (rule.id(), rule.remedy());
            let words = remedy.split_whitespace().count();
            assert!(words >= 6, "{name}: {id}: {remedy:?} is no help");
            assert!(!remedy.contains("  "), "{name}: {id}: a gap in {remedy:?}");
            assert!(
                remedy.ends_with('.') || remedy.ends_with('`'),
                "{name}: {id}: {remedy:?}"
            );
        }
    }
}

/// Role by role, as one machine in a rack meets it: the default policy asks for no section that
/// discovery fills only when asked, so that any inventory will do.
#[test]
fn the_default_policy_is_for_every_role_and_any_inventory() {
    let policy = shipped("default");
    assert_eq!(policy.roles(), Role::ALL);
    let verdict = judge(&policy, &machine("rich").inventory);
    for rule in verdict.roles.iter().flat_map(|role| &role.rules) {
        let not_asked = rule
            .reasons
            .iter()
            .find(|reason| reason.contains("discover the machine again"));
        assert_eq!(not_asked, None, "{}", rule.id);
    }
}

/// Nothing is known of a machine of which nothing was recorded: no rule passes or fails.
#[test]
fn of_an_empty_root_nothing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::at_root(folder.path()).unwrap();
    let sections = Section::ALL.into_iter().collect();
    let options = Options {
        sections,
        ..Options::default()
    };
    let inventory = discover(&source, &options).inventory;
    for name in SHIPPED {
        let verdict = judge(&shipped(name), &inventory);
        for rule in verdict.roles.iter().flat_map(|role| &role.rules) {
            let told = (rule.status, rule.actual.as_deref());
            assert_eq!(
                rule.status,
                RuleStatus::Undetermined,
                "{}: {told:?}",
                rule.id
            );
        }
    }
}

#[test]
fn own_machines() {
    hold_all(&own());
}

#[test]
fn foreign_machines() {
    if let Some(machines) = foreign() {
        hold_all(&machines);
    }
}

/// Two verdicts to the byte: a machine that fails much, and one that nobody looked at as root.
#[test]
fn whole_documents() {
    for (name, policy) in [
        ("emulated-metal", "worker-production"),
        ("small-vm-as-nobody", "default"),
    ] {
        let verdict = judge(&shipped(policy), &machine(name).inventory);
        let text = serde_json::to_string_pretty(&verdict).unwrap();
        hold(&format!("{name}.{policy}.json"), &format!("{text}\n"));
    }
}

#[test]
fn a_golden_has_its_machine() {
    let own = own().into_iter().map(|machine| machine.name);
    let machines: BTreeSet<String> = own.chain(foreign_names().map(str::to_owned)).collect();
    for entry in fs::read_dir(goldens()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let machine = name.split('.').next().unwrap();
        assert!(machines.contains(machine), "{name} is an orphan");
    }
}

fn machine(name: &str) -> Machine {
    let found = own().into_iter().find(|machine| machine.name == name);
    found.unwrap_or_else(|| panic!("{name} is not among our machines"))
}

fn hold_all(machines: &[Machine]) {
    let policies = SHIPPED.map(shipped);
    for machine in machines {
        let mut text = String::from(INTRO);
        let mut told = BTreeSet::new();
        for policy in &policies {
            let verdict = judge(policy, &machine.inventory);
            let (head, lines) = in_short(policy, &verdict);
            let _ = write!(text, "\n{head}\n");
            for line in lines {
                if told.insert(line.clone()) {
                    let _ = writeln!(text, "{line}");
                }
            }
        }
        hold(&format!("{}.txt", machine.name), &text);
    }
}

const INTRO: &str = "status, rule, what the machine has; a line that stands under one policy is not repeated under the next\n";

/// The policy with the standing for each role, and a line a rule.
fn in_short(policy: &Policy, verdict: &Verdict) -> (String, Vec<String>) {
    let name = &policy.name().name;
    let mut head = format!("# {name}:");
    for role in &verdict.roles {
        let _ = write!(head, " {} {:?}", role.role, role.standing);
    }
    let lines = policy.rules().iter().map(|rule| {
        let judged = verdict.roles.iter().flat_map(|role| &role.rules);
        let verdicts: Vec<&RuleVerdict> = judged.filter(|it| it.id == rule.id()).collect();
        let first = verdicts.first().expect("a rule is of some role");
        assert!(
            verdicts.iter().all(|it| it == first),
            "{name}: {} is judged differently by role",
            rule.id()
        );
        let status = format!("{:?}", first.status);
        let actual = first.actual.as_deref().unwrap_or("-");
        format!("{status:<13} {} | {actual}", first.id)
    });
    (head, lines.collect())
}

fn hold(name: &str, text: &str) {
    let path = goldens().join(name);
    if std::env::var_os("MUSTER_BLESS").is_some() {
        fs::create_dir_all(goldens()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let line = committed
        .lines()
        .zip(text.lines())
        .find(|(before, after)| before != after);
    assert!(
        committed == text,
        "{} is missing or differs (first at {line:?}); with MUSTER_BLESS=1 this test renews it",
        path.display()
    );
}

fn goldens() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/verdicts")
}
