//! Files, listings and links of the running machine or of another root.

use std::mem::MaybeUninit;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, fstat};
use rustix::fs::RawDir;
use rustix::io::{read, retry_on_intr};

use super::Answer;
use super::confined::{Confined, is_one_step};
use super::opening::{At, FILE, require_regular};
use crate::Fault;

/// Most names in one directory.
const NAMES_CAP: usize = 1 << 16;
/// A page: what sysfs gives at most in one read of an attribute.
const PAGE: usize = 4096;
/// One read of what is longer than a page.
const CHUNK: usize = 64 << 10;
/// One part of a listing; as the C library has it.
const LISTING: usize = 32 << 10;

/// A root directory.
pub(super) enum Tree {
    /// The running machine.
    Live(OwnedFd),
    /// Another root: no path leads out of it.
    Confined(Confined),
}

/// How the end of a file shows.
#[derive(Clone, Copy)]
enum End {
    /// An attribute of sysfs or sysctl is complete with its first short read.
    ShortRead,
    /// By the length, where the file system knows one; an empty read in any case.
    Length(usize),
}

impl Tree {
    pub(super) fn live() -> Result<Self, Fault> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        Ok(Self::Live(open("/", flags, Mode::empty())?))
    }

    pub(super) fn confined(root: &Path) -> Result<Self, Fault> {
        Confined::new(root).map(Self::Confined)
    }

    pub(super) fn is_live(&self) -> bool {
        matches!(self, Self::Live(_))
    }

    pub(super) fn open_dir(&self, path: &str) -> Result<OwnedFd, Fault> {
        Ok(self.open_directory(None, path, OFlag::O_PATH)?)
    }

    pub(super) fn read(&self, at: At<'_>, name: &str, cap: usize) -> Answer {
        let root = match self {
            Self::Live(root) => root,
            Self::Confined(confined) => {
                let (file, status) = confined.open_file(at, name)?;
                return read_all(&file, cap, End::Length(length(&status)));
            }
        };
        let start = at.map_or(root, |(descriptor, _)| descriptor);
        let file = match openat(start, name, FILE, Mode::empty()) {
            Err(Errno::ENXIO) => {
                let what = "a socket, or a device without a driver, where a file should be";
                return Err(Fault::Malformed(what.to_owned()));
            }
            opened => opened?,
        };
        if is_attribute(at, name) {
            return read_all(&file, cap, End::ShortRead);
        }
        let status = fstat(&file)?;
        require_regular(&status)?;
        read_all(&file, cap, End::Length(length(&status)))
    }

    /// The first bytes of a file, however long it is.
    pub(super) fn head(&self, path: &str, length: usize) -> Answer {
        let file = self.open_file(path)?;
        let mut content = vec![0; length];
        let count = read(&file, &mut content).map_err(errno)?;
        content.truncate(count);
        Ok(content)
    }

    /// A file piece by piece, however long it is, until `take` has enough.
    pub(super) fn scan(
        &self,
        path: &str,
        mut take: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), Fault> {
        let file = self.open_file(path)?;
        let mut piece = vec![0; CHUNK];
        loop {
            let count = retry_on_intr(|| read(&file, &mut *piece)).map_err(errno)?;
            match piece.get(..count) {
                Some(some) if count > 0 && take(some).is_continue() => {}
                _ => return Ok(()),
            }
        }
    }

    fn open_file(&self, path: &str) -> Result<OwnedFd, Fault> {
        let (file, status) = match self {
            Self::Live(root) => {
                let file = openat(root, path, FILE, Mode::empty())?;
                let status = fstat(&file)?;
                (file, status)
            }
            Self::Confined(confined) => confined.open_file(None, path)?,
        };
        require_regular(&status)?;
        Ok(file)
    }

    pub(super) fn list(&self, at: At<'_>, name: &str) -> Answer {
        let descriptor = self.open_directory(at, name, OFlag::O_RDONLY)?;
        let mut room = [MaybeUninit::uninit(); LISTING];
        let mut listing = RawDir::new(&descriptor, &mut room);
        let mut names: Vec<u8> = Vec::new();
        let mut count = 0;
        while let Some(entry) = listing.next() {
            let entry = entry.map_err(errno)?;
            let name = entry.file_name().to_bytes_with_nul();
            if name == b".\0" || name == b"..\0" {
                continue;
            }
            if count == NAMES_CAP {
                return Err(Fault::Malformed(format!("more than {NAMES_CAP} names")));
            }
            count += 1;
            names.extend_from_slice(name);
        }
        Ok(sorted(&names))
    }

    pub(super) fn link(&self, at: At<'_>, name: &str) -> Answer {
        let target = match self {
            Self::Live(root) => readlinkat(at.map_or(root, |(descriptor, _)| descriptor), name)?,
            // readlinkat follows the links before the last part, so a confined one opens them
            // first; `..` is no link.
            Self::Confined(confined) => match (at, name.rsplit_once('/')) {
                (Some((descriptor, _)), None) if is_one_step(name) => readlinkat(descriptor, name)?,
                (at, parts) => {
                    let (directory, last) = parts.unwrap_or((".", name));
                    let last = if is_one_step(last) { last } else { "." };
                    let parent = confined.open_directory(at, directory, OFlag::O_PATH)?;
                    readlinkat(&parent, last)?
                }
            },
        };
        Ok(target.into_vec())
    }

    fn open_directory(&self, at: At<'_>, name: &str, flags: OFlag) -> Result<OwnedFd, Errno> {
        match self {
            Self::Live(root) => {
                let start = at.map_or(root, |(descriptor, _)| descriptor);
                let name = if name.is_empty() { "." } else { name };
                let flags = flags | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
                openat(start, name, flags, Mode::empty())
            }
            Self::Confined(confined) => confined.open_directory(at, name, flags),
        }
    }
}

/// The names in order. The NUL that ends each sorts before all else.
fn sorted(names: &[u8]) -> Vec<u8> {
    let mut each: Vec<&[u8]> = names.split_inclusive(|byte| *byte == 0).collect();
    each.sort_unstable();
    each.concat()
}

/// Whether the path is an attribute of sysfs or sysctl: a regular file that gives all it has in the
/// first read. Other file systems that are mounted there, such as debugfs or `binfmt_misc`, may
/// give a file in several short reads.
fn is_attribute(at: At<'_>, name: &str) -> bool {
    let path = at.map_or(name, |(_, path)| path);
    if let Some(path) = path.strip_prefix("proc/sys/") {
        return path == "kernel" || path.starts_with("kernel/");
    }
    path.strip_prefix("sys/").is_some_and(|path| {
        !path.starts_with("kernel/") && !path.starts_with("fs/") || path.starts_with("kernel/mm/")
    })
}

fn length(status: &FileStat) -> usize {
    usize::try_from(status.st_size).unwrap_or_default()
}

fn read_all(file: &OwnedFd, cap: usize, end: End) -> Answer {
    let mut page = [MaybeUninit::uninit(); PAGE];
    let mut content = Vec::new();
    // What began with less than half a page hardly goes on.
    while content.len() < PAGE / 2 {
        if read_some(file, &mut page, &mut content, cap, end)? {
            return Ok(content);
        }
    }
    let mut chunk = vec![MaybeUninit::uninit(); CHUNK];
    while !read_some(file, &mut chunk, &mut content, cap, end)? {}
    Ok(content)
}

/// Whether that was the end.
fn read_some(
    file: &OwnedFd,
    room: &mut [MaybeUninit<u8>],
    content: &mut Vec<u8>,
    cap: usize,
    end: End,
) -> Result<bool, Fault> {
    let before = content.len();
    let mut keep = |some: &mut [u8]| content.extend_from_slice(some);
    retry_on_intr(|| read(file, &mut *room).map(|(some, _)| keep(some))).map_err(errno)?;
    if content.len() > cap {
        return Err(Fault::Malformed(format!("longer than {cap} bytes")));
    }
    let count = content.len() - before;
    Ok(count == 0
        || match end {
            End::ShortRead => before == 0 && count < room.len(),
            End::Length(length) => content.len() == length,
        })
}

/// As the rest of this module has it.
fn errno(errno: rustix::io::Errno) -> Errno {
    Errno::from_raw(errno.raw_os_error())
}
