//! The host that there is: the machine that runs, or another root directory.
//!
//! No path leads out of the root directory: the kernel resolves each below it (openat2(2)). Nothing is followed at the end of a path.

mod artifacts;
mod disk;
mod files;
mod firewall;
mod lease;
mod machine;
mod names;
mod network;
mod packages;
mod runner;
mod systemd;
mod tail;
mod timedate;

use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{Timestamp, Unit};
use rustix::fs::{Mode, OFlags, open};

use super::{Host, HostError};
use crate::value::HostPath;

use self::systemd::Systemd;
pub(crate) use self::tail::{Tail, Watch};

/// The host that there is.
#[derive(Debug)]
pub struct Real {
    root: OwnedFd,
    /// None for the machine that runs.
    other_root: Option<PathBuf>,
    systemd: Systemd,
    leases: BTreeMap<HostPath, File>,
    /// What stands for disks where there are none to be written: loop devices have neither a world-wide name nor a serial number.
    #[cfg(test)]
    test_disks: BTreeMap<crate::value::DiskName, String>,
}

impl Real {
    /// The machine that runs.
    ///
    /// # Errors
    /// Its root directory cannot be opened.
    pub fn machine() -> Result<Self, HostError> {
        Self::open(Path::new("/"), None)
    }

    /// Another root directory, where nothing runs.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn other_root(folder: &Path) -> Result<Self, HostError> {
        let failed = |error| HostError::failed("open", folder.display(), error);
        // Given to programs, which run elsewhere.
        let folder = std::path::absolute(folder).map_err(failed)?;
        Self::open(&folder, Some(folder.clone()))
    }

    fn open(folder: &Path, other_root: Option<PathBuf>) -> Result<Self, HostError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = open(folder, flags, Mode::empty());
        Ok(Self {
            root: root
                .map_err(|error| HostError::failed("open", folder.display(), error.into()))?,
            other_root,
            systemd: Systemd::default(),
            leases: BTreeMap::new(),
            #[cfg(test)]
            test_disks: BTreeMap::new(),
        })
    }
}

impl Host for Real {
    fn lease(&mut self, path: &HostPath, holder: &str) -> Result<(), HostError> {
        self.take_lease(path, holder)
    }

    fn holder(&self, path: &HostPath) -> Result<Option<String>, HostError> {
        self.lease_holder(path)
    }

    fn release(&mut self, path: &HostPath) -> Result<(), HostError> {
        self.give_lease(path)
    }

    fn now(&self) -> String {
        let now = Timestamp::now();
        now.round(Unit::Second).unwrap_or(now).to_string()
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "nothing tells when what failed would go well"
    )]
    fn pause(&mut self, length: Duration) {
        std::thread::sleep(length);
    }
}

#[cfg(test)]
mod tests;
