//! What is wrong with a profile, and where.

use std::fmt;

use toml_span::{DeserError, ErrorKind};

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// All mistakes of a profile, in the order of their places. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub(super) Vec<Fault>);

impl Faults {
    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.0.iter()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "\n" };
            write!(formatter, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Mistakes in the making, each with its place in the text in bytes.
#[derive(Debug, Default)]
pub(super) struct Collected(Vec<(usize, String)>);

impl Collected {
    pub(super) fn add(&mut self, at: usize, message: impl Into<String>) {
        self.0.push((at, message.into()));
    }

    pub(super) fn add_all(&mut self, error: DeserError) {
        for error in error.errors {
            self.add_one(&error);
        }
    }

    pub(super) fn add_one(&mut self, error: &toml_span::Error) {
        match &error.kind {
            ErrorKind::UnexpectedKeys { keys, expected } => {
                for (key, span) in keys {
                    let there = expected.join(", ");
                    self.add(
                        span.start,
                        format!("there is no {key:?} here; there is {there}"),
                    );
                }
            }
            ErrorKind::MissingField(field) => {
                self.add(error.span.start, format!("{field:?} is missing"));
            }
            ErrorKind::Custom(message) => self.add(error.span.start, message.clone()),
            _ => self.add(error.span.start, error.to_string()),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, with their lines and columns in `text`.
    pub(super) fn in_text(mut self, text: &str) -> Faults {
        self.0.sort();
        self.0.dedup();
        let faults = self.0.into_iter().map(|(at, message)| {
            let before = text.get(..at).unwrap_or(text);
            let line_begins = before.rfind('\n').map_or(0, |end| end + 1);
            Fault {
                line: before.matches('\n').count() + 1,
                column: before
                    .get(line_begins..)
                    .map_or(0, |line| line.chars().count())
                    + 1,
                message,
            }
        });
        Faults(faults.collect())
    }
}
