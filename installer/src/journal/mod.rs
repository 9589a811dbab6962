//! The write-ahead journal of one transaction: a file that is only ever appended to, synced after each record.
//!
//! A record is a line: 16 hexadecimal digits, a space, JSON. The digits are the first 8 bytes of the SHA-256 of the digits before and this
//! JSON, so that a line that was changed, left out, doubled or moved is noticed. A crash leaves at most a last line that lacks its end, because
//! file systems write the size of a file after its content: what it was about was not begun, and it is cut off. Anything else that is
//! wrong was not done by a crash, and is refused.

mod record;

use sha2::{Digest as _, Sha256};

use crate::canonical::hexadecimal;
use crate::host::{Host, HostError, files};
use crate::value::{Attributes, Content, HostPath, KeptFile};

pub(crate) use record::{Record, Work};

/// Digits of a seal.
const SEAL: usize = 16;
/// Before the first record.
const FIRST_SEAL: &str = "0000000000000000";
const PRIVATE: u32 = 0o600;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The host did not do something.
    #[error(transparent)]
    Host(#[from] HostError),
    /// What is in it is not what was written.
    #[error(
        "{path} is damaged at line {line}: {why}. Nothing was changed. What was done is in the lines before; put the file back from a copy"
    )]
    Damaged {
        /// The journal.
        path: HostPath,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A record cannot be written as JSON.
    #[error("a record cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
}

/// An open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    path: HostPath,
    /// That of the last record.
    seal: String,
    /// Bytes that are on disk.
    length: u64,
    /// Appending failed: what is behind `length` is not known.
    is_torn: bool,
}

/// What the bytes of a journal hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sound {
    records: Vec<Record>,
    seal: String,
    /// Up to the end of the last record that is whole.
    sound_bytes: usize,
}

impl Sound {
    #[cfg(feature = "fuzzing")]
    pub(crate) fn records(self) -> Vec<Record> {
        self.records
    }
}

impl Journal {
    /// Begins a journal with its first record: wholly, or not at all.
    pub(crate) fn create(
        host: &mut dyn Host,
        path: HostPath,
        first: &Record,
    ) -> Result<Self, JournalError> {
        let (seal, line) = line(FIRST_SEAL, first)?;
        let file = KeptFile {
            content: Content::from(line.as_str()),
            attributes: Attributes::of_root(PRIVATE),
        };
        files::replace(host, &path, &file)?;
        Ok(Self {
            path,
            seal,
            length: line.len() as u64,
            is_torn: false,
        })
    }

    /// Opens the journal that is there, with its records, and cuts off what a crash tore; none when none is there.
    pub(crate) fn open(
        host: &mut dyn Host,
        path: HostPath,
    ) -> Result<Option<(Self, Vec<Record>)>, JournalError> {
        let Some(bytes) = host.read(&path)? else {
            return Ok(None);
        };
        let content = parse(&bytes).map_err(|fault| fault.in_file(&path))?;
        let mut journal = Self {
            path,
            seal: content.seal,
            length: content.sound_bytes as u64,
            is_torn: content.sound_bytes < bytes.len(),
        };
        journal.repair(host)?;
        Ok(Some((journal, content.records)))
    }

    /// Adds a record, which is on disk afterwards.
    pub(crate) fn append(
        &mut self,
        host: &mut dyn Host,
        record: &Record,
    ) -> Result<(), JournalError> {
        self.repair(host)?;
        let (seal, line) = line(&self.seal, record)?;
        self.is_torn = true;
        host.append(&self.path, line.as_bytes())?;
        host.sync(&self.path)?;
        self.is_torn = false;
        self.length += line.len() as u64;
        self.seal = seal;
        Ok(())
    }

    /// Removes it: the transaction has ended, and what is to be kept of it is kept.
    pub(crate) fn remove(self, host: &mut dyn Host) -> Result<(), JournalError> {
        host.remove_file(&self.path)?;
        Ok(files::sync_folder(host, &self.path)?)
    }

    fn repair(&mut self, host: &mut dyn Host) -> Result<(), JournalError> {
        if self.is_torn {
            host.truncate(&self.path, self.length)?;
            host.sync(&self.path)?;
            self.is_torn = false;
        }
        Ok(())
    }
}

/// The records of a journal that is only looked at.
pub(crate) fn look(host: &dyn Host, path: &HostPath) -> Result<Option<Vec<Record>>, JournalError> {
    let Some(bytes) = host.read(path)? else {
        return Ok(None);
    };
    let content = parse(&bytes).map_err(|fault| fault.in_file(path))?;
    Ok(Some(content.records))
}

/// What is wrong with the bytes of a journal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    line: usize,
    why: String,
}

impl Fault {
    pub(crate) fn in_file(self, path: &HostPath) -> JournalError {
        JournalError::Damaged {
            path: path.clone(),
            line: self.line,
            why: self.why,
        }
    }
}

/// Reads the bytes of a journal.
pub(crate) fn parse(bytes: &[u8]) -> Result<Sound, Fault> {
    let mut place = Place::default();
    let records = place.read(bytes)?;
    match records.is_empty() {
        true => Err(Fault {
            line: 1,
            why: "it is empty".to_owned(),
        }),
        false => Ok(Sound {
            records,
            seal: place.seal,
            sound_bytes: place.bytes,
        }),
    }
}

/// How far a journal was read.
#[derive(Debug)]
pub(crate) struct Place {
    seal: String,
    lines: usize,
    bytes: usize,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            seal: FIRST_SEAL.to_owned(),
            lines: 0,
            bytes: 0,
        }
    }
}

impl Place {
    /// Bytes of the records that were read.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes as u64
    }

    /// The records that are whole in the bytes from this place on, and goes behind them.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<Vec<Record>, Fault> {
        let mut records = Vec::new();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match record(&self.seal, line) {
                Ok((seal, record)) => {
                    records.push(record);
                    self.seal = seal;
                    self.lines += 1;
                    self.bytes += line.len();
                }
                // Torn: it lacks its end. The first record came with the file, so that no crash tears it.
                Err(_) if self.lines > 0 && !line.ends_with(b"\n") => break,
                Err(why) => {
                    let line = self.lines + 1;
                    return Err(Fault { line, why });
                }
            }
        }
        Ok(records)
    }
}

fn record(before: &str, line: &[u8]) -> Result<(String, Record), String> {
    let whole = line.strip_suffix(b"\n").ok_or("it is not whole")?;
    let (found, json) = whole.split_at_checked(SEAL).ok_or("it is too short")?;
    let json = json.strip_prefix(b" ").ok_or("there is no seal")?;
    let seal = seal(before, json);
    if seal.as_bytes() != found {
        return Err("its seal does not fit what is in it and before it".to_owned());
    }
    let record = serde_json::from_slice(json);
    let record =
        record.map_err(|error| format!("it is no record that this version knows: {error}"))?;
    Ok((seal, record))
}

fn line(before: &str, record: &Record) -> serde_json::Result<(String, String)> {
    let json = serde_json::to_string(record)?;
    let seal = seal(before, json.as_bytes());
    let line = format!("{seal} {json}\n");
    Ok((seal, line))
}

/// Lines of JSON as a journal has them.
#[cfg(feature = "fuzzing")]
pub(crate) fn sealed(lines: &[u8]) -> Vec<u8> {
    let mut before = FIRST_SEAL.to_owned();
    let mut sealed = Vec::new();
    for json in lines.split(|byte| *byte == b'\n') {
        before = seal(&before, json);
        sealed.extend(before.as_bytes());
        sealed.push(b' ');
        sealed.extend(json);
        sealed.push(b'\n');
    }
    sealed
}

fn seal(before: &str, json: &[u8]) -> String {
    let digest = Sha256::new()
        .chain_update(before)
        .chain_update(json)
        .finalize();
    let mut digits = hexadecimal(&digest);
    digits.truncate(SEAL);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::Edited;

    fn records() -> Vec<Record> {
        vec![
            Record::Unchanged { step: 0 },
            Record::Failed {
                step: 1,
                why: "two\nlines and ünïcode".to_owned(),
            },
            Record::Reverting {
                edited: Edited::Kept,
            },
        ]
    }

    fn written(records: &[Record]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut before = FIRST_SEAL.to_owned();
        for record in records {
            let (seal, line) = line(&before, record).unwrap();
            bytes.extend(line.as_bytes());
            before = seal;
        }
        bytes
    }

    #[test]
    fn what_is_written_is_read_and_the_form_stays() {
        let bytes = written(&records());
        let content = parse(&bytes).unwrap();
        assert_eq!(content.records, records());
        assert_eq!(content.sound_bytes, bytes.len());
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(
            text.lines().nth(1).unwrap().split_at(17).1,
            r#"{"record":"failed","step":1,"why":"two\nlines and ünïcode"}"#
        );
    }

    #[test]
    fn a_last_record_that_is_torn_was_never_written() {
        let whole = written(&records());
        let two = written(&records()[..2]).len();
        for length in two..whole.len() {
            let content = parse(&whole[..length]).unwrap();
            assert_eq!(content.records, records()[..2], "{length}");
            assert_eq!(content.sound_bytes, two);
        }
    }

    #[test]
    fn damage_before_the_last_record_is_refused() {
        let bytes = written(&records());
        // But for the last line's end: without it, that line is one that was torn.
        for at in 0..bytes.len() - 1 {
            for flipped in [0x01, 0x20, 0x80] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flipped;
                let fault = parse(&damaged).unwrap_err();
                assert!((1..=3).contains(&fault.line), "{at}: {fault:?}");
            }
        }
    }

    #[test]
    fn lines_that_were_left_out_doubled_or_moved_are_refused() {
        let bytes = written(&records());
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        for order in [&[1, 2, 2][..], &[0, 2, 2], &[0, 0, 1, 2], &[0, 2, 1]] {
            let moved: Vec<u8> = order.iter().flat_map(|at| lines[*at]).copied().collect();
            assert!(parse(&moved).is_err(), "{order:?}");
        }
        assert!(parse(b"").is_err());
        assert!(parse(b"0000000000000000 {}\n").is_err());
    }
}
