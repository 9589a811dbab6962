//! That the system does not share its disk with data.

use std::collections::BTreeSet;

use muster_model::Section;
use muster_model::disk::{Disk, Filesystem, Signature};

use super::finding::Sorted;
use super::{Check, Finding, Kind, Outcome, disks, fact, parameters, read};
use crate::listed::listed;
use crate::machine::{Fact, Machine, Unknown};

/// Discovery's stable text for a disk on which, however high, /, /boot, /usr or the EFI system
/// partition is mounted.
const HOLDS_THE_SYSTEM: &str = "is the boot disk";
/// Discovery's stable texts for what keeps any disk from being used for data.
const UNFIT: &[&str] = &[
    "is read-only",
    "is removable",
    "is smaller than 8 GiB",
    "is host-managed zoned",
    "its health is failing",
];

pub(super) const KIND: Kind = Kind {
    name: "boot_disk_separate",
    about: "There is another disk than the one that holds the system (/, /boot, /usr or the EFI \
            system partition), be it in use for data already; one that is removable, read-only, \
            smaller than 8 GiB, host-managed zoned or failing does not count.",
    example: "{}",
    read: read::<BootDiskSeparate>,
};

parameters! {
    struct BootDiskSeparate {}
}

impl Check for BootDiskSeparate {
    fn required(&self) -> String {
        "another disk than the system's".to_owned()
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Disks, Section::Filesystems]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let known = disks(machine).and_then(|disks| Ok((disks, system_disks(machine, disks)?)));
        Finding::of(known, |(disks, system)| decide(machine, disks, &system))
    }
}

fn decide(machine: &Machine<'_>, disks: &[Disk], system: &[&Disk]) -> Finding {
    let system_names: BTreeSet<&str> = system.iter().map(|disk| disk.name.as_str()).collect();
    let is_other = |disk: &&Disk| !system_names.contains(disk.name.as_str());
    let others: Vec<&Disk> = disks.iter().filter(is_other).collect();
    let sorted = Sorted::by(
        others.iter().copied(),
        |disk| disk.name.clone(),
        |disk| match unfit(disk) {
            Some(_) => Ok(false),
            // A disk without a size has failed, or is locked.
            None => fact(machine, disk, "size_bytes", disk.size_bytes).map(|_| true),
        },
    );
    let held = match system {
        [] => "system on no disk".to_owned(),
        _ => format!("system on {}", names(system)),
    };
    let spare = match sorted.yes.as_slice() {
        [] => "no other disk".to_owned(),
        names => format!("besides {}", listed(names)),
    };
    let mut finding = sorted.at_least(1);
    finding.actual = Some(format!("{held}; {spare}"));
    if finding.outcome != Outcome::Fail {
        return finding;
    }
    if others.is_empty() {
        finding = finding.because("there is no other disk");
    }
    let reasons = others
        .iter()
        .filter_map(|disk| Some(format!("{} does not count: {}", disk.name, unfit(disk)?)));
    let finding = reasons.fold(finding, Finding::because);
    finding.with_devices(disks.iter().map(|disk| disk.name.as_str()))
}

/// The disks that hold the system: none when it runs from memory or over the network.
fn system_disks<'a>(machine: &Machine<'_>, disks: &'a [Disk]) -> Fact<Vec<&'a Disk>> {
    let filesystems = machine.list(Section::Filesystems, &machine.inventory().filesystems);
    let root = filesystems.map(|all| all.iter().find(|one| one.mount_point == "/"));
    let on_pool = |disk: &Disk| matches!(root, Ok(Some(root)) if holds_pool(disk, root));
    let is_marked = |disk: &Disk| reasons(disk).any(|reason| reason == HOLDS_THE_SYSTEM);
    let spread = spread_filesystem(disks);
    let in_spread = |disk: &Disk| {
        let mut contents = contents(disk);
        spread.is_some() && contents.any(|(signature, _)| signature.uuid.as_deref() == spread)
    };
    let system = disks
        .iter()
        .filter(|disk| is_marked(disk) || on_pool(disk) || in_spread(disk));
    let system: Vec<&Disk> = system.collect();
    if !system.is_empty() {
        return Ok(system);
    }
    match root? {
        Some(root) if !is_remote(root) => Err(nowhere(root)),
        _ => Ok(system),
    }
}

/// The kernel does not tell which disks a pool of ZFS is on; their labels do.
fn holds_pool(disk: &Disk, root: &Filesystem) -> bool {
    let dataset = root.device.as_deref().unwrap_or_default();
    let pool = dataset.split('/').next().unwrap_or(dataset);
    root.kind.as_deref() == Some("zfs") && disk.holders.contains(&format!("zfs:{pool}"))
}

/// The UUID of the system's file system when it is of a kind that spreads over several disks, of which
/// the kernel tells one.
fn spread_filesystem(disks: &[Disk]) -> Option<&str> {
    const KINDS: &[&str] = &["bcachefs", "btrfs"];
    let spread = |(signature, mount_points): (&Signature, &[String])| {
        let kind = signature.kind.as_deref();
        kind.is_some_and(|kind| KINDS.contains(&kind)) && mount_points.iter().any(|at| at == "/")
    };
    let mut all = disks.iter().flat_map(contents);
    all.find(|content| spread(*content))?.0.uuid.as_deref()
}

/// What is on a disk and its partitions, and where that is mounted.
fn contents(disk: &Disk) -> impl Iterator<Item = (&Signature, &[String])> {
    let whole = (&disk.filesystem, disk.mount_points.as_slice());
    let partitions = disk.partitions.iter();
    let parts = partitions.map(|part| (&part.filesystem, part.mount_points.as_slice()));
    std::iter::once(whole)
        .chain(parts)
        .filter_map(|(signature, mount_points)| Some((signature.as_ref()?, mount_points)))
}

/// Whether a file system comes over the network.
fn is_remote(filesystem: &Filesystem) -> bool {
    const KINDS: &[&str] = &["9p", "ceph", "cifs", "nfs", "nfs4", "smb3", "virtiofs"];
    let kind = filesystem.kind.as_deref();
    kind.is_some_and(|kind| KINDS.contains(&kind))
}

fn nowhere(root: &Filesystem) -> Unknown {
    let device = root.device.as_deref().unwrap_or("a device without a name");
    Unknown {
        fact: "the disk that holds /".to_owned(),
        reason: format!("{device} is on none of the disks of the inventory"),
    }
}

fn reasons(disk: &Disk) -> impl Iterator<Item = &str> {
    disk.unavailable_reasons.iter().map(String::as_str)
}

fn unfit(disk: &Disk) -> Option<&str> {
    reasons(disk).find(|reason| UNFIT.contains(reason))
}

fn names(disks: &[&Disk]) -> String {
    listed(disks.iter().map(|disk| disk.name.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::check::Outcome::{Fail, Pass, Undetermined};
    use crate::check::testing::{hold, judged};

    fn disk(name: &str, reasons: &[&str]) -> Value {
        json!({"name": name, "size_bytes": 1u64 << 40, "unavailable_reasons": reasons})
    }

    fn machine(disks: &[Value], root: &Value) -> Value {
        json!({"disks": disks, "filesystems": root})
    }

    #[test]
    fn boot_disk_separate() {
        let boot = disk(
            "sda",
            &["is the boot disk", "mounted at /", "has partitions"],
        );
        let twin = disk(
            "sdb",
            &["is the boot disk", "mounted at /", "is a member of md0"],
        );
        let (free, used) = (disk("sdc", &[]), disk("sdd", &["mounted at /srv"]));
        let stick = disk("sde", &["is removable"]);
        let broken = json!({"name": "sdf"});
        let pooled = json!({"name": "sdg", "size_bytes": 1, "holders": ["zfs:rpool"],
            "unavailable_reasons": ["has partitions"]});
        let root = |kind: &str, device: &str| json!([{"mount_point": "/", "type": kind, "device": device}]);
        let ext4 = || root("ext4", "/dev/sda1");
        let system = |name: &str, spare: &str| format!("system on {name}; {spare}");
        let cases = [
            (
                machine(&[boot.clone(), free.clone()], &ext4()),
                Pass,
                system("sda", "besides sdc"),
            ),
            (
                machine(&[boot.clone(), twin.clone(), used], &ext4()),
                Pass,
                system("sda, sdb", "besides sdd"),
            ),
            (
                machine(&[boot.clone(), twin], &ext4()),
                Fail,
                system("sda, sdb", "no other disk"),
            ),
            (
                machine(&[boot.clone(), stick], &ext4()),
                Fail,
                system("sda", "no other disk"),
            ),
            (
                machine(&[boot.clone(), broken], &ext4()),
                Undetermined,
                system("sda", "no other disk"),
            ),
            (
                machine(
                    &[pooled.clone(), free.clone()],
                    &root("zfs", "rpool/ROOT/debian"),
                ),
                Pass,
                system("sdg", "besides sdc"),
            ),
            // The boot partition is on one of a mirrored pool.
            (
                machine(
                    &[boot.clone(), pooled.clone()],
                    &root("zfs", "rpool/ROOT/debian"),
                ),
                Fail,
                system("sda, sdg", "no other disk"),
            ),
            (
                machine(&[pooled], &root("zfs", "rpool/ROOT/debian")),
                Fail,
                system("sdg", "no other disk"),
            ),
            (
                machine(std::slice::from_ref(&free), &root("nfs4", "server:/root")),
                Pass,
                system("no disk", "besides sdc"),
            ),
            (
                machine(std::slice::from_ref(&free), &json!([])),
                Pass,
                system("no disk", "besides sdc"),
            ),
            (
                machine(&[], &json!([])),
                Fail,
                system("no disk", "no other disk"),
            ),
        ];
        let mut cases: Vec<_> = cases
            .iter()
            .map(|(machine, outcome, actual)| {
                ("{}", machine.clone(), *outcome, Some(actual.as_str()))
            })
            .collect();
        let elsewhere = machine(&[free], &root("ext4", "/dev/loop0"));
        cases.push(("{}", elsewhere, Undetermined, None));
        cases.push(("{}", json!({"disks": []}), Undetermined, None));
        cases.push(("{}", json!({"filesystems": []}), Undetermined, None));
        hold("boot_disk_separate", &cases);
    }

    #[test]
    fn all_disks_of_the_systems_file_system_hold_it() {
        let member = |name: &str, uuid: &str, mount_points: &[&str], reasons: &[&str]| {
            let part = json!({"name": format!("{name}1"), "mount_points": mount_points,
                "filesystem": {"type": "btrfs", "uuid": uuid}});
            json!({"name": name, "size_bytes": 1, "partitions": [part],
                "unavailable_reasons": reasons})
        };
        let boot = member("sda", "a", &["/", "/home"], &["is the boot disk"]);
        let twin = member("sdb", "a", &[], &["has partitions"]);
        let data = member("sdc", "c", &["/srv"], &["has partitions"]);
        let judge =
            |disks: &[Value]| judged("boot_disk_separate", "{}", machine(disks, &json!([])));
        let pair = judge(&[boot.clone(), twin.clone()]);
        assert_eq!(pair.outcome, Fail);
        assert_eq!(
            pair.actual.as_deref(),
            Some("system on sda, sdb; no other disk")
        );
        assert_eq!(judge(&[boot, twin, data]).devices, ["sdc"]);
    }

    #[test]
    fn a_disk_that_does_not_count_says_why() {
        let disks = [
            disk("sda", &["is the boot disk"]),
            disk("sde", &["is removable"]),
        ];
        let finding = judged("boot_disk_separate", "{}", machine(&disks, &json!([])));
        assert_eq!(finding.reasons, ["sde does not count: is removable"]);
        assert_eq!(finding.devices, ["sda", "sde"]);
    }
}
