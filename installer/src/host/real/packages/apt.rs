//! dpkg(1) and apt-get(8), as their manuals describe them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Real, call, list, name, refused, succeed};
use crate::host::packages::PackageNames;
use crate::host::real::runner::Tool;
use crate::host::{Files as _, Host as _, HostError, Ran};
use crate::value::{HostPath, PackageName};

/// What every call of apt-get is told: it asks nothing, and does only what it is asked for.
const APT: &[&str] = &[
    "-q",
    "--no-install-recommends",
    "-o",
    "APT::Get::AutomaticRemove=false",
    // Another one that has dpkg's lock is waited for: apt.conf(5).
    "-o",
    "DPkg::Lock::Timeout=120",
    "-o",
    "DPkg::Use-Pty=0",
];
/// As apt-get waits for the lock, dpkg does not.
const LOCK_TRIES: u32 = 60;
const LOCK_PAUSE: Duration = Duration::from_secs(2);

/// What dpkg knows of a package: dpkg-query(1), `db:Status-Abbrev`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Installed,
    /// Unpacked, half configured, or waiting for triggers.
    Unfinished,
    /// Removed, but for its configuration.
    Configuration,
}

fn known() -> Result<BTreeMap<PackageName, Known>, HostError> {
    const FORMAT: &str = "--showformat=${db:Status-Abbrev}\\t${Package}\\n";
    let said = succeed(Tool::DpkgQuery, &["--show", FORMAT], &PackageNames::new())?;
    Ok(parse_known(&said))
}

fn parse_known(said: &str) -> BTreeMap<PackageName, Known> {
    let mut all = BTreeMap::new();
    for (status, package) in said.lines().filter_map(|line| line.split_once('\t')) {
        let known = match status.chars().nth(1) {
            Some('i') => Known::Installed,
            Some('c') => Known::Configuration,
            Some('n') | None => continue,
            Some(_) => Known::Unfinished,
        };
        // Of one that is there for several architectures, what is not finished counts.
        if let Some(package) = name(package)
            && all.get(&package) != Some(&Known::Unfinished)
        {
            all.insert(package, known);
        }
    }
    all
}

pub(super) fn installed() -> Result<PackageNames, HostError> {
    let known = known()?.into_iter();
    let installed = known.filter(|(_, known)| *known == Known::Installed);
    Ok(installed.map(|(package, _)| package).collect())
}

pub(super) fn to_come(names: &PackageNames) -> Result<PackageNames, HostError> {
    let options = [APT, &["--simulate", "--fix-broken", "install", "--"]].concat();
    let ran = call(Tool::AptGet, &options, names)?;
    if ran.code != Some(0) && ran.said.contains("Unable to locate package") {
        let said = ran.said.lines().filter(|line| line.starts_with("E:"));
        let said: Vec<&str> = said.collect();
        let why = format!(
            "{}; run `apt-get update`, and see that its repository is in /etc/apt",
            said.join("; ")
        );
        return Err(HostError::because("find", list(names), &why));
    }
    let said = Tool::AptGet.judged(ran)?.said;
    let come = parse_simulated(&said)?;
    // What is there and not finished is not told of as new.
    let known = known()?;
    let is_there = |name| matches!(known.get(name), Some(Known::Installed | Known::Unfinished));
    match names
        .iter()
        .find(|name| !come.contains(*name) && !is_there(name))
    {
        Some(name) => {
            let why = "it is no package itself: name one of those that `apt-cache showpkg` says provide it";
            Err(HostError::because("install", name, why))
        }
        None => Ok(come),
    }
}

/// `Inst NAME (NEW …)` is new, `Inst NAME [OLD] (NEW …)` another version, `Remv NAME [OLD]` goes: apt-get(8) under `--simulate`.
fn parse_simulated(said: &str) -> Result<PackageNames, HostError> {
    let mut come = PackageNames::new();
    for line in said.lines() {
        let mut words = line.split(' ');
        let (verb, package) = (words.next(), words.next().unwrap_or_default());
        let is_there = words.next().is_some_and(|word| word.starts_with('['));
        match verb {
            Some("Remv") => {
                let remedy = "see `apt-get --simulate install` for why, and remove it yourself";
                return Err(refused(&format!("{package} would be removed"), remedy));
            }
            Some("Inst") if is_there => {
                let remedy = "bring the machine up to date first, by `apt-get upgrade`";
                return Err(refused(
                    &format!("{package} would be replaced by another version"),
                    remedy,
                ));
            }
            Some("Inst") => come.extend(name(package.split(':').next().unwrap_or_default())),
            _ => {}
        }
    }
    Ok(come)
}

/// dpkg says for each that it would not remove who needs it. What those need that are kept, is needed, too.
pub(super) fn needed(names: &PackageNames) -> Result<BTreeMap<PackageName, String>, HostError> {
    let known = known()?;
    let mut left = names.clone();
    left.retain(|name| {
        known
            .get(name)
            .is_some_and(|known| *known != Known::Configuration)
    });
    let mut needed = BTreeMap::new();
    while !left.is_empty() {
        let options = ["--no-act", "--force-remove-reinstreq", "--remove"];
        let said = call(Tool::Dpkg, &options, &left)?.said;
        let found: Vec<(PackageName, String)> = parse_needed(&said)
            .into_iter()
            .filter(|(name, _)| left.contains(name))
            .collect();
        if found.is_empty() {
            break;
        }
        for (name, why) in found {
            left.remove(&name);
            needed.insert(name, why);
        }
    }
    Ok(needed)
}

/// `dpkg: dependency problems prevent removal of NAME:`, and then a line ` OTHER depends on NAME.` for each that needs it.
fn parse_needed(said: &str) -> BTreeMap<PackageName, String> {
    let mut needed = BTreeMap::new();
    let mut lines = said.lines();
    while let Some(line) = lines.next() {
        let Some((_, package)) = line.split_once("prevent removal of ") else {
            continue;
        };
        let other = lines.next().unwrap_or_default().trim();
        let other = other.split(' ').next().unwrap_or_default();
        let plain = package.trim_end_matches(':').split(':').next();
        if let Some(package) = plain.and_then(name) {
            needed.insert(package, format!("{other} needs it"));
        }
    }
    needed
}

pub(super) fn asked_for(names: &PackageNames) -> Result<PackageNames, HostError> {
    if names.is_empty() {
        return Ok(PackageNames::new());
    }
    let said = succeed(Tool::AptMark, &["showmanual", "--"], names)?;
    let said = said.lines().filter_map(|line| name(line.trim()));
    Ok(said.filter(|name| names.contains(name)).collect())
}

pub(super) fn install(host: &mut Real, names: &PackageNames) -> Result<(), HostError> {
    finish(host)?;
    let own = [
        "--yes",
        "--no-remove",
        "--fix-broken",
        "-o",
        "Dpkg::Options::=--force-confdef",
        "-o",
        "Dpkg::Options::=--force-confold",
        "install",
        "--",
    ];
    succeed(Tool::AptGet, &[APT, &own].concat(), names).map(drop)
}

/// By dpkg itself: it removes what it is told and nothing else, and what is there only in parts as well.
pub(super) fn remove(host: &mut Real, names: &PackageNames) -> Result<(), HostError> {
    let known = known()?;
    let mut there = names.clone();
    there.retain(|name| known.contains_key(name));
    if there.is_empty() {
        return Ok(());
    }
    let edited = edited(&there)?;
    let options = ["--force-remove-reinstreq"];
    patiently(host, &[&options[..], &["--remove"]].concat(), &there)?;
    let clean: PackageNames = there.difference(&edited).cloned().collect();
    match clean.is_empty() {
        true => Ok(()),
        false => patiently(host, &[&options[..], &["--purge"]].concat(), &clean),
    }
}

/// Those with configuration that is not as it came.
fn edited(names: &PackageNames) -> Result<PackageNames, HostError> {
    let mut edited = PackageNames::new();
    for name in names {
        let one = PackageNames::from([name.clone()]);
        // dpkg(1): a line for each file that is not as it was, with a c before the name of what is configuration.
        let said = call(Tool::Dpkg, &["--verify"], &one)?.said;
        let is_configuration = |line: &str| {
            let mut words = line.split_whitespace();
            let told = words.next().is_some_and(|checks| checks.contains('5'));
            told && words.next() == Some("c")
        };
        edited.extend(said.lines().any(is_configuration).then(|| name.clone()));
    }
    Ok(edited)
}

/// Ends what dpkg had begun when it was killed.
fn finish(host: &mut Real) -> Result<(), HostError> {
    let records = HostPath::known("/var/lib/dpkg/updates");
    let is_unfinished = known()?.values().any(|known| *known == Known::Unfinished);
    match is_unfinished || !host.list(&records)?.is_empty() {
        true => {
            let options = ["--force-confdef", "--force-confold", "--configure", "-a"];
            let ran = unlocked(host, &options, &PackageNames::new())?;
            // What it cannot configure for want of others, apt-get brings those for.
            match ran.said.contains("lock") {
                true => Tool::Dpkg.judged(ran).map(drop),
                false => Ok(()),
            }
        }
        false => Ok(()),
    }
}

fn patiently(host: &mut Real, options: &[&str], names: &PackageNames) -> Result<(), HostError> {
    let ran = unlocked(host, options, names)?;
    Tool::Dpkg.judged(ran).map(drop)
}

/// Runs dpkg once nobody else does, or after two minutes as it is.
fn unlocked(host: &mut Real, options: &[&str], names: &PackageNames) -> Result<Ran, HostError> {
    let mut ran = call(Tool::Dpkg, options, names)?;
    for _ in 0..LOCK_TRIES {
        if ran.code == Some(0) || !ran.said.contains("lock was locked by another process") {
            break;
        }
        host.pause(LOCK_PAUSE);
        ran = call(Tool::Dpkg, options, names)?;
    }
    Ok(ran)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_come_is_read_and_what_could_not_be_undone_is_refused() {
        let said = "Reading package lists...\nInst libfoo:i386 (1.0 lab [i386])\nInst foo (1.0 lab [amd64])\nConf foo (1.0 lab [amd64])\n";
        assert_eq!(list(&parse_simulated(said).unwrap()), "foo, libfoo");
        for (said, told) in [
            (
                "Inst libc6 [2.36-9] (2.36-10 lab [amd64])\n",
                "libc6 would be replaced by another version",
            ),
            (
                "Remv exim4 [4.96]\nInst postfix (3.7 lab [amd64])\n",
                "exim4 would be removed",
            ),
        ] {
            let error = parse_simulated(said).unwrap_err().to_string();
            assert!(
                error.contains(told) && error.contains("could not be undone"),
                "{error}"
            );
        }
    }

    #[test]
    fn who_needs_a_package_is_read() {
        let said = "dpkg: dependency problems prevent removal of libfoo:amd64:\n bar depends on libfoo (>= 1).\n baz depends on libfoo.\n\ndpkg: error processing package libfoo:amd64 (--remove):\n dependency problems - not removing\nErrors were encountered while processing:\n libfoo\n";
        let needed = parse_needed(said);
        let told: Vec<String> = needed
            .iter()
            .map(|(name, why)| format!("{name}: {why}"))
            .collect();
        assert_eq!(told, ["libfoo: bar needs it"]);
    }

    #[test]
    fn what_is_not_finished_is_not_installed() {
        let known = parse_known("ii \ta\nrc \tb\nun \tc\niU \td\niF \te\nii \te\n");
        let of = |wanted| {
            known
                .iter()
                .filter(|(_, known)| **known == wanted)
                .map(|(name, _)| name.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(of(Known::Installed), ["a"]);
        assert_eq!(of(Known::Unfinished), ["d", "e"]);
        assert_eq!(of(Known::Configuration), ["b"]);
    }
}
