//! Versions, as parameters of checks.

use std::fmt;
use std::str::FromStr;

use toml_span::{DeserError, Deserialize, Value};

use super::values::parsed;

/// Numbers between dots, compared one by one: `6.1`, `5.15.0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    written: String,
    numbers: Vec<u64>,
}

impl Version {
    /// Whether the version that `text` begins with is this one or a later one; nothing when it begins with
    /// none. What follows its numbers (`-50-amd64`) does not count.
    pub(crate) fn is_reached_by(&self, text: &str) -> Option<bool> {
        leading(text).map(|numbers| numbers >= self.numbers)
    }
}

/// The numbers that a text begins with.
fn leading(text: &str) -> Option<Vec<u64>> {
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
    Some(numbers)
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let whole = text
            .chars()
            .all(|character| character.is_ascii_digit() || character == '.');
        match leading(text) {
            Some(numbers) if whole => Ok(Self {
                written: text.to_owned(),
                numbers,
            }),
            _ => Err(format!(
                "{text:?} is no version; write numbers between dots, such as \"5.15\""
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        parsed(value)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_number_by_number() {
        let reached = |least: &str, text| least.parse::<Version>().unwrap().is_reached_by(text);
        assert_eq!(reached("5.15", "6.1.0-50-amd64"), Some(true));
        assert_eq!(reached("5.15", "5.9"), Some(false));
        assert_eq!(reached("6.1.0", "6.1"), Some(true));
        assert_eq!(reached("6.18", "6.18.44-fc"), Some(true));
        assert_eq!(reached("6.18", "amd64"), None);
        assert_eq!(reached("6.18", ""), None);
    }

    #[test]
    fn versions_are_told_as_they_were_written() {
        let version = |text: &str| text.parse::<Version>().map(|version| version.to_string());
        assert_eq!(version("6.0"), Ok("6.0".to_owned()));
        for wrong in ["6.1-rc1", "v6", "6..1", "."] {
            assert!(version(wrong).is_err(), "{wrong:?} was taken");
        }
    }
}
