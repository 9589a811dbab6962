//! Files and directories.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::OwnedFd;

use rustix::fs::{
    AtFlags, Dir, FileType, Gid, Mode, OFlags, ResolveFlags, Uid, fchmod, fchown, fstat, fsync,
    ftruncate, mkdirat, openat, openat2, readlinkat, renameat, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;

use super::Real;
use super::names::Names;
use crate::host::{Entry, EntryKind, Files, HostError};
use crate::value::{self, Attributes, HostPath};

/// No file of ours is nearly so large.
const LARGEST_BYTES: u64 = 64 << 20;
/// Until its owner is known.
const PRIVATE: Mode = Mode::from_raw_mode(0o600);
const PRIVATE_FOLDER: Mode = Mode::from_raw_mode(0o700);
/// Opened to be read or changed: no link is followed, and no pipe is waited for.
const CAREFUL: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

impl Real {
    /// Opens what is at a path; none when nothing is.
    pub(super) fn opened(&self, path: &HostPath, flags: OFlags) -> Result<Option<OwnedFd>, Errno> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        match openat2(
            &self.root,
            path.as_str(),
            flags | CAREFUL,
            Mode::empty(),
            resolve,
        ) {
            Ok(opened) => Ok(Some(opened)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The folder that a path is in; none when it is not there.
    pub(super) fn folder(&self, path: &HostPath) -> Result<Option<OwnedFd>, Errno> {
        match path.parent() {
            Some(folder) => {
                let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                match openat2(&self.root, folder.as_str(), flags, Mode::empty(), resolve) {
                    Err(Errno::NOENT) => Ok(None),
                    opened => opened.map(Some),
                }
            }
            None => openat(
                &self.root,
                ".",
                OFlags::PATH | OFlags::CLOEXEC,
                Mode::empty(),
            )
            .map(Some),
        }
    }

    fn in_folder<T>(
        &self,
        operation: &'static str,
        path: &HostPath,
        what: impl FnOnce(OwnedFd) -> Result<T, Errno>,
    ) -> Result<T, HostError> {
        let folder = self
            .folder(path)
            .and_then(|folder| folder.ok_or(Errno::NOENT));
        folder
            .and_then(what)
            .map_err(|error| failed(operation, path, error))
    }

    fn with<T>(
        &self,
        operation: &'static str,
        path: &HostPath,
        flags: OFlags,
        what: impl FnOnce(File) -> std::io::Result<T>,
    ) -> Result<T, HostError> {
        let opened = self
            .opened(path, flags)
            .and_then(|opened| opened.ok_or(Errno::NOENT));
        let opened = opened.map_err(|error| failed(operation, path, error))?;
        what(File::from(opened)).map_err(|error| HostError::failed(operation, path, error))
    }

    pub(super) fn names(&self) -> Result<Names, HostError> {
        let text = |path| {
            let bytes = self.read(&HostPath::known(path))?.unwrap_or_default();
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        Ok(Names::of(&text("/etc/passwd")?, &text("/etc/group")?))
    }

    /// The numbers of an owner and a group.
    fn numbers(&self, of: &Attributes) -> Result<(Uid, Gid), HostError> {
        let names = self.names()?;
        let [owner, group] = [
            (&of.owner, names.user(&of.owner)),
            (&of.group, names.group(&of.group)),
        ]
        .map(|(name, number)| {
            let why = "there is no such user or group";
            number.ok_or_else(|| HostError::because("give files to", name, why))
        });
        Ok((Uid::from_raw(owner?), Gid::from_raw(group?)))
    }
}

impl Files for Real {
    fn look(&self, path: &HostPath) -> Result<Option<Entry>, HostError> {
        let found = self.folder(path).and_then(|folder| match folder {
            None => Ok(None),
            Some(folder) => statat(folder, path.name(), AtFlags::SYMLINK_NOFOLLOW).map(Some),
        });
        let found = match found {
            Ok(Some(found)) => found,
            Ok(None) | Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(failed("look at", path, error)),
        };
        let names = self.names()?;
        let attributes = Attributes {
            owner: names.of_user(found.st_uid),
            group: names.of_group(found.st_gid),
            mode: value::Mode::of(found.st_mode),
        };
        let kind = match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => EntryKind::File,
            FileType::Directory => EntryKind::Directory,
            FileType::Symlink => EntryKind::Link,
            _ => EntryKind::Other,
        };
        Ok(Some(Entry { kind, attributes }))
    }

    fn read(&self, path: &HostPath) -> Result<Option<Vec<u8>>, HostError> {
        let opened = self.opened(path, OFlags::RDONLY);
        let Some(opened) = opened.map_err(|error| failed("read", path, error))? else {
            return Ok(None);
        };
        let status = fstat(&opened).map_err(|error| failed("read", path, error))?;
        if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
            return Err(HostError::because("read", path, "it is no regular file"));
        }
        let mut content = Vec::new();
        let read = File::from(opened)
            .take(LARGEST_BYTES + 1)
            .read_to_end(&mut content);
        match read {
            Err(error) => Err(HostError::failed("read", path, error)),
            Ok(length) if length as u64 > LARGEST_BYTES => {
                Err(HostError::because("read", path, "it is larger than 64 MiB"))
            }
            Ok(_) => Ok(Some(content)),
        }
    }

    fn list(&self, path: &HostPath) -> Result<Vec<String>, HostError> {
        let list = || -> Result<Vec<String>, Errno> {
            let Some(folder) = self.opened(path, OFlags::RDONLY | OFlags::DIRECTORY)? else {
                return Ok(Vec::new());
            };
            let mut names = Vec::new();
            for entry in Dir::new(folder)? {
                let name = entry?.file_name().to_string_lossy().into_owned();
                names.extend((!matches!(&*name, "." | "..")).then_some(name));
            }
            names.sort();
            Ok(names)
        };
        list().map_err(|error| failed("list", path, error))
    }

    fn link(&self, path: &HostPath) -> Result<Option<String>, HostError> {
        let said = self.folder(path).and_then(|folder| match folder {
            None => Ok(None),
            Some(folder) => readlinkat(folder, path.name(), Vec::new()).map(Some),
        });
        match said {
            Ok(said) => Ok(said.map(|said| said.to_string_lossy().into_owned())),
            // readlink(2): INVAL is what is no link.
            Err(Errno::NOENT | Errno::INVAL) => Ok(None),
            Err(error) => Err(failed("look at", path, error)),
        }
    }

    fn make_link(&mut self, path: &HostPath, to: &str) -> Result<(), HostError> {
        self.in_folder("make", path, |folder| symlinkat(to, folder, path.name()))
    }

    fn make_directory(&mut self, path: &HostPath, of: &Attributes) -> Result<(), HostError> {
        self.in_folder("make", path, |folder| {
            mkdirat(folder, path.name(), PRIVATE_FOLDER)
        })?;
        self.set_attributes(path, of)
    }

    fn make_file(
        &mut self,
        path: &HostPath,
        content: &[u8],
        of: &Attributes,
    ) -> Result<(), HostError> {
        let (owner, group) = self.numbers(of)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | CAREFUL;
        let made = self.in_folder("make", path, |folder| {
            openat(folder, path.name(), flags, PRIVATE)
        })?;
        let mut file = File::from(made);
        let written = file.write_all(content).and_then(|()| {
            fchown(&file, Some(owner), Some(group))?;
            // After the owner: that takes set-user-ID away.
            fchmod(&file, Mode::from_raw_mode(of.mode.bits()))?;
            Ok(())
        });
        written.map_err(|error| HostError::failed("write", path, error))
    }

    fn append(&mut self, path: &HostPath, content: &[u8]) -> Result<(), HostError> {
        self.with(
            "write",
            path,
            OFlags::WRONLY | OFlags::APPEND,
            |mut file| file.write_all(content),
        )
    }

    fn truncate(&mut self, path: &HostPath, length: u64) -> Result<(), HostError> {
        self.with("cut", path, OFlags::WRONLY, |file| {
            Ok(ftruncate(file, length)?)
        })
    }

    fn set_attributes(&mut self, path: &HostPath, to: &Attributes) -> Result<(), HostError> {
        let (owner, group) = self.numbers(to)?;
        self.with("give away", path, OFlags::RDONLY, |file| {
            fchown(&file, Some(owner), Some(group))?;
            Ok(fchmod(&file, Mode::from_raw_mode(to.mode.bits()))?)
        })
    }

    fn rename(&mut self, from: &HostPath, to: &HostPath) -> Result<(), HostError> {
        self.in_folder("rename", from, |folder| {
            renameat(&folder, from.name(), &folder, to.name())
        })
    }

    fn remove_file(&mut self, path: &HostPath) -> Result<(), HostError> {
        self.in_folder("remove", path, |folder| {
            unlinkat(folder, path.name(), AtFlags::empty())
        })
    }

    fn remove_directory(&mut self, path: &HostPath) -> Result<(), HostError> {
        self.in_folder("remove", path, |folder| {
            unlinkat(folder, path.name(), AtFlags::REMOVEDIR)
        })
    }

    fn sync(&mut self, path: &HostPath) -> Result<(), HostError> {
        self.with("sync", path, OFlags::RDONLY, |file| match fsync(file) {
            // fsync(2): a special file system that has nothing to sync.
            Err(Errno::INVAL) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        })
    }

    fn sync_everything(&mut self) -> Result<(), HostError> {
        rustix::fs::sync();
        Ok(())
    }
}

fn failed(operation: &'static str, path: &HostPath, error: Errno) -> HostError {
    let error = std::io::Error::from(error);
    match error.kind() {
        ErrorKind::PermissionDenied => {
            HostError::because(operation, path, "permission denied; run it as root")
        }
        _ => HostError::failed(operation, path, error),
    }
}
