//! What is wrong with a policy, and where.

use std::borrow::Cow;
use std::fmt;

use toml_span::{DeserError, ErrorKind, Span};

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            message,
        } = self;
        write!(formatter, "{line}:{column}: {message}")
    }
}

/// All mistakes of a policy, in the order of their places. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.0.iter()
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

/// Mistakes in the making: each with its place in the text, in bytes.
#[derive(Debug, Default)]
pub(super) struct Collected(Vec<(usize, String)>);

impl Collected {
    pub(super) fn add(&mut self, offset: usize, message: impl Into<String>) {
        self.0.push((offset, message.into()));
    }

    pub(super) fn add_all(&mut self, error: DeserError) {
        for error in error.errors {
            self.add_one(error);
        }
    }

    pub(super) fn add_one(&mut self, error: toml_span::Error) {
        if let ErrorKind::UnexpectedKeys { keys, expected } = error.kind {
            for (key, span) in keys {
                self.add(span.start, unexpected_key(&key, &expected));
            }
        } else {
            self.add(error.span.start, in_words(&error.kind, error.span));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn in_text(self, text: &str) -> Faults {
        let mut faults: Vec<Fault> = self
            .0
            .into_iter()
            .map(|(offset, message)| {
                let (line, column) = place(text, offset);
                Fault {
                    line,
                    column,
                    message,
                }
            })
            .collect();
        faults.sort();
        faults.dedup();
        Faults(faults)
    }
}

/// Line and column of a byte, both counted from 1.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = before.matches('\n').count() + 1;
    let column = before
        .get(line_start..)
        .map_or(0, |row| row.chars().count())
        + 1;
    (line, column)
}

fn unexpected_key(key: &str, expected: &[String]) -> String {
    match nearest(key, expected.iter().map(String::as_str)) {
        Some(meant) => format!("there is no {key:?} here; did you mean {meant:?}?"),
        None if expected.is_empty() => format!("there is no {key:?} here, it takes no parameters"),
        None => format!("there is no {key:?} here; there is {}", expected.join(", ")),
    }
}

/// The name that was probably meant: two letters away at most, and nearer than any other.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (strsim::osa_distance(name, known), known))
        .filter(|(distance, known)| *distance <= 2 && *distance < known.len())
        .min()
        .map(|(_, known)| known)
}

fn in_words(kind: &ErrorKind, span: Span) -> String {
    match kind {
        ErrorKind::MissingField(field) => format!("{field:?} is missing"),
        ErrorKind::Wanted { expected, found } => {
            format!("{expected} is wanted, and this is {}", with_article(found))
        }
        ErrorKind::Custom(message) => message.clone().into_owned(),
        ErrorKind::UnexpectedValue { expected, value } => {
            let value = value.as_deref().unwrap_or("this");
            match nearest(value, expected.iter().copied()) {
                Some(meant) => format!("{value:?} is none of the values; did you mean {meant:?}?"),
                None => format!("{value:?} is none of the values: {}", expected.join(", ")),
            }
        }
        ErrorKind::DuplicateKey { key, .. } => format!("{key:?} is there twice"),
        ErrorKind::DuplicateTable { name, .. } => format!("the table {name:?} is there twice"),
        ErrorKind::UnexpectedEof => "the text ends in the middle".to_owned(),
        ErrorKind::UnquotedString => "a text has to be in quotation marks".to_owned(),
        ErrorKind::InvalidNumber => "this is no number".to_owned(),
        ErrorKind::InvalidCharInString(character) => format!(
            "{} may not stand in a text as it is",
            character.escape_debug()
        ),
        other => toml_span::Error::from((other.clone(), span)).to_string(),
    }
}

/// What the parser found: it names some things with an article, and some without.
fn with_article(found: &str) -> Cow<'_, str> {
    match found {
        "eof" => "the end of the text".into(),
        "array" | "integer" => format!("an {found}").into(),
        "string" | "float" | "boolean" | "table" => format!("a {found}").into(),
        other => other.into(),
    }
}
