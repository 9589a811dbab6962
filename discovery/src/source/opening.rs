//! How directories and files are opened, here and in another root alike.

use std::os::fd::OwnedFd;

use nix::fcntl::OFlag;
use nix::sys::stat::{FileStat, SFlag};

use crate::Fault;

/// An open directory to start from, with its path; the root where there is none.
pub(super) type At<'a> = Option<(&'a OwnedFd, &'a str)>;

/// How a file is opened. Without `O_NONBLOCK` a FIFO in its place would hang the open.
pub(super) const FILE: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_NONBLOCK)
    .union(OFlag::O_NOCTTY)
    .union(OFlag::O_CLOEXEC);

/// A regular file, or what is wrong with it.
pub(super) fn require_regular(status: &FileStat) -> Result<(), Fault> {
    let what = match SFlag::from_bits_truncate(status.st_mode & SFlag::S_IFMT.bits()) {
        SFlag::S_IFREG => return Ok(()),
        SFlag::S_IFDIR => "a directory where a file should be",
        SFlag::S_IFIFO => "a FIFO where a file should be",
        SFlag::S_IFSOCK => "a socket where a file should be",
        SFlag::S_IFBLK | SFlag::S_IFCHR => "a device node where a file should be",
        _ => "not a regular file",
    };
    Err(Fault::Malformed(what.to_owned()))
}
