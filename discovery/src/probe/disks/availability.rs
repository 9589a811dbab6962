//! Whether an installer may take a disk. The reasons are stable texts: others match on them.

use std::collections::BTreeSet;

use muster_model::disk::{Disk, HealthStatus, Signature};

/// Less than this holds no system.
const SMALLEST_BYTES: u64 = 8 << 30;
/// Where a system boots from and runs on.
const BOOT: &[&str] = &["/", "/boot", "/boot/efi", "/efi", "/usr"];

/// How a disk with all that is built on it is in use.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Every mount point, of what is built on it too.
    pub(super) mount_points: BTreeSet<String>,
    /// Whether there is an active swap area.
    pub(super) is_swap: bool,
    /// Whether that is known.
    pub(super) known: bool,
}

/// Says whether the disk is free, and why not. Free takes knowing that nothing is on it.
pub(super) fn judge(disk: &mut Disk, usage: &Usage, content_known: bool) {
    let reasons = reasons(disk, usage);
    disk.available = if !reasons.is_empty() {
        Some(false)
    } else if content_known && usage.known && disk.size_bytes.is_some() {
        Some(true)
    } else {
        None
    };
    disk.unavailable_reasons = reasons;
}

fn reasons(disk: &Disk, usage: &Usage) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut if_so = |so: bool, reason: &str| {
        if so {
            reasons.push(reason.to_owned());
        }
    };
    if_so(
        usage
            .mount_points
            .iter()
            .any(|place| BOOT.contains(&place.as_str())),
        "is the boot disk",
    );
    for place in &usage.mount_points {
        if_so(true, &format!("mounted at {place}"));
    }
    if_so(usage.is_swap, "in use as swap");
    for holder in &disk.holders {
        if_so(true, &member_of(holder));
    }
    if_so(!disk.partitions.is_empty(), "has partitions");
    if let Some(reason) = disk.filesystem.as_ref().and_then(content) {
        if_so(true, &reason);
    }
    if_so(disk.read_only == Some(true), "is read-only");
    if_so(disk.removable == Some(true), "is removable");
    if_so(
        disk.size_bytes.is_some_and(|size| size < SMALLEST_BYTES),
        "is smaller than 8 GiB",
    );
    if_so(
        disk.zoned.as_deref() == Some("host-managed"),
        "is host-managed zoned",
    );
    if_so(
        disk.health.status == Some(HealthStatus::Failing),
        "its health is failing",
    );
    reasons
}

fn member_of(holder: &str) -> String {
    match holder.split_once(':') {
        Some(("md", name)) => format!("is a member of {name}"),
        Some(("lvm", name)) => format!("is a member of volume group {name}"),
        Some(("crypt", name)) => format!("holds the encrypted volume {name}"),
        Some(("multipath", name)) => format!("is a path of multipath device {name}"),
        Some(("bcache", name)) => format!("is a member of {name}"),
        Some(("zfs", name)) => format!("is a member of ZFS pool {name}"),
        Some((_, name)) => format!("is a member of device {name}"),
        None => format!("is a member of {holder}"),
    }
}

fn content(signature: &Signature) -> Option<String> {
    Some(match signature.kind.as_deref()? {
        kind @ "swap" => format!("has a swap area ({kind})"),
        kind @ "crypto_LUKS" => format!("is encrypted ({kind})"),
        kind @ "bcache" => format!("is a cache or backing device ({kind})"),
        kind if kind.ends_with("_member") => format!("is a member ({kind})"),
        kind => format!("has a file system ({kind})"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk() -> Disk {
        Disk {
            size_bytes: Some(100 << 30),
            ..Disk::default()
        }
    }

    fn known() -> Usage {
        Usage {
            known: true,
            ..Usage::default()
        }
    }

    #[test]
    fn an_empty_disk_is_free_only_when_that_is_known() {
        let mut disk = disk();
        judge(&mut disk, &known(), true);
        assert_eq!(disk.available, Some(true));
        judge(&mut disk, &known(), false);
        assert_eq!(disk.available, None);
        judge(&mut disk, &Usage::default(), true);
        assert_eq!(disk.available, None);
    }

    #[test]
    fn every_reason_is_given() {
        let mut disk = Disk {
            read_only: Some(true),
            removable: Some(true),
            size_bytes: Some(1 << 30),
            holders: vec!["md:md0".to_owned(), "zfs:tank".to_owned()],
            ..disk()
        };
        disk.filesystem = Some(Signature {
            kind: Some("ext4".to_owned()),
            ..Signature::default()
        });
        disk.health.status = Some(HealthStatus::Failing);
        let usage = Usage {
            mount_points: ["/", "/srv"].map(str::to_owned).into(),
            is_swap: true,
            known: true,
        };
        judge(&mut disk, &usage, false);
        assert_eq!(disk.available, Some(false));
        assert_eq!(
            disk.unavailable_reasons,
            [
                "is the boot disk",
                "mounted at /",
                "mounted at /srv",
                "in use as swap",
                "is a member of md0",
                "is a member of ZFS pool tank",
                "has a file system (ext4)",
                "is read-only",
                "is removable",
                "is smaller than 8 GiB",
                "its health is failing",
            ]
        );
    }
}
