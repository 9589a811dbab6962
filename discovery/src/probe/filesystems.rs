//! Mounted file systems that keep data, on disks or on servers.

use std::collections::BTreeMap;

use muster_model::disk::Filesystem;
use muster_model::{Found, WarningKind};

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::mounts::Mount;
use crate::parse::natural;
use crate::source::{Answer, Query, Request};

/// File systems without a block device of their own that keep data nevertheless.
const STORAGE: &[&str] = &[
    "9p", "afs", "apfs", "bcachefs", "beegfs", "btrfs", "ceph", "cifs", "coda", "gpfs", "jffs2",
    "lustre", "ncpfs", "nfs", "nfs4", "orangefs", "smb3", "smbfs", "ubifs", "vboxsf", "virtiofs",
    "vmhgfs", "yaffs2", "zfs",
];
/// Images that are always full, such as those of packages on loop devices.
const IMAGES: &[&str] = &["cramfs", "erofs", "squashfs"];

/// Fills `filesystems`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Vec<Filesystem>> {
    let mut notes = Notes::new("filesystems");
    let mounts = notes.require("filesystems", "proc/self/mountinfo", context.mounts());
    notes.odd_lines(
        "filesystems",
        "proc/self/mountinfo",
        mounts.map_or(0, |table| table.odd),
    );
    let shown = shown(mounts.map_or(&[], |table| &table.mounts));
    let answers = usages(context, &shown);
    let filesystems = shown
        .iter()
        .zip(answers)
        .map(|(mount, answer)| filesystem(mount, answer, &mut notes))
        .collect();
    notes.with(filesystems)
}

/// Side by side: a server that does not answer costs only its own size.
fn usages(context: &Context<'_>, shown: &[&Mount]) -> Vec<Answer> {
    if context.source.is_files_only() {
        return vec![Err(Fault::NotAsked); shown.len()];
    }
    let question = |mount: &&Mount| {
        let mount_point = mount.mount_point.clone();
        vec![Request::Ask(Query::FileSystem { mount_point })]
    };
    let groups = shown.iter().map(question).collect();
    let answers = context
        .source
        .within(context.options.device_deadline, groups);
    answers.into_iter().flatten().collect()
}

/// Those that keep data: of several on one mount point the last one, which hides the others; and
/// of bind mounts only those of which the file system itself is not mounted.
fn shown(mounts: &[Mount]) -> Vec<&Mount> {
    let mut by_place: BTreeMap<&str, &Mount> = BTreeMap::new();
    for mount in mounts {
        by_place.insert(&mount.mount_point, mount);
    }
    let mut shown: Vec<&Mount> = by_place
        .into_values()
        .filter(|mount| keeps_data(mount))
        .collect();
    shown.sort_by(|a, b| natural::compare(&a.mount_point, &b.mount_point));
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    for mount in &shown {
        let best = first
            .entry(identity(mount))
            .or_insert_with(|| mount.mount_point.clone());
        if mount.root == "/" && !is_whole(&shown, best) {
            best.clone_from(&mount.mount_point);
        }
    }
    shown.retain(|mount| first.get(&identity(mount)) == Some(&mount.mount_point));
    shown
}

fn is_whole(shown: &[&Mount], mount_point: &str) -> bool {
    shown
        .iter()
        .any(|mount| mount.mount_point == mount_point && mount.root == "/")
}

/// Mounts of one file system have the same. Subvolumes and exports count as file systems.
fn identity(mount: &Mount) -> String {
    let subvolume = if mount.kind == "btrfs" || mount.number.is_empty() {
        mount.mount_point.as_str()
    } else {
        ""
    };
    format!("{} {} {subvolume}", mount.number, mount.source)
}

fn keeps_data(mount: &Mount) -> bool {
    let kind = mount.kind.as_str();
    if IMAGES.contains(&kind) {
        return false;
    }
    // A container's own root, and FUSE file systems that a desktop puts below /run, say nothing
    // of storage; but without its root a container would show nothing at all.
    let is_root = mount.mount_point == "/" && kind == "overlay";
    mount.is_on_block_device() || STORAGE.contains(&kind) || is_root || is_fuse_storage(kind)
}

fn is_fuse_storage(kind: &str) -> bool {
    const STORAGE: &[&str] = &[
        "ceph",
        "glusterfs",
        "s3fs",
        "sshfs",
        "zfs",
        "moosefs",
        "juicefs",
    ];
    kind.strip_prefix("fuse.")
        .is_some_and(|kind| STORAGE.contains(&kind))
}

fn filesystem(mount: &Mount, answer: Answer, notes: &mut Notes) -> Filesystem {
    let usage = answer.and_then(|answer| usage(&answer));
    if let Err(Fault::TimedOut) = usage {
        let message = "size: no answer in time; the server or the disk behind it may be gone";
        notes.warn(&mount.mount_point, WarningKind::TimedOut, message);
    }
    let usage = match usage {
        Err(Fault::TimedOut) => None,
        other => notes.require(&mount.mount_point, "size", other),
    };
    Filesystem {
        mount_point: mount.mount_point.clone(),
        device: Some(mount.source.clone()).filter(|source| !source.is_empty() && source != "none"),
        kind: Some(mount.kind.clone()),
        size_bytes: usage.map(|(size, _)| size),
        available_bytes: usage.map(|(_, available)| available),
    }
}

/// Size and what is available, in bytes, of three lines: unit, blocks, available blocks.
fn usage(answer: &[u8]) -> Result<(u64, u64), Fault> {
    let malformed = || Fault::Malformed("not three numbers".to_owned());
    let text = std::str::from_utf8(answer).map_err(|_| malformed())?;
    let numbers: Option<Vec<u64>> = text.lines().map(|line| line.parse().ok()).collect();
    match numbers.as_deref() {
        Some([unit, blocks, available]) => {
            let bytes = |blocks: u64| blocks.checked_mul(*unit).ok_or_else(malformed);
            Ok((bytes(*blocks)?, bytes(*available)?))
        }
        _ => Err(malformed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Tree, found};

    const MOUNTINFO: &str = "\
        20 1 0:4 / /proc rw - proc proc rw\n\
        21 1 8:4 / / rw - ext4 /dev/sda4 rw\n\
        22 21 8:4 /srv/x /etc/hosts rw - ext4 /dev/sda4 rw\n\
        23 21 0:50 / /srv/nfs rw - nfs4 server:/export rw\n\
        24 21 0:35 /@home /home rw - btrfs /dev/sdb1 rw\n\
        25 21 0:35 /@var /var rw - btrfs /dev/sdb1 rw\n\
        26 21 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro\n\
        27 21 8:9 / /mnt rw - ext4 /dev/sda9 rw\n\
        28 27 8:10 / /mnt rw - xfs /dev/sda10 rw\n\
        29 21 0:60 / /run/user/0 rw - tmpfs tmpfs rw\n";

    #[test]
    fn storage_only_and_each_once() {
        let (filesystems, warnings) = found(&Tree::new(&[("proc/1/mountinfo", MOUNTINFO)]), probe);
        let places: Vec<&str> = filesystems
            .iter()
            .map(|one| one.mount_point.as_str())
            .collect();
        assert_eq!(places, ["/", "/home", "/mnt", "/srv/nfs", "/var"]);
        assert_eq!(filesystems[2].kind.as_deref(), Some("xfs"));
        assert_eq!(filesystems[3].device.as_deref(), Some("server:/export"));
        assert_eq!(filesystems[0].size_bytes, None);
        assert_eq!(warnings, []);
    }

    #[test]
    fn bind_mounts_alone_show_the_first() {
        let table = "22 21 8:4 /a /etc/hosts rw - ext4 /dev/sda4 rw\n23 21 8:4 /b /etc/resolv.conf rw - ext4 /dev/sda4 rw\n";
        let (filesystems, _) = found(&Tree::new(&[("proc/self/mountinfo", table)]), probe);
        assert_eq!(filesystems.len(), 1);
    }

    #[test]
    fn no_table_is_said() {
        let (filesystems, warnings) = found(&Tree::new(&[]), probe);
        assert_eq!(filesystems, []);
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn malformed_lines_are_passed_over() {
        let tree = Tree::new(&[(
            "proc/1/mountinfo",
            "nonsense\n21 1 8:4 / / rw - ext4 /dev/sda4 rw\n",
        )]);
        assert_eq!(found(&tree, probe).0.len(), 1);
        assert!(usage(b"1\n2\n").is_err());
        assert!(usage(b"4096\n18446744073709551615\n1").is_err());
        assert_eq!(usage(b"4096\n10\n5"), Ok((40960, 20480)));
    }
}
