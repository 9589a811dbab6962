//! Disks as the kernel shows them, and as they are when the power is gone.

use std::collections::BTreeSet;

use super::Model;
use crate::host::disk::{Disks, Existing, SeenDisk, SeenFileSystem, judge, refusal};
use crate::host::{DiskContent, HostError};
use crate::value::{DiskLayout, DiskName, HostPath, UnitName};

/// What is on a disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Surface {
    mark: Option<String>,
    table: Part,
    file_system: Part,
    /// What muster did not make.
    pub(crate) other: Option<String>,
    /// In the file system.
    pub(crate) files: BTreeSet<String>,
}

/// A part of a layout.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Part {
    #[default]
    None,
    /// The power went while it was written.
    Torn,
    Whole(DiskLayout),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct ModelDisk {
    pub(crate) now: Surface,
    on_disk: Surface,
    /// What uses it beside mounts of ours.
    pub(crate) holders: Vec<String>,
}

impl ModelDisk {
    pub(super) fn sync(&mut self) {
        self.on_disk = self.now.clone();
    }

    pub(super) fn lose_all(&mut self) {
        self.now = self.on_disk.clone();
    }

    /// Of what was not synced one half is there.
    pub(super) fn lose_contents(&mut self) {
        let half = |now: &Part, on_disk: &Part| match now == on_disk {
            true => now.clone(),
            false => Part::Torn,
        };
        self.now.table = half(&self.now.table, &self.on_disk.table);
        self.now.file_system = half(&self.now.file_system, &self.on_disk.file_system);
        self.sync();
    }
}

impl Model {
    /// Has a disk there, empty or with something on it.
    pub(crate) fn plug(&mut self, name: &str, other: Option<&str>) {
        let surface = Surface {
            other: other.map(str::to_owned),
            ..Surface::default()
        };
        let disk = ModelDisk {
            now: surface.clone(),
            on_disk: surface,
            holders: Vec::new(),
        };
        self.disks.insert(disk_name(name), disk);
    }

    /// The disk of that name, which is there.
    pub(crate) fn plugged(&mut self, name: &str) -> &mut ModelDisk {
        self.disks.get_mut(&disk_name(name)).unwrap()
    }

    /// The disk that is mounted there.
    pub(super) fn mounted_at(&self, place: &HostPath) -> Option<&ModelDisk> {
        let mut mounts = self
            .kernel
            .active
            .iter()
            .filter_map(|unit| self.mount(unit));
        let (disk, _) = mounts.find(|(_, at)| at == place.as_str())?;
        self.disks.get(&disk)
    }

    /// What the unit mounts, and where; none when it can mount nothing.
    pub(super) fn mount(&self, unit: &str) -> Option<(DiskName, String)> {
        let unit = UnitName::try_from(unit.to_owned()).unwrap();
        let text = self.unit_file(&unit)?;
        let setting = |key: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(key).map(str::to_owned))
        };
        let (what, place) = (setting("What=/dev/disk/by-uuid/")?, setting("Where=")?);
        let has = |surface: &Surface| matches!(&surface.file_system, Part::Whole(layout) if layout.file_system_uuid == what);
        let mut disks = self.disks.iter().filter(|(_, disk)| has(&disk.now));
        disks.next().map(|(name, _)| (name.clone(), place))
    }

    fn write_disk(
        &mut self,
        name: &DiskName,
        what: impl FnOnce(&mut Surface),
    ) -> Result<(), HostError> {
        self.ready()?;
        what(&mut self.disks.get_mut(name).unwrap().now);
        self.changed()
    }

    fn sync_disk(&mut self, name: &DiskName) -> Result<(), HostError> {
        self.ready()?;
        self.disks.get_mut(name).unwrap().sync();
        self.changed()
    }

    /// As the kernel opens it for one alone.
    fn alone_with(&self, name: &DiskName) -> Result<SeenDisk, HostError> {
        let seen = self.disk(name)?;
        let refused = |why| HostError::because("open", name, why);
        let seen = seen.ok_or_else(|| refused("it is gone"))?;
        match seen.mounts.is_empty() && seen.holders.is_empty() {
            true => Ok(seen),
            false => Err(refused("it is in use")),
        }
    }
}

fn disk_name(name: &str) -> DiskName {
    DiskName::try_from(name.to_owned()).unwrap()
}

impl Disks for Model {
    fn disk(&self, name: &DiskName) -> Result<Option<SeenDisk>, HostError> {
        let Some(disk) = self.disks.get(name) else {
            return Ok(None);
        };
        let mounts = self
            .kernel
            .active
            .iter()
            .filter_map(|unit| self.mount(unit));
        let mut seen = SeenDisk {
            device: "/dev/sdx".to_owned(),
            size_bytes: 1 << 40,
            mounts: mounts
                .filter(|(of, _)| of == name)
                .map(|(_, place)| place)
                .collect(),
            holders: disk.holders.clone(),
            mark: disk.now.mark.clone(),
            signatures: disk.now.other.iter().cloned().collect(),
            ..SeenDisk::default()
        };
        match &disk.now.table {
            Part::None => {}
            Part::Torn => seen.signatures.push("PMBR".to_owned()),
            Part::Whole(layout) => {
                seen.signatures
                    .extend(["gpt".to_owned(), "PMBR".to_owned()]);
                seen.table_uuid = Some(layout.table_uuid.clone());
                seen.partitions = vec![layout.partition_uuid.clone()];
            }
        }
        if let Part::Whole(layout) = &disk.now.file_system {
            seen.file_system = Some(SeenFileSystem {
                kind: layout.file_system.to_string(),
                uuid: Some(layout.file_system_uuid.clone()),
            });
        }
        Ok(Some(seen))
    }

    fn require_disk_tools(&self, _layout: &DiskLayout) -> Result<(), HostError> {
        match self.has_disk_tools {
            true => Ok(()),
            false => Err(HostError::because("run", "sfdisk", "it is not installed")),
        }
    }

    fn make_disk(
        &mut self,
        name: &DiskName,
        layout: &DiskLayout,
        existing: Existing,
    ) -> Result<(), HostError> {
        let seen = self.alone_with(name)?;
        if let Some(why) = refusal(&judge(&seen, layout), existing) {
            return Err(HostError::because("format", name, &why));
        }
        self.write_disk(name, |disk| disk.mark = Some(layout.table_uuid.clone()))?;
        self.sync_disk(name)?;
        self.write_disk(name, |disk| disk.other = None)?;
        self.write_disk(name, |disk| disk.table = Part::Whole(layout.clone()))?;
        self.write_disk(name, |disk| {
            disk.file_system = Part::Whole(layout.clone());
            disk.files.clear();
        })?;
        self.sync_disk(name)
    }

    fn finish_disk(&mut self, name: &DiskName, layout: &DiskLayout) -> Result<(), HostError> {
        let mark = self.disk(name)?.and_then(|seen| seen.mark);
        if mark.as_ref() == Some(&layout.table_uuid) {
            self.write_disk(name, |disk| disk.mark = None)?;
        }
        self.sync_disk(name)
    }

    fn mark_disk(&mut self, name: &DiskName, layout: &DiskLayout) -> Result<(), HostError> {
        let content = judge(&self.disk(name)?.unwrap(), layout);
        assert!(
            matches!(content, DiskContent::Made(_) | DiskContent::Unfinished),
            "{content:?}"
        );
        self.write_disk(name, |disk| disk.mark = Some(layout.table_uuid.clone()))?;
        self.sync_disk(name)
    }

    fn clear_disk(&mut self, name: &DiskName, layout: &DiskLayout) -> Result<(), HostError> {
        match judge(&self.alone_with(name)?, layout) {
            DiskContent::Made(_) | DiskContent::Unfinished => {}
            DiskContent::Empty => return self.sync_disk(name),
            _ => return Err(HostError::because("clear", name, "it is not ours")),
        }
        let mut files = self.disks[name].now.files.iter();
        assert!(
            files.all(|file| file == "lost+found"),
            "there is data on it"
        );
        self.write_disk(name, |disk| disk.mark = Some(layout.table_uuid.clone()))?;
        self.sync_disk(name)?;
        self.write_disk(name, |disk| {
            disk.file_system = Part::None;
            disk.files.clear();
        })?;
        self.write_disk(name, |disk| disk.table = Part::None)?;
        self.sync_disk(name)?;
        self.write_disk(name, |disk| disk.mark = None)?;
        self.sync_disk(name)
    }
}
