//! One file of the spool: a line for what it is, then a line for each event.
//!
//! A line is the first 8 bytes of the SHA-256 of its JSON as hexadecimal digits, a space, and the JSON. Appending is the only way in which
//! a file changes, so that a crash harms nothing but its last lines.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use muster_proto::v1;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::daemon::state::files;

/// Digits of the checksum.
const CHECKSUM: usize = 16;
const VERSION: u32 = 1;
const LONGEST_MESSAGE: usize = 1024;
const PRIVATE: u32 = 0o600;

/// What a file is: its first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    version: u32,
    /// Who counts: 32 hexadecimal digits.
    pub(super) spool: String,
    /// Of several spools in one folder the one with the highest counts.
    pub(super) generation: u64,
    /// The sequence of the file's first event, whether it is there yet or not.
    pub(super) first: u64,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) sequence: u64,
    /// Milliseconds since 1970.
    pub(super) at_unix_ms: i64,
    /// In snake_case.
    pub(super) kind: String,
    /// For people.
    pub(super) message: String,
}

/// An open file.
#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    file: File,
    pub(super) header: Header,
    /// The sequence that comes next; `header.first` when there is no event.
    pub(super) next: u64,
    /// Bytes that are surely on disk.
    pub(super) length: u64,
    /// Appending failed: what is behind `length` is not known.
    is_torn: bool,
}

/// What the bytes of a file hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) header: Header,
    /// In order. Where a number is left out, its line is damaged.
    pub(super) records: Vec<Record>,
    /// Up to the end of the last line that is whole.
    pub(super) sound_bytes: usize,
}

impl Record {
    /// The message is cut where it is too long.
    pub(super) fn new(sequence: u64, at_unix_ms: i64, kind: &str, message: &str) -> Self {
        Self {
            sequence,
            at_unix_ms,
            kind: kind.to_owned(),
            message: message.chars().take(LONGEST_MESSAGE).collect(),
        }
    }

    /// As it goes to a controller.
    pub(super) fn into_event(self) -> v1::Event {
        v1::Event {
            sequence: self.sequence,
            at_unix_ms: self.at_unix_ms,
            kind: self.kind,
            message: self.message,
            spool_sequence: None,
        }
    }
}

impl Header {
    pub(super) fn new(spool: String, generation: u64, first: u64) -> Self {
        Self {
            version: VERSION,
            spool,
            generation,
            first,
        }
    }

    /// The file's name. Names sort as spools and events do.
    pub(super) fn name(&self) -> String {
        format!("{:010}-{:020}{SUFFIX}", self.generation, self.first)
    }
}

/// Of every file of a spool.
pub(super) const SUFFIX: &str = ".events";

/// Reads a file's bytes; none when they do not begin with what the file is.
pub(super) fn parse(bytes: &[u8]) -> Option<Content> {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next()?;
    let header = parse_line::<Header>(first).filter(|header| header.version == VERSION)?;
    let mut content = Content {
        records: Vec::new(),
        sound_bytes: first.len(),
        header,
    };
    let mut at = first.len();
    let mut next = content.header.first;
    for line in lines {
        at += line.len();
        if let Some(record) = parse_line::<Record>(line).filter(|record| record.sequence >= next) {
            next = record.sequence.saturating_add(1);
            content.records.push(record);
            content.sound_bytes = at;
        }
    }
    Some(content)
}

fn parse_line<T: for<'a> Deserialize<'a>>(line: &[u8]) -> Option<T> {
    let (sum, json) = line.strip_suffix(b"\n")?.split_at_checked(CHECKSUM)?;
    let json = json.strip_prefix(b" ")?;
    (checksum(json).as_bytes() == sum).then_some(())?;
    serde_json::from_slice(json).ok()
}

/// As a line of a file.
pub(super) fn line<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(value)?;
    let mut line = checksum(&json).into_bytes();
    line.push(b' ');
    line.extend(json);
    line.push(b'\n');
    Ok(line)
}

fn checksum(json: &[u8]) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(json);
    let first = digest.iter().take(CHECKSUM / 2);
    first.fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Segment {
    /// Makes a file that holds `records`: wholly, or not at all.
    pub(super) fn create(folder: &Path, header: Header, records: &[Record]) -> io::Result<Self> {
        let path = folder.join(header.name());
        let mut content = line(&header)?;
        for record in records {
            content.extend(line(record)?);
        }
        files::replace(&path, &content, PRIVATE)?;
        let last = records.last().map(|record| record.sequence + 1);
        Ok(Self {
            file: OpenOptions::new().read(true).write(true).open(&path)?,
            path,
            next: last.unwrap_or(header.first),
            header,
            length: content.len() as u64,
            is_torn: false,
        })
    }

    /// Opens a file; none when it is damaged from the start on.
    pub(super) fn open(path: PathBuf) -> io::Result<Option<Self>> {
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let Some(content) = parse(&bytes) else {
            return Ok(None);
        };
        let last = content.records.last().map(|record| record.sequence + 1);
        Ok(Some(Self {
            path,
            file,
            next: last.unwrap_or(content.header.first),
            header: content.header,
            length: content.sound_bytes as u64,
            is_torn: content.sound_bytes < bytes.len(),
        }))
    }

    /// Appends and syncs. After an error nothing of it counts.
    pub(super) fn append(&mut self, records: &[Record]) -> io::Result<()> {
        self.repair()?;
        let mut bytes = Vec::new();
        for record in records {
            bytes.extend(line(record)?);
        }
        self.is_torn = true;
        self.file.write_all_at(&bytes, self.length)?;
        self.file.sync_all()?;
        self.is_torn = false;
        self.length += bytes.len() as u64;
        self.next += records.len() as u64;
        Ok(())
    }

    /// Cuts off what a crash or an error left behind the last whole line.
    fn repair(&mut self) -> io::Result<()> {
        if self.is_torn {
            self.file.set_len(self.length)?;
            self.file.sync_all()?;
            self.is_torn = false;
        }
        Ok(())
    }

    /// Its events.
    pub(super) fn records(&self) -> io::Result<Vec<Record>> {
        let mut bytes = Vec::new();
        File::open(&self.path)?
            .take(self.length)
            .read_to_end(&mut bytes)?;
        let content = parse(&bytes).ok_or_else(|| io::Error::other("it is damaged"))?;
        Ok(content.records)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(sequence: u64) -> Record {
        Record {
            sequence,
            at_unix_ms: -5,
            kind: "kind".to_owned(),
            message: "two\nlines \u{0} and ünïcode".to_owned(),
        }
    }

    fn file(sequences: &[u64]) -> (Header, Vec<u8>) {
        let header = Header::new("ab".repeat(16), 1, 4);
        let mut bytes = line(&header).unwrap();
        for sequence in sequences {
            bytes.extend(line(&record(*sequence)).unwrap());
        }
        (header, bytes)
    }

    #[test]
    fn a_file_comes_back_as_it_was_and_its_form_stays() {
        let (header, bytes) = file(&[4, 5]);
        let content = parse(&bytes).unwrap();
        assert_eq!(content.header, header);
        assert_eq!(content.records, [record(4), record(5)]);
        assert_eq!(content.sound_bytes, bytes.len());
        let text = String::from_utf8(bytes).unwrap();
        let first =
            r#"{"version":1,"spool":"abababababababababababababababab","generation":1,"first":4}"#;
        assert_eq!(text.lines().next().unwrap().split_at(17).1, first);
        let last = r#"{"sequence":5,"at_unix_ms":-5,"kind":"kind","message":"two\nlines \u0000 and ünïcode"}"#;
        assert_eq!(text.lines().nth(2).unwrap().split_at(17).1, last);
    }

    #[test]
    fn a_line_that_is_damaged_costs_itself_alone() {
        let (_, bytes) = file(&[4, 5, 6]);
        let (_, short) = file(&[4]);
        for at in short.len()..bytes.len() {
            for flipped in [0x01, 0x80] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flipped;
                let content = parse(&damaged).unwrap();
                let found: Vec<u64> = content.records.iter().map(|one| one.sequence).collect();
                assert!(
                    found == [4, 5] || found == [4, 6] || found == [4],
                    "{at}: {found:?}"
                );
                assert!(
                    found != [4] || damaged[at] != b'\n' || bytes[at] == b'\n',
                    "{at}"
                );
            }
        }
    }

    #[test]
    fn what_goes_backwards_is_not_believed() {
        let (_, bytes) = file(&[4, 4, 3, 5]);
        assert_eq!(parse(&bytes).unwrap().records, [record(4), record(5)]);
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"0000000000000000 {}\n"), None);
    }
}
