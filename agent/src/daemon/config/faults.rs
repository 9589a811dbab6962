//! What is wrong in a configuration file, and where.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use toml_span::{DeserError, Error, ErrorKind};

/// A mistake in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    pub(crate) file: PathBuf,
    /// Counted from 1.
    pub(crate) line: usize,
    /// In characters, counted from 1.
    pub(crate) column: usize,
    pub(crate) message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, message) = (self.file.display(), &self.message);
        write!(formatter, "{file}:{}:{}: {message}", self.line, self.column)
    }
}

/// A line each.
pub(super) fn lines(faults: &[Fault]) -> String {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// All that was found in `text`.
pub(super) fn faults(path: &Path, text: &str, error: &DeserError) -> Vec<Fault> {
    let faults = error.errors.iter().flat_map(places);
    let faults = faults.map(|(start, message)| {
        let (line, column) = place(text, start);
        Fault {
            file: path.to_owned(),
            line,
            column,
            message,
        }
    });
    let mut faults: Vec<Fault> = faults.collect();
    faults.sort_by_key(|fault| (fault.line, fault.column));
    faults
}

/// Line and column, both from 1, of the byte at `start`.
pub(super) fn place(text: &str, start: usize) -> (usize, usize) {
    let before = text.get(..start.min(text.len())).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let row = before.rsplit('\n').next().unwrap_or_default();
    (line, row.chars().count() + 1)
}

/// Where it begins, and what is wrong.
fn places(error: &Error) -> Vec<(usize, String)> {
    let start = error.span.start;
    match &error.kind {
        ErrorKind::UnexpectedKeys { keys, expected } => {
            let known = expected.join(", ");
            let unknown = |name: &str| format!("there is no key {name}; there is {known}");
            let keys = keys.iter();
            keys.map(|(name, span)| (span.start, unknown(name)))
                .collect()
        }
        ErrorKind::Custom(what) => vec![(start, what.clone().into_owned())],
        ErrorKind::Wanted { expected, found } => {
            let what = format!("{expected} is wanted, and this is of type {found}");
            vec![(start, what)]
        }
        kind => vec![(start, kind.to_string())],
    }
}
