//! Files that are either wholly there or not at all, even after a crash.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Why the state on disk cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    #[error("cannot {operation} {path}")]
    File {
        operation: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path} is {why}; put it back from a copy, or remove it{consequence}")]
    Damaged {
        path: PathBuf,
        why: String,
        consequence: &'static str,
    },
    #[error("another agent uses {path}")]
    InUse { path: PathBuf },
    #[error(
        "others than its owner can read {path}; run chmod 600 on it, and consider its key known"
    )]
    NotPrivate { path: PathBuf },
}

/// No file of the state is nearly so large.
const LARGEST_BYTES: u64 = 1 << 20;
const UNFINISHED: &str = "tmp";

/// Makes `folder` with its parents, its owner's alone, unless it is there.
pub(in crate::daemon) fn make_folder(folder: &Path) -> Result<(), StateError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| failed("make", folder, source))
}

/// The file's content, wiped after use; none when there is no such file.
pub(in crate::daemon) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, StateError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed("open", path, source)),
    };
    let mut content = Zeroizing::new(Vec::new());
    file.take(LARGEST_BYTES)
        .read_to_end(&mut content)
        .map_err(|source| failed("read", path, source))?;
    Ok(Some(content))
}

/// As [`replace`].
pub(in crate::daemon) fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), StateError> {
    replace(path, content, mode).map_err(|source| failed("write", path, source))
}

/// Writes the file beside, syncs it, renames it, and syncs the folder.
pub(in crate::daemon) fn replace(path: &Path, content: &[u8], mode: u32) -> std::io::Result<()> {
    let unfinished = path.with_added_extension(UNFINISHED);
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // A new file: one that was there would keep its mode and its readers.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&unfinished)?;
    // Whatever the umask is.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(content)?;
    file.sync_all()?;
    rename(&unfinished, path)
}

/// Renames within a folder, for good.
pub(in crate::daemon) fn rename(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::rename(from, to)?;
    match to.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Removes what a crash left of writing `path`.
pub(super) fn sweep(path: &Path) -> Result<(), StateError> {
    remove(&path.with_added_extension(UNFINISHED))
}

/// Removes a file, which need not be there.
pub(in crate::daemon) fn remove(path: &Path) -> Result<(), StateError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(failed("remove", path, source)),
        _ => Ok(()),
    }
}

/// Removes a folder with all that is in it; it need not be there.
pub(super) fn remove_folder(path: &Path) -> Result<(), StateError> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(failed("remove", path, source)),
        _ => Ok(()),
    }
}

/// What was removed from `folder` stays removed after a crash.
pub(super) fn sync_folder(folder: &Path) -> Result<(), StateError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| failed("sync", folder, source))
}

/// Holds the folder for one process, as long as the file that is given stays open.
pub(super) fn lock(path: &Path) -> Result<File, StateError> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|source| failed("open", path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(StateError::InUse {
            path: path.parent().unwrap_or(path).to_owned(),
        }),
        Err(fs::TryLockError::Error(source)) => Err(failed("lock", path, source)),
    }
}

pub(in crate::daemon) fn failed(
    operation: &'static str,
    path: &Path,
    source: std::io::Error,
) -> StateError {
    StateError::File {
        operation,
        path: path.to_owned(),
        source,
    }
}
