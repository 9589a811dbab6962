//! A machine out of a file: an inventory in JSON or a capture, told apart by how they begin.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use muster_discovery::source::Recording;
use muster_discovery::{Options, Source, capture, discover};
use muster_model::{Inventory, Section};

use crate::discover::capture::ask_the_same;

/// Most bytes of an inventory; a capture has the same limit. The largest machines fill a tenth.
const CAP: u64 = capture::COMPRESSED_CAP;
/// How a zstd frame begins (RFC 8878, section 3.1.1), and so every capture.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A file that holds a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MachineFile {
    /// `-`
    StandardInput,
    /// A path: a file, or a pipe.
    Path(PathBuf),
}

impl MachineFile {
    /// The inventory in it, or that of the machine whose capture it is: with the opt-in sections that
    /// are `wanted`, as far as they were recorded.
    ///
    /// # Errors
    /// When it cannot be read, is too large, or is neither.
    pub(crate) fn inventory(&self, wanted: &[Section]) -> anyhow::Result<Inventory> {
        self.content()
            .and_then(|content| inventory(&content, wanted))
            .with_context(|| format!("cannot take a machine from {self}"))
    }

    fn content(&self) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::StandardInput => all_of(stdin().lock()),
            Self::Path(path) => {
                ensure!(
                    !path.is_dir(),
                    "it is a directory; `muster discover --root {} -o json` makes an inventory of it",
                    path.display()
                );
                all_of(File::open(path)?)
            }
        }
    }
}

impl From<&OsStr> for MachineFile {
    fn from(argument: &OsStr) -> Self {
        match argument.to_str() {
            Some("-") => Self::StandardInput,
            _ => Self::Path(Path::new(argument).to_owned()),
        }
    }
}

impl fmt::Display for MachineFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StandardInput => formatter.write_str("standard input"),
            Self::Path(path) => path.display().fmt(formatter),
        }
    }
}

/// The machine that this program runs on, now.
///
/// # Errors
/// When its root directory cannot be opened.
pub(crate) fn this_machine() -> anyhow::Result<Inventory> {
    let source = Source::live().context("cannot read this machine")?;
    Ok(discover(&source, &Options::default()).inventory)
}

fn all_of(input: impl Read) -> anyhow::Result<Vec<u8>> {
    let mut content = Vec::new();
    input.take(CAP + 1).read_to_end(&mut content)?;
    ensure!(
        content.len() as u64 <= CAP,
        "it has more than {} MiB, which no inventory or capture has",
        CAP >> 20
    );
    Ok(content)
}

fn inventory(content: &[u8], wanted: &[Section]) -> anyhow::Result<Inventory> {
    if content.starts_with(&ZSTD_MAGIC) {
        return Ok(replayed(capture::read(content)?, wanted));
    }
    if content.iter().all(u8::is_ascii_whitespace) {
        bail!("it is empty; `muster discover -o json` writes an inventory");
    }
    Inventory::from_json(content).context(
        "an inventory is what `muster discover -o json` writes, a capture what `--capture` does",
    )
}

fn replayed(recording: Recording, wanted: &[Section]) -> Inventory {
    let mut options = Options::default();
    options.sections.extend(wanted);
    ask_the_same(&recording, &[], &mut options);
    discover(&Source::replay(recording), &options).inventory
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(content: &[u8]) -> String {
        format!("{:#}", inventory(content, &[]).unwrap_err())
    }

    #[test]
    fn inventories_and_captures_are_told_apart() {
        let read = |content: &[u8]| inventory(content, &[]).unwrap().host.hostname;
        let document = include_bytes!("../../tests/fixtures/small-vm.json");
        let capture = include_bytes!("../../tests/fixtures/small-vm.tar.zst");
        assert!(read(document).is_some());
        assert_eq!(read(document), read(capture));
    }

    #[test]
    fn anything_else_is_refused_with_what_to_do() {
        for nothing in [&b""[..], b"\n "] {
            assert!(told(nothing).starts_with("it is empty; `muster discover"));
        }
        let yaml = told(b"schema: muster.inventory/v1\n");
        assert!(yaml.contains("`muster discover -o json`"), "{yaml}");
        assert!(yaml.contains("no inventory in JSON"), "{yaml}");
        let verdict = told(br#"{"schema": "muster.verdict/v1"}"#);
        assert!(verdict.contains("muster.verdict/v1"), "{verdict}");
        let damaged = told(&[0x28, 0xb5, 0x2f, 0xfd, 0]);
        assert!(damaged.contains("damaged"), "{damaged}");
    }

    #[test]
    fn more_than_the_limit_is_refused() {
        let refusal = all_of(std::io::repeat(b' ')).unwrap_err();
        assert!(refusal.to_string().contains("64 MiB"), "{refusal}");
    }

    #[test]
    fn a_dash_is_standard_input() {
        let from = |argument: &str| MachineFile::from(OsStr::new(argument));
        assert_eq!(from("-"), MachineFile::StandardInput);
        assert_eq!(from("./-").to_string(), "./-");
    }
}
