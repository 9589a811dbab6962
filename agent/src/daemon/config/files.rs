//! Finds and reads the configuration files.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml_span::de_helpers::TableHelper;
use toml_span::{DeserError, Deserialize, Value};

use super::faults::{Fault, faults, place};
use super::page::{self, PageConfig};
use super::values::{Address, Each, Labels, Way, Who, Word};
use super::{Config, ConfigError, Origin};
use crate::daemon::local::LocalRead;
use crate::value::{Taint, Target};

const USUAL: &str = "/etc/muster/config.toml";

/// What was found in the files.
#[derive(Debug)]
pub(crate) struct Checked {
    /// Those that are there, in the order in which they count.
    pub(crate) files: Vec<PathBuf>,
    /// In the order of the files.
    pub(crate) faults: Vec<Fault>,
    /// What is not faulty.
    pub(crate) config: Config,
}

/// Reads `file`, which has to be there, or the usual one, which need not; and those beside it.
pub(crate) fn read(file: Option<&Path>) -> Result<Config, ConfigError> {
    let checked = check(file)?;
    match checked.faults.is_empty() {
        true => Ok(checked.config),
        false => Err(ConfigError::Faulty {
            faults: checked.faults,
        }),
    }
}

/// As [`read`], with all that is faulty.
pub(crate) fn check(file: Option<&Path>) -> Result<Checked, ConfigError> {
    let first = file.unwrap_or(Path::new(USUAL));
    let mut checked = Checked {
        files: Vec::new(),
        faults: Vec::new(),
        config: Config::default(),
    };
    match text(first) {
        Err(error) if file.is_none() && error.kind() == ErrorKind::NotFound => {}
        Err(source) => return Err(unreadable(first, source)),
        Ok(text) => checked.take(first, &text),
    }
    for path in beside(first)? {
        let text = text(&path).map_err(|source| unreadable(&path, source))?;
        checked.take(&path, &text);
    }
    checked.faults.extend(exposure(&checked.config));
    checked.faults.extend(page::contradiction(&checked.config));
    Ok(checked)
}

impl Checked {
    fn take(&mut self, path: &Path, text: &str) {
        self.files.push(path.to_owned());
        match of_text(path, text) {
            Ok(config) => self.config = std::mem::take(&mut self.config).then(config),
            Err(faults) => self.faults.extend(faults),
        }
    }
}

/// Metrics that others could read although nobody said so.
fn exposure(config: &Config) -> Option<Fault> {
    let address = config.exposed()?;
    match config.origins.get("metrics")? {
        Origin::File { path, line } => Some(Fault {
            file: path.clone(),
            line: *line,
            column: 1,
            message: format!(
                "others can reach {address}; use 127.0.0.1, or say that it is meant with metrics_public = true"
            ),
        }),
        _ => None,
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
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
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

fn of_text(path: &Path, text: &str) -> Result<Config, Vec<Fault>> {
    let read = toml_span::parse(text).map_err(DeserError::from);
    let read = read.and_then(|mut document| {
        let origins = origins(path, text, &document);
        let config = Config::deserialize(&mut document)?;
        Ok(Config { origins, ..config })
    });
    read.map_err(|error| faults(path, text, &error))
}

/// The line of each key; those in tables as `TABLE.KEY`.
fn origins(path: &Path, text: &str, document: &Value<'_>) -> BTreeMap<String, Origin> {
    let at = |start| Origin::File {
        path: path.to_owned(),
        line: place(text, start).0,
    };
    let mut origins = BTreeMap::new();
    for (key, value) in document.as_table().into_iter().flatten() {
        match value.as_table() {
            None => {
                origins.insert(key.name.to_string(), at(key.span.start));
            }
            Some(inner) => {
                let inner = inner.keys();
                let named = |inner: &str| format!("{}.{inner}", key.name);
                origins.extend(inner.map(|inner| (named(&inner.name), at(inner.span.start))));
            }
        }
    }
    origins
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let mut table = TableHelper::new(value)?;
        let config = Self {
            controllers: table
                .optional::<Each<Target>>("controllers")
                .map(|all| all.0),
            token_file: table.optional::<String>("token_file").map(Into::into),
            state: table.optional::<String>("state").map(Into::into),
            name: table.optional("name"),
            role: table.optional::<Word>("role").map(|role| role.0),
            labels: table.optional::<Labels>("labels").unwrap_or_default().0,
            taints: table.optional::<Each<Taint>>("taints").map(|all| all.0),
            workloads: table.optional::<Who>("workloads").map(|who| who.0),
            socket: table.optional::<String>("socket").map(Into::into),
            local_read: table.optional::<bool>("local_read").map(LocalRead::from),
            metrics: table
                .optional::<Address>("metrics")
                .map(|address| address.0),
            metrics_public: table.optional("metrics_public"),
            proxy: table.optional::<Way>("proxy").map(|way| way.0),
            proxy_credentials_file: table
                .optional::<String>("proxy_credentials_file")
                .map(Into::into),
            no_proxy: table.optional::<Each<String>>("no_proxy").map(|all| all.0),
            page: table.optional::<PageConfig>("page").unwrap_or_default(),
            origins: BTreeMap::new(),
        };
        table.finalize(None)?;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_model::Role;

    use crate::daemon::config::faults;

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
        let second = folder.path().join("config.d/20.toml");
        let origin = Origin::File {
            path: second,
            line: 1,
        };
        assert_eq!(config.origins["name"], origin);
        let Origin::File { path, line } = &config.origins["labels.b"] else {
            panic!("{:?}", config.origins);
        };
        assert!(path.ends_with("config.d/10.toml"));
        assert_eq!(*line, 4);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let told = |text: &str| {
            let faults = of_text(Path::new("c.toml"), text).unwrap_err();
            faults::lines(&faults)
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
    fn all_mistakes_of_all_files_are_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let text = "controllers = ['c1', 'c2:1', 'c3']\nnmae = 'x'\nrolle = 1\nmetrics = 'here'\n";
        let first = write(folder.path(), "config.toml", text);
        write(folder.path(), "config.d/10.toml", "role = 'king'\n");
        let Err(ConfigError::Faulty { faults }) = read(Some(&first)) else {
            panic!("it is not faulty");
        };
        let places: Vec<_> = faults
            .iter()
            .map(|fault| (fault.line, fault.column))
            .collect();
        assert_eq!(places, [(1, 17), (1, 31), (2, 1), (3, 1), (4, 12), (1, 9)]);
    }

    #[test]
    fn metrics_are_for_this_machine_unless_that_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let told = |text: &str| {
            let file = write(folder.path(), "config.toml", text);
            read(Some(&file)).map(|config| config.metrics)
        };
        assert!(told("metrics = '127.0.0.1:9469'\n").unwrap().is_some());
        assert!(told("metrics = '[::1]:9469'\n").unwrap().is_some());
        let public = "metrics = '0.0.0.0:9469'\nmetrics_public = true\n";
        assert!(told(public).unwrap().is_some());
        let refused = told("\nmetrics = '0.0.0.0:9469'\n")
            .unwrap_err()
            .to_string();
        assert!(refused.contains("config.toml:2:1"), "{refused}");
        assert!(refused.contains("metrics_public = true"), "{refused}");
    }

    #[test]
    fn only_the_usual_file_may_be_missing() {
        let folder = tempfile::tempdir().unwrap();
        let missing = read(Some(&folder.path().join("no.toml"))).unwrap_err();
        assert!(matches!(missing, ConfigError::Read { .. }), "{missing}");
    }
}
