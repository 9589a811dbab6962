//! Disks and file systems of this machine, against lsblk at the same instant; and a server that
//! never answers.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "test code: it runs a second opinion and reads its temporary folder"
)]

use std::process::Command;
use std::time::{Duration, Instant};

use muster_discovery::{Options, Source, discover};
use muster_model::{Section, WarningKind};
use muster_tests::ledger::Ledger;
use muster_tests::lsblk;

fn only(section: Section) -> Options {
    Options {
        sections: [section].into(),
        ..Options::default()
    }
}

#[test]
fn the_same_disks_as_lsblk() {
    let source = Source::live().unwrap();
    let disks = discover(&source, &only(Section::Disks)).inventory.disks;
    let theirs = lsblk::disks_of(None);
    if theirs.is_empty() {
        eprintln!("skipped: lsblk sees no disk here");
        return;
    }
    let mut ledger = Ledger::new("live");
    let ours: Vec<&str> = disks.iter().map(|disk| disk.name.as_str()).collect();
    let mut names: Vec<&str> = theirs.keys().map(String::as_str).collect();
    names.retain(|name| theirs[*name]["size"].as_u64() != Some(0));
    assert_eq!(
        ours.iter().collect::<std::collections::BTreeSet<_>>(),
        names.iter().collect()
    );
    for disk in &disks {
        let theirs = &theirs[&disk.name];
        lsblk::compare(&mut ledger, disk, theirs);
        let zoned = theirs["zoned"].as_str();
        ledger.same("zoned", disk.zoned.as_deref(), zoned);
        let mut places: Vec<&str> = theirs["mountpoints"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|place| place.as_str())
            .filter(|place| place.starts_with('/'))
            .collect();
        places.sort_unstable();
        let ours: Vec<&str> = disk.mount_points.iter().map(String::as_str).collect();
        ledger.same("mountpoints", ours, places);
        if let Some(kind) = theirs["fstype"].as_str() {
            let ours = disk.filesystem.as_ref();
            ledger.same(
                "fstype",
                ours.and_then(|one| one.kind.as_deref()),
                Some(kind),
            );
        }
    }
    eprintln!("{}", ledger.row());
}

/// A FUSE file system whose server never reads its requests: `statvfs` of it hangs as with a dead
/// NFS server. It is mounted in a mount namespace of its own, which goes away with the child.
#[test]
fn a_dead_server_costs_its_own_size_alone() {
    let folder = tempfile::tempdir().unwrap();
    let script = "exec 3<>/dev/fuse && \
        mount -i -t fuse.sshfs -o fd=3,rootmode=40000,user_id=0,group_id=0 dead \"$PLACE\" && \
        exec \"$PROGRAM\" --exact child_with_a_dead_server --ignored --nocapture";
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script])
        .env("PLACE", folder.path())
        .env("PROGRAM", std::env::current_exe().unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    if !said.contains("running 1 test") {
        let ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!ci, "CI=true allows no skipped test: {said}");
        eprintln!("skipped: mounting a file system takes root and FUSE: {said}");
        return;
    }
    assert!(output.status.success(), "{said}");
}

#[test]
#[ignore = "run by a_dead_server_costs_its_own_size_alone"]
fn child_with_a_dead_server() {
    let place = std::env::var("PLACE").unwrap();
    let source = Source::live().unwrap();
    let options = Options {
        device_deadline: Duration::from_millis(500),
        ..only(Section::Filesystems)
    };
    let begun = Instant::now();
    let inventory = discover(&source, &options).inventory;
    let took = begun.elapsed();
    assert!(
        took >= Duration::from_millis(500),
        "it did not hang: {took:?}"
    );
    assert!(took < Duration::from_millis(1500), "it took {took:?}");
    let of = |place: &str| {
        let found = inventory
            .filesystems
            .iter()
            .find(|one| one.mount_point == place);
        found.unwrap_or_else(|| panic!("{place} is not listed"))
    };
    assert_eq!(of(&place).size_bytes, None);
    assert!(of("/").size_bytes.is_some());
    let late: Vec<_> = inventory
        .warnings
        .iter()
        .map(|one| (&one.subject, one.kind))
        .collect();
    assert_eq!(late, [(&place, WarningKind::TimedOut)]);
}
