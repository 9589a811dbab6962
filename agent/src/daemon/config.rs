//! The configuration files: `/etc/muster/config.toml`, then `config.d/*.toml` beside it in the order of their names.
//!
//! A later file replaces what an earlier one says; labels are replaced one by one. There is no key for a
//! secret: the join token is in a file of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind as IoErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::ValueEnum as _;
use muster_model::Role;
use toml_span::de_helpers::{TableHelper, parse};
use toml_span::value::ValueInner;
use toml_span::{DeserError, Deserialize, Error, ErrorKind, Value};

use super::connect::Target;
use crate::cli::{Taint, WorkloadsChoice};

const USUAL: &str = "/etc/muster/config.toml";

/// What the files say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) controllers: Option<Vec<Target>>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) state: Option<PathBuf>,
    pub(crate) name: Option<String>,
    pub(crate) role: Option<Role>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) taints: Option<Vec<Taint>>,
    pub(crate) workloads: Option<WorkloadsChoice>,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read the configuration {path}")]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the configuration is faulty: {faults}")]
    Faulty { faults: String },
}

/// Reads `file`, which has to be there, or the usual one, which need not; and those beside it.
pub(crate) fn read(file: Option<&Path>) -> Result<Config, ConfigError> {
    let first = file.unwrap_or(Path::new(USUAL));
    let mut config = match text(first) {
        Err(error) if file.is_none() && error.kind() == IoErrorKind::NotFound => Config::default(),
        Err(source) => return Err(unreadable(first, source)),
        Ok(text) => of_text(first, &text)?,
    };
    for path in beside(first)? {
        let text = text(&path).map_err(|source| unreadable(&path, source))?;
        config = config.then(of_text(&path, &text)?);
    }
    Ok(config)
}

impl Config {
    fn then(mut self, later: Self) -> Self {
        self.labels.extend(later.labels);
        Self {
            controllers: later.controllers.or(self.controllers),
            token_file: later.token_file.or(self.token_file),
            state: later.state.or(self.state),
            name: later.name.or(self.name),
            role: later.role.or(self.role),
            labels: self.labels,
            taints: later.taints.or(self.taints),
            workloads: later.workloads.or(self.workloads),
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the agent's own configuration, not the host"
)]
fn text(path: &Path) -> std::io::Result<String> {
    fs::read_to_string(path)
}

/// The files in `config.d`, in the order of their names.
#[allow(
    clippy::disallowed_methods,
    reason = "the agent's own configuration, not the host"
)]
fn beside(first: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let folder = first.with_file_name("config.d");
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == IoErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect()),
    };
    let mut paths: Vec<PathBuf> = entries.map_err(|source| unreadable(&folder, source))?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    paths.sort();
    Ok(paths)
}

fn unreadable(path: &Path, source: std::io::Error) -> ConfigError {
    let path = path.to_owned();
    ConfigError::Read { path, source }
}

fn of_text(path: &Path, text: &str) -> Result<Config, ConfigError> {
    let read = toml_span::parse(text).map_err(DeserError::from);
    let read = read.and_then(|mut document| Config::deserialize(&mut document));
    read.map_err(|error| {
        let told = error.errors.iter().map(|error| fault(path, text, error));
        let faults = told.collect::<Vec<_>>().join("\n");
        ConfigError::Faulty { faults }
    })
}

/// `path:line:column: what is wrong`, both counted from 1.
fn fault(path: &Path, text: &str, error: &Error) -> String {
    let (start, what) = match &error.kind {
        ErrorKind::UnexpectedKeys { keys, expected } => {
            let start = keys
                .first()
                .map_or(error.span.start, |(_, span)| span.start);
            let names: Vec<&str> = keys.iter().map(|(name, _)| name.as_str()).collect();
            let names = names.join(", ");
            let what = format!("there is no key {names}; there is {}", expected.join(", "));
            (start, what)
        }
        ErrorKind::Custom(what) => (error.span.start, what.clone().into_owned()),
        ErrorKind::Wanted { expected, found } => {
            let what = format!("{expected} is wanted, and this is of type {found}");
            (error.span.start, what)
        }
        kind => (error.span.start, kind.to_string()),
    };
    let before = text.get(..start.min(text.len())).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let row = before.rsplit('\n').next().unwrap_or_default();
    let column = row.chars().count() + 1;
    format!("{}:{line}:{column}: {what}", path.display())
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let mut table = TableHelper::new(value)?;
        let config = Self {
            controllers: table
                .optional::<Each<Target>>("controllers")
                .map(|all| all.0),
            token_file: table.optional::<String>("token_file").map(PathBuf::from),
            state: table.optional::<String>("state").map(PathBuf::from),
            name: table.optional("name"),
            role: table.optional::<Word>("role").map(|role| role.0),
            labels: table.optional::<Labels>("labels").unwrap_or_default().0,
            taints: table.optional::<Each<Taint>>("taints").map(|all| all.0),
            workloads: table.optional::<Who>("workloads").map(|who| who.0),
        };
        table.finalize(None)?;
        Ok(config)
    }
}

/// An array of what is written in strings.
struct Each<T>(Vec<T>);

impl<'de, T: FromStr<Err: std::fmt::Display>> Deserialize<'de> for Each<T> {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let mut items = match value.take() {
            ValueInner::Array(items) => items,
            other => return Err(wrong("an array of strings", &other, value).into()),
        };
        let read: Result<Vec<T>, Error> = items.iter_mut().map(parse).collect();
        Ok(Self(read?))
    }
}

struct Word(Role);

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

struct Who(WorkloadsChoice);

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

#[derive(Default)]
struct Labels(BTreeMap<String, String>);

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

fn wrong(expected: &'static str, found: &ValueInner<'_>, at: &Value<'_>) -> Error {
    let found = found.type_str();
    Error::from((ErrorKind::Wanted { expected, found }, at.span))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn later_files_replace_earlier_ones() {
        let folder = tempfile::tempdir().unwrap();
        let first = write(
            folder.path(),
            "config.toml",
            "controllers = ['c1:1', '[::1]:2']\nrole = 'worker'\nlabels = { a = '1', b = '2' }\n",
        );
        write(folder.path(), "config.d/20.toml", "name = 'twenty'\n");
        write(
            folder.path(),
            "config.d/10.toml",
            "name = 'ten'\ntaints = ['k=v:NoExecute']\n[labels]\nb = '3'\n",
        );
        write(folder.path(), "config.d/notes.txt", "not TOML");
        let config = read(Some(&first)).unwrap();
        let controllers = config.controllers.unwrap();
        assert_eq!(controllers[1].to_string(), "[::1]:2");
        assert_eq!(config.name.unwrap(), "twenty");
        assert_eq!(config.role, Some(Role::Worker));
        assert_eq!(config.labels["a"], "1");
        assert_eq!(config.labels["b"], "3");
        assert_eq!(config.taints.unwrap().len(), 1);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let told = |text: &str| {
            let refused = of_text(Path::new("c.toml"), text).unwrap_err();
            refused.to_string()
        };
        let unknown = told("name = 'x'\ntoken = 'mst1.secret'\n");
        assert!(
            unknown.contains("c.toml:2:1: there is no key token"),
            "{unknown}"
        );
        assert!(!unknown.contains("secret"), "{unknown}");
        let target = told("controllers = ['c1:1',\n  'c2']\n");
        assert!(target.contains("c.toml:2:"), "{target}");
        assert!(target.contains("HOST:PORT"), "{target}");
        let role = told("role = 'king'");
        assert!(role.contains("king is no role"), "{role}");
        assert!(told("labels = 1").contains("a table of strings"));
        assert!(told("name = ").contains("c.toml:1:"));
    }

    #[test]
    fn only_the_usual_file_may_be_missing() {
        let folder = tempfile::tempdir().unwrap();
        let missing = read(Some(&folder.path().join("no.toml"))).unwrap_err();
        assert!(matches!(missing, ConfigError::Read { .. }), "{missing}");
    }
}
