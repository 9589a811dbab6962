//! Where policies come from: a file, the operator's folder, or the program itself.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail, ensure};
use muster_adequacy::policy::nearest;

use crate::cli::{PolicyChoice, PolicyPlace};

/// Where an operator's policies are, unless another directory is named.
const FOLDER: &str = "/etc/muster/policies";
/// As large as `muster_adequacy` takes a policy to be.
const CAP: u64 = 1 << 20;

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        [$((
            $name,
            include_str!(concat!("../../../packaging/policies/", $name, ".toml")),
        )),*]
    };
}

/// The policies that come with the program.
const EMBEDDED: &[(&str, &str)] = &embedded![
    "default",
    "control-production",
    "worker-production",
    "gpu-worker",
    "storage-worker",
];

/// A policy as it was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) origin: Origin,
    pub(crate) text: Cow<'static, str>,
}

/// Where a policy was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    File(PathBuf),
    Embedded(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(formatter),
            Self::Embedded(_) => formatter.write_str("comes with muster"),
        }
    }
}

/// The policy that was chosen.
///
/// # Errors
/// When there is none of that name, or it cannot be read.
pub(super) fn find(choice: &PolicyChoice) -> anyhow::Result<Written> {
    let name = choice.policy.as_str();
    if is_file_name(name) {
        return read(Path::new(name));
    }
    let folder = folder(&choice.place)?;
    let path = folder.join(format!("{name}.toml"));
    if path.symlink_metadata().is_ok() {
        return read(&path);
    }
    embedded(name).ok_or_else(|| unknown(name, folder))
}

/// A policy out of a file.
///
/// # Errors
/// When it cannot be read, is too large, or is no text.
pub(super) fn read(path: &Path) -> anyhow::Result<Written> {
    let text = content(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Written {
        origin: Origin::File(path.to_owned()),
        text: Cow::Owned(text),
    })
}

/// Every named policy, by name; the operator's one comes before the one that it is used instead of.
///
/// # Errors
/// When the folder cannot be listed.
pub(super) fn every(place: &PolicyPlace) -> anyhow::Result<Vec<(String, Vec<Origin>)>> {
    let folder = folder(place)?;
    let of_operator = in_folder(folder)?;
    let mut names: BTreeSet<String> = of_operator.iter().cloned().collect();
    names.extend(EMBEDDED.iter().map(|(name, _)| (*name).to_owned()));
    let with_origins = names.into_iter().map(|name| {
        let file = of_operator.contains(&name).then(|| {
            let path = folder.join(format!("{name}.toml"));
            Origin::File(path)
        });
        let own = embedded(&name).map(|written| written.origin);
        (name, file.into_iter().chain(own).collect())
    });
    Ok(with_origins.collect())
}

/// The policy that is there.
///
/// # Errors
/// When it cannot be read.
pub(super) fn at(origin: &Origin) -> anyhow::Result<Written> {
    match origin {
        Origin::File(path) => read(path),
        Origin::Embedded(name) => {
            embedded(name).with_context(|| format!("no policy {name} comes with muster"))
        }
    }
}

/// Whether a policy is chosen by its file, and not by its name.
pub(super) fn is_file_name(name: &str) -> bool {
    let is_toml = Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "toml");
    name.contains('/') || is_toml
}

/// A folder that was named has to be there; the usual one does not.
fn folder(place: &PolicyPlace) -> anyhow::Result<&Path> {
    match place.policies.as_deref() {
        Some(folder) => {
            ensure!(
                folder.is_dir(),
                "there is no directory {}, which --policies names",
                folder.display()
            );
            Ok(folder)
        }
        None => Ok(Path::new(FOLDER)),
    }
}

fn embedded(name: &str) -> Option<Written> {
    let (name, text) = EMBEDDED.iter().find(|(known, _)| *known == name)?;
    Some(Written {
        origin: Origin::Embedded(name),
        text: Cow::Borrowed(text),
    })
}

fn unknown(name: &str, folder: &Path) -> anyhow::Error {
    let own: Vec<&str> = EMBEDDED.iter().map(|(known, _)| *known).collect();
    let advice = match nearest(name, own.iter().copied()) {
        Some(meant) => format!("did you mean {meant}?"),
        None => "`muster policy list` shows those that are".to_owned(),
    };
    anyhow!(
        "there is no policy {name}: neither {} nor one that comes with muster; {advice}",
        folder.join(format!("{name}.toml")).display()
    )
}

/// The names of the policies in a folder; none when it is not there.
fn in_folder(folder: &Path) -> anyhow::Result<BTreeSet<String>> {
    #[allow(
        clippy::disallowed_methods,
        reason = "the operator's policies are no part of the host that is discovered"
    )]
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
        other => other.with_context(|| format!("cannot list {}", folder.display()))?,
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let name = entry?.file_name();
        let name = name.to_str().and_then(|name| name.strip_suffix(".toml"));
        names.extend(name.map(str::to_owned));
    }
    Ok(names)
}

fn content(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(CAP + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > CAP {
        bail!("it is larger than 1 MiB, which no policy is");
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        anyhow!("it is no text in UTF-8: the byte at {at} does not fit")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(policy: &str, folder: &Path) -> PolicyChoice {
        PolicyChoice {
            policy: policy.to_owned(),
            place: PolicyPlace {
                policies: Some(folder.to_owned()),
            },
        }
    }

    #[test]
    fn every_policy_that_comes_with_muster_is_right_and_named_as_its_file() {
        for (name, text) in EMBEDDED {
            let policy = muster_adequacy::Policy::parse(text);
            let policy = policy.unwrap_or_else(|faults| panic!("{name}:\n{faults}"));
            assert_eq!(policy.name().name, *name);
        }
        assert!(embedded("default").is_some());
    }

    #[test]
    fn the_operators_policy_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let found = |name: &str| find(&choice(name, folder.path())).unwrap();
        assert_eq!(found("default").origin, Origin::Embedded("default"));
        let path = folder.path().join("default.toml");
        std::fs::write(&path, "mine").unwrap();
        assert_eq!(found("default").origin, Origin::File(path.clone()));
        assert_eq!(found("default").text, "mine");
        assert_eq!(found(path.to_str().unwrap()).text, "mine");
    }

    #[test]
    fn what_cannot_be_read_is_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let told = |name: &str| match find(&choice(name, folder.path())) {
            Err(error) => format!("{error:#}"),
            Ok(found) => panic!("{name} is {found:?}"),
        };
        // A broken link in the operator's folder is no reason to take another policy.
        std::os::unix::fs::symlink("nowhere", folder.path().join("default.toml")).unwrap();
        assert!(told("default").contains("cannot read"));
        assert!(told("defalt").contains("did you mean default?"));
        assert!(told("else").contains("muster policy list"));
        assert!(told("./none.toml").contains("cannot read ./none.toml"));
        let place = |name: &str| folder.path().join(name);
        std::fs::write(place("latin.toml"), b"name = \"\xe9\"").unwrap();
        assert!(told("latin").contains("the byte at 8"));
        std::fs::write(place("large.toml"), vec![b' '; (1 << 20) + 1]).unwrap();
        assert!(told("large").contains("larger than 1 MiB"));
        let gone = choice("default", &place("gone"));
        assert!(format!("{:#}", find(&gone).unwrap_err()).contains("which --policies names"));
    }
}
