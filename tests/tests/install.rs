//! `muster plan`, `install` and `uninstall` from outside, on root directories that are thrown away: as a user does, and killed as nobody would.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "test code"
)]

#[path = "install/root.rs"]
mod root;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use muster_tests::images::skip;
use muster_tests::program::{is_root, run};
use root::{PROFILE, Root};

/// Files are made as root's, which root alone can do.
fn skipped() -> bool {
    if !is_root() {
        skip("installing", "it takes root");
    }
    !is_root()
}

#[test]
fn a_plan_is_shown_changes_nothing_and_is_the_same_each_time() {
    let root = Root::new();
    let before = root.tree();
    let plan = root.succeed(&["plan"]).data;
    assert!(
        plan.starts_with("7 changes by the profile mine 1\n"),
        "{plan}"
    );
    for line in [
        "~ Have the file /etc/motd (motd)",
        "   Somebody is greeted.",
        "    - Hello",
        "    + Welcome",
        "     at boot: /dev/sda2 none swap sw 0 0 → nothing",
    ] {
        assert!(
            plan.lines().any(|shown| shown == line),
            "{line:?} is not in\n{plan}"
        );
    }
    let json = root.succeed(&["plan", "-o", "json"]).data;
    assert_eq!(root.succeed(&["plan", "-o", "json"]).data, json);
    assert_ne!(
        root.succeed(&["plan", "-o", "json", "--set", "motd=Hi"])
            .data,
        json
    );
    assert_eq!(root.tree(), before);
}

#[test]
fn what_is_installed_is_uninstalled_and_nothing_is_left() {
    if skipped() {
        return;
    }
    let root = Root::new();
    let before = root.tree();
    let ran = root.succeed(&["install", "--yes"]);
    assert!(
        ran.told
            .contains("[1/7] Have the directory /srv/data: done in "),
        "{}",
        ran.told
    );
    assert_eq!(
        fs::read_to_string(root.path().join("etc/motd")).unwrap(),
        "Welcome\n"
    );
    assert!(
        root.succeed(&["plan"])
            .data
            .starts_with("Nothing to do by the profile mine 1\n")
    );
    let status = root.succeed(&["install", "--status"]).data;
    assert!(status.starts_with("installed: mine 1 since "), "{status}");
    let preview = root.succeed(&["uninstall", "--dry-run"]).data;
    assert!(preview.starts_with("7 to be put back"), "{preview}");
    assert_ne!(root.tree(), before);
    let ran = root.succeed(&["uninstall", "--yes"]);
    assert_eq!(ran.data, "uninstalled: all is as it was before\n");
    assert_eq!(root.tree(), before);
    assert_eq!(root.muster(&["uninstall", "--yes"]).code, Some(1));
    assert_eq!(root.tree(), before);
}

#[test]
fn a_plan_is_confirmed_by_its_digest() {
    if skipped() {
        return;
    }
    let root = Root::new();
    let plan: serde_json::Value =
        serde_json::from_str(&root.succeed(&["plan", "-o", "json"]).data).unwrap();
    let digest = plan["digest"].as_str().unwrap()[..12].to_owned();
    // Somebody changes a file in between.
    fs::write(root.path().join("etc/motd"), "Bye\n").unwrap();
    let before = root.tree();
    let ran = root.muster(&["install", "--plan", &digest]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.told.contains("the plan would be another one now"),
        "{}",
        ran.told
    );
    assert_eq!(root.tree(), before);
    fs::write(root.path().join("etc/motd"), "Hello\n").unwrap();
    root.succeed(&["install", "--plan", &digest]);
}

#[test]
fn where_nobody_sits_nothing_is_guessed() {
    let root = Root::new();
    let before = root.tree();
    // Without a controlling terminal, whoever runs the tests has one or not.
    let install = root.command(&["install"]);
    let mut alone = Command::new("setsid");
    alone
        .arg("--wait")
        .arg(install.get_program())
        .args(install.get_args());
    let ran = run(&mut alone);
    assert_eq!(ran.code, Some(1));
    assert!(ran.told.contains("no terminal to ask on"), "{}", ran.told);
    assert_eq!(root.tree(), before);
}

#[test]
fn what_somebody_edited_stays() {
    if skipped() {
        return;
    }
    let root = Root::new();
    root.succeed(&["install", "--yes"]);
    fs::write(root.path().join("etc/motd"), "Mine\n").unwrap();
    let preview = root.succeed(&["uninstall", "--dry-run"]).data;
    assert!(
        preview.contains("stays: file was changed since"),
        "{preview}"
    );
    let ran = root.succeed(&["uninstall", "--yes"]);
    assert!(
        ran.data.starts_with("put back, but for this:\n"),
        "{}",
        ran.data
    );
    assert_eq!(
        fs::read_to_string(root.path().join("etc/motd")).unwrap(),
        "Mine\n"
    );
    assert!(!root.path().join("srv/data").exists());
}

#[test]
fn what_is_damaged_or_faulty_is_refused_and_nothing_is_changed() {
    let root = Root::new();
    let folder = root.path().join("var/lib/muster-install");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("journal"), "0123456789abcdef {}\n").unwrap();
    let before = root.tree();
    for words in [
        &["install", "--yes"][..],
        &["install", "--resume"],
        &["install", "--cancel"],
        &["install", "--status"],
    ] {
        let ran = root.muster(words);
        assert_eq!(ran.code, Some(1), "{words:?}");
        assert!(
            ran.told.contains("journal is damaged at line 1"),
            "{}",
            ran.told
        );
    }
    assert_eq!(root.tree(), before);
    fs::write(
        root.folder.path().join("mine.toml"),
        PROFILE.replace("0700", "rwx"),
    )
    .unwrap();
    let ran = root.muster(&["plan"]);
    assert_eq!(ran.code, Some(6));
    assert!(
        ran.told
            .contains("mine.toml:12:43: a mode is three or four octal digits"),
        "{}",
        ran.told
    );
    fs::write(root.folder.path().join("mine.toml"), PROFILE).unwrap();
    let ran = root.muster(&["plan", "--set", "mtd=Hi"]);
    assert_eq!(ran.code, Some(2), "{}", ran.told);
    assert!(
        ran.told.contains("has no parameter mtd; it has motd"),
        "{}",
        ran.told
    );
}

/// A receipt that lost a step tells the others, and the host tells what is there; nothing is undone by guesses.
#[test]
fn what_a_damaged_receipt_says_is_scanned_for() {
    if skipped() {
        return;
    }
    let root = Root::new();
    root.succeed(&["install", "--yes"]);
    let receipt = root.path().join("var/lib/muster-install/receipt-0001.json");
    let text = fs::read_to_string(&receipt).unwrap();
    fs::write(&receipt, text.replacen("\"id\": \"motd\"", "!", 1)).unwrap();
    let installed = root.tree();

    let refused = root.muster(&["uninstall", "--yes"]);
    assert_eq!(refused.code, Some(1), "{}", refused.told);
    assert!(
        refused.told.contains("`muster uninstall --scan`"),
        "{}",
        refused.told
    );
    let profile = root.folder.path().join("mine.toml");
    let profile = profile.to_str().unwrap();
    let shown = root.succeed(&["uninstall", "--scan", "--profile", profile]);
    for line in [
        "~ Have the directory /srv/data",
        "? and 1 that cannot be read",
        "~ Have the file /etc/motd (mine, motd)",
    ] {
        assert!(
            shown.data.lines().any(|shown| shown == line),
            "{line:?} is not in\n{}",
            shown.data
        );
    }
    let json = root.succeed(&["uninstall", "--scan", "--profile", profile, "-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.data).unwrap();
    assert_eq!(json["receipts"][0]["lost"], 1);
    assert_eq!(root.tree(), installed);
}

/// Kills the program as soon as the journal has so many records; whether it was killed before it had ended.
fn kill_at(root: &Root, words: &[&str], records: usize) -> bool {
    let mut child = root
        .command(words)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while child.try_wait().unwrap().is_none() && root.records().is_none_or(|found| found < records)
    {
        assert!(Instant::now() < until, "{words:?} does not end");
        std::thread::sleep(Duration::from_micros(100));
    }
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

fn undone(root: &Root, before: &BTreeMap<PathBuf, String>, told: &str) {
    let copy = root.copy();
    let journal =
        fs::read_to_string(copy.path().join("var/lib/muster-install/journal")).unwrap_or_default();
    match journal.lines().next() {
        Some(first) if first.contains("\"uninstall\"") => {
            drop(copy.succeed(&["install", "--resume"]));
        }
        Some(_) => drop(copy.muster(&["install", "--cancel"])),
        None => drop(copy.muster(&["uninstall", "--yes"])),
    }
    // All may be installed, where the program was killed after its last record; or all undone.
    let _ = copy.muster(&["uninstall", "--yes"]);
    assert_eq!(without_own(&copy.tree()), without_own(before), "{told}");
}

/// What a program that was killed at its very start leaves are muster's own empty folders.
fn without_own(tree: &BTreeMap<PathBuf, String>) -> BTreeMap<PathBuf, String> {
    let tree = tree
        .iter()
        .filter(|(path, _)| !path.starts_with("var/lib/muster-install"));
    tree.map(|(path, shown)| (path.clone(), shown.clone()))
        .collect()
}

#[test]
fn killed_after_any_record_it_is_completed_or_undone() {
    if skipped() {
        return;
    }
    let before = Root::new().tree();
    // Two for each step, the first and the last.
    const RECORDS: usize = 2 * 7 + 2;
    let (mut kills, mut seen) = (0, BTreeSet::new());
    for records in 1..=RECORDS {
        let root = Root::new();
        kills += usize::from(kill_at(&root, &["install", "--yes"], records));
        seen.extend(root.records());
        let told = format!("killed at record {records}, with {:?}", root.records());
        undone(&root, &before, &told);
        let _ = root.muster(&["install", "--resume"]);
        let plan = root.muster(&["install", "--yes"]);
        assert_eq!(plan.code, Some(0), "{told}: {}", plan.told);
        assert!(
            root.succeed(&["plan"]).data.starts_with("Nothing to do"),
            "{told}"
        );
        // And while all of that is undone.
        kills += usize::from(kill_at(&root, &["uninstall", "--yes"], records));
        undone(&root, &before, &format!("{told}, and then while undoing"));
    }
    println!(
        "{kills} kills, with {} different numbers of records",
        seen.len()
    );
    assert!(
        kills >= RECORDS && seen.len() >= RECORDS / 2,
        "{kills} {seen:?}"
    );
}

#[test]
fn two_at_once_are_told_of_each_other() {
    let root = Root::new();
    let folder = root.path().join("var/lib/muster-install");
    fs::create_dir_all(&folder).unwrap();
    let lease = fs::File::create(folder.join("lease")).unwrap();
    lease.lock().unwrap();
    fs::write(folder.join("lease"), "muster, run by eve as process 7").unwrap();
    let before = root.tree();
    let ran = root.muster(&["install", "--yes"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.told
            .contains("muster, run by eve as process 7 is at work on this host"),
        "{}",
        ran.told
    );
    assert_eq!(root.tree(), before);
    let status = root.succeed(&["install", "--status"]).data;
    assert!(
        status.starts_with("at work: muster, run by eve as process 7"),
        "{status}"
    );
    assert!(Path::new(&folder).exists());
}
