//! The values that a configuration can have.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::str::FromStr;

use clap::ValueEnum as _;
use muster_model::Role;
use toml_span::de_helpers::parse;
use toml_span::value::ValueInner;
use toml_span::{DeserError, Deserialize, Error, ErrorKind, Value};

use crate::daemon::outward::{Choice, NoAddress};
use crate::value::WorkloadsChoice;

/// An array of what is written in strings.
pub(super) struct Each<T>(pub(super) Vec<T>);

impl<'de, T: FromStr<Err: std::fmt::Display>> Deserialize<'de> for Each<T> {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let mut items = match value.take() {
            ValueInner::Array(items) => items,
            other => return Err(wrong("an array of strings", &other, value).into()),
        };
        let (mut read, mut errors) = (Vec::new(), Vec::new());
        for item in &mut items {
            match parse(item) {
                Ok(value) => read.push(value),
                Err(error) => errors.push(error),
            }
        }
        match errors.is_empty() {
            true => Ok(Self(read)),
            false => Err(DeserError { errors }),
        }
    }
}

/// A role, by its word.
pub(super) struct Word(pub(super) Role);

impl<'de> Deserialize<'de> for Word {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let word = value.take_string(None)?;
        let unknown = || {
            let expected = format!("{word} is no role: use control or worker");
            Error::from((ErrorKind::Custom(expected.into()), value.span))
        };
        Ok(Self(Role::from_key(&word).ok_or_else(unknown)?))
    }
}

/// Who runs workloads, by its word.
pub(super) struct Who(pub(super) WorkloadsChoice);

impl<'de> Deserialize<'de> for Who {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let word = value.take_string(None)?;
        let unknown = || {
            let expected =
                format!("{word} is nobody who runs workloads: use auto, systemd or none");
            Error::from((ErrorKind::Custom(expected.into()), value.span))
        };
        let known = WorkloadsChoice::from_str(&word, false);
        Ok(Self(known.map_err(|_| unknown())?))
    }
}

/// A proxy, or none. What was written is not told again: there may be a password in it.
pub(super) struct Way(pub(super) Choice);

impl<'de> Deserialize<'de> for Way {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let text = value.take_string(None)?;
        let malformed =
            |why: NoAddress| Error::from((ErrorKind::Custom(why.to_string().into()), value.span));
        Ok(Self(text.parse().map_err(malformed)?))
    }
}

/// A table of strings.
#[derive(Default)]
pub(super) struct Labels(pub(super) BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Labels {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let table = match value.take() {
            ValueInner::Table(table) => table,
            other => return Err(wrong("a table of strings", &other, value).into()),
        };
        let labels = table.into_iter().map(|(key, mut value)| {
            Ok((key.name.into_owned(), value.take_string(None)?.into_owned()))
        });
        let labels: Result<_, Error> = labels.collect();
        Ok(Self(labels?))
    }
}

/// An address with its port.
pub(super) struct Address(pub(super) SocketAddr);

impl<'de> Deserialize<'de> for Address {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let text = value.take_string(None)?;
        let malformed = || {
            let expected = format!("{text} is no address with a port, such as 127.0.0.1:9469");
            Error::from((ErrorKind::Custom(expected.into()), value.span))
        };
        Ok(Self(text.parse().map_err(|_| malformed())?))
    }
}

fn wrong(expected: &'static str, found: &ValueInner<'_>, at: &Value<'_>) -> Error {
    let found = found.type_str();
    Error::from((ErrorKind::Wanted { expected, found }, at.span))
}
