//! A recording in a file: `muster discover --capture FILE.tar.zst` and `--replay FILE`.
//!
//! A capture is a tar archive in one zstd frame. Anyone can look inside: `tar --zstd -xf FILE`.
//!
//! - `manifest.json`: the format (`muster.capture/v1`), the version of muster, what kind of host it
//!   was, whether it is scrubbed, how many requests there are, how many failed with which fault.
//! - `requests.jsonl`: one line of JSON for each request, with its answer: a `fault`, the `names`
//!   of a listing, the `text` of a link, or the `file` of the archive that holds the bytes.
//! - `root/PATH`: the files that were read. `ask/N-NAME`: raw answers of the kernel, laid out as
//!   [`Query`](crate::Query) says. `other/N`: what has no place in a tree of files, such as the second of two
//!   reads of a file that changed in between.
//!
//! The same recording gives the same bytes. What was unpacked and edited may be packed again.
//! Nothing is ever unpacked to disk here, and an archive that is not as above, or larger than the
//! limits below, is refused: see [`CaptureError`].
//!
//! ```
//! use muster_discovery::{Options, Source, capture, discover};
//!
//! # let root = tempfile::tempdir()?;
//! # let root = root.path();
//! let source = Source::at_root(root)?.recorded();
//! let found = discover(&source, &Options::default());
//! let scrubbed = capture::scrub(&source.into_recording(), &found.inventory)?;
//! let mut file = Vec::new();
//! capture::write(&scrubbed, &mut file)?;
//!
//! let source = Source::replay(capture::read(file.as_slice())?);
//! let again = discover(&source, &Options::default());
//! assert_eq!(again.inventory.host, found.inventory.host);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod layout;
mod read;
mod scrub;
#[cfg(test)]
mod tests;
mod write;

use std::io;

pub use read::read;
#[cfg(feature = "fuzzing")]
pub(crate) use read::read_tar;
pub use scrub::{scrub, scrub_with_salt};
pub use write::write;

/// The value of `format` in the manifest.
pub const FORMAT: &str = "muster.capture/v1";
/// Most bytes of a capture as it is on disk.
pub const COMPRESSED_CAP: u64 = 64 << 20;
/// Most bytes of the archive inside, and of all answers together.
pub const ARCHIVE_CAP: u64 = 256 << 20;
/// Most bytes of one file inside.
pub const FILE_CAP: u64 = 16 << 20;
/// Most bytes of `requests.jsonl`.
pub const INDEX_CAP: u64 = 64 << 20;
/// Most files inside.
pub const FILES_CAP: usize = 200_000;

/// Why a capture could not be written or is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each says what it is")]
pub enum CaptureError {
    #[error("the capture cannot be read or written")]
    Io(#[from] io::Error),
    #[error("not a capture: it does not begin as a zstd frame")]
    NotZstd,
    #[error("the capture is damaged or cut off: {why}")]
    Damaged { why: String },
    #[error("the capture has more behind its end: {what}")]
    Trailing { what: &'static str },
    #[error("{what} would exceed the limit of {limit}")]
    TooLarge { what: String, limit: u64 },
    #[error("the name {name:?} is not allowed in a capture: {why}")]
    Name { name: String, why: &'static str },
    #[error(
        "{name:?} is neither a plain file nor a directory, and nothing else may be in a capture"
    )]
    Kind { name: String },
    #[error("{name:?} is in the capture twice")]
    Twice { name: String },
    #[error("{name:?} is missing from the capture")]
    Missing { name: String },
    #[error("{name:?} is in the capture, but no request has it as its answer")]
    Stray { name: String },
    #[error("the manifest cannot be understood: {why}")]
    Manifest { why: String },
    #[error("the capture has the format {found:?}; this muster reads {FORMAT:?}")]
    Format { found: String },
    #[error("line {line} of requests.jsonl cannot be understood: {why}")]
    Request { line: usize, why: String },
    #[error("the manifest says {expected} requests, but there are {found}")]
    Count { expected: usize, found: usize },
    #[error("no random numbers for the pseudonyms: {why}")]
    Random { why: String },
}
