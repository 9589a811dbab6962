//! A disk that is open, and the few bytes of it that are written without a tool.

use std::fs::File;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};

use rustix::fs::{FlockOperation, Mode, OFlags, flock, major, minor, open};
use rustix::io::Errno;

use crate::host::HostError;

/// Where the mark is: between a GPT with 128 entries, which ends before 24 KiB whatever the sectors are, and the first partition at 1 MiB; and where
/// no file system has a signature.
const MARK_AT: u64 = 48 << 10;
const MARK_BYTES: usize = 4096;
const MARK: &str = "muster makes this disk, and has not finished: ";
/// Before it is the table, behind it the file system.
const FIRST: u64 = 1 << 20;
/// From the beginning of the file system: what tells what it is.
const FILE_SYSTEM_BYTES: u64 = 1 << 20;
/// At the end of the disk: the second copy of the table.
const LAST_BYTES: u64 = 1 << 20;
const STRETCH: usize = 64 << 10;

/// A disk or a partition that is open.
#[derive(Debug)]
pub(super) struct Device {
    file: File,
    path: String,
}

impl Device {
    /// Opens it to be alone with it.
    pub(super) fn alone(name: &str) -> Result<Self, HostError> {
        Self::open(name, OFlags::RDWR | OFlags::EXCL)
    }

    /// Opens it whoever has it open, too.
    pub(super) fn shared(name: &str) -> Result<Self, HostError> {
        Self::open(name, OFlags::RDWR)
    }

    /// Opens it and cannot write it.
    pub(super) fn to_read(name: &str) -> Result<Self, HostError> {
        Self::open(name, OFlags::RDONLY)
    }

    fn open(name: &str, how: OFlags) -> Result<Self, HostError> {
        let path = format!("/dev/{name}");
        let flags = how | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match open(&path, flags, Mode::empty()) {
            Ok(file) => Ok(Self {
                file: File::from(file),
                path,
            }),
            Err(Errno::BUSY) => Err(HostError::because(
                "open",
                path,
                "it is in use: it or a partition of it is mounted, swapped to, or part of something",
            )),
            Err(error) => Err(HostError::failed("open", path, error.into())),
        }
    }

    /// No longer alone, but open and locked, so that udev leaves it alone: systemd's "Locking Block Device Access".
    pub(super) fn held(self) -> Result<Self, HostError> {
        let held = Self::shared(self.name())?;
        // Before the other one is closed: so the disk never was not open, and its name is still its own.
        drop(self);
        flock(&held.file, FlockOperation::LockExclusive)
            .map_err(|error| held.failed("lock", error.into()))?;
        Ok(held)
    }

    /// `/dev/sda`.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// `sda`.
    pub(super) fn name(&self) -> &str {
        self.path.strip_prefix("/dev/").unwrap_or(&self.path)
    }

    /// Whether it is the device of this number: `8:0`.
    pub(super) fn is(&self, number: &str) -> bool {
        let found = self.file.metadata().map(|found| found.rdev());
        found.is_ok_and(|found| format!("{}:{}", major(found), minor(found)) == number)
    }

    /// What is written on it to say that it is not finished.
    pub(super) fn mark(&self) -> Result<Option<String>, HostError> {
        let mut block = [0; MARK_BYTES];
        self.file
            .read_exact_at(&mut block, MARK_AT)
            .map_err(|error| self.failed("read", error))?;
        let text = String::from_utf8_lossy(&block);
        let mark = text
            .strip_prefix(MARK)
            .and_then(|rest| rest.split('\n').next());
        Ok(mark.map(str::to_owned))
    }

    /// Writes or removes that, for good.
    pub(super) fn set_mark(&self, table_uuid: Option<&str>) -> Result<(), HostError> {
        let text = table_uuid.map(|uuid| format!("{MARK}{uuid}\n"));
        let mut block = text.unwrap_or_default().into_bytes();
        block.resize(MARK_BYTES, 0);
        self.write(&block, MARK_AT)?;
        self.sync()
    }

    /// Writes zeros over the table, its copy, and the beginning of the file system, for good; not over the mark.
    pub(super) fn clear(&self) -> Result<(), HostError> {
        let size = self.size()?;
        let mark_end = MARK_AT + MARK_BYTES as u64;
        let last = size.saturating_sub(LAST_BYTES);
        for (from, to) in [
            (FIRST, FIRST + FILE_SYSTEM_BYTES),
            (last, size),
            (0, MARK_AT),
            (mark_end, FIRST),
        ] {
            self.zero(from, to.min(size))?;
        }
        self.sync()
    }

    /// Waits until all of it is on the disk.
    pub(super) fn sync(&self) -> Result<(), HostError> {
        self.file
            .sync_all()
            .map_err(|error| self.failed("sync", error))
    }

    fn size(&self) -> Result<u64, HostError> {
        let mut file = &self.file;
        let end = std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0));
        end.map_err(|error| self.failed("measure", error))
    }

    fn zero(&self, from: u64, to: u64) -> Result<(), HostError> {
        let zeros = [0; STRETCH];
        let mut at = from;
        while at < to {
            let length = usize::try_from(to - at).unwrap_or(STRETCH).min(STRETCH);
            self.write(zeros.get(..length).unwrap_or_default(), at)?;
            at += length as u64;
        }
        Ok(())
    }

    fn write(&self, bytes: &[u8], at: u64) -> Result<(), HostError> {
        let written = self.file.write_all_at(bytes, at);
        written.map_err(|error| self.failed("write", error))
    }

    fn failed(&self, operation: &'static str, error: std::io::Error) -> HostError {
        HostError::failed(operation, &self.path, error)
    }
}
