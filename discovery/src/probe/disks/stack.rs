//! What is built on a disk, and where that is in use.

use std::collections::{BTreeMap, BTreeSet};

use muster_model::WarningKind;
use muster_model::disk::{Disk, Signature};

use super::Draft;
use super::availability::{self, Usage};
use crate::Fault;
use crate::context::Context;
use crate::context::{BlockDevices, Composed, MadeBy};
use crate::notes::Notes;
use crate::parse::device_mapper::Kind;
use crate::parse::mounts::{Mount, swap_devices};
use crate::source::TABLE_CAP;

/// Devices made of others, mounts and swap areas of the host.
pub(super) struct Stack<'a> {
    devices: &'a BlockDevices,
    by_number: BTreeMap<&'a str, Vec<&'a str>>,
    by_source: BTreeMap<&'a str, Vec<&'a str>>,
    swaps: BTreeSet<String>,
    /// Whether all of it is known.
    known: bool,
}

impl<'a> Stack<'a> {
    pub(super) fn new(
        context: &'a Context<'a>,
        devices: &'a BlockDevices,
        notes: &mut Notes,
    ) -> Self {
        let mounts = notes.require("disks", "proc/self/mountinfo", context.mounts());
        let mut stack = Self {
            devices,
            by_number: BTreeMap::new(),
            by_source: BTreeMap::new(),
            swaps: BTreeSet::new(),
            known: mounts.is_some_and(|table| table.odd == 0),
        };
        for mount in mounts.map_or(&[][..], |table| &table.mounts) {
            stack.add(mount);
        }
        if mounts.is_some() && !stack.known {
            let message = "whether disks are free: mounts cannot be understood";
            notes.warn("disks", WarningKind::Malformed, message);
        }
        let swaps = match context.source.read_up_to("proc/swaps", TABLE_CAP) {
            // A kernel without swap has no such file.
            Err(Fault::Absent) => Some(Vec::new()),
            swaps => notes.require("disks", "whether disks are free: proc/swaps", swaps),
        };
        stack.known &= swaps.is_some();
        stack.swaps = swap_devices(&swaps.unwrap_or_default())
            .into_iter()
            .collect();
        if let Some((name, fault)) = &devices.fault {
            let what = format!("whether disks are free: what {name} is made of");
            notes.require("disks", &what, Err::<(), _>(fault.clone()));
            stack.known = false;
        }
        stack
    }

    /// By number; Btrfs and tables without numbers only have the path of a device.
    fn add(&mut self, mount: &'a Mount) {
        let (index, key) = if mount.number.is_empty() || mount.number.starts_with("0:") {
            (&mut self.by_source, &mount.source)
        } else {
            (&mut self.by_number, &mount.number)
        };
        index.entry(key).or_default().push(&mount.mount_point);
    }

    /// Fills holders, mount points and whether the disk is free.
    pub(super) fn finish(&self, mut draft: Draft) -> Disk {
        let mut usage = Usage {
            known: self.known,
            ..Usage::default()
        };
        let disk = &mut draft.disk;
        disk.mount_points = self.mount_points(&draft.number, &[&disk.path]);
        for (partition, number) in disk.partitions.iter_mut().zip(&draft.partition_numbers) {
            let path = format!("/dev/{}", partition.name.replace('!', "/"));
            partition.mount_points = self.mount_points(number, &[&path]);
            usage
                .mount_points
                .extend(partition.mount_points.iter().cloned());
            usage.is_swap |= self.swaps.contains(&path);
        }
        usage.mount_points.extend(disk.mount_points.iter().cloned());
        usage.is_swap |= self.swaps.contains(&disk.path);
        let mut below: Vec<&str> = vec![&disk.name];
        below.extend(
            disk.partitions
                .iter()
                .map(|partition| partition.name.as_str()),
        );
        let holders = self.holders(&below, disk);
        self.climb(&below, &mut usage);
        disk.holders = holders;
        availability::judge(disk, &usage, draft.content_known);
        draft.disk
    }

    fn mount_points(&self, number: &str, paths: &[&str]) -> Vec<String> {
        let by_number = self.by_number.get(number).into_iter();
        let by_source = paths.iter().filter_map(|path| self.by_source.get(path));
        let all: BTreeSet<&str> = by_number.chain(by_source).flatten().copied().collect();
        all.into_iter().map(str::to_owned).collect()
    }

    /// What is directly built on these, each once, such as `md:md0` or `lvm:vg0`.
    fn holders(&self, names: &[&str], disk: &Disk) -> Vec<String> {
        let mut holders: Vec<String> = Vec::new();
        for name in names {
            for (holder, composed) in self.devices.holders(name) {
                holders.push(title(holder, composed));
            }
        }
        let partitions = disk
            .partitions
            .iter()
            .map(|partition| &partition.filesystem);
        let signatures = std::iter::once(&disk.filesystem).chain(partitions);
        holders.extend(signatures.flatten().filter_map(pool));
        let mut seen = BTreeSet::new();
        holders.retain(|holder| seen.insert(holder.clone()));
        holders
    }

    /// Collects how all that is built on these is in use, however high.
    fn climb(&self, names: &[&str], usage: &mut Usage) {
        let mut waiting: Vec<&str> = names.to_vec();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        while let Some(name) = waiting.pop() {
            for (holder, composed) in self.devices.holders(name) {
                if !seen.insert(holder) {
                    continue;
                }
                waiting.push(holder);
                let mut paths = vec![format!("/dev/{holder}")];
                if let MadeBy::Mapper(name, _) = &composed.made_by {
                    paths.push(format!("/dev/mapper/{name}"));
                }
                let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
                usage
                    .mount_points
                    .extend(self.mount_points(&composed.number, &paths));
                usage.is_swap |= paths.iter().any(|path| self.swaps.contains(*path));
            }
        }
    }
}

fn title(holder: &str, composed: &Composed) -> String {
    match &composed.made_by {
        MadeBy::Raid => format!("md:{holder}"),
        MadeBy::Bcache => format!("bcache:{holder}"),
        MadeBy::Mapper(_, Kind::Lvm { group, .. }) => format!("lvm:{group}"),
        MadeBy::Mapper(name, Kind::Crypt) => format!("crypt:{name}"),
        MadeBy::Mapper(name, Kind::Multipath) => format!("multipath:{name}"),
        MadeBy::Mapper(name, Kind::Other) if name.is_empty() => format!("dm:{holder}"),
        MadeBy::Mapper(name, Kind::Other) => format!("dm:{name}"),
    }
}

/// The kernel does not list what ZFS holds.
fn pool(signature: &Signature) -> Option<String> {
    let is_member = signature.kind.as_deref() == Some("zfs_member");
    is_member.then(|| format!("zfs:{}", signature.label.as_deref().unwrap_or("unknown")))
}
