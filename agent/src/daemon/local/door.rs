//! The socket itself: made with the right mode, taken from nobody, removed at the end.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _,
    PermissionsExt as _,
};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, chown};
use tokio::net::UnixListener;

use super::access::{self, LocalRead};

/// A socket on which nobody else listens; its file goes when this does.
#[derive(Debug)]
pub(crate) struct Door {
    pub(super) listener: UnixListener,
    path: PathBuf,
    /// Held as long as the socket is: of two agents that start together one gets it.
    _lock: File,
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DoorError {
    #[error("cannot {operation} {path}")]
    File {
        operation: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("another agent listens on {path}; give this one another with --socket FILE")]
    Taken { path: PathBuf },
    #[error(
        "{path} is no socket, and is not replaced; remove it, or give another with --socket FILE"
    )]
    Other { path: PathBuf },
}

impl Door {
    /// Makes the socket, and its folder when it is not there. What a dead agent left is replaced.
    pub(crate) fn open(path: &Path, local_read: LocalRead) -> Result<Self, DoorError> {
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        let lock = lock(path)?;
        remove_stale(path)?;
        let listener =
            UnixListener::bind(path).map_err(|source| failed("listen on", path, source))?;
        let door = Self {
            listener,
            path: path.to_owned(),
            _lock: lock,
        };
        door.allow(local_read)?;
        Ok(door)
    }

    /// The kernel keeps out who may not even look. What those may who get in is looked at for each of them.
    fn allow(&self, local_read: LocalRead) -> Result<(), DoorError> {
        let mode = match (local_read, access::group()) {
            (LocalRead::Allowed, _) => 0o666,
            (LocalRead::Denied, Some(group)) if self.give_to(group) => 0o660,
            (LocalRead::Denied, _) => 0o600,
        };
        fs::set_permissions(&self.path, Permissions::from_mode(mode))
            .map_err(|source| failed("set the mode of", &self.path, source))
    }

    /// Only root, or a member of it, can. It is the group's already where the agent runs as the user of that name.
    fn give_to(&self, group: Gid) -> bool {
        if fs::metadata(&self.path).is_ok_and(|socket| socket.gid() == group.as_raw()) {
            return true;
        }
        match chown(&self.path, None, Some(group)) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(error = %error, "the socket cannot be given to the group muster");
                false
            }
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(error = %error, "the socket is gone already");
        }
    }
}

fn make_folder(folder: &Path) -> Result<(), DoorError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(folder)
        .map_err(|source| failed("make", folder, source))
}

fn lock(path: &Path) -> Result<File, DoorError> {
    let beside = path.with_added_extension("lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&beside)
        .map_err(|source| failed("open", &beside, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(taken(path)),
        Err(fs::TryLockError::Error(source)) => Err(failed("lock", &beside, source)),
    }
}

fn remove_stale(path: &Path) -> Result<(), DoorError> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(failed("look at", path, source)),
        Ok(there) if !there.file_type().is_socket() => {
            let path = path.to_owned();
            return Err(DoorError::Other { path });
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(taken(path)),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|source| failed("remove", path, source))
        }
        Err(source) => Err(failed("look at", path, source)),
    }
}

fn taken(path: &Path) -> DoorError {
    let path = path.to_owned();
    DoorError::Taken { path }
}

fn failed(operation: &'static str, path: &Path, source: io::Error) -> DoorError {
    let path = path.to_owned();
    DoorError::File {
        operation,
        path,
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn a_socket_is_made_for_few_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run/agent.sock");
        let door = Door::open(&path, LocalRead::Denied).unwrap();
        assert!(matches!(mode(&path), 0o600 | 0o660), "{:o}", mode(&path));
        assert_eq!(mode(path.parent().unwrap()), 0o755);
        drop(door);
        assert!(!path.exists());
        let _door = Door::open(&path, LocalRead::Allowed).unwrap();
        assert_eq!(mode(&path), 0o666);
    }

    #[tokio::test]
    async fn one_that_is_listened_on_is_left_alone_and_a_stale_one_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.sock");
        // Another program's: it has no lock.
        let other = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let refused = Door::open(&path, LocalRead::Denied).unwrap_err();
        assert!(matches!(refused, DoorError::Taken { .. }), "{refused}");
        drop(other);
        assert!(path.exists(), "the file stays when its listener is gone");
        let _door = Door::open(&path, LocalRead::Denied).unwrap();
        let refused = Door::open(&path, LocalRead::Denied).unwrap_err();
        assert!(matches!(refused, DoorError::Taken { .. }), "{refused}");
        assert!(UnixStream::connect(&path).is_ok());
    }

    #[tokio::test]
    async fn what_is_no_socket_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.sock");
        fs::write(&path, "mine").unwrap();
        let refused = Door::open(&path, LocalRead::Denied).unwrap_err();
        assert!(matches!(refused, DoorError::Other { .. }), "{refused}");
        assert_eq!(path.metadata().unwrap().len(), 4);
    }
}
