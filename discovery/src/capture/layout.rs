//! What the files of a capture hold.

use std::collections::BTreeMap;

use muster_model::Origin;
use serde::{Deserialize, Serialize};

use crate::source::Request;
use crate::{Fault, Query};

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const INDEX: &str = "requests.jsonl";

/// `manifest.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: String,
    pub(super) muster: String,
    pub(super) origin: Option<Origin>,
    pub(super) scrubbed: bool,
    pub(super) requests: usize,
    /// For who looks inside; not read.
    #[serde(default)]
    pub(super) failed: BTreeMap<String, usize>,
}

/// One line of `requests.jsonl`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    pub(super) request: Asked,
    pub(super) answer: Given,
}

/// A [`Request`] as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Asked {
    Read { path: String, cap: usize },
    List { path: String },
    Link { path: String },
    Ask(Query),
}

/// An answer as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Given {
    File(String),
    Names(Vec<String>),
    Text(String),
    Fault(Fault),
}

impl From<&Request> for Asked {
    fn from(request: &Request) -> Self {
        match request.clone() {
            Request::Read(path, cap) => Self::Read { path, cap },
            Request::List(path) => Self::List { path },
            Request::Link(path) => Self::Link { path },
            Request::Ask(query) => Self::Ask(query),
        }
    }
}

impl From<Asked> for Request {
    fn from(asked: Asked) -> Self {
        match asked {
            Asked::Read { path, cap } => Self::Read(path, cap),
            Asked::List { path } => Self::List(path),
            Asked::Link { path } => Self::Link(path),
            Asked::Ask(query) => Self::Ask(query),
        }
    }
}

/// The names of a listing, each ended by NUL.
pub(super) fn names_to_bytes(names: &[String]) -> Vec<u8> {
    let ended = names.iter().flat_map(|name| name.bytes().chain([0]));
    ended.collect()
}

/// The names of a listing, where that gives the same bytes back.
pub(super) fn names_from_bytes(bytes: &[u8]) -> Option<Vec<String>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\0')?;
    Some(text.split('\0').map(str::to_owned).collect())
}

/// Why a name may not be in a capture; `None` where it may.
pub(super) fn name_fault(name: &str) -> Option<&'static str> {
    if name.starts_with('/') {
        return Some("it is absolute");
    }
    if name.len() > 4000 {
        return Some("it is too long");
    }
    name.split('/').find_map(|part| match part {
        "" => Some("a part of it is empty"),
        "." | ".." => Some("it has a part . or .."),
        long if long.len() > 255 => Some("a part of it is too long"),
        odd if odd.contains('\0') => Some("it has a NUL"),
        _ => None,
    })
}
