//! rpm(8) and dnf(8), as their manuals describe them.

use std::collections::BTreeMap;

use super::{call, list, name, refused, succeed};
use crate::host::HostError;
use crate::host::packages::PackageNames;
use crate::host::real::runner::Tool;
use crate::value::PackageName;

const DNF: &[&str] = &["--quiet", "--setopt=install_weak_deps=False"];
const NAMES: &str = "--queryformat=%{name}\\n";

pub(super) fn installed() -> Result<PackageNames, HostError> {
    let options = ["--query", "--all", "--queryformat=%{NAME}\\n"];
    let said = succeed(Tool::Rpm, &options, &PackageNames::new())?;
    Ok(parse_names(&said))
}

pub(super) fn to_come(names: &PackageNames) -> Result<PackageNames, HostError> {
    let options = ["--setopt=install_weak_deps=False", "--assumeno", "install"];
    let ran = call(Tool::Dnf, &options, names)?;
    // Told no, it ends with 1, as it does when it fails: what tells them apart is that it had something to propose.
    if ran.said.contains("Transaction Summary") {
        return parse_proposed(&ran.said);
    }
    if ran.said.contains("No match for argument") || ran.said.contains("Unable to find a match") {
        let why = format!(
            "{}; see that its repository is in /etc/yum.repos.d",
            ran.said.trim()
        );
        return Err(HostError::because("find", list(names), &why));
    }
    Tool::Dnf.judged(ran).map(|_| PackageNames::new())
}

/// A table with headings at its left edge; below each a line a package, with one space before its name. What does not fit into a line goes on
/// in the next one, further in.
fn parse_proposed(said: &str) -> Result<PackageNames, HostError> {
    let mut come = PackageNames::new();
    let mut heading = "";
    for line in said.lines() {
        let entry = line.strip_prefix(' ').filter(|rest| !rest.starts_with(' '));
        let package = entry.and_then(|entry| entry.split_whitespace().next());
        match (package, heading) {
            (None, _) if !line.starts_with(' ') => heading = line.trim(),
            (Some(package), heading) if heading.starts_with("Installing") => {
                come.extend(name(package));
            }
            (Some(package), "Upgrading:" | "Downgrading:" | "Reinstalling:") => {
                let remedy = "bring the machine up to date first, by `dnf upgrade`";
                let what = format!("{package} would be replaced by another version");
                return Err(refused(&what, remedy));
            }
            (Some(package), heading) if heading.starts_with("Removing") => {
                let remedy = "see `dnf --assumeno install` for why, and remove it yourself";
                return Err(refused(&format!("{package} would be removed"), remedy));
            }
            _ => {}
        }
    }
    Ok(come)
}

/// What those need that are kept, is needed, too.
pub(super) fn needed(names: &PackageNames) -> Result<BTreeMap<PackageName, String>, HostError> {
    let there = installed()?;
    let mut left: PackageNames = names.intersection(&there).cloned().collect();
    let mut dependents = BTreeMap::new();
    for package in &left {
        let options = [DNF, &["repoquery", "--installed", NAMES, "--whatrequires"]].concat();
        let one = PackageNames::from([package.clone()]);
        let found = parse_names(&succeed(Tool::Dnf, &options, &one)?);
        dependents.insert(package.clone(), found);
    }
    let mut needed = BTreeMap::new();
    loop {
        let found = left.iter().find_map(|package| {
            let others = dependents.get(package)?;
            let other = others
                .iter()
                .find(|other| *other != package && !left.contains(*other))?;
            Some((package.clone(), format!("{other} needs it")))
        });
        let Some((package, why)) = found else {
            return Ok(needed);
        };
        left.remove(&package);
        needed.insert(package, why);
    }
}

pub(super) fn asked_for(names: &PackageNames) -> Result<PackageNames, HostError> {
    let options = [DNF, &["repoquery", "--userinstalled", NAMES]].concat();
    let asked_for = parse_names(&succeed(Tool::Dnf, &options, &PackageNames::new())?);
    Ok(asked_for.intersection(names).cloned().collect())
}

pub(super) fn install(names: &PackageNames) -> Result<(), HostError> {
    let options = [DNF, &["--assumeyes", "install"]].concat();
    succeed(Tool::Dnf, &options, names).map(drop)
}

/// By rpm itself: it removes what it is told and nothing else. Configuration that was edited it leaves with `.rpmsave` at its end.
pub(super) fn remove(names: &PackageNames) -> Result<(), HostError> {
    let there: PackageNames = names.intersection(&installed()?).cloned().collect();
    match there.is_empty() {
        true => Ok(()),
        false => succeed(Tool::Rpm, &["--erase"], &there).map(drop),
    }
}

fn parse_names(said: &str) -> PackageNames {
    said.lines().filter_map(|line| name(line.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As dnf(8) of version 4 writes to something that is no terminal.
    const PROPOSED: &str = "\
Dependencies resolved.
================================================================================
 Package                  Arch    Version            Repository            Size
================================================================================
Installing:
 nfs-utils                x86_64  1:2.5.4-20.el9     baseos               432 k
Installing dependencies:
 a-name-that-does-not-fit-into-its-column
                          x86_64  0.8.4-6.el9        baseos                43 k
 libev                    x86_64  4.33-5.el9         baseos                53 k

Transaction Summary
================================================================================
Install  3 Packages

Operation aborted.
";

    #[test]
    fn what_would_come_is_read_and_what_could_not_be_undone_is_refused() {
        let come = parse_proposed(PROPOSED).unwrap();
        let told = "a-name-that-does-not-fit-into-its-column, libev, nfs-utils";
        assert_eq!(list(&come), told);
        for (heading, told) in [
            ("Upgrading:", "libev would be replaced"),
            ("Removing dependent packages:", "libev would be removed"),
        ] {
            let said = PROPOSED.replace(" libev ", &format!("{heading}\n libev "));
            let error = parse_proposed(&said).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
