//! A disk for data.

use serde::{Deserialize, Serialize};

use super::unit::{AtBoot, Unit, UnitState};
use super::{Keep, Step, StepError};
use crate::host::disk::{judge, refusal};
use crate::host::{DiskContent, Existing, Host, HostError, files};
use crate::value::{
    Attributes, Content, DiskLayout, DiskName, FileSystemKind, FileSystemLabel, HostPath, UnitName,
};

const FOLDER_MODE: u32 = 0o755;
/// What mkfs.ext4(8) makes by itself.
const OF_THE_FILE_SYSTEM: &str = "lost+found";

/// A disk for data: a GPT with one partition, a file system on it, and a unit that mounts it by its UUID.
///
/// What is on a disk is never overwritten unless the step says so, and what is in use not even then. Undone, the disk is empty again where it was empty
/// before and nobody has put anything on it since; else it stays as it is, and that is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Disk {
    /// Which one, by what its maker gave it.
    pub name: DiskName,
    /// Where it is mounted: a directory with nothing in it, which is made where it is not there.
    pub mount: HostPath,
    /// What the file system is.
    #[serde(default = "usual_kind")]
    pub file_system: FileSystemKind,
    /// Its label.
    pub label: FileSystemLabel,
    /// What becomes of that which is on the disk.
    #[serde(default)]
    pub existing: Existing,
}

/// A disk, and how it is mounted, as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DiskState {
    /// What is on the disk.
    pub content: DiskContent,
    /// The directory that it is mounted at.
    pub mount_point: MountPoint,
    /// The unit that mounts it.
    pub unit: UnitState,
}

/// The directory that something is mounted at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MountPoint {
    /// There is none.
    Absent,
    /// It is there, and empty or mounted at.
    Ready,
    /// Something is in it, which would be hidden.
    Full,
}

fn usual_kind() -> FileSystemKind {
    FileSystemKind::Xfs
}

impl Disk {
    fn layout(&self) -> DiskLayout {
        DiskLayout::of(&self.name, self.file_system, &self.label)
    }

    fn unit_name(&self) -> Result<UnitName, StepError> {
        let name = UnitName::of_mount(&self.mount);
        name.map_err(|why| StepError::refused(why.to_string()))
    }

    fn unit(&self) -> Result<Unit, StepError> {
        let (uuid, mount) = (self.layout().file_system_uuid, &self.mount);
        let content = format!(
            "[Unit]\nDescription=Disk for data at {mount}\n\n\
             [Mount]\nWhat=/dev/disk/by-uuid/{uuid}\nWhere={mount}\nType={}\n\n\
             [Install]\nWantedBy=local-fs.target\n",
            self.file_system
        );
        Ok(Unit {
            name: self.unit_name()?,
            content: Some(Content::from(content.as_str())),
            at_boot: Some(AtBoot::Enabled),
            active: Some(true),
        })
    }

    fn content(&self, host: &dyn Host) -> Result<DiskContent, StepError> {
        let layout = self.layout();
        let Some(seen) = host.disk(&self.name)? else {
            return Ok(DiskContent::Absent);
        };
        let content = judge(&seen, &layout);
        if !matches!(content, DiskContent::Made(_)) {
            seen.require_space()?;
            host.require_disk_tools(&layout)?;
        }
        Ok(content)
    }

    fn mount_point(&self, host: &dyn Host, is_mounted: bool) -> Result<MountPoint, StepError> {
        match files::directory(host, &self.mount)? {
            None => Ok(MountPoint::Absent),
            Some(_) if is_mounted || host.list(&self.mount)?.is_empty() => Ok(MountPoint::Ready),
            Some(_) => Ok(MountPoint::Full),
        }
    }

    fn mount(&self, host: &mut dyn Host, state: &DiskState) -> Result<(), StepError> {
        self.set_mount_point(host, state.mount_point)?;
        let unit = self.unit()?;
        let layout = self.layout();
        let is_mounted = unit.inspect(host)?.active == Some(true);
        if matches!(state.content, DiskContent::Made(_)) {
            match self.content(host)? {
                DiskContent::Made(_) => {}
                // It was mounted, so that the file system is whole.
                DiskContent::Unfinished if is_mounted => {}
                _ => host.make_disk(&self.name, &layout, self.existing)?,
            }
        }
        unit.set(host, &state.unit)?;
        if matches!(state.content, DiskContent::Made(_)) {
            // The last of all: until then nobody has been told that there is a place for data.
            host.finish_disk(&self.name, &layout)?;
        }
        Ok(())
    }

    fn unmount(&self, host: &mut dyn Host, state: &DiskState) -> Result<(), StepError> {
        if state.content == DiskContent::Empty {
            self.give_up(host)?;
        }
        self.unit()?.set(host, &state.unit)?;
        if state.content == DiskContent::Empty {
            host.clear_disk(&self.name, &self.layout())?;
        }
        self.set_mount_point(host, state.mount_point)
    }

    /// The last look for data, while it is mounted; then the mark, so that it is known, whatever happens, that there was none.
    fn give_up(&self, host: &mut dyn Host) -> Result<(), StepError> {
        let layout = self.layout();
        let is_mounted = self.unit()?.inspect(host)?.active == Some(true);
        let stays = |why: &str| {
            let name = &self.name;
            Err(StepError::refused(format!(
                "the disk {name} stays as it is: {why}"
            )))
        };
        match self.content(host)? {
            DiskContent::Made(_) if !is_mounted => stays(
                "it is not mounted any more, so that nobody can tell whether something is on it",
            ),
            _ if is_mounted && self.has_data(host)? => {
                stays("something has come onto it in the meantime")
            }
            DiskContent::Made(_) => Ok(host.mark_disk(&self.name, &layout)?),
            _ => Ok(()),
        }
    }

    fn set_mount_point(&self, host: &mut dyn Host, to: MountPoint) -> Result<(), StepError> {
        let now = files::directory(host, &self.mount)?;
        let made = Attributes::of_root(FOLDER_MODE);
        let wanted = match to {
            MountPoint::Absent => None,
            MountPoint::Ready | MountPoint::Full => Some(now.as_ref().unwrap_or(&made)),
        };
        Ok(files::set_directory(host, &self.mount, wanted)?)
    }
}

impl Step for Disk {
    type State = DiskState;

    fn title(&self) -> String {
        let Self {
            name,
            mount,
            file_system,
            label,
            ..
        } = self;
        format!("Have the disk {name} as {file_system} with the label {label} at {mount}")
    }

    fn inspect(&self, host: &dyn Host) -> Result<DiskState, StepError> {
        let content = self.content(host)?;
        let unit = self.unit()?.inspect(host)?;
        let mount_point = self.mount_point(host, unit.active == Some(true))?;
        Ok(DiskState {
            content,
            mount_point,
            unit,
        })
    }

    fn wanted(&self, before: &DiskState) -> Result<DiskState, StepError> {
        let (name, mount) = (&self.name, &self.mount);
        if let Some(why) = refusal(&before.content, self.existing) {
            return Err(StepError::refused(format!("the disk {name}: {why}")));
        }
        if before.mount_point == MountPoint::Full {
            return Err(StepError::refused(format!(
                "there is something in {mount}, which would be hidden by what is mounted there"
            )));
        }
        Ok(DiskState {
            content: DiskContent::Made(self.layout()),
            mount_point: MountPoint::Ready,
            unit: self.unit()?.wanted(&before.unit)?,
        })
    }

    fn set(&self, host: &mut dyn Host, state: &DiskState) -> Result<(), StepError> {
        match state.unit.active {
            Some(true) => self.mount(host, state)?,
            _ => self.unmount(host, state)?,
        }
        Ok(host.sync_everything()?)
    }

    fn keep(&self, host: &dyn Host, before: &DiskState) -> Result<Vec<Keep>, StepError> {
        let now = self.inspect(host)?;
        let is_mounted = now.unit.active == Some(true);
        let stays_mounted = is_mounted && now.unit != self.unit()?.wanted(&before.unit)?;
        let content = self.why_content_stays(host, before, &now, stays_mounted)?;
        let content = content.map(|why| Keep {
            field: "content".into(),
            why: format!("the disk {} stays as it is: {why}", self.name),
        });
        let mount_point = stays_mounted.then(|| Keep {
            field: "mount_point".into(),
            why: format!("{} stays: the disk is mounted there", self.mount),
        });
        Ok(content.into_iter().chain(mount_point).collect())
    }

    fn is_destructive(&self, before: &DiskState) -> bool {
        !matches!(before.content, DiskContent::Made(_))
    }
}

impl Disk {
    fn why_content_stays(
        &self,
        host: &dyn Host,
        before: &DiskState,
        now: &DiskState,
        stays_mounted: bool,
    ) -> Result<Option<String>, StepError> {
        let is_mounted = now.unit.active == Some(true);
        let why = match (&before.content, &now.content) {
            (DiskContent::Other(was), _) => {
                format!("what was on it before was wiped, as was planned ({was})")
            }
            (DiskContent::Unfinished, _) => "what is on it was begun before".to_owned(),
            (_, DiskContent::Absent | DiskContent::Other(_) | DiskContent::InUse(_)) => {
                "what is on it is not what muster left there, or it is gone".to_owned()
            }
            _ if stays_mounted => "the unit that mounts it was changed since".to_owned(),
            _ if is_mounted && self.has_data(host)? => {
                "there is something on it that muster did not put there".to_owned()
            }
            (_, DiskContent::Made(_)) if !is_mounted => format!(
                "it is not mounted, so that nobody can tell whether something is on it; `systemctl start {}` mounts it",
                self.unit_name()?
            ),
            _ => return Ok(None),
        };
        Ok(Some(why))
    }

    fn has_data(&self, host: &dyn Host) -> Result<bool, HostError> {
        let names = host.list(&self.mount)?;
        Ok(names.iter().any(|name| name != OF_THE_FILE_SYSTEM))
    }
}

#[cfg(test)]
mod tests;
