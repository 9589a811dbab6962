//! Where profiles come from: a file, the operator's folder, or the program itself.

use std::borrow::Cow;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use muster_installer::Profile;
use muster_installer::profile::Faults;

use crate::cli::WishArguments;
use crate::exit::Exit;
use crate::policy::trust;
use crate::render::screen;

/// Where an operator's profiles are, unless another directory is named.
const FOLDER: &str = "/etc/muster/profiles";
/// As large as a profile may be.
const LARGEST_BYTES: u64 = 1 << 20;

/// Those that come with the program.
const EMBEDDED: &[(&str, &str)] = &[
    (
        "control",
        include_str!("../../../packaging/profiles/control.toml"),
    ),
    (
        "worker",
        include_str!("../../../packaging/profiles/worker.toml"),
    ),
];

/// The profile that is wished for; or the exit code, where what is wrong with it was told.
///
/// # Errors
/// There is none of that name, or others than root may change it.
pub(super) fn load(wish: &WishArguments) -> anyhow::Result<Result<Profile, Exit>> {
    let name = wish.profile.as_deref().unwrap_or(wish.role.key());
    let folder = wish.profiles.as_deref().unwrap_or(Path::new(FOLDER));
    let (origin, text) = match found(name, folder) {
        Ok(found) => found,
        Err(error) => {
            let _ = writeln!(
                anstream::stderr(),
                "muster: cannot take the profile: {}",
                screen(&format!("{error:#}"))
            );
            return Ok(Err(Exit::Policy));
        }
    };
    match Profile::parse(&text) {
        Ok(profile) => Ok(Ok(profile)),
        Err(faults) => Ok(Err(tell(&origin, &faults))),
    }
}

/// Those that are `named`, that come with muster, and of the operator, by where they are from; or why one cannot be used.
///
/// # Errors
/// The operator's folder cannot be listed.
pub(super) fn every(named: &[String]) -> anyhow::Result<Vec<(String, Result<Profile, String>)>> {
    let mut texts: Vec<(String, anyhow::Result<Cow<'static, str>>)> = EMBEDDED
        .iter()
        .map(|(name, text)| ((*name).to_owned(), Ok(Cow::Borrowed(*text))))
        .collect();
    let failed = || format!("cannot list {FOLDER}");
    let files = match Path::new(FOLDER).read_dir() {
        Ok(entries) => {
            let entries = entries.map(|entry| entry.map(|entry| entry.path()));
            let entries: Result<Vec<_>, _> = entries.collect();
            entries.with_context(failed)?
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(failed),
    };
    let mut files: Vec<PathBuf> = files.into_iter().filter(|path| is_profile(path)).collect();
    files.sort();
    texts.extend(files.into_iter().map(|path| {
        let text = refuse_others(&path).and_then(|()| read(&path));
        (path.display().to_string(), text.map(|(_, text)| text))
    }));
    let named = named.iter().map(|name| {
        let found = found(name, Path::new(FOLDER));
        (name.clone(), found.map(|(_, text)| text))
    });
    let profiles = named.chain(texts).map(|(origin, text)| {
        let text = text.map_err(|error| format!("{error:#}"));
        let profile =
            text.and_then(|text| Profile::parse(&text).map_err(|faults| faults.to_string()));
        (origin, profile)
    });
    Ok(profiles.collect())
}

fn is_profile(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "toml")
}

/// Says what is wrong with a profile. It is no failure when nobody listens.
pub(super) fn tell(origin: &str, faults: &Faults) -> Exit {
    let mut listener = anstream::stderr();
    let _ = writeln!(listener, "muster: the profile is faulty:");
    for fault in faults.iter() {
        let _ = writeln!(listener, "{}", screen(&format!("{origin}:{fault}")));
    }
    Exit::Policy
}

/// Where it is from, and its text.
fn found(name: &str, folder: &Path) -> anyhow::Result<(String, Cow<'static, str>)> {
    if name.contains('/') || is_profile(Path::new(name)) {
        return read(Path::new(name));
    }
    let path = folder.join(format!("{name}.toml"));
    if path.symlink_metadata().is_ok() {
        refuse_others(&path)?;
        return read(&path);
    }
    match EMBEDDED.iter().find(|(known, _)| *known == name) {
        Some((name, text)) => Ok(((*name).to_owned(), Cow::Borrowed(text))),
        None => {
            let known: Vec<&str> = EMBEDDED.iter().map(|(known, _)| *known).collect();
            bail!(
                "there is no profile {name}: neither {} nor one that comes with muster ({})",
                path.display(),
                known.join(", ")
            )
        }
    }
}

/// What root does is not decided by others. A file that was named itself is the choice of whoever named it.
fn refuse_others(path: &Path) -> anyhow::Result<()> {
    match trust::writers_beside_root(path).filter(|_| crate::discover::is_root()) {
        Some((who, path)) => bail!(
            "{who} may write {path}, and so decide what is done to this machine; `chown root {path}` and `chmod go-w {path}` end that"
        ),
        None => Ok(()),
    }
}

fn read(path: &Path) -> anyhow::Result<(String, Cow<'static, str>)> {
    let failed = || format!("cannot read {}", path.display());
    let mut text = String::new();
    let file = File::open(path).with_context(failed)?;
    let length = file.take(LARGEST_BYTES + 1).read_to_string(&mut text);
    let length = length.map_err(|error| match error.kind() {
        ErrorKind::InvalidData => anyhow::anyhow!("it is no text in UTF-8"),
        _ => error.into(),
    });
    let length = length.with_context(failed)?;
    if length as u64 > LARGEST_BYTES {
        bail!(
            "{} is larger than 1 MiB, which no profile is",
            path.display()
        );
    }
    Ok((PathBuf::from(path).display().to_string(), Cow::Owned(text)))
}

#[cfg(test)]
mod tests {
    use muster_installer::profile::Facts;

    use super::*;

    #[test]
    fn every_profile_that_comes_with_muster_is_right_and_named_as_its_file() {
        for (name, text) in EMBEDDED {
            let profile = Profile::parse(text).unwrap_or_else(|faults| panic!("{name}:\n{faults}"));
            assert_eq!(profile.name().name, *name);
            let role = profile.roles().first().copied();
            let wishes = profile
                .wishes(role, &Default::default(), &Facts::default())
                .unwrap();
            assert!(wishes.steps.len() > 5 && !profile.description().is_empty());
        }
    }
}
