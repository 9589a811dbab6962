//! Large files, which nobody holds in memory.

use super::HostError;
use crate::value::{HostPath, ProxyUrl, Sha256Digest, Source};

/// What is to be brought.
#[derive(Debug, Clone, Copy)]
pub struct Fetch<'a> {
    /// From where.
    pub source: &'a Source,
    /// Through which proxy; none: straight.
    pub proxy: Option<&'a ProxyUrl>,
    /// More than this is not taken.
    pub most_bytes: u64,
}

/// Bringing and comparing large files.
pub trait Artifacts {
    /// The SHA-256 of a file; none when it is not there.
    fn digest(&self, path: &HostPath) -> Result<Option<Sha256Digest>, HostError>;
    /// Brings a file to `path`, of root alone. What is at `path` already is taken for its beginning. Nothing is compared or synced.
    fn fetch(&mut self, what: &Fetch<'_>, path: &HostPath) -> Result<(), HostError>;
}
