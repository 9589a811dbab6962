//! Writes a capture.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use super::layout::{Asked, Given, INDEX, Line, MANIFEST, Manifest, name_fault, names_from_bytes};
use super::{ARCHIVE_CAP, CaptureError, FILE_CAP, FILES_CAP, FORMAT, INDEX_CAP};
use crate::Fault;
use crate::source::{Answer, Recording, Request};

/// A good deal smaller than the default, and still quicker than the discovery.
const LEVEL: i32 = 9;
/// Header and padding of one file in the archive, for a name of usual length.
const OVERHEAD: u64 = 1024;

/// Writes `recording` as a capture. The same recording gives the same bytes.
///
/// # Errors
/// When `out` fails, or when the capture would be larger than [`read`](super::read) allows.
pub fn write(recording: &Recording, out: &mut impl Write) -> Result<(), CaptureError> {
    let mut plan = Plan::default();
    for (request, answer) in recording.iter() {
        plan.add(request, answer)?;
    }
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        muster: env!("CARGO_PKG_VERSION").to_owned(),
        origin: recording.origin(),
        scrubbed: recording.is_scrubbed(),
        requests: recording.len(),
        failed: plan.failed,
    };
    let manifest = serde_json::to_vec_pretty(&manifest).map_err(std::io::Error::from)?;

    let mut frame = zstd::Encoder::new(out, LEVEL)?;
    frame.include_checksum(true)?;
    let mut archive = tar::Builder::new(frame);
    append(&mut archive, MANIFEST, &manifest)?;
    append(&mut archive, INDEX, &plan.index)?;
    for (name, content) in &plan.files {
        append(&mut archive, name, content)?;
    }
    archive.into_inner()?.finish()?.flush()?;
    Ok(())
}

/// What the archive will hold.
#[derive(Default)]
struct Plan<'a> {
    index: Vec<u8>,
    files: BTreeMap<String, &'a [u8]>,
    directories: BTreeSet<String>,
    failed: BTreeMap<String, usize>,
    size: u64,
    numbered: usize,
}

impl<'a> Plan<'a> {
    fn add(&mut self, request: &Request, answer: &'a Answer) -> Result<(), CaptureError> {
        let given = match answer {
            Err(fault) => {
                *self.failed.entry(key(fault)).or_default() += 1;
                Given::Fault(fault.clone())
            }
            Ok(content) => self.given(request, content)?,
        };
        let line = Line {
            request: Asked::from(request),
            answer: given,
        };
        serde_json::to_writer(&mut self.index, &line).map_err(std::io::Error::from)?;
        self.index.push(b'\n');
        limit("requests.jsonl", self.index.len() as u64, INDEX_CAP)?;
        let total = self.size + self.index.len() as u64;
        limit("the capture", total, ARCHIVE_CAP)
    }

    fn given(&mut self, request: &Request, content: &'a [u8]) -> Result<Given, CaptureError> {
        let name = match request {
            Request::List(_) => match names_from_bytes(content) {
                Some(names) => return Ok(Given::Names(names)),
                None => self.numbered("other", ""),
            },
            Request::Link(_) => match std::str::from_utf8(content) {
                Ok(text) => return Ok(Given::Text(text.to_owned())),
                Err(_) => self.numbered("other", ""),
            },
            Request::Read(path, _) => self.place(path, content),
            Request::Ask(query) => {
                let named = serde_json::to_value(query).map_err(std::io::Error::from)?;
                let named = named.get("ask").and_then(|name| name.as_str());
                self.numbered("ask", named.unwrap_or_default())
            }
        };
        if self.files.insert(name.clone(), content).is_none() {
            limit(&name, content.len() as u64, FILE_CAP)?;
            limit(
                "files in the capture",
                self.files.len() as u64 + 2,
                FILES_CAP as u64,
            )?;
            self.size += content.len() as u64 + OVERHEAD + 2 * name.len() as u64;
        }
        Ok(Given::File(name))
    }

    /// `root/PATH`, unless that is taken or cannot be unpacked beside what is there.
    fn place(&mut self, path: &str, content: &[u8]) -> String {
        let name = format!("root/{path}");
        let parents = || name.match_indices('/').filter_map(|(at, _)| name.get(..at));
        let free = match self.files.get(&name) {
            Some(there) => *there == content,
            None => !self.directories.contains(&name),
        };
        if free && name_fault(&name).is_none() && !parents().any(|up| self.files.contains_key(up)) {
            self.directories.extend(parents().map(str::to_owned));
            return name;
        }
        self.numbered("other", "")
    }

    fn numbered(&mut self, folder: &str, what: &str) -> String {
        self.numbered += 1;
        let dash = if what.is_empty() { "" } else { "-" };
        format!("{folder}/{:04}{dash}{what}", self.numbered)
    }
}

fn key(fault: &Fault) -> String {
    let value = serde_json::to_value(fault).unwrap_or_default();
    let kind = value.get("kind").and_then(|kind| kind.as_str());
    kind.unwrap_or_default().to_owned()
}

fn limit(what: &str, size: u64, limit: u64) -> Result<(), CaptureError> {
    if size > limit {
        let what = what.to_owned();
        return Err(CaptureError::TooLarge { what, limit });
    }
    Ok(())
}

fn append(
    archive: &mut tar::Builder<impl Write>,
    name: &str,
    content: &[u8],
) -> Result<(), CaptureError> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(content.len() as u64);
    archive.append_data(&mut header, name, content)?;
    Ok(())
}
