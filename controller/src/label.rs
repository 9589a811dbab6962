//! Labels, tags and taints as Kubernetes writes them, and selectors over labels.
//!
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/>, "Syntax and character set".

use std::collections::BTreeMap;

use crate::record::TaintEffect;

const LONGEST_NAME: usize = 63;
const LONGEST_PREFIX: usize = 253;

/// What is wrong with a label, tag, taint or selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// The key of a label or taint.
    #[error(
        "{0:?} is no key: up to {LONGEST_NAME} letters, digits, `-`, `_` or `.`, beginning and ending with a letter or digit; a DNS name and `/` may come before"
    )]
    Key(String),
    /// The value of a label or taint.
    #[error(
        "{0:?} is no value: nothing, or up to {LONGEST_NAME} letters, digits, `-`, `_` or `.`, beginning and ending with a letter or digit"
    )]
    Value(String),
    /// A tag.
    #[error(
        "{0:?} is no tag: up to {LONGEST_NAME} characters without spaces or commas, not ending in `-`"
    )]
    Tag(String),
    /// The effect of a taint.
    #[error("{0:?} is no effect: NoSchedule, PreferNoSchedule or NoExecute")]
    Effect(String),
    /// A part of a selector.
    #[error(
        "{0:?} is no selector: write `key=value`, `key!=value`, `key` or `!key`, with commas between"
    )]
    Selector(String),
}

/// Accepts the key of a label or taint.
///
/// # Errors
/// It is none.
pub fn check_key(key: &str) -> Result<(), LabelError> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let prefix_fits = prefix
        .is_none_or(|prefix| prefix.len() <= LONGEST_PREFIX && prefix.split('.').all(is_dns_label));
    if prefix_fits && !name.is_empty() && is_word(name) {
        return Ok(());
    }
    Err(LabelError::Key(key.to_owned()))
}

/// Accepts the value of a label or taint.
///
/// # Errors
/// It is none.
pub fn check_value(value: &str) -> Result<(), LabelError> {
    if value.is_empty() || is_word(value) {
        return Ok(());
    }
    Err(LabelError::Value(value.to_owned()))
}

/// Accepts a tag: a free word.
///
/// # Errors
/// It is none.
pub fn check_tag(tag: &str) -> Result<(), LabelError> {
    let fits = |letter: char| !letter.is_whitespace() && !letter.is_control() && letter != ',';
    let length = tag.chars().count();
    if (1..=LONGEST_NAME).contains(&length) && tag.chars().all(fits) && !tag.ends_with('-') {
        return Ok(());
    }
    Err(LabelError::Tag(tag.to_owned()))
}

/// The effect of a taint.
///
/// # Errors
/// There is no such effect.
pub fn effect(word: &str) -> Result<TaintEffect, LabelError> {
    TaintEffect::from_key(word).ok_or_else(|| LabelError::Effect(word.to_owned()))
}

/// What labels have to be, all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    Has(String),
    HasNot(String),
    Is(String, String),
    IsNot(String, String),
}

impl Selector {
    /// Of `key=value,key!=value,key,!key`; of nothing, what every node satisfies.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, LabelError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let requirements = text.split(',').map(|part| requirement(part.trim()));
        requirements.collect::<Result<_, _>>().map(Self)
    }

    /// Whether the labels are so. As in Kubernetes, `key!=value` holds too where there is no such key.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|requirement| match requirement {
            Requirement::Has(key) => labels.contains_key(key),
            Requirement::HasNot(key) => !labels.contains_key(key),
            Requirement::Is(key, value) => labels.get(key) == Some(value),
            Requirement::IsNot(key, value) => labels.get(key) != Some(value),
        })
    }
}

fn requirement(part: &str) -> Result<Requirement, LabelError> {
    let refused = |_| LabelError::Selector(part.to_owned());
    let key = |key: &str| {
        let key = key.trim();
        check_key(key).map_err(refused).map(|()| key.to_owned())
    };
    let pair = |(left, right): (&str, &str)| {
        let right = right.trim();
        check_value(right).map_err(refused)?;
        Ok((key(left)?, right.to_owned()))
    };
    if let Some(both) = part.split_once("!=") {
        return pair(both).map(|(key, value)| Requirement::IsNot(key, value));
    }
    if let Some(both) = part.split_once("==").or_else(|| part.split_once('=')) {
        return pair(both).map(|(key, value)| Requirement::Is(key, value));
    }
    match part.strip_prefix('!') {
        Some(name) => key(name).map(Requirement::HasNot),
        None => key(part).map(Requirement::Has),
    }
}

fn is_word(text: &str) -> bool {
    let is_inner = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let ends = [text.chars().next(), text.chars().next_back()];
    let ends_fit = ends
        .into_iter()
        .all(|end| end.is_some_and(|letter| letter.is_ascii_alphanumeric()));
    text.len() <= LONGEST_NAME && ends_fit && text.chars().all(is_inner)
}

/// RFC 1123, section 2.1, in lower case.
fn is_dns_label(text: &str) -> bool {
    let fits =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    is_word(text) && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_are_those_of_kubernetes() {
        for key in ["a", "rack", "a-b_c.D9", "example.com/rack", &"a".repeat(63)] {
            assert_eq!(check_key(key), Ok(()), "{key}");
        }
        for key in [
            "",
            "-a",
            "a-",
            "a b",
            "/a",
            "a/",
            "A.b/c",
            "a/b/c",
            "ä",
            &"a".repeat(64),
        ] {
            assert!(check_key(key).is_err(), "{key:?} was taken");
        }
        for value in ["", "7", "v1.2_x"] {
            assert_eq!(check_value(value), Ok(()), "{value}");
        }
        for value in ["-", "a b", "a,b", "a\u{1b}[31m"] {
            assert!(check_value(value).is_err(), "{value:?} was taken");
        }
        for tag in ["", "a b", "a,b", "gone-", "a\n"] {
            assert!(check_tag(tag).is_err(), "{tag:?} was taken");
        }
        assert_eq!(check_tag("café:1"), Ok(()));
    }

    #[test]
    fn effects_come_back() {
        for known in TaintEffect::ALL {
            assert_eq!(effect(known.key()), Ok(known));
        }
        assert!(effect("noschedule").is_err());
    }

    #[test]
    fn selectors_select() {
        let labels: BTreeMap<String, String> = [("zone", "a"), ("gpu", "")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        let table = [
            ("", true),
            ("zone", true),
            ("!zone", false),
            ("rack", false),
            ("!rack", true),
            ("zone=a", true),
            ("zone==a", true),
            ("zone=b", false),
            ("zone!=b", true),
            ("zone!=a", false),
            ("rack!=7", true),
            ("gpu=", true),
            ("zone=a, gpu", true),
            ("zone=a,rack", false),
        ];
        for (text, matches) in table {
            let selector = Selector::parse(text).unwrap();
            assert_eq!(selector.matches(&labels), matches, "{text:?}");
        }
        for wrong in [
            ",",
            "zone=a,",
            "=a",
            "zone=a b",
            "zone in (a,b)",
            "!zone=a",
            "!",
        ] {
            assert!(Selector::parse(wrong).is_err(), "{wrong:?} was taken");
        }
    }
}
