//! A file that others append to, and the folder that it comes and goes in.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fstat, inotify};

use super::Real;
use crate::host::HostError;
use crate::value::HostPath;

/// No file that is followed is nearly so large.
const LARGEST_BYTES: u64 = 64 << 20;
/// Names that come and go, and what is written.
const NEWS: inotify::WatchFlags = inotify::WatchFlags::MODIFY
    .union(inotify::WatchFlags::CREATE)
    .union(inotify::WatchFlags::DELETE)
    .union(inotify::WatchFlags::MOVED_TO);

/// A file that is open: it is read to its end also after it was removed.
#[derive(Debug)]
pub(crate) struct Tail {
    file: File,
    path: HostPath,
    /// Device and inode, which nothing else has while this is open.
    identity: (u64, u64),
}

/// Wakes whoever waits for changes in a folder.
#[derive(Debug)]
pub(crate) struct Watch {
    /// None where the folder is not there, or the kernel has no more of them: then the time that is waited counts.
    inotify: Option<OwnedFd>,
}

impl Real {
    /// Opens a file to follow it; none when it is not there.
    pub(crate) fn tail(&self, path: &HostPath) -> Result<Option<Tail>, HostError> {
        let failed = |error| HostError::failed("follow", path, error);
        let opened = self.opened(path, OFlags::RDONLY);
        let Some(opened) = opened.map_err(|error| failed(error.into()))? else {
            return Ok(None);
        };
        let found = fstat(&opened).map_err(|error| failed(error.into()))?;
        Ok(Some(Tail {
            file: File::from(opened),
            path: path.clone(),
            identity: (found.st_dev, found.st_ino),
        }))
    }

    /// Begins to watch a folder.
    pub(crate) fn watch(&self, folder: &HostPath) -> Watch {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        let folder = self.opened(folder, flags).ok().flatten();
        let inotify = folder.and_then(|folder| {
            let flags = inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK;
            let inotify = inotify::init(flags).ok()?;
            // The folder that was opened, wherever its name leads by now.
            let opened = format!("/proc/self/fd/{}", folder.as_raw_fd());
            inotify::add_watch(&inotify, opened, NEWS).ok()?;
            Some(inotify)
        });
        Watch { inotify }
    }
}

impl Tail {
    /// What is in it from `offset` on.
    pub(crate) fn after(&mut self, offset: u64) -> Result<Vec<u8>, HostError> {
        let mut bytes = Vec::new();
        let read = self.file.seek(SeekFrom::Start(offset));
        let read = read.and_then(|_| (&mut self.file).take(LARGEST_BYTES).read_to_end(&mut bytes));
        read.map_err(|error| HostError::failed("follow", &self.path, error))?;
        Ok(bytes)
    }

    /// Whether both are the same file.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.identity == other.identity
    }
}

impl Watch {
    /// Returns when something changed, or after this long.
    pub(crate) fn wait(&self, longest: Duration) {
        let longest = Timespec {
            tv_sec: i64::try_from(longest.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: longest.subsec_nanos().into(),
        };
        let waiting = self.inotify.iter();
        let mut waiting: Vec<_> = waiting
            .map(|inotify| PollFd::new(inotify, PollFlags::IN))
            .collect();
        // A signal is a reason to look, too.
        let _ = poll(&mut waiting, Some(&longest));
        if let Some(inotify) = &self.inotify {
            let mut news = [0; 4096];
            while rustix::io::read(inotify, &mut news).is_ok_and(|length| length > 0) {}
        }
    }
}
