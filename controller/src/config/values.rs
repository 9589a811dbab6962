//! The values that stand in a configuration, each written as a text.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use muster_model::Role;
use toml_span::value::ValueInner;
use toml_span::{DeserError, Deserialize, Error, ErrorKind, Value};

use crate::record::{Taint, TaintEffect};

/// What is written as a text.
pub(super) struct Text<T>(pub(super) T);

/// A list of texts, at least one.
pub(super) struct List<T>(pub(super) Vec<T>);

/// A table of texts.
#[derive(Default)]
pub(super) struct Labels(pub(super) BTreeMap<String, String>);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let text = value.take_string(None)?;
        let read = text.parse();
        read.map(Self)
            .map_err(|error: T::Err| wrong(value, error.to_string()))
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for List<T> {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let items = match value.take() {
            ValueInner::Array(items) if !items.is_empty() => items,
            _ => return Err(wrong(value, "a list is wanted: [\"…\", \"…\"]")),
        };
        let mut errors = Vec::new();
        let mut list = Vec::new();
        for mut item in items {
            match Text::<T>::deserialize(&mut item) {
                Ok(text) => list.push(text.0),
                Err(error) => errors.extend(error.errors),
            }
        }
        if errors.is_empty() {
            Ok(Self(list))
        } else {
            Err(DeserError { errors })
        }
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let ValueInner::Table(table) = value.take() else {
            return Err(wrong(value, "a table is wanted: { key = \"value\" }"));
        };
        let labels = table.into_iter().map(|(key, mut value)| {
            Ok((key.name.into_owned(), value.take_string(None)?.into_owned()))
        });
        let labels: Result<_, Error> = labels.collect();
        Ok(Self(labels?))
    }
}

fn wrong(value: &Value<'_>, message: impl Into<String>) -> DeserError {
    let kind = ErrorKind::Custom(message.into().into());
    Error::from((kind, value.span)).into()
}

/// Something to call a thing by.
pub(super) struct Name(pub(super) String);

impl FromStr for Name {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().is_empty() || text.chars().any(char::is_control) {
            true => Err("a text is wanted that is not empty"),
            false => Ok(Self(text.to_owned())),
        }
    }
}

/// The id of a join token.
pub(super) struct TokenId(pub(super) String);

impl FromStr for TokenId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const LENGTH: usize = 10;
        // The text is not told: it may be a token with its secret.
        match text.len() == LENGTH && text.chars().all(|letter| letter.is_ascii_alphanumeric()) {
            true => Ok(Self(text.to_owned())),
            false => {
                Err("the id of a token is wanted, of 10 characters, as `tokens list` shows it")
            }
        }
    }
}

/// A hardware fingerprint, in lower case.
pub(super) struct Fingerprint(pub(super) String);

impl FromStr for Fingerprint {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const LENGTH: usize = 64;
        match text.len() == LENGTH && text.chars().all(|digit| digit.is_ascii_hexdigit()) {
            true => Ok(Self(text.to_lowercase())),
            false => Err("64 hexadecimal digits are wanted, as `nodes show` has them"),
        }
    }
}

/// A MAC address, in lower case between colons.
pub(super) struct Mac(pub(super) String);

impl FromStr for Mac {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.to_lowercase().replace('-', ":");
        let is_byte = |part: &str| part.len() == 2 && part.chars().all(|c| c.is_ascii_hexdigit());
        match text.split(':').count() == 6 && text.split(':').all(is_byte) {
            true => Ok(Self(text)),
            false => Err("a MAC address is wanted, such as 52:54:00:12:34:56"),
        }
    }
}

/// A network, or one address.
pub(super) struct Network(pub(super) IpNet);

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        match text.parse().or_else(|_| address()) {
            Ok(network) => Ok(Self(network)),
            Err(_) => {
                Err("a network or an address is wanted, such as 192.0.2.0/24 or 2001:db8::/32")
            }
        }
    }
}

/// A role by its key.
pub(super) struct RoleKey(pub(super) Role);

impl FromStr for RoleKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Role::from_key(text)
            .map(Self)
            .ok_or("a role is control or worker")
    }
}

/// The only verdict that a rule may ask for.
pub(super) struct Adequate;

impl FromStr for Adequate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "adequate" => Ok(Self),
            _ => Err(
                "the verdict that can be asked for is adequate; without it, what could not be determined is accepted too",
            ),
        }
    }
}

/// `KEY=VALUE:EFFECT`.
pub(super) struct KeyedTaint(pub(super) String, pub(super) Taint);

impl FromStr for KeyedTaint {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "a taint is KEY=VALUE:EFFECT, such as dedicated=gpu:NoSchedule, with the effect NoSchedule, PreferNoSchedule or NoExecute";
        let (rest, effect) = text.rsplit_once(':').ok_or(FORM)?;
        let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
        let effect = TaintEffect::from_key(effect).ok_or(FORM)?;
        let value = value.to_owned();
        match key {
            "" => Err(FORM),
            key => Ok(Self(key.to_owned(), Taint { value, effect })),
        }
    }
}
