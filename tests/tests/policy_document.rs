//! docs/policy.md: its table of checks is what the program has, its example is a policy, and the
//! policies that it names are those that are shipped. `MUSTER_BLESS=1` writes the table.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use muster_adequacy::{Policy, check};
use muster_tests::policies::{SHIPPED, shipped};

const BEGIN: &str = "<!-- checks: written by \
`MUSTER_BLESS=1 cargo test -p muster-tests --test policy_document` -->\n";
const END: &str = "<!-- end -->";

#[test]
fn the_table_has_every_check() {
    let text = fs::read_to_string(path()).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the table's beginning");
    let (committed, after) = rest.split_once(END).expect("the table's end");
    let table = table();
    if std::env::var_os("MUSTER_BLESS").is_some() {
        fs::write(path(), format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert!(
        committed == table,
        "the checks in docs/policy.md are stale: run this test with MUSTER_BLESS=1"
    );
}

#[test]
fn the_example_is_a_policy() {
    let text = fs::read_to_string(path()).unwrap();
    let (_, rest) = text.split_once("```toml\n").expect("an example");
    let (example, _) = rest.split_once("```").expect("its end");
    let policy = Policy::parse(example).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(policy.rules().len(), 2);
}

#[test]
fn every_shipped_policy_has_its_line() {
    let text = fs::read_to_string(path()).unwrap();
    for name in SHIPPED {
        assert!(
            text.contains(&format!("\n| `{name}` | ")),
            "{name} is not in docs/policy.md"
        );
    }
}

/// A check that no shipped policy has is one that nobody saw on a real machine's verdict.
#[test]
fn every_check_is_in_a_shipped_policy() {
    let policies = SHIPPED.map(shipped);
    let rules = policies.iter().flat_map(Policy::rules);
    let used: Vec<&str> = rules
        .filter_map(muster_adequacy::policy::Rule::check)
        .collect();
    let unused = check::kinds().map(|kind| kind.name);
    let unused: Vec<&str> = unused.filter(|name| !used.contains(name)).collect();
    assert_eq!(unused, UNUSED);
}

/// For sites with cards of their own: what is allowed or forbidden there is no policy of ours.
const UNUSED: [&str; 3] = ["network_drivers", "pci_present", "pci_forbidden"];

fn table() -> String {
    let mut text = String::from("\n| check | example | what passes |\n| --- | --- | --- |\n");
    for kind in check::kinds() {
        let about = kind.about.replace('|', "\\|");
        let _ = writeln!(text, "| `{}` | `{}` | {about} |", kind.name, kind.example);
    }
    text.push('\n');
    text
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/policy.md")
}
