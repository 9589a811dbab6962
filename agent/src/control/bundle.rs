//! `muster support-bundle`: what somebody who helps needs to see, in one file.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::Timestamp;
use muster_discovery::{Options, Source, capture, discover};
use muster_model::Inventory;

use super::redact::redact;
use super::{block_on, inspect, logs, place_of, seen};
use crate::cli::{BundleArguments, DoctorArguments, StatusFormat};
use crate::daemon::config::{check, effective};
use crate::daemon::{Place, lenient_place};
use crate::exit::Exit;
use crate::{doctor, render, terminal};

/// Of the journal.
const LINES: u32 = 5_000;
/// zstd's own default.
const LEVEL: i32 = 3;

/// A file in the bundle.
struct Part {
    name: String,
    text: String,
}

/// Writes the file and says what is in it.
pub(crate) fn support_bundle(arguments: &BundleArguments) -> anyhow::Result<Exit> {
    let place = match place_of(&arguments.place) {
        Ok(place) => place,
        // What is wrong with the configuration is what the bundle is for.
        Err(_) => lenient_place(&arguments.place, crate::daemon::config::Config::default()),
    };
    let now = Timestamp::now();
    let path = arguments.output.clone().unwrap_or_else(|| usual_name(now));
    let parts = parts(arguments, &place)?;
    write(&path, &parts, now).with_context(|| format!("cannot write {}", path.display()))?;
    let mut text = format!("{} holds:\n", path.display());
    text.push_str(&listed(&parts));
    text.push_str("Read it before you send it: addresses and names of this machine are in it.\n");
    terminal::write_plain(&text)?;
    Ok(Exit::Complete)
}

fn usual_name(now: Timestamp) -> PathBuf {
    PathBuf::from(format!(
        "muster-support-{}.tar.zst",
        now.strftime("%Y%m%dT%H%M%SZ")
    ))
}

fn parts(arguments: &BundleArguments, place: &Place) -> anyhow::Result<Vec<Part>> {
    let doctor = DoctorArguments {
        controllers: Vec::new(),
        token_file: None,
        output: StatusFormat::Json,
        place: arguments.place.clone(),
    };
    let checks = block_on(async { Ok(doctor::examine(&doctor).await) })?;
    let mut parts = vec![
        part(
            "status.json",
            block_on(seen(place)).and_then(|seen| render::json(&seen)),
        ),
        part(
            "inspect.json",
            block_on(inspect::document(place)).and_then(|it| render::json(&it)),
        ),
        part("config.json", configuration(arguments, place)),
        part("doctor.json", render::json(&checks)),
        part(
            "inventory.json",
            inventory(arguments).and_then(|it| render::json(&it)),
        ),
        part("journal.txt", logs::last(LINES)),
    ];
    let contents = Part {
        name: "README".to_owned(),
        text: format!(
            "A support bundle of muster {}. Join tokens, private keys and passwords in addresses are taken out.\n{}",
            env!("CARGO_PKG_VERSION"),
            listed(&parts)
        ),
    };
    parts.insert(0, contents);
    Ok(parts)
}

/// What cannot be had is said in its place.
fn part(name: &str, text: anyhow::Result<String>) -> Part {
    match text {
        Ok(text) => Part {
            name: name.to_owned(),
            text: redact(&text),
        },
        Err(error) => Part {
            name: format!("{name}.missing"),
            text: redact(&format!("{error:#}\n")),
        },
    }
}

fn configuration(arguments: &BundleArguments, place: &Place) -> anyhow::Result<String> {
    let checked = check(arguments.place.config.as_deref())?;
    render::json(&serde_json::json!({
        "files": checked.files,
        "faults": checked.faults,
        "values": effective(&checked.config, &place.state, &place.socket),
    }))
}

fn inventory(arguments: &BundleArguments) -> anyhow::Result<Inventory> {
    let source = Source::live().context("this machine cannot be read")?;
    let options = Options::default();
    if !arguments.scrub {
        return Ok(discover(&source, &options).inventory);
    }
    let source = source.recorded();
    let found = discover(&source, &options);
    let scrubbed = capture::scrub(&source.into_recording(), &found.inventory)
        .context("the inventory cannot be scrubbed")?;
    Ok(discover(&Source::replay(scrubbed), &options).inventory)
}

fn listed(parts: &[Part]) -> String {
    let mut text = String::new();
    for part in parts {
        let _ = writeln!(text, "  {:<24} {:>9} bytes", part.name, part.text.len());
    }
    text
}

/// For its owner alone, and never over a file that is there.
fn write(path: &Path, parts: &[Part], now: Timestamp) -> anyhow::Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let written = fill(&file, parts, now);
    if written.is_err() {
        // What is half written is of no use; that it cannot be removed adds nothing to the error.
        let _ = std::fs::remove_file(path);
    }
    written
}

fn fill(file: &File, parts: &[Part], now: Timestamp) -> anyhow::Result<()> {
    let packed = zstd::Encoder::new(BufWriter::new(file), LEVEL)?;
    let mut archive = tar::Builder::new(packed);
    for part in parts {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(part.text.len())?);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(now.as_second())?);
        archive.append_data(
            &mut header,
            Path::new("muster-support").join(&part.name),
            part.text.as_bytes(),
        )?;
    }
    archive.into_inner()?.finish()?.flush()?;
    Ok(file.sync_all()?)
}
