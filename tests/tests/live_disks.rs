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

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use muster_discovery::{Options, Source, discover};
use muster_model::{Inventory, Section, WarningKind};
use muster_tests::ledger::Ledger;
use muster_tests::lsblk;
use muster_tests::program::{is_root, muster, run};

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
        muster_tests::aloud::say("skipped: lsblk sees no disk here");
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
/// NFS server. It is mounted in a mount namespace of its own, which goes away with the program.
#[test]
fn a_dead_server_costs_its_own_size_alone() {
    if !is_root() || !Path::new("/dev/fuse").exists() {
        let ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!ci, "not root, or no FUSE; CI=true allows no skipped test");
        muster_tests::aloud::say("skipped: mounting a file system takes root and FUSE");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    let script = "exec 3<>/dev/fuse && \
        mount -i -t fuse.sshfs -o fd=3,rootmode=40000,user_id=0,group_id=0 dead \"$0\" && \
        exec \"$@\"";
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c", script, place])
        .arg(muster())
        .args([
            "discover",
            "--section",
            "filesystems",
            "--timeout",
            "500ms",
            "-o",
            "json",
        ]);
    let begun = Instant::now();
    let ran = run(&mut command);
    let took = begun.elapsed();
    assert_eq!(ran.code, Some(0), "{}", ran.told);
    assert!(
        took >= Duration::from_millis(500),
        "it did not hang: {took:?}"
    );
    assert!(took < Duration::from_secs(2), "it took {took:?}");
    let inventory: Inventory = serde_json::from_str(&ran.data).unwrap();
    let of = |place: &str| {
        let found = inventory
            .filesystems
            .iter()
            .find(|one| one.mount_point == place);
        found.unwrap_or_else(|| panic!("{place} is not listed"))
    };
    assert_eq!(of(place).size_bytes, None);
    assert!(of("/").size_bytes.is_some());
    let late: Vec<_> = inventory
        .warnings
        .iter()
        .map(|one| (one.subject.as_str(), one.kind))
        .collect();
    assert_eq!(late, [(place, WarningKind::TimedOut)]);
}
