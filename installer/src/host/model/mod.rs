//! A host in memory, for tests: its files as a disk has them and as the kernel shows them, its kernel and its services. It can lose its power, and
//! its programs can be killed, after each single change.

mod artifacts;
mod disk;
mod firewall;
mod machine;
mod network;
mod packages;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use self::disk::ModelDisk;
pub(crate) use self::network::ModelNetwork;
use self::tree::{Data, Tree};
use super::{Entry, EntryKind, Files, Host, HostError};
use crate::value::{Attributes, DiskName, HostPath, KeptFile};

/// How a host goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    /// The program is killed: all that it did stays.
    Killed,
    /// Power is lost: what was not synced was never done.
    PowerLost,
    /// Power is lost: names were written before it, and of what is in the files one half.
    HalfWritten,
}

impl Crash {
    pub(crate) const ALL: [Self; 3] = [Self::Killed, Self::PowerLost, Self::HalfWritten];
}

/// What is to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// After so many changes nothing happens any more, until [`Model::restart`].
    CrashAfter(usize),
    /// The change after so many ones fails, once.
    FailAfter(usize),
}

/// What is not on a disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kernel {
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) modules: BTreeSet<String>,
    pub(crate) name: String,
    pub(crate) swaps: BTreeSet<HostPath>,
    pub(crate) active: BTreeSet<String>,
    /// What the firewall lets in.
    pub(crate) openings: BTreeSet<String>,
    /// The operator's units as systemd has read them.
    pub(crate) units: BTreeMap<String, String>,
    pub(crate) network: ModelNetwork,
}

/// A host in memory.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    tree: Tree,
    pub(crate) disks: BTreeMap<DiskName, ModelDisk>,
    pub(crate) has_disk_tools: bool,
    pub(crate) kernel: Kernel,
    /// None where no kernel runs.
    pub(crate) is_running: bool,
    pub(crate) trouble: Option<Trouble>,
    /// While this is in a file that systemd-networkd has read, nobody is reached.
    pub(crate) unreachable_with: Option<String>,
    /// Somebody says that the network is right as soon as it is waited for.
    pub(crate) confirms_when_waiting: bool,
    /// So many times systemd-networkd reads its files, and never again.
    pub(crate) refuses_to_reload_after: Option<usize>,
    /// How many changes were made.
    pub(crate) changes: usize,
    is_down: bool,
    leases: BTreeMap<HostPath, String>,
}

impl Model {
    /// An empty host with some directories.
    pub(crate) fn new() -> Self {
        let mut model = Self {
            tree: Tree::new(),
            disks: BTreeMap::new(),
            has_disk_tools: true,
            kernel: Kernel::default(),
            is_running: true,
            trouble: None,
            unreachable_with: None,
            confirms_when_waiting: false,
            refuses_to_reload_after: None,
            changes: 0,
            is_down: false,
            leases: BTreeMap::new(),
        };
        for folder in [
            "/etc",
            "/etc/sysctl.d",
            "/etc/modules-load.d",
            "/etc/systemd",
            "/etc/systemd/network",
            "/etc/systemd/system",
            "/etc/systemd/system/multi-user.target.wants",
            "/usr",
            "/usr/bin",
            "/usr/lib",
            "/usr/lib/systemd",
            "/usr/lib/systemd/system",
            "/usr/share",
            "/usr/share/zoneinfo",
            "/var",
            "/var/lib",
        ] {
            let directory = Data::Directory(BTreeMap::new(), Attributes::of_root(0o755));
            model
                .tree
                .insert(&HostPath::known(folder), directory)
                .unwrap();
        }
        model.put("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
        model.tree.sync_everything();
        model
    }

    /// Puts a file there, for good.
    pub(crate) fn put(&mut self, path: &str, text: &str) {
        let path = HostPath::try_from(path.to_owned()).unwrap();
        let file = KeptFile::of_root(text);
        let _ = self.tree.take(&path);
        let data = Data::File(file.content.bytes().to_vec(), file.attributes);
        self.tree.insert(&path, data).unwrap();
        self.tree.sync_everything();
    }

    /// Makes a folder, for good.
    pub(crate) fn make_folder(&mut self, path: &str) {
        let path = HostPath::try_from(path.to_owned()).unwrap();
        let directory = Data::Directory(BTreeMap::new(), Attributes::of_root(0o755));
        self.tree.insert(&path, directory).unwrap();
        self.tree.sync_everything();
    }

    /// The text of a file.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        let path = HostPath::try_from(path.to_owned()).unwrap();
        let bytes = self.read(&path).unwrap()?;
        Some(String::from_utf8(bytes).unwrap())
    }

    /// Takes a file away, for good.
    pub(crate) fn take(&mut self, path: &str) {
        self.tree
            .take(&HostPath::try_from(path.to_owned()).unwrap())
            .unwrap();
        self.tree.sync_everything();
    }

    /// Is up again after it went down.
    pub(crate) fn restart(&mut self, crash: Crash) {
        self.leases.clear();
        self.trouble = None;
        self.is_down = false;
        match crash {
            Crash::Killed => return,
            Crash::PowerLost => {
                self.tree.lose_all();
                self.disks.values_mut().for_each(ModelDisk::lose_all);
            }
            Crash::HalfWritten => {
                self.tree.lose_contents();
                self.disks.values_mut().for_each(ModelDisk::lose_contents);
            }
        }
        self.boot();
    }

    /// All that is to be compared: the tree but for muster's own records, the disks, and what only the kernel knows.
    pub(crate) fn snapshot(&self) -> (BTreeMap<String, String>, Kernel) {
        let mut shown = self.tree.shown();
        let disks = self.disks.iter();
        shown.extend(disks.map(|(name, disk)| (name.to_string(), format!("{:?}", disk.now))));
        (shown, self.kernel.clone())
    }

    /// Counts a change that was made, and goes down after it where that is to be.
    fn changed(&mut self) -> Result<(), HostError> {
        self.changes += 1;
        match self.trouble {
            Some(Trouble::CrashAfter(count)) if self.changes >= count => {
                self.is_down = true;
                Err(down())
            }
            _ => Ok(()),
        }
    }

    /// Whether a change can be made.
    fn ready(&mut self) -> Result<(), HostError> {
        if self.is_down {
            return Err(down());
        }
        match self.trouble {
            Some(Trouble::FailAfter(count)) if self.changes >= count => {
                self.trouble = None;
                let full = io::Error::from(io::ErrorKind::StorageFull);
                Err(HostError::failed("change", "the model", full))
            }
            _ => Ok(()),
        }
    }

    fn change<T>(
        &mut self,
        path: &HostPath,
        what: impl FnOnce(&mut Tree) -> io::Result<T>,
    ) -> Result<(), HostError> {
        self.ready()?;
        what(&mut self.tree).map_err(|error| HostError::failed("change", path, error))?;
        self.changed()
    }
}

fn down() -> HostError {
    HostError::because("use", "the model", "it is down")
}

impl Files for Model {
    fn look(&self, path: &HostPath) -> Result<Option<Entry>, HostError> {
        Ok(self.tree.find(path).map(|data| match data {
            Data::File(_, of) => entry(EntryKind::File, of),
            Data::Directory(_, of) => entry(EntryKind::Directory, of),
            Data::Link(_) => entry(EntryKind::Link, &Attributes::of_root(0o777)),
        }))
    }

    fn read(&self, path: &HostPath) -> Result<Option<Vec<u8>>, HostError> {
        match self.tree.find(path) {
            Some(Data::File(content, _)) => Ok(Some(content.clone())),
            None => Ok(None),
            Some(_) => Err(HostError::because("read", path, "it is no file")),
        }
    }

    fn list(&self, path: &HostPath) -> Result<Vec<String>, HostError> {
        if let Some(disk) = self.mounted_at(path) {
            return Ok(disk.now.files.iter().cloned().collect());
        }
        match self.tree.find(path) {
            Some(Data::Directory(entries, _)) => Ok(entries.keys().cloned().collect()),
            None => Ok(Vec::new()),
            Some(_) => Err(HostError::because("list", path, "it is no directory")),
        }
    }

    fn link(&self, path: &HostPath) -> Result<Option<String>, HostError> {
        Ok(match self.tree.find(path) {
            Some(Data::Link(to)) => Some(to.clone()),
            _ => None,
        })
    }

    fn make_link(&mut self, path: &HostPath, to: &str) -> Result<(), HostError> {
        let link = Data::Link(to.to_owned());
        self.change(path, |tree| tree.insert(path, link))
    }

    fn make_directory(&mut self, path: &HostPath, of: &Attributes) -> Result<(), HostError> {
        let directory = Data::Directory(BTreeMap::new(), of.clone());
        self.change(path, |tree| tree.insert(path, directory))
    }

    fn make_file(
        &mut self,
        path: &HostPath,
        content: &[u8],
        of: &Attributes,
    ) -> Result<(), HostError> {
        let file = Data::File(content.to_vec(), of.clone());
        self.change(path, |tree| tree.insert(path, file))
    }

    fn append(&mut self, path: &HostPath, content: &[u8]) -> Result<(), HostError> {
        self.change(path, |tree| tree.edit(path, |whole| whole.extend(content)))
    }

    fn truncate(&mut self, path: &HostPath, length: u64) -> Result<(), HostError> {
        let length = usize::try_from(length).unwrap();
        self.change(path, |tree| {
            tree.edit(path, |content| content.truncate(length))
        })
    }

    fn set_attributes(&mut self, path: &HostPath, to: &Attributes) -> Result<(), HostError> {
        self.change(path, |tree| tree.set_attributes(path, to))
    }

    fn rename(&mut self, from: &HostPath, to: &HostPath) -> Result<(), HostError> {
        self.change(from, |tree| tree.rename(from, to))
    }

    fn remove_file(&mut self, path: &HostPath) -> Result<(), HostError> {
        match self.look(path)?.map(|entry| entry.kind) {
            Some(EntryKind::Directory) => {
                Err(HostError::because("remove", path, "it is a directory"))
            }
            _ => self.change(path, |tree| tree.take(path)),
        }
    }

    fn remove_directory(&mut self, path: &HostPath) -> Result<(), HostError> {
        assert!(self.mounted_at(path).is_none(), "{path} is mounted at");
        match self.list(path)?.is_empty() {
            true => self.change(path, |tree| tree.take(path)),
            false => Err(HostError::because("remove", path, "it is not empty")),
        }
    }

    fn sync(&mut self, path: &HostPath) -> Result<(), HostError> {
        self.change(path, |tree| tree.sync(path))
    }

    fn sync_everything(&mut self) -> Result<(), HostError> {
        self.disks.values_mut().for_each(ModelDisk::sync);
        self.change(&HostPath::known("/all"), |tree| {
            tree.sync_everything();
            Ok(())
        })
    }
}

fn entry(kind: EntryKind, of: &Attributes) -> Entry {
    Entry {
        kind,
        attributes: of.clone(),
    }
}

impl Host for Model {
    fn lease(&mut self, path: &HostPath, holder: &str) -> Result<(), HostError> {
        match self.leases.get(path) {
            Some(holder) => Err(HostError::Held {
                holder: holder.clone(),
            }),
            None => {
                self.leases.insert(path.clone(), holder.to_owned());
                Ok(())
            }
        }
    }

    fn holder(&self, path: &HostPath) -> Result<Option<String>, HostError> {
        Ok(self.leases.get(path).cloned())
    }

    fn release(&mut self, path: &HostPath) -> Result<(), HostError> {
        self.leases.remove(path);
        Ok(())
    }

    fn now(&self) -> String {
        "2026-03-14T09:26:53Z".to_owned()
    }

    fn pause(&mut self, _length: std::time::Duration) {}
}
