//! `--capture` and `--replay`: recordings in files.

use std::fs::{File, OpenOptions, rename};
use std::io::{BufReader, BufWriter, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use muster_discovery::source::{Recording, Request};
use muster_discovery::{Options, Query, Source, capture, discover};
use muster_model::Section;

/// Reads a capture.
pub(super) fn read(path: &Path) -> anyhow::Result<Recording> {
    let failed = || format!("cannot replay {}", path.display());
    if path.is_dir() {
        return Err(anyhow!("it is a directory; --root reads one")).with_context(failed);
    }
    let file = File::open(path).with_context(failed)?;
    capture::read(BufReader::new(file)).with_context(failed)
}

/// Asks for the listening and measuring that the recorded discovery did, so that the replay asks the
/// same questions; for the measuring unless `chosen` are other sections.
pub(crate) fn ask_the_same(recording: &Recording, chosen: &[Section], options: &mut Options) {
    let shows_usage = chosen.is_empty() || chosen.contains(&Section::Usage);
    for (request, _) in recording.iter() {
        match request {
            // A replay does not wait, however long the recording did.
            Request::Ask(Query::Lldp { .. }) => options.lldp = Some(Duration::from_secs(1)),
            Request::Ask(Query::Usage { over }) if shows_usage => {
                options.usage = Some(*over);
                options.sections.insert(Section::Usage);
            }
            _ => {}
        }
    }
}

/// Has `source` record the opt-in sections too, so that a replay can be asked for them. It is a
/// discovery of its own, for the document that is shown has to be the one that a replay shows. Usage
/// would take its time.
pub(super) fn record_opt_in(source: &Source, options: &Options) {
    let opt_in = Section::ALL
        .into_iter()
        .filter(|section| section.is_opt_in());
    let options = Options {
        sections: opt_in.collect(),
        usage: None,
        lldp: None,
        ..options.clone()
    };
    let found = discover(source, &options);
    tracing::info!(took = ?found.timings, "recorded the opt-in sections");
}

/// Refuses what writing would refuse, before minutes are spent on discovery.
pub(super) fn check(path: &Path, force: bool) -> anyhow::Result<()> {
    if !force && path.symlink_metadata().is_ok() {
        bail!(
            "{} is there already; give another name, or --force to replace it",
            path.display()
        );
    }
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        bail!(
            "cannot write the capture {}: there is no directory {}",
            path.display(),
            folder.display()
        );
    }
    Ok(())
}

/// Writes a capture: complete or not at all, and for its owner alone, since it names the machine.
pub(super) fn write(recording: &Recording, path: &Path, force: bool) -> anyhow::Result<()> {
    let failed = || format!("cannot write the capture {}", path.display());
    let beside = beside(path);
    let written = write_beside(recording, &beside)
        .and_then(|()| put_in_place(&beside, path, force))
        .with_context(failed);
    if written.is_err() {
        // What is half written is of no use; that it cannot be removed adds nothing to the error.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    PathBuf::from(name)
}

fn write_beside(recording: &Recording, beside: &Path) -> anyhow::Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(beside)?;
    let mut file = BufWriter::new(file);
    capture::write(recording, &mut file)?;
    file.flush()?;
    file.get_ref().sync_all()?;
    Ok(())
}

/// Without `force` by a hard link, which never replaces what is there; where the file system has
/// none, by renaming after a look.
fn put_in_place(beside: &Path, path: &Path, force: bool) -> anyhow::Result<()> {
    if !force {
        match std::fs::hard_link(beside, path) {
            Ok(()) => return Ok(std::fs::remove_file(beside)?),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!("it is there already"),
            Err(_) => check(path, force)?,
        }
    }
    Ok(rename(beside, path)?)
}
