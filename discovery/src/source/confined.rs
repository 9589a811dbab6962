//! Opens below another root, whatever its links, device nodes and mounts are.
//!
//! Every path is resolved beneath the root by the kernel (`openat2`). A file is first opened as a
//! mere handle, which has no effect on what it names; only when that is a regular file, the handle
//! itself is opened for reading, so nobody can slip in a device node in between.
//!
//! A root may have a procfs of its own mounted, as the host's has in a container. Its files are
//! read, but through no link: a link could lead to `proc/self`, which is this process, and so
//! bring our environment into the inventory of a hostile root. Our own process is never meant:
//! what a machine says of the reader is read of its first process instead.

use std::borrow::Cow;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat, openat2};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat};
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};

use super::join;
use super::opening::{At, FILE, require_regular};
use crate::Fault;

/// Another root directory.
pub(super) struct Confined {
    root: OwnedFd,
    /// Whether `proc` in the root is a mounted procfs.
    has_procfs: bool,
    /// Our own `/proc/self/fd`; `None` where there is no procfs.
    descriptors: Option<OwnedFd>,
    /// The last device number that is no procfs.
    ordinary_device: AtomicU64,
}

impl Confined {
    pub(super) fn new(root: &Path) -> Result<Self, Fault> {
        let directory = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let mut confined = Self {
            root: open(root, directory, Mode::empty())?,
            has_procfs: false,
            descriptors: open("/proc/self/fd", directory, Mode::empty()).ok(),
            ordinary_device: AtomicU64::new(0),
        };
        match confined.open_path(".", directory) {
            Err(Errno::ENOSYS) => Err(Fault::Unsupported(
                "reading another root takes openat2, which Linux has since 5.6".to_owned(),
            )),
            Err(errno) => Err(errno.into()),
            Ok(_) => {
                let proc = confined.resolve("proc", directory, ResolveFlag::RESOLVE_NO_SYMLINKS);
                confined.has_procfs = proc.is_ok_and(|proc| is_procfs(&proc));
                Ok(confined)
            }
        }
    }

    /// Opens a directory, or a handle of one.
    pub(super) fn open_directory(
        &self,
        at: At<'_>,
        name: &str,
        flags: OFlag,
    ) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        if let Some((descriptor, _)) = at.filter(|_| is_one_step(name)) {
            match openat(descriptor, name, flags | OFlag::O_NOFOLLOW, Mode::empty()) {
                Err(Errno::ELOOP | Errno::ENOTDIR) => {}
                opened => return opened,
            }
        }
        self.open_path(&whole(at, name), flags)
    }

    /// Opens a regular file for reading.
    pub(super) fn open_file(&self, at: At<'_>, name: &str) -> Result<(OwnedFd, FileStat), Fault> {
        let (handle, status) = self.handle(at, name)?;
        require_regular(&status)?;
        let path = whole(at, name);
        if !self.is_proc(&path) && self.leads_to_procfs(&handle, &status)? {
            return Err(Fault::Malformed(
                "a link to the procfs of the running machine".to_owned(),
            ));
        }
        let Some(descriptors) = &self.descriptors else {
            return self.open_again(&path, &status);
        };
        let number = handle.as_raw_fd().to_string();
        let file = openat(descriptors, number.as_str(), FILE, Mode::empty())?;
        Ok((file, status))
    }

    fn handle(&self, at: At<'_>, name: &str) -> Result<(OwnedFd, FileStat), Errno> {
        let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
        if let Some((descriptor, _)) = at.filter(|_| is_one_step(name)) {
            let handle = openat(descriptor, name, flags | OFlag::O_NOFOLLOW, Mode::empty())?;
            let status = fstat(&handle)?;
            if status.st_mode & SFlag::S_IFMT.bits() != SFlag::S_IFLNK.bits() {
                return Ok((handle, status));
            }
        }
        let handle = self.open_path(&whole(at, name), flags)?;
        let status = fstat(&handle)?;
        Ok((handle, status))
    }

    /// Without a procfs of our own the handle cannot be opened; the path can, once more.
    fn open_again(&self, path: &str, before: &FileStat) -> Result<(OwnedFd, FileStat), Fault> {
        let file = self.open_path(path, FILE)?;
        let status = fstat(&file)?;
        if (status.st_dev, status.st_ino) != (before.st_dev, before.st_ino) {
            return Err(Fault::Vanished);
        }
        Ok((file, status))
    }

    fn open_path(&self, path: &str, flags: OFlag) -> Result<OwnedFd, Errno> {
        if !self.is_proc(path) {
            return self.resolve(path, flags, ResolveFlag::empty());
        }
        let path = of_first_process(path);
        self.resolve(&path, flags, ResolveFlag::RESOLVE_NO_SYMLINKS)
    }

    fn resolve(&self, path: &str, flags: OFlag, links: ResolveFlag) -> Result<OwnedFd, Errno> {
        let within = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS;
        let how = OpenHow::new()
            .flags(flags | OFlag::O_CLOEXEC)
            .resolve(within | links);
        let path = if path.is_empty() { "." } else { path };
        // The kernel asks to try again when it cannot tell `..` from a concurrent rename.
        let mut tries = (0..8).map(|_| openat2(&self.root, path, how));
        tries
            .find(|opened| !matches!(opened, Err(Errno::EAGAIN)))
            .unwrap_or(Err(Errno::EAGAIN))
    }

    fn is_proc(&self, path: &str) -> bool {
        self.has_procfs && path.starts_with("proc/")
    }

    fn leads_to_procfs(&self, handle: &OwnedFd, status: &FileStat) -> Result<bool, Errno> {
        // Only file systems without a block device of their own have major number 0.
        let ordinary = self.ordinary_device.load(Ordering::Relaxed) == status.st_dev;
        if ordinary || nix::sys::stat::major(status.st_dev) != 0 {
            return Ok(false);
        }
        let procfs = fstatfs(handle)?.filesystem_type() == PROC_SUPER_MAGIC;
        if !procfs {
            self.ordinary_device.store(status.st_dev, Ordering::Relaxed);
        }
        Ok(procfs)
    }
}

fn is_procfs(directory: &impl AsFd) -> bool {
    fstatfs(directory).is_ok_and(|status| status.filesystem_type() == PROC_SUPER_MAGIC)
}

/// What procfs says of whoever reads it, of the first process instead (proc(5): `self`,
/// `thread-self`, and the links `mounts` and `net` to there).
fn of_first_process(path: &str) -> Cow<'_, str> {
    let rest = path.strip_prefix("proc/").unwrap_or_default();
    let (first, below) = rest.split_once('/').unwrap_or((rest, ""));
    match first {
        "self" | "thread-self" => Cow::Owned(format!("proc/1/{below}")),
        "mounts" | "net" => Cow::Owned(format!("proc/1/{rest}")),
        _ => Cow::Borrowed(path),
    }
}

fn whole<'p>(at: At<'_>, name: &'p str) -> Cow<'p, str> {
    match at {
        Some((_, path)) => Cow::Owned(join(path, name)),
        None => Cow::Borrowed(name),
    }
}

/// Whether the name cannot lead out of the directory but by being a link.
pub(super) fn is_one_step(name: &str) -> bool {
    !name.is_empty() && name != ".." && !name.contains('/')
}
