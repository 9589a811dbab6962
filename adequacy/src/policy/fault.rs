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

/// Mistakes in the making: each with its place in the text, in bytes. For whatever else is written in TOML too.
#[derive(Debug, Default)]
pub struct Collected(Vec<(usize, String)>);

impl Collected {
    /// One more.
    pub fn add(&mut self, offset: usize, message: impl Into<String>) {
        self.0.push((offset, message.into()));
    }

    /// What the parser found.
    pub fn add_all(&mut self, error: DeserError) {
        for error in error.errors {
            self.add_one(error);
        }
    }

    /// One that the parser found.
    pub fn add_one(&mut self, error: toml_span::Error) {
        if let ErrorKind::UnexpectedKeys { keys, expected } = error.kind {
            for (key, span) in keys {
                self.add(span.start, unexpected_key(&key, &expected));
            }
        } else {
            self.add(error.span.start, in_words(&error.kind, error.span));
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, with their lines and columns in `text`.
    pub fn in_text(mut self, text: &str) -> Faults {
        self.0.sort();
        self.0.dedup();
        let mut places = Places::of(text);
        let faults = self.0.into_iter().map(|(offset, message)| {
            let (line, column) = places.line_and_column(offset);
            Fault {
                line,
                column,
                message,
            }
        });
        Faults(faults.collect())
    }
}

/// Lines and columns of bytes that are asked for in their order, so that a text is read through once,
/// however many mistakes it has.
struct Places<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    column: usize,
}

impl<'a> Places<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            column: 1,
        }
    }

    /// Both counted from 1; the end of the text for what is beyond it or within a character.
    fn line_and_column(&mut self, offset: usize) -> (usize, usize) {
        let ahead = self.text.get(self.at..offset);
        let ahead = ahead
            .or_else(|| self.text.get(self.at..))
            .unwrap_or_default();
        for character in ahead.chars() {
            (self.line, self.column) = match character {
                '\n' => (self.line + 1, 1),
                _ => (self.line, self.column + 1),
            };
        }
        self.at += ahead.len();
        (self.line, self.column)
    }
}

/// Longer names and values of a policy are shown in part.
const SHOWN: usize = 80;

/// What somebody wrote, in quotation marks and safe for a terminal: of a long text the beginning.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
    }
}

fn unexpected_key(key: &str, expected: &[String]) -> String {
    let shown = quoted(key);
    match nearest(key, expected.iter().map(String::as_str)) {
        Some(meant) => format!("there is no {shown} here; did you mean {meant:?}?"),
        None if expected.is_empty() => format!("there is no {shown} here, it takes no parameters"),
        None => format!("there is no {shown} here; there is {}", expected.join(", ")),
    }
}

/// In bytes of UTF-8.
const LONGEST_LETTER: usize = 4;

/// The name that was probably meant: two letters away at most, and nearer than any other.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        // As many letters more or less are as many to change; long texts are not worth comparing.
        .filter(|known| name.len().abs_diff(known.len()) <= 2 * LONGEST_LETTER)
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
            let shown = quoted(value);
            match nearest(value, expected.iter().copied()) {
                Some(meant) => format!("{shown} is none of the values; did you mean {meant:?}?"),
                None => format!("{shown} is none of the values: {}", expected.join(", ")),
            }
        }
        ErrorKind::DuplicateKey { key, .. } => format!("{} is there twice", quoted(key)),
        ErrorKind::DuplicateTable { name, .. } => {
            format!("the table {} is there twice", quoted(name))
        }
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
