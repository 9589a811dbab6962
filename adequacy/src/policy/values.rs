//! The kinds of values that parameters of checks take, each read with its mistakes.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use muster_model::units;
use toml_span::value::ValueInner;
use toml_span::{DeserError, Deserialize, Error, ErrorKind, Span, Value};

use super::quoted;

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
        let number = value
            .as_integer()
            .and_then(|number| u64::try_from(number).ok());
        match number {
            Some(number) if number > 0 => Ok(Self(number)),
            _ => Err(wrong(value.span, "a whole number from 1 on is wanted").into()),
        }
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
        let number = value
            .as_integer()
            .and_then(|number| u64::try_from(number).ok());
        number
            .map(Self)
            .ok_or_else(|| wrong(value.span, "a whole number from 0 on is wanted").into())
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
        let number = value
            .as_integer()
            .and_then(|number| u8::try_from(number).ok());
        match number {
            Some(number) if number <= 100 => Ok(Self(number)),
            _ => Err(wrong(value.span, "a whole number of percent is wanted, 0 to 100").into()),
        }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} %", self.0)
    }
}

/// Bytes, written with their unit: `16 GiB`, `500 GB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size {
    pub(crate) bytes: u64,
}

impl Size {
    /// In words that differ from those of `wanted` when it is less: `16 GiB less 1 B`.
    pub(crate) fn beside(self, wanted: Self) -> String {
        let text = self.to_string();
        match wanted.bytes.checked_sub(self.bytes) {
            Some(bytes @ 1..) if text == wanted.to_string() => {
                format!("{text} less {}", Self { bytes })
            }
            _ => text,
        }
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const UNITS: [(&str, u64); 11] = [
            ("B", 1),
            ("kB", 1_000),
            ("MB", 1_000_000),
            ("GB", 1_000_000_000),
            ("TB", 1_000_000_000_000),
            ("PB", 1_000_000_000_000_000),
            ("KiB", 1 << 10),
            ("MiB", 1 << 20),
            ("GiB", 1 << 30),
            ("TiB", 1 << 40),
            ("PiB", 1 << 50),
        ];
        let (digits, unit) = number_and_unit(text);
        let unit = UNITS.iter().find(|(name, _)| *name == unit);
        let number: Option<u64> = digits.parse().ok();
        match (number, unit) {
            (Some(number), Some((name, factor))) => {
                let bytes = number.checked_mul(*factor);
                bytes.map(|bytes| Self { bytes }).ok_or_else(|| {
                    format!("{number} {name} is more than can be counted in 64 bits")
                })
            }
            _ => Err(format!(
                "{text:?} is no size; write a whole number with its unit, such as \"16 GiB\" or \"500 GB\""
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        if value.as_integer().is_some() {
            return Err(wrong(value.span, "say the unit, in quotation marks: \"16 GiB\"").into());
        }
        parsed(value)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&plain(&units::bytes(self.bytes)))
    }
}

/// Speed of a link, written with its unit: `25 Gb/s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Speed {
    pub(crate) mbps: u64,
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, unit) = number_and_unit(text);
        let factor = match unit {
            "Mb/s" => Some(1),
            "Gb/s" => Some(1_000),
            "Tb/s" => Some(1_000_000),
            _ => None,
        };
        let number: Option<u64> = digits.parse().ok();
        number
            .zip(factor)
            .and_then(|(number, factor)| number.checked_mul(factor))
            .map(|mbps| Self { mbps })
            .ok_or_else(|| {
                format!("{text:?} is no speed; write \"10 Gb/s\", \"100 Mb/s\" or the like")
            })
    }
}

impl<'de> Deserialize<'de> for Speed {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        parsed(value)
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
        formatter.write_str(&plain(&units::megabits(self.mbps as f64)))
    }
}

/// Numbers between dots, compared one by one: `6.1`, `5.15.0`. What follows the numbers of a longer text
/// (`-50-amd64`) does not count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(Vec<u64>);

impl Version {
    /// The numbers that `text` begins with.
    pub(crate) fn leading(text: &str) -> Option<Self> {
        let end = text
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(text.len());
        let numbers: Option<Vec<u64>> = text
            .get(..end)?
            .trim_end_matches('.')
            .split('.')
            .map(|number| number.parse().ok())
            .collect();
        // 6.1 and 6.1.0 are the same.
        let mut numbers = numbers?;
        while numbers.len() > 1 && numbers.last() == Some(&0) {
            numbers.pop();
        }
        Some(Self(numbers))
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let span = value.span;
        let text = text(value)?;
        let whole = text
            .chars()
            .all(|character| character.is_ascii_digit() || character == '.');
        match Self::leading(&text) {
            Some(version) if whole => Ok(version),
            _ => Err(wrong(
                span,
                format!(
                    "{} is no version; write numbers between dots, such as \"5.15\"",
                    quoted(&text)
                ),
            )
            .into()),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, number) in self.0.iter().enumerate() {
            let separator = if place == 0 { "" } else { "." };
            write!(formatter, "{separator}{number}")?;
        }
        Ok(())
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

fn number_and_unit(text: &str) -> (&str, &str) {
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
    fn sizes_have_units() {
        let size = |text: &str| text.parse::<Size>().map(|size| size.bytes);
        assert_eq!(size("16 GiB"), Ok(16 << 30));
        assert_eq!(size("500GB"), Ok(500_000_000_000));
        assert_eq!(size("0 B"), Ok(0));
        for wrong in [
            "16",
            "GiB",
            "1.5 GiB",
            "-1 GiB",
            "16 gib",
            "",
            "99999999 PiB",
        ] {
            assert!(size(wrong).is_err(), "{wrong:?} was taken");
        }
        assert_eq!(Size { bytes: 16 << 30 }.to_string(), "16 GiB");
    }

    #[test]
    fn what_is_less_never_reads_the_same() {
        let beside = |bytes, wanted| Size { bytes }.beside(Size { bytes: wanted });
        assert_eq!(beside(4 << 30, 4 << 30), "4 GiB");
        assert_eq!(beside(5 << 30, 4 << 30), "5 GiB");
        assert_eq!(beside(3 << 30, 4 << 30), "3 GiB");
        assert_eq!(beside((4 << 30) - 1, 4 << 30), "4 GiB less 1 B");
        assert_eq!(
            beside((16 << 30) - (20 << 20), 16 << 30),
            "16 GiB less 20 MiB"
        );
        assert_eq!(beside(0, 0), "0 B");
    }

    #[test]
    fn choices_read_well() {
        let set = |words: &[&str]| Set(words.iter().map(|word| Text((*word).to_owned())).collect());
        assert_eq!(set(&["b", "a"]).choice(), "one of a, b");
        assert_eq!(set(&["a"]).choice(), "a");
    }

    #[test]
    fn speeds_have_units() {
        let speed = |text: &str| text.parse::<Speed>().map(|speed| speed.mbps);
        assert_eq!(speed("25 Gb/s"), Ok(25_000));
        assert_eq!(speed("100 Mb/s"), Ok(100));
        for wrong in ["25", "25 GB/s", "25 Gbit", ""] {
            assert!(speed(wrong).is_err(), "{wrong:?} was taken");
        }
    }

    #[test]
    fn versions_compare_number_by_number() {
        let version = |text| Version::leading(text).unwrap();
        assert!(version("6.1.0-50-amd64") > version("5.15"));
        assert!(version("5.9") < version("5.15"));
        assert!(version("6.1") == version("6.1.0"));
        assert!(version("6.18.44-fc") > version("6.18"));
        assert_eq!(Version::leading("amd64"), None);
        assert_eq!(Version::leading(""), None);
    }
}
