//! Files, listings and links of the running machine or of another root.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::dir::Dir as Listing;
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat, openat2, readlinkat};
use nix::sys::stat::{Mode, SFlag, fstat};
use nix::unistd::read;

use super::Answer;
use crate::Fault;

/// An open directory to start from, with its path; the root where there is none.
pub(super) type At<'a> = Option<(&'a OwnedFd, &'a str)>;

/// Most names in one directory.
const NAMES_CAP: usize = 1 << 16;
/// A page: what sysfs gives at most in one read of an attribute.
const PAGE: usize = 4096;

/// A root directory.
pub(super) struct Tree {
    root: OwnedFd,
    live: bool,
}

impl Tree {
    /// The running machine.
    pub(super) fn live() -> Result<Self, Fault> {
        Ok(Self {
            root: open_root(Path::new("/"))?,
            live: true,
        })
    }

    /// Another root: no path leads out of it, whatever its links say.
    pub(super) fn confined(root: &Path) -> Result<Self, Fault> {
        let tree = Self {
            root: open_root(root)?,
            live: false,
        };
        match tree.open_confined(".", OFlag::O_PATH | OFlag::O_DIRECTORY) {
            Err(Errno::ENOSYS) => Err(Fault::Unsupported(
                "reading another root takes openat2, which Linux has since 5.6".to_owned(),
            )),
            Err(errno) => Err(errno.into()),
            Ok(_) => Ok(tree),
        }
    }

    pub(super) fn is_live(&self) -> bool {
        self.live
    }

    pub(super) fn open_dir(&self, path: &str) -> Result<OwnedFd, Fault> {
        Ok(self.open(None, path, OFlag::O_PATH | OFlag::O_DIRECTORY)?)
    }

    pub(super) fn read(&self, at: At<'_>, name: &str, cap: usize) -> Answer {
        // Without O_NONBLOCK a FIFO in the place of a file would hang the open.
        let file = self.open(
            at,
            name,
            OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY,
        )?;
        let attribute = self.live && is_sysfs(at, name);
        if !attribute {
            require_regular(file.as_fd())?;
        }
        read_all(&file, cap, attribute)
    }

    /// The first bytes of a file, however long it is.
    pub(super) fn head(&self, path: &str, length: usize) -> Answer {
        let file = self.open(None, path, OFlag::O_RDONLY | OFlag::O_NONBLOCK)?;
        require_regular(file.as_fd())?;
        let mut content = vec![0; length];
        let count = read(&file, &mut content)?;
        content.truncate(count);
        Ok(content)
    }

    pub(super) fn list(&self, at: At<'_>, name: &str) -> Answer {
        let descriptor = self.open(at, name, OFlag::O_RDONLY | OFlag::O_DIRECTORY)?;
        let mut listing = Listing::from_fd(descriptor)?;
        let mut names: Vec<Vec<u8>> = Vec::new();
        for entry in listing.iter() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            if names.len() == NAMES_CAP {
                return Err(Fault::Malformed(format!("more than {NAMES_CAP} names")));
            }
            names.push(name.to_owned());
        }
        names.sort_unstable();
        Ok(names
            .into_iter()
            .flat_map(|name| name.into_iter().chain([0]))
            .collect())
    }

    pub(super) fn link(&self, at: At<'_>, name: &str) -> Answer {
        // readlinkat follows the links before the last part, so a confined one opens them first.
        let target = match name.rsplit_once('/') {
            Some((directory, last)) if !self.live => {
                let parent = self.open(at, directory, OFlag::O_PATH | OFlag::O_DIRECTORY)?;
                readlinkat(&parent, last)?
            }
            _ => readlinkat(at.map_or(&self.root, |(descriptor, _)| descriptor), name)?,
        };
        Ok(std::os::unix::ffi::OsStringExt::into_vec(target))
    }

    fn open(&self, at: At<'_>, name: &str, flags: OFlag) -> Result<OwnedFd, Errno> {
        let start = at.map_or(&self.root, |(descriptor, _)| descriptor);
        if self.live {
            return openat(start, name, flags | OFlag::O_CLOEXEC, Mode::empty());
        }
        if let Some((descriptor, path)) = at {
            if name.contains('/') {
                return self.open_confined(&super::join(path, name), flags);
            }
            let direct = flags | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
            return match openat(descriptor, name, direct, Mode::empty()) {
                Err(Errno::ELOOP | Errno::ENOTDIR) => {
                    self.open_confined(&super::join(path, name), flags)
                }
                opened => opened,
            };
        }
        self.open_confined(name, flags)
    }

    fn open_confined(&self, path: &str, flags: OFlag) -> Result<OwnedFd, Errno> {
        let how = OpenHow::new()
            .flags(flags | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        let path = if path.is_empty() { "." } else { path };
        openat2(&self.root, path, how)
    }
}

fn open_root(root: &Path) -> Result<OwnedFd, Fault> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    Ok(open(root, flags, Mode::empty())?)
}

fn is_sysfs(at: At<'_>, name: &str) -> bool {
    at.map_or(name, |(_, path)| path).starts_with("sys/")
}

fn require_regular(file: BorrowedFd<'_>) -> Result<(), Fault> {
    let mode = fstat(file)?.st_mode;
    match SFlag::from_bits_truncate(mode & SFlag::S_IFMT.bits()) {
        SFlag::S_IFREG => Ok(()),
        SFlag::S_IFDIR => Err(Fault::Malformed(
            "a directory where a file should be".to_owned(),
        )),
        SFlag::S_IFIFO => Err(Fault::Malformed("a FIFO where a file should be".to_owned())),
        _ => Err(Fault::Malformed("not a regular file".to_owned())),
    }
}

/// Reads to the end. An attribute of sysfs is complete with its first short read.
fn read_all(file: &OwnedFd, cap: usize, attribute: bool) -> Answer {
    let mut content = vec![0; PAGE.min(cap.saturating_add(1))];
    let mut filled = 0;
    loop {
        let room = content.get_mut(filled..).unwrap_or_default();
        let wanted = room.len();
        match read(file, room) {
            Ok(0) => break,
            Ok(count) => {
                filled += count;
                if attribute && count < wanted && filled <= PAGE {
                    break;
                }
            }
            Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno.into()),
        }
        if filled > cap {
            return Err(Fault::Malformed(format!("longer than {cap} bytes")));
        }
        if filled == content.len() {
            content.resize((filled * 4).min(cap + 1), 0);
        }
    }
    content.truncate(filled);
    content.shrink_to_fit();
    Ok(content)
}
