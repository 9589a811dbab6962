//! The files of a spool, as a crash may have left them.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::segment::{SUFFIX, Segment};

/// What is in the folder.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The files of the newest spool, by their first event.
    pub(super) segments: Vec<Segment>,
    /// The highest generation that was ever there; 0 when there was none.
    pub(super) generation: u64,
    /// The newest file cannot be read.
    pub(super) is_damaged: bool,
}

/// Opens the files. Those of spools before the newest, and unfinished ones, are removed; those that cannot be read are put aside.
pub(super) fn find(folder: &Path) -> io::Result<Found> {
    let mut found = Found::default();
    for path in paths(folder)? {
        let opened = match Segment::open(path.clone())? {
            None => {
                fs::rename(&path, path.with_added_extension("damaged"))?;
                tracing::error!(path = %path.display(), "a file of the event spool is damaged, and is put aside");
                found.is_damaged = true;
                continue;
            }
            Some(opened) => opened,
        };
        found.is_damaged = false;
        if opened.header.generation > found.generation {
            found.generation = opened.header.generation;
            remove(&mut found.segments)?;
        }
        found.segments.push(opened);
    }
    Ok(found)
}

/// Removes the files of `segments`.
pub(super) fn remove(segments: &mut Vec<Segment>) -> io::Result<()> {
    for segment in segments.drain(..) {
        fs::remove_file(segment.path())?;
    }
    Ok(())
}

/// In the order of their names.
#[allow(
    clippy::disallowed_methods,
    reason = "the agent's own state, not the host"
)]
fn paths(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if name.ends_with(SUFFIX) {
            paths.push(path);
        } else if name.ends_with(".tmp") {
            fs::remove_file(path)?;
        }
    }
    paths.sort();
    Ok(paths)
}
