//! The kinds of values that parameters of checks take, each read with its mistakes.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use toml_span::value::ValueInner;
use toml_span::{DeserError, Deserialize, Error, ErrorKind, Span, Value};

/// A mistake in the value at `span`.
pub(crate) fn wrong(span: Span, message: impl Into<String>) -> Error {
    Error::from((ErrorKind::Custom(message.into().into()), span))
}

/// A text that is not empty.
pub(crate) fn text(value: &mut Value<'_>) -> Result<String, Error> {
    let span = value.span;
    let text = value.take_string(Some("a text"))?;
    if text.trim().is_empty() {
        return Err(wrong(span, "this must not be empty"));
    }
    Ok(text.into_owned())
}

/// Takes the text that `T` is written as.
pub(super) fn parsed<T: FromStr<Err = String>>(value: &mut Value<'_>) -> Result<T, DeserError> {
    // As long as a path can be (limits.h, PATH_MAX): what is wrong is told with the text.
    const LONGEST: usize = 4096;
    let span = value.span;
    let text = text(value)?;
    if text.len() > LONGEST {
        let message = format!("this is longer than the {LONGEST} bytes of any such value");
        return Err(wrong(span, message).into());
    }
    Ok(text
        .parse()
        .map_err(|message: String| wrong(span, message))?)
}

/// A whole number of a range, or `wanted` as the mistake.
pub(super) fn whole<N: TryFrom<i64> + PartialOrd>(
    value: &Value<'_>,
    range: RangeInclusive<N>,
    wanted: &'static str,
) -> Result<N, DeserError> {
    let number = value.as_integer();
    let number = number.and_then(|number| N::try_from(number).ok());
    let number = number.filter(|number| range.contains(number));
    number.ok_or_else(|| wrong(value.span, wanted).into())
}

/// A text that is not empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text(pub(crate) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        Ok(Self(text(value)?))
    }
}

/// A list of at least one, each once, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Set<T>(pub(crate) BTreeSet<T>);

impl<'de, T: Deserialize<'de> + Ord> Deserialize<'de> for Set<T> {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let span = value.span;
        let ValueInner::Array(members) = value.take() else {
            return Err(wrong(span, "a list is wanted: [\"…\", \"…\"]").into());
        };
        let mut set = BTreeSet::new();
        let mut errors = Vec::new();
        for mut member in members {
            match T::deserialize(&mut member) {
                Ok(member) => {
                    set.insert(member);
                }
                Err(error) => errors.extend(error.errors),
            }
        }
        if set.is_empty() && errors.is_empty() {
            errors.push(wrong(span, "the list must not be empty"));
        }
        if errors.is_empty() {
            Ok(Self(set))
        } else {
            Err(DeserError { errors })
        }
    }
}

impl<T: fmt::Display> Set<T> {
    /// `one of a, b`, or the only one.
    pub(crate) fn choice(&self) -> String {
        match self.0.len() {
            1 => self.to_string(),
            _ => format!("one of {self}"),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Set<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, member) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { ", " };
            write!(formatter, "{separator}{member}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A whole number from 1 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Count(pub(crate) u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        whole(value, 1..=u64::MAX, "a whole number from 1 on is wanted").map(Self)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A whole number from 0 on: the most that is borne.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Limit(pub(crate) u64);

impl<'de> Deserialize<'de> for Limit {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        whole(value, 0..=u64::MAX, "a whole number from 0 on is wanted").map(Self)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A share from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Percent(pub(crate) u8);

impl<'de> Deserialize<'de> for Percent {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        whole(
            value,
            0..=100,
            "a whole number of percent is wanted, 0 to 100",
        )
        .map(Self)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} %", self.0)
    }
}

/// Reads one of a few words.
pub(crate) fn one_of<T: Copy>(
    value: &mut Value<'_>,
    words: &'static [&'static str],
    meanings: &[T],
) -> Result<T, DeserError> {
    let span = value.span;
    let text = value.take_string(Some("a text"))?;
    let found = words.iter().position(|word| *word == text);
    found
        .and_then(|place| meanings.get(place).copied())
        .ok_or_else(|| {
            let value = Some(text.into_owned());
            let expected = words;
            Error::from((ErrorKind::UnexpectedValue { expected, value }, span)).into()
        })
}

/// Text without the spaces that do not break, which are for terminals.
pub(crate) fn plain(text: &str) -> String {
    text.replace('\u{a0}', " ")
}

/// `16 GiB` as `16` and `GiB`.
pub(super) fn number_and_unit(text: &str) -> (&str, &str) {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    (digits, unit.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_read_well() {
        let set = |words: &[&str]| Set(words.iter().map(|word| Text((*word).to_owned())).collect());
        assert_eq!(set(&["b", "a"]).choice(), "one of a, b");
        assert_eq!(set(&["a"]).choice(), "a");
    }
}
