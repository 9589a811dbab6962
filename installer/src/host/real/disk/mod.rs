//! Disks of the machine that runs: found by what their makers gave them, looked at, made and cleared by the well-kept tools.
//!
//! A disk is opened alone (`O_EXCL`: the kernel refuses while anything has it or a partition of it mounted, swapped to or held) when the last look is
//! taken and the mark is written. The tools would be refused, too, while it is; so it is held open and locked from then on without being alone:
//! as long as it is open its name goes to no other disk, and the tools look for themselves whether somebody came in between.

mod device;
mod look;

use std::time::Duration;

use muster_discovery::{Options, Source, discover};
use muster_model::Section;

use super::runner::{Call, Tool};
use super::{Real, systemd};
use crate::host::HostError;
use crate::host::disk::{DiskContent, Disks, Existing, SeenDisk, judge, refusal};
use crate::value::{DiskLayout, DiskName, FileSystemKind};

use self::device::Device;

/// Of a large disk, whose old content is discarded first.
const FORMAT: Duration = Duration::from_secs(900);
/// "Linux filesystem data": UAPI Discoverable Partitions Specification, and what sfdisk(8) makes by itself.
const TYPE: &str = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";

impl Disks for Real {
    fn disk(&self, name: &DiskName) -> Result<Option<SeenDisk>, HostError> {
        self.require_running("look at", name)?;
        match self.device_of(name)? {
            Some(device) => look::at(&device).map(Some),
            None => Ok(None),
        }
    }

    fn require_disk_tools(&self, layout: &DiskLayout) -> Result<(), HostError> {
        self.require_running("format", &layout.label)?;
        let tools = [
            Tool::Sfdisk,
            Tool::Wipefs,
            Tool::Blkid,
            Tool::Partx,
            Tool::Udevadm,
        ];
        for tool in tools.into_iter().chain([format_tool(layout.file_system)]) {
            tool.find()?;
        }
        Ok(())
    }

    fn make_disk(
        &mut self,
        name: &DiskName,
        layout: &DiskLayout,
        existing: Existing,
    ) -> Result<(), HostError> {
        let refused = |why: &str| HostError::because("format", name, why);
        let (alone, seen) = self.alone_with(name)?;
        let content = judge(&seen, layout);
        if let Some(why) = refusal(&content, existing) {
            return Err(refused(&why));
        }
        seen.require_space()?;
        alone.set_mark(Some(&layout.table_uuid))?;
        let held = alone.held()?;
        if matches!(content, DiskContent::Other(_)) {
            wipe(&held)?;
        }
        partition(&held, layout)?;
        format(&held, layout)?;
        held.sync()?;
        drop(held);
        settle()
    }

    fn finish_disk(&mut self, name: &DiskName, layout: &DiskLayout) -> Result<(), HostError> {
        let device = self.device_of(name)?;
        let device = device.ok_or_else(|| HostError::because("finish", name, "it is gone"))?;
        match Device::to_read(&device)?.mark()?.as_ref() == Some(&layout.table_uuid) {
            // Not alone: the file system is mounted.
            true => Device::shared(&device)?.set_mark(None),
            false => Ok(()),
        }
    }

    fn mark_disk(&mut self, name: &DiskName, layout: &DiskLayout) -> Result<(), HostError> {
        let device = self.device_of(name)?;
        let device = device.ok_or_else(|| HostError::because("mark", name, "it is gone"))?;
        match judge(&look::at(&device)?, layout) {
            // Not alone: the file system is mounted.
            DiskContent::Made(_) => Device::shared(&device)?.set_mark(Some(&layout.table_uuid)),
            DiskContent::Unfinished => Ok(()),
            _ => {
                let why = "what is on it is not what muster made";
                Err(HostError::because("mark", name, why))
            }
        }
    }

    fn clear_disk(&mut self, name: &DiskName, layout: &DiskLayout) -> Result<(), HostError> {
        let (alone, seen) = self.alone_with(name)?;
        match judge(&seen, layout) {
            DiskContent::Made(_) | DiskContent::Unfinished => {}
            DiskContent::Empty => return Ok(()),
            _ => {
                let why = "what is on it is not what muster made";
                return Err(HostError::because("clear", name, why));
            }
        }
        alone.set_mark(Some(&layout.table_uuid))?;
        alone.clear()?;
        alone.set_mark(None)?;
        let held = alone.held()?;
        forget_partitions(&held)?;
        drop(held);
        settle()
    }
}

impl Real {
    /// What the kernel calls the disk of this name now: `sda`.
    fn device_of(&self, name: &DiskName) -> Result<Option<String>, HostError> {
        let failed = |why: &str| HostError::because("look for", name, why);
        #[cfg(test)]
        if let Some(device) = self.test_disks.get(name) {
            return Ok(Some(device.clone()));
        }
        let source = Source::live().map_err(|fault| failed(&fault.to_string()))?;
        let options = Options {
            sections: [Section::Disks].into(),
            ..Options::default()
        };
        let disks = discover(&source, &options).inventory.disks;
        let mut found = disks.into_iter().filter(|disk| match name {
            DiskName::Wwn(wwn) => disk.wwn.as_ref() == Some(wwn),
            DiskName::Serial(serial) => disk.serial.as_ref() == Some(serial),
        });
        match (found.next(), found.next()) {
            (Some(one), Some(other)) => Err(failed(&format!(
                "{} and {} both have it: name the disk by its other identifier",
                one.name, other.name
            ))),
            (disk, _) => Ok(disk.map(|disk| disk.name)),
        }
    }

    /// Opens the disk so that nobody else uses it, and looks at it, once more: it is still the one of this name.
    fn alone_with(&self, name: &DiskName) -> Result<(Device, SeenDisk), HostError> {
        let changed = |why| HostError::because("open", name, why);
        let device = self.device_of(name)?.ok_or_else(|| changed("it is gone"))?;
        let alone = Device::alone(&device)?;
        if self.device_of(name)?.as_ref() != Some(&device) || !alone.is(&look::number(&device)?) {
            return Err(changed("what it is called was changed in this moment"));
        }
        Ok((alone, look::at(&device)?))
    }
}

fn wipe(disk: &Device) -> Result<(), HostError> {
    for partition in look::partitions(disk.name())? {
        Tool::Wipefs.succeed(&["--all", "--quiet", "--", &format!("/dev/{partition}")])?;
    }
    Tool::Wipefs
        .succeed(&["--all", "--quiet", "--", disk.path()])
        .map(drop)
}

fn partition(disk: &Device, layout: &DiskLayout) -> Result<(), HostError> {
    let DiskLayout {
        label,
        table_uuid,
        partition_uuid,
        ..
    } = layout;
    let script = format!(
        "label: gpt\nlabel-id: {table_uuid}\nstart=1MiB, type={TYPE}, uuid={partition_uuid}, name={label}\n"
    );
    Tool::Sfdisk.call(&Call {
        arguments: &[
            "--quiet",
            "--wipe",
            "never",
            "--no-tell-kernel",
            "--",
            disk.path(),
        ],
        input: &script,
        ..Call::default()
    })?;
    // The kernel is told, also where it does not read tables by itself. Old partitions first: partx(8) cannot grow one over another.
    forget_partitions(disk)?;
    Tool::Partx.succeed(&["--add", "--", disk.path()]).map(drop)
}

fn forget_partitions(disk: &Device) -> Result<(), HostError> {
    match look::partitions(disk.name())?.as_slice() {
        [] => Ok(()),
        _ => Tool::Partx
            .succeed(&["--delete", "--", disk.path()])
            .map(drop),
    }
}

fn format(disk: &Device, layout: &DiskLayout) -> Result<(), HostError> {
    let partitions = look::partitions(disk.name())?;
    let ours = look::partition_of_ours(disk.name())?;
    let ([_], Some(partition)) = (partitions.as_slice(), &ours) else {
        let why = "the kernel does not see the partition that was made, or others beside it";
        return Err(HostError::because("format", disk.path(), why));
    };
    let path = format!("/dev/{partition}");
    // What a crash left of the last attempt, or what lay there under a table that is gone.
    Tool::Wipefs.succeed(&["--all", "--quiet", "--", &path])?;
    let uuid = match layout.file_system {
        FileSystemKind::Xfs => format!("-muuid={}", layout.file_system_uuid),
        FileSystemKind::Ext4 => format!("-U{}", layout.file_system_uuid),
    };
    let label = format!("-L{}", layout.label);
    format_tool(layout.file_system).call(&Call {
        arguments: &["-q", &uuid, &label, &path],
        limit: FORMAT,
        ..Call::default()
    })?;
    Device::shared(partition)?.sync()
}

fn format_tool(kind: FileSystemKind) -> Tool {
    match kind {
        FileSystemKind::Xfs => Tool::MkfsXfs,
        FileSystemKind::Ext4 => Tool::MkfsExt4,
    }
}

/// Until udev has named what is new.
fn settle() -> Result<(), HostError> {
    match systemd::is_booted() {
        true => Tool::Udevadm.succeed(&["settle", "--timeout=30"]).map(drop),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
