//! A lease: a file that is locked as long as its holder lives.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::time::Duration;

use rustix::fs::{
    AtFlags, FlockOperation, Mode, OFlags, ResolveFlags, flock, fstat, ftruncate, openat2, statat,
};
use rustix::io::Errno;

use super::Real;
use crate::host::{Files as _, Host as _, HostError};
use crate::value::HostPath;

const PRIVATE: Mode = Mode::from_raw_mode(0o600);
/// Somebody who looks who has the lease has a lock for a moment.
const ATTEMPTS: u32 = 5;
const MOMENT: Duration = Duration::from_millis(20);
/// Nobody has so long a name.
const LONGEST_HOLDER: u64 = 1024;

impl Real {
    pub(super) fn take_lease(&mut self, path: &HostPath, holder: &str) -> Result<(), HostError> {
        for _ in 0..ATTEMPTS {
            let mut file = self
                .lease_file(path)
                .map_err(|error| failed("lease", path, error))?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) if self.is_at(&file, path)? => {
                    let written = ftruncate(&file, 0).map_err(std::io::Error::from);
                    let written = written.and_then(|()| file.write_all(holder.as_bytes()));
                    written.map_err(|error| HostError::failed("lease", path, error))?;
                    self.leases.insert(path.clone(), file);
                    return Ok(());
                }
                // Its last holder removed it between our opening and our locking.
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => self.pause(MOMENT),
                Err(error) => return Err(failed("lease", path, error)),
            }
        }
        let holder = self.lease_holder(path)?;
        Err(HostError::Held {
            holder: holder.unwrap_or_else(|| "another process".to_owned()),
        })
    }

    pub(super) fn lease_holder(&self, path: &HostPath) -> Result<Option<String>, HostError> {
        let opened = self.opened(path, OFlags::RDONLY);
        let Some(opened) = opened.map_err(|error| failed("look at", path, error))? else {
            return Ok(None);
        };
        match flock(&opened, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Ok(None),
            Err(Errno::WOULDBLOCK) => {
                let mut holder = String::new();
                let read = File::from(opened)
                    .take(LONGEST_HOLDER)
                    .read_to_string(&mut holder);
                read.map_err(|error| HostError::failed("read", path, error))?;
                Ok(Some(holder))
            }
            Err(error) => Err(failed("look at", path, error)),
        }
    }

    pub(super) fn give_lease(&mut self, path: &HostPath) -> Result<(), HostError> {
        match self.leases.remove(path) {
            // Removed while it is locked, so that whoever waits sees that it is not the one at the path any more.
            Some(_locked) => self.remove_file(path),
            None => Ok(()),
        }
    }

    fn lease_file(&self, path: &HostPath) -> Result<File, Errno> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        openat2(&self.root, path.as_str(), flags, PRIVATE, resolve).map(File::from)
    }

    fn is_at(&self, file: &File, path: &HostPath) -> Result<bool, HostError> {
        let found = self.folder(path).and_then(|folder| {
            let folder = folder.ok_or(Errno::NOENT)?;
            let (found, ours) = (
                statat(folder, path.name(), AtFlags::SYMLINK_NOFOLLOW)?,
                fstat(file)?,
            );
            Ok((found.st_dev, found.st_ino) == (ours.st_dev, ours.st_ino))
        });
        let found = match found {
            Err(Errno::NOENT) => Ok(false),
            found => found,
        };
        found.map_err(|error| failed("look at", path, error))
    }
}

fn failed(operation: &'static str, path: &HostPath, error: Errno) -> HostError {
    HostError::failed(operation, path, error.into())
}
