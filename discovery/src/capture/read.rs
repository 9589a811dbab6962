//! Reads a capture, trusting nothing in it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

use super::layout::{Given, INDEX, Line, MANIFEST, Manifest, name_fault, names_to_bytes};
use super::{ARCHIVE_CAP, COMPRESSED_CAP, CaptureError, FILE_CAP, FILES_CAP, FORMAT, INDEX_CAP};
use crate::source::{Answer, Recording, Request};

/// RFC 8878, section 3.1.1.
const ZSTD_MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();
/// 16 MiB: the window of the highest usual level is 8 MiB.
const WINDOW_LOG_MAX: u32 = 24;
/// Two blocks of zeros end an archive (POSIX.1-2017, pax, ustar Interchange Format).
const BLOCK: usize = 512;

/// Reads a capture. Nothing is unpacked to disk; memory stays below three times
/// [`ARCHIVE_CAP`](super::ARCHIVE_CAP).
///
/// # Errors
/// When the input fails, or is not exactly what [`write`](super::write) makes.
pub fn read(input: impl Read) -> Result<Recording, CaptureError> {
    let mut compressed = Vec::new();
    input
        .take(COMPRESSED_CAP + 1)
        .read_to_end(&mut compressed)?;
    limit(
        "the compressed capture, in bytes,",
        compressed.len() as u64,
        COMPRESSED_CAP,
    )?;
    read_tar(&decompress(&compressed)?)
}

fn decompress(compressed: &[u8]) -> Result<Vec<u8>, CaptureError> {
    if !compressed.starts_with(&ZSTD_MAGIC) {
        return Err(CaptureError::NotZstd);
    }
    let mut frame = zstd::Decoder::with_buffer(compressed)?.single_frame();
    frame.window_log_max(WINDOW_LOG_MAX)?;
    let mut archive = Vec::new();
    let read = (&mut frame).take(ARCHIVE_CAP + 1).read_to_end(&mut archive);
    limit(
        "the archive in the capture, in bytes,",
        archive.len() as u64,
        ARCHIVE_CAP,
    )?;
    read.map_err(|why| damaged(&why))?;
    if !frame.finish().is_empty() {
        let what = "data after the zstd frame";
        return Err(CaptureError::Trailing { what });
    }
    Ok(archive)
}

/// The archive inside.
pub(crate) fn read_tar(archive: &[u8]) -> Result<Recording, CaptureError> {
    let mut files = unpack(archive)?;
    let manifest = manifest(&take(&mut files, MANIFEST)?)?;
    let index = take(&mut files, INDEX)?;
    let mut recording = manifest.origin.map(Recording::of).unwrap_or_default();
    recording.set_scrubbed(manifest.scrubbed);
    fill(&mut recording, &index, &files)?;
    if recording.len() != manifest.requests {
        return Err(CaptureError::Count {
            expected: manifest.requests,
            found: recording.len(),
        });
    }
    Ok(recording)
}

type Files = BTreeMap<String, Vec<u8>>;

fn unpack(bytes: &[u8]) -> Result<Files, CaptureError> {
    let mut archive = tar::Archive::new(Cursor::new(bytes));
    let mut files = Files::new();
    let mut seen = BTreeSet::new();
    for entry in archive.entries().map_err(|why| damaged(&why))? {
        let mut entry = entry.map_err(|why| damaged(&why))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        if !kind.is_file() && !kind.is_dir() {
            return Err(CaptureError::Kind { name });
        }
        let Some(name) = plain_name(name, kind.is_dir())? else {
            continue;
        };
        if !seen.insert(name.clone()) {
            return Err(CaptureError::Twice { name });
        }
        limit(
            "the number of files in the capture",
            seen.len() as u64,
            FILES_CAP as u64,
        )?;
        if kind.is_file() {
            let content = content(&mut entry, &name)?;
            files.insert(name, content);
        }
    }
    ended(bytes, archive.into_inner().position())?;
    Ok(files)
}

/// The name as the index has it; `None` for the folder that holds all.
fn plain_name(name: String, is_dir: bool) -> Result<Option<String>, CaptureError> {
    let plain = match is_dir {
        true => name.strip_suffix('/').unwrap_or(&name),
        false => &name,
    };
    if is_dir && plain == "." {
        return Ok(None);
    }
    let plain = plain.strip_prefix("./").unwrap_or(plain);
    match name_fault(plain) {
        Some(why) => Err(CaptureError::Name { name, why }),
        None => Ok(Some(plain.to_owned())),
    }
}

fn content(entry: &mut tar::Entry<'_, impl Read>, name: &str) -> Result<Vec<u8>, CaptureError> {
    let size = entry.size();
    let cap = if name == INDEX { INDEX_CAP } else { FILE_CAP };
    limit(name, size, cap)?;
    let mut content = Vec::new();
    let read = entry.take(cap).read_to_end(&mut content);
    let read = read.map_err(|why| damaged(&why))?;
    if read as u64 != size {
        let why = format!("{name:?} is incomplete");
        return Err(CaptureError::Damaged { why });
    }
    Ok(content)
}

/// The first block of the end marker was read; at least the second follows, and only zeros.
fn ended(bytes: &[u8], position: u64) -> Result<(), CaptureError> {
    let position = usize::try_from(position).unwrap_or(usize::MAX);
    let rest = bytes.get(position..).unwrap_or_default();
    if rest.len() < BLOCK || !rest.len().is_multiple_of(BLOCK) {
        let why = "the archive has no end".to_owned();
        return Err(CaptureError::Damaged { why });
    }
    if rest.iter().any(|byte| *byte != 0) {
        let what = "data after the archive";
        return Err(CaptureError::Trailing { what });
    }
    Ok(())
}

fn manifest(content: &[u8]) -> Result<Manifest, CaptureError> {
    let unclear = |why: serde_json::Error| CaptureError::Manifest {
        why: why.to_string(),
    };
    let value: serde_json::Value = serde_json::from_slice(content).map_err(unclear)?;
    match value.get("format").and_then(|format| format.as_str()) {
        Some(FORMAT) => serde_json::from_value(value).map_err(unclear),
        found => Err(CaptureError::Format {
            found: found.unwrap_or_default().to_owned(),
        }),
    }
}

fn fill(recording: &mut Recording, index: &[u8], files: &Files) -> Result<(), CaptureError> {
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let mut size = 0;
    let lines = index.split_inclusive(|byte| *byte == b'\n').enumerate();
    for (number, line) in lines {
        let unclear = |why: String| CaptureError::Request {
            line: number + 1,
            why,
        };
        let line: Line = serde_json::from_slice(line).map_err(|why| unclear(why.to_string()))?;
        let request = Request::from(line.request);
        let answer =
            answer(&request, line.answer, files, &mut used).map_err(|fault| match fault {
                Bad::File(name) => CaptureError::Missing { name },
                Bad::Shape => unclear("this answer does not fit this request".to_owned()),
            })?;
        size += answer.as_ref().map_or(0, Vec::len) as u64;
        limit("the size of all answers in bytes", size, ARCHIVE_CAP)?;
        let before = recording.len();
        recording.keep(request, answer);
        if recording.len() == before {
            return Err(unclear("the same request is there already".to_owned()));
        }
    }
    match files.keys().find(|name| !used.contains(name.as_str())) {
        Some(name) => Err(CaptureError::Stray { name: name.clone() }),
        None => Ok(()),
    }
}

enum Bad {
    File(String),
    Shape,
}

fn answer<'f>(
    request: &Request,
    given: Given,
    files: &'f Files,
    used: &mut BTreeSet<&'f str>,
) -> Result<Answer, Bad> {
    match (given, request) {
        (Given::Fault(fault), _) => Ok(Err(fault)),
        (Given::File(name), _) => match files.get_key_value(&name) {
            Some((name, content)) => {
                used.insert(name);
                Ok(Ok(content.clone()))
            }
            None => Err(Bad::File(name)),
        },
        (Given::Names(names), Request::List(_)) => Ok(Ok(names_to_bytes(&names))),
        (Given::Text(text), Request::Link(_)) => Ok(Ok(text.into_bytes())),
        _ => Err(Bad::Shape),
    }
}

fn take(files: &mut Files, name: &str) -> Result<Vec<u8>, CaptureError> {
    let missing = || CaptureError::Missing {
        name: name.to_owned(),
    };
    files.remove(name).ok_or_else(missing)
}

fn damaged(why: &std::io::Error) -> CaptureError {
    let why = why.to_string();
    CaptureError::Damaged { why }
}

fn limit(what: &str, size: u64, limit: u64) -> Result<(), CaptureError> {
    if size > limit {
        let what = what.to_owned();
        return Err(CaptureError::TooLarge { what, limit });
    }
    Ok(())
}
