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
            field: "content",
            why: format!("the disk {} stays as it is: {why}", self.name),
        });
        let mount_point = stays_mounted.then(|| Keep {
            field: "mount_point",
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
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{action, host, prove, refused};
    use super::super::{Edited, State, undo};
    use super::*;
    use crate::host::Machine as _;
    use crate::host::model::Model;

    const EMPTY: &str = "serial:EMPTY1";
    const FULL: &str = "wwn:0x5000c500a1b2c3d4";

    fn disk(name: &str) -> Value {
        json!({"disk": {"name": name, "mount": "/var/data-1", "label": "data"}})
    }

    /// A host where the step is done, with the state that was before.
    fn done(host: &Model, written: &Value) -> (Model, State) {
        let mut host = host.clone();
        let action = action(written);
        let before = action.inspect(&host).unwrap();
        action
            .set(&mut host, &action.wanted(&before).unwrap())
            .unwrap();
        (host, before)
    }

    /// Undoes it as the engine does, and gives what is kept.
    fn undone(host: &mut Model, written: &Value, before: &State) -> Vec<String> {
        let action = action(written);
        let now = action.inspect(host).unwrap();
        let after = action.wanted(before).unwrap();
        let keep = action.keep(host, before).unwrap();
        let undo = undo([before, &after, &now], Edited::PutBack, &keep).unwrap();
        action.set(host, &undo.target).unwrap();
        assert_eq!(action.inspect(host).unwrap(), undo.target);
        undo.kept
    }

    #[test]
    fn an_empty_disk_is_made_and_mounted_and_empty_again() {
        let mut there = host();
        there.plug("serial:SECOND", None);
        for name in [EMPTY, "serial:SECOND"] {
            prove(&there, &disk(name));
        }
        let ext4 = json!({"disk": {"name": EMPTY, "mount": "/var/lib", "label": "a", "file_system": "ext4"}});
        prove(&there, &ext4);
        let after = prove(&there, &disk(EMPTY));
        let unit = after
            .text("/etc/systemd/system/var-data\\x2d1.mount")
            .unwrap();
        assert!(unit.contains("\nWhere=/var/data-1\nType=xfs\n"), "{unit}");
    }

    #[test]
    fn what_is_on_a_disk_is_refused_and_wiped_only_where_it_is_said() {
        let told = refused(&host(), &disk(FULL));
        assert!(
            told.contains(FULL) && told.contains("it is not empty: on the disk ext4"),
            "{told}"
        );
        let mut written = disk(FULL);
        written["disk"]["existing"] = json!("wipe");
        let (mut after, before) = done(&host(), &written);
        assert!(action(&written).is_destructive(&before));
        let kept = undone(&mut after, &written, &before);
        assert!(
            kept[0].contains("was wiped, as was planned (on the disk ext4)"),
            "{kept:?}"
        );
        assert_eq!(kept.len(), 1);
        assert_eq!(after.kernel, host().kernel);
        // And it is not used while anything uses it.
        let mut held = host();
        held.plugged(FULL).holders.push("used by md0".to_owned());
        assert!(refused(&held, &written).contains("used by md0"));
    }

    #[test]
    fn what_comes_onto_a_disk_between_plan_and_work_is_not_overwritten() {
        let action = action(&disk(EMPTY));
        let before = action.inspect(&host()).unwrap();
        let wanted = action.wanted(&before).unwrap();
        let mut written = host();
        written.plugged(EMPTY).now.other = Some("crypto_LUKS".to_owned());
        let mut held = host();
        held.plugged(EMPTY).holders.push("used by dm-0".to_owned());
        let mut gone = host();
        gone.disks.clear();
        for mut host in [written, held, gone] {
            let disks = format!("{:?}", host.disks);
            action.set(&mut host, &wanted).unwrap_err();
            assert_eq!(format!("{:?}", host.disks), disks);
        }
    }

    #[test]
    fn data_stays() {
        let written = disk(EMPTY);
        let (mut full, before) = done(&host(), &written);
        full.plugged(EMPTY).now.files.insert("mine".to_owned());
        let kept = undone(&mut full, &written, &before);
        assert!(
            kept[0].contains("something on it that muster did not put there"),
            "{kept:?}"
        );
        assert!(full.plugged(EMPTY).now.files.contains("mine"));
        assert_eq!(full.kernel, host().kernel);
        // What was made before is found again, and used as it is.
        let again = prove(&full, &written);
        assert!(
            again
                .disks
                .values()
                .any(|disk| disk.now.files.contains("mine"))
        );
        // Where it is not mounted nobody can tell.
        let (mut unmounted, before) = done(&host(), &written);
        let unit = UnitName::of_mount(&HostPath::known("/var/data-1")).unwrap();
        unmounted.stop(&unit).unwrap();
        unmounted.plugged(EMPTY).now.files.insert("mine".to_owned());
        let kept = undone(&mut unmounted, &written, &before);
        assert!(kept[0].contains("it is not mounted"), "{kept:?}");
        assert!(unmounted.plugged(EMPTY).now.files.contains("mine"));
    }

    /// A host went down while it was undone, came up again, and was used.
    #[test]
    fn data_that_came_after_the_decision_stays() {
        let written = disk(EMPTY);
        let (host, before) = done(&host(), &written);
        for is_mounted in [true, false] {
            let mut host = host.clone();
            if !is_mounted {
                let unit = UnitName::of_mount(&HostPath::known("/var/data-1")).unwrap();
                host.stop(&unit).unwrap();
            }
            host.plugged(EMPTY).now.files.insert("mine".to_owned());
            let told = action(&written).set(&mut host, &before).unwrap_err();
            assert!(told.to_string().contains("stays as it is"), "{told}");
            assert!(host.plugged(EMPTY).now.files.contains("mine"));
        }
    }

    #[test]
    fn lost_and_found_is_no_data() {
        let written = disk(EMPTY);
        let before = host();
        let (mut host, state) = done(&before, &written);
        let files = &mut host.plugged(EMPTY).now.files;
        files.insert(OF_THE_FILE_SYSTEM.to_owned());
        assert_eq!(undone(&mut host, &written, &state), [""; 0]);
        assert_eq!(host.snapshot(), before.snapshot());
    }

    #[test]
    fn where_it_cannot_be_done_nothing_is_planned() {
        assert!(refused(&host(), &disk("serial:NONE")).contains("no disk of this machine"));
        let mut full = host();
        full.put("/var/lib/mine", "");
        let lib = json!({"disk": {"name": EMPTY, "mount": "/var/lib", "label": "a"}});
        assert!(refused(&full, &lib).contains("would be hidden"));
        let mut without = host();
        without.has_disk_tools = false;
        assert!(refused(&without, &disk(EMPTY)).contains("sfdisk: it is not installed"));
        let odd = json!({"disk": {"name": EMPTY, "mount": "/var/a b", "label": "a"}});
        assert!(refused(&host(), &odd).contains("no place to mount at"));
    }
}
