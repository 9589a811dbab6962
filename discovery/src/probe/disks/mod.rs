//! Whole disks: what they are, what is on them, how they are, and whether an installer may take
//! them.
//!
//! A disk is a block device that keeps data by itself. Left out are those made of others (md,
//! device-mapper, bcache, ZFS volumes), of files or memory (loop, ram, zram), without a medium or
//! a connection (a capacity of zero), optical drives, floppies, MTD blocks, the boot areas of eMMC
//! and the hidden paths below an NVMe multipath namespace.

mod availability;
mod health;
mod identity;
mod links;
mod partitions;
mod questions;
mod stack;

use std::collections::BTreeMap;

use muster_model::disk::{Disk, Signature};
use muster_model::{Found, WarningKind};

use crate::context::Context;
use crate::notes::Notes;
use crate::parse::udev_database::{self, Record};
use crate::source::Dir;
use stack::Stack;

/// The unit of sizes in sysfs, whatever the disk's own sectors are.
const SECTOR: u64 = 512;

/// Fills `disks`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Vec<Disk>> {
    let mut notes = Notes::new("disks");
    let Some(devices) = notes.require("disks", "sys/block", context.block_devices()) else {
        return notes.with(Vec::new());
    };
    let mut reader = Reader::new(context);
    let mut drafts: Vec<Draft> = devices
        .names
        .iter()
        .filter(|name| is_disk(name))
        .filter_map(|name| reader.disk(name, &mut notes))
        .collect();
    reader.links.fill(&mut drafts);
    let stack = Stack::new(context, devices, &mut notes);
    questions::ask(context, &mut drafts, &mut notes);
    let disks = drafts
        .into_iter()
        .map(|draft| stack.finish(draft))
        .collect();
    notes.with(disks)
}

/// A disk in the making, with what is needed to finish it.
#[derive(Default)]
struct Draft {
    disk: Disk,
    /// `major:minor`.
    number: String,
    /// The same of the partitions, in their order.
    partition_numbers: Vec<String>,
    /// What udev knows of the disk.
    record: Option<Record>,
    /// Whether it speaks ATA, be it behind SCSI.
    is_ata: bool,
    /// Whether IDENTIFY DEVICE would say more than is known.
    lacks_identity: bool,
    /// Whether what is on it is known, even if that is nothing.
    content_known: bool,
    /// The partitions of which that is not known.
    unread_partitions: Vec<String>,
}

/// What reading one disk after the other shares.
struct Reader<'a> {
    context: &'a Context<'a>,
    udev: Dir<'a>,
    links: links::Links<'a>,
    /// By the path of the PCI function.
    numa_nodes: BTreeMap<String, Option<u32>>,
    /// Driver by the path of the SCSI host.
    scsi_drivers: BTreeMap<String, Option<String>>,
}

impl<'a> Reader<'a> {
    fn new(context: &'a Context<'a>) -> Self {
        Self {
            context,
            udev: context.source.dir("run/udev/data"),
            links: links::Links::new(context.source),
            numa_nodes: BTreeMap::new(),
            scsi_drivers: BTreeMap::new(),
        }
    }

    /// `None` for one without a medium.
    fn disk(&mut self, name: &str, notes: &mut Notes) -> Option<Draft> {
        let device = self.context.source.device(&format!("sys/block/{name}"));
        let mut draft = Draft::default();
        draft.disk.name = name.to_owned();
        draft.disk.path = format!("/dev/{}", name.replace('!', "/"));
        self.read_block(&device, &mut draft, notes)?;
        draft.record = self.record(&draft.number);
        // udev does not look at network block devices.
        draft.content_known = draft.record.is_some() && !name.starts_with("nbd");
        draft.disk.filesystem = draft.record.as_ref().and_then(signature);
        identity::read(self, &device, &mut draft, notes);
        partitions::read(self, &device, &mut draft, notes);
        Some(draft)
    }

    /// What every block device has.
    fn read_block(&self, device: &Dir<'_>, draft: &mut Draft, notes: &mut Notes) -> Option<()> {
        let disk = &mut draft.disk;
        let name = disk.name.clone();
        let sectors = notes.require(&name, "size", device.number::<u64>("size"));
        disk.removable = notes.keep(&name, "removable", device.switch("removable"));
        if sectors == Some(0) {
            if disk.removable == Some(true) || name.starts_with("nbd") {
                return None;
            }
            let message = "size: the disk reports no capacity; it may be failing or locked";
            notes.warn(&name, WarningKind::Malformed, message);
        }
        disk.size_bytes = sectors
            .filter(|sectors| *sectors > 0)
            .and_then(|sectors| sectors.checked_mul(SECTOR));
        disk.read_only = notes.keep(&name, "ro", device.switch("ro"));
        let mut sector = |attribute: &str| {
            let bytes = notes.keep(&name, attribute, device.number::<u32>(attribute));
            bytes.filter(|bytes| *bytes > 0)
        };
        disk.logical_sector_bytes = sector("queue/logical_block_size");
        disk.physical_sector_bytes = sector("queue/physical_block_size");
        disk.rotational = notes.keep(&name, "rotational", device.switch("queue/rotational"));
        disk.zoned = notes.keep(&name, "zoned", device.text("queue/zoned"));
        draft.number = notes
            .keep(&name, "dev", device.text("dev"))
            .unwrap_or_default();
        Some(())
    }

    /// udev's record of a block device.
    fn record(&self, number: &str) -> Option<Record> {
        if number.is_empty() {
            return None;
        }
        let record = self.udev.read(&format!("b{number}")).ok()?;
        Some(udev_database::parse(&record))
    }
}

/// The superblock as udev saw it.
fn signature(record: &Record) -> Option<Signature> {
    Some(Signature {
        kind: Some(record.property("ID_FS_TYPE")?.to_owned()),
        label: record.decoded("ID_FS_LABEL_ENC"),
        uuid: record
            .decoded("ID_FS_UUID_ENC")
            .or_else(|| record.first(&["ID_FS_UUID"])),
    })
}

/// By the kernel's name; see the top of this file.
fn is_disk(name: &str) -> bool {
    const OTHERS: &[&str] = &[
        "loop", "ram", "zram", "dm-", "md", "bcache", "zd", "sr", "scd", "fd", "mtdblock",
        "ubiblock",
    ];
    let stem = name.trim_end_matches(|character: char| character.is_ascii_digit());
    let is_boot_area = name.starts_with("mmcblk")
        && (stem.ends_with("boot") || stem.ends_with("gp") || stem.ends_with("rpmb"));
    let is_hidden_path =
        name.starts_with("nvme") && name.get(4..).is_some_and(|rest| rest.contains('c'));
    let is_other = OTHERS.contains(&stem) || name.starts_with("md_");
    !is_boot_area && !is_hidden_path && !is_other
}

#[cfg(test)]
mod tests;
