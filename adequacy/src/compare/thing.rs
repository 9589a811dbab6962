//! Two of one device, side by side.

use muster_model::Section;
use serde_json::Value;

use super::kinds::{self, Kind};
use super::naming::{self, Detail, key_of};
use super::value::at;

/// Two of one device, or two of a section that is one object.
pub(super) struct Thing<'a> {
    pub(super) section: Section,
    /// Path of its list, or the section's key.
    pub(super) path: String,
    pub(super) subject: String,
    /// As the end of a sentence; empty where the section is one object.
    pub(super) words: String,
    /// Where it is in the inventory: `disks[sdd].partitions[sdd2]`.
    pub(super) fact: String,
    /// What warnings call it.
    pub(super) names: Vec<String>,
    pub(super) number: usize,
    pub(super) before: &'a Value,
    pub(super) after: &'a Value,
}

impl Thing<'_> {
    /// The field at a path of the table, on one side of the device.
    pub(super) fn field<'a>(&self, device: &'a Value, path: &str) -> &'a Value {
        at(device, tail(path, &self.path).trim_start_matches('.'))
    }

    /// What is in this thing: `sda`, or `sda/sda1` in a device.
    pub(super) fn subject_in(&self, key: &str) -> String {
        match self.words.as_str() {
            "" => key.to_owned(),
            _ => format!("{}/{key}", self.subject),
        }
    }

    /// A device that is in this thing, in words.
    pub(super) fn words_in(&self, kind: &Kind, device: &Value, detail: Detail) -> String {
        let words = naming::device(kind, device, detail);
        let outer = kinds::of(&self.path).filter(|_| self.path != kind.path);
        match outer {
            Some(outer) => format!("{words} of {} {}", outer.noun, key_of(outer, self.after)),
            None => words,
        }
    }

    /// A path of the table as one in the section.
    pub(super) fn in_section(&self, path: &str) -> String {
        let path = tail(path, self.section.key());
        path.trim_start_matches('.').to_owned()
    }
}

/// What comes behind `start`.
pub(super) fn tail<'a>(path: &'a str, start: &str) -> &'a str {
    path.strip_prefix(start).unwrap_or(path)
}

/// Two paths as one.
pub(super) fn join(path: &str, name: &str) -> String {
    match (path, name) {
        ("", name) => name.to_owned(),
        (path, "") => path.to_owned(),
        (path, name) => format!("{path}.{name}"),
    }
}
