//! Changes of files that are either wholly there or not at all, whatever instant a crash comes at.

use super::{Entry, EntryKind, Files, HostError};
use crate::value::{Attributes, Content, HostPath, KeptFile};

/// What is made beside, until it is whole. Nobody else's files end so, and no program that reads all of a folder takes it for one of its own.
const UNFINISHED: &str = ".muster-unfinished";
/// Files that are kept in documents.
const LARGEST_BYTES: usize = 1 << 20;

/// The file at `path`; none when nothing is there.
///
/// # Errors
/// Something else is there, or it is too large to be kept.
pub(crate) fn file<H: Files + ?Sized>(
    host: &H,
    path: &HostPath,
) -> Result<Option<KeptFile>, HostError> {
    let Some(entry) = host.look(path)? else {
        return Ok(None);
    };
    require(&entry, EntryKind::File, path)?;
    let Some(content) = host.read(path)? else {
        return Ok(None);
    };
    if content.len() > LARGEST_BYTES {
        let why = "it is larger than 1 MiB, and its content could not be kept";
        return Err(HostError::because("take over", path, why));
    }
    Ok(Some(KeptFile {
        content: Content::from(content),
        attributes: entry.attributes,
    }))
}

/// Whose the directory at `path` is; none when nothing is there.
///
/// # Errors
/// Something else is there.
pub(crate) fn directory<H: Files + ?Sized>(
    host: &H,
    path: &HostPath,
) -> Result<Option<Attributes>, HostError> {
    let Some(entry) = host.look(path)? else {
        return Ok(None);
    };
    require(&entry, EntryKind::Directory, path)?;
    Ok(Some(entry.attributes))
}

/// The text of a file; none when it is not there.
pub(crate) fn text<H: Files + ?Sized>(
    host: &H,
    path: &HostPath,
) -> Result<Option<String>, HostError> {
    let Some(content) = host.read(path)? else {
        return Ok(None);
    };
    let text = String::from_utf8(content);
    let text = text.map_err(|_| HostError::because("read", path, "it is no text in UTF-8"))?;
    Ok(Some(text))
}

/// Has `wanted` at `path`, or nothing, for good. What is so already is synced all the same: whoever made it so may have been killed before that.
pub(crate) fn set_file<H: Files + ?Sized>(
    host: &mut H,
    path: &HostPath,
    wanted: Option<&KeptFile>,
) -> Result<(), HostError> {
    sweep(host, path)?;
    let now = file(host, path)?;
    match wanted {
        wanted if wanted == now.as_ref() => sync_found(host, path),
        Some(wanted) => replace(host, path, wanted),
        None => {
            host.remove_file(path)?;
            sync_folder(host, path)
        }
    }
}

/// What the symbolic link at `path` says; none when nothing is there.
///
/// # Errors
/// Something else is there.
pub(crate) fn link<H: Files + ?Sized>(
    host: &H,
    path: &HostPath,
) -> Result<Option<String>, HostError> {
    let Some(entry) = host.look(path)? else {
        return Ok(None);
    };
    require(&entry, EntryKind::Link, path)?;
    host.link(path)
}

/// Has a symbolic link at `path`, or nothing, for good; as [`set_file`].
pub(crate) fn set_link<H: Files + ?Sized>(
    host: &mut H,
    path: &HostPath,
    wanted: Option<&str>,
) -> Result<(), HostError> {
    sweep(host, path)?;
    match (link(host, path)?, wanted) {
        (now, wanted) if wanted == now.as_deref() => {}
        (_, Some(wanted)) => {
            let unfinished = path.with_suffix(UNFINISHED);
            host.make_link(&unfinished, wanted)?;
            host.rename(&unfinished, path)?;
        }
        (_, None) => host.remove_file(path)?,
    }
    sync_folder(host, path)
}

/// Has a directory at `path`, or nothing, for good; as [`set_file`].
pub(crate) fn set_directory<H: Files + ?Sized>(
    host: &mut H,
    path: &HostPath,
    wanted: Option<&Attributes>,
) -> Result<(), HostError> {
    sweep(host, path)?;
    match (directory(host, path)?, wanted) {
        (now, wanted) if wanted == now.as_ref() => sync_found(host, path),
        (Some(_), Some(wanted)) => {
            host.set_attributes(path, wanted)?;
            host.sync(path)
        }
        (None, Some(wanted)) => {
            let unfinished = path.with_suffix(UNFINISHED);
            host.make_directory(&unfinished, wanted)?;
            host.sync(&unfinished)?;
            host.rename(&unfinished, path)?;
            sync_folder(host, path)
        }
        (_, None) => {
            host.remove_directory(path)?;
            sync_folder(host, path)
        }
    }
}

/// Writes a file beside, syncs it, gives it its name, and syncs the folder.
pub(crate) fn replace<H: Files + ?Sized>(
    host: &mut H,
    path: &HostPath,
    wanted: &KeptFile,
) -> Result<(), HostError> {
    sweep(host, path)?;
    let unfinished = path.with_suffix(UNFINISHED);
    host.make_file(&unfinished, wanted.content.bytes(), &wanted.attributes)?;
    host.sync(&unfinished)?;
    host.rename(&unfinished, path)?;
    sync_folder(host, path)
}

/// Makes the folders that lead to `path`, of root alone, and tells which were not there, the outermost first.
pub(crate) fn make_folders<H: Files + ?Sized>(
    host: &mut H,
    path: &HostPath,
) -> Result<Vec<HostPath>, HostError> {
    const PRIVATE: u32 = 0o700;
    let mut missing = Vec::new();
    let mut at = Some(path.clone());
    while let Some(folder) = at {
        if directory(host, &folder)?.is_some() {
            break;
        }
        at = folder.parent();
        missing.push(folder);
    }
    missing.reverse();
    for folder in &missing {
        set_directory(host, folder, Some(&Attributes::of_root(PRIVATE)))?;
    }
    Ok(missing)
}

/// Waits until what is called `path` is called so on disk.
pub(crate) fn sync_folder<H: Files + ?Sized>(
    host: &mut H,
    path: &HostPath,
) -> Result<(), HostError> {
    match path.parent() {
        Some(folder) => host.sync(&folder),
        // The root directory has no path of ours; what is in it is synced with everything.
        None => host.sync_everything(),
    }
}

/// Waits until what is at `path`, which may be nothing, is so on disk.
fn sync_found<H: Files + ?Sized>(host: &mut H, path: &HostPath) -> Result<(), HostError> {
    if host.look(path)?.is_some() {
        host.sync(path)?;
    }
    match path.parent() {
        // Without the folder there is no name to be synced.
        Some(folder) if host.look(&folder)?.is_none() => Ok(()),
        _ => sync_folder(host, path),
    }
}

/// Whose the file at `path` is; none when nothing is there.
///
/// # Errors
/// Something else is there.
pub(crate) fn attributes<H: Files + ?Sized>(
    host: &H,
    path: &HostPath,
) -> Result<Option<Attributes>, HostError> {
    let Some(entry) = host.look(path)? else {
        return Ok(None);
    };
    require(&entry, EntryKind::File, path)?;
    Ok(Some(entry.attributes))
}

/// Where `path` is made, until it is whole.
pub(crate) fn unfinished(path: &HostPath) -> HostPath {
    path.with_suffix(UNFINISHED)
}

/// Whether a name is that of something that a crash left.
pub(crate) fn is_unfinished(name: &str) -> bool {
    name.ends_with(UNFINISHED)
}

/// Removes what a crash left of making `path`.
fn sweep<H: Files + ?Sized>(host: &mut H, path: &HostPath) -> Result<(), HostError> {
    let unfinished = path.with_suffix(UNFINISHED);
    let Some(entry) = host.look(&unfinished)? else {
        return Ok(());
    };
    match entry.kind {
        EntryKind::Directory => host.remove_directory(&unfinished)?,
        _ => host.remove_file(&unfinished)?,
    }
    sync_folder(host, path)
}

fn require(entry: &Entry, kind: EntryKind, path: &HostPath) -> Result<(), HostError> {
    let found = match entry.kind {
        found if found == kind => return Ok(()),
        EntryKind::File => "a file",
        EntryKind::Directory => "a directory",
        EntryKind::Link => "a symbolic link: name what it leads to",
        EntryKind::Other => "a device, a socket or a pipe",
    };
    Err(HostError::OtherKind {
        path: path.to_string(),
        found,
    })
}
