//! A package manager in memory. Of a package that it has unpacked and not configured the line has a word more.

use std::collections::{BTreeMap, BTreeSet};

use super::Model;
use crate::host::HostError;
use crate::host::packages::{PackageNames, Packages};
use crate::value::{HostPath, PackageName};

const STATUS: &str = "/etc/packages";
/// What there is, with what it needs.
const REPOSITORY: &[(&str, &[&str])] = &[
    ("app", &["lib", "base"]),
    ("other", &["lib"]),
    ("lib", &[]),
    ("base", &[]),
];
const UNFINISHED: &str = " unpacked";

impl Model {
    fn package_lines(&self) -> BTreeSet<String> {
        let status = self.text(STATUS).unwrap_or_default();
        status.lines().map(str::to_owned).collect()
    }

    /// As dpkg does it: what it writes is on disk before it goes on.
    fn change_packages(
        &mut self,
        what: impl FnOnce(&mut BTreeSet<String>),
    ) -> Result<(), HostError> {
        let mut lines = self.package_lines();
        what(&mut lines);
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let path = HostPath::known(STATUS);
        self.change(&path, |tree| {
            tree.edit(&path, |content| *content = text.into_bytes())?;
            tree.sync(&path)
        })
    }
}

fn needs(name: &str) -> Option<&'static [&'static str]> {
    let found = REPOSITORY.iter().find(|(known, _)| *known == name);
    found.map(|(_, needs)| *needs)
}

fn named(name: &str) -> PackageName {
    PackageName::try_from(name.to_owned()).unwrap()
}

impl Packages for Model {
    fn installed_packages(&self) -> Result<PackageNames, HostError> {
        let lines = self.package_lines().into_iter();
        Ok(lines
            .filter_map(|line| PackageName::try_from(line).ok())
            .collect())
    }

    fn packages_to_come(&self, names: &PackageNames) -> Result<PackageNames, HostError> {
        let there = self.installed_packages()?;
        let mut come = PackageNames::new();
        for name in names {
            let Some(needs) = needs(name.as_str()) else {
                return Err(HostError::because("find", name, "there is no such package"));
            };
            come.extend(needs.iter().map(|name| named(name)).chain([name.clone()]));
        }
        Ok(come.difference(&there).cloned().collect())
    }

    fn needed_packages(
        &self,
        names: &PackageNames,
    ) -> Result<BTreeMap<PackageName, String>, HostError> {
        let there = self.installed_packages()?;
        let others = there.difference(names).flat_map(|other| {
            let needs = needs(other.as_str()).unwrap_or_default().iter();
            needs.map(move |name| (named(name), format!("{other} needs it")))
        });
        Ok(others.filter(|(name, _)| names.contains(name)).collect())
    }

    fn packages_asked_for(&self, _names: &PackageNames) -> Result<PackageNames, HostError> {
        Ok(PackageNames::new())
    }

    fn install_packages(&mut self, names: &PackageNames) -> Result<(), HostError> {
        let come = self.packages_to_come(names)?;
        for name in &come {
            self.change_packages(|lines| {
                lines.insert(format!("{name}{UNFINISHED}"));
            })?;
        }
        for name in &come {
            self.change_packages(|lines| {
                lines.remove(&format!("{name}{UNFINISHED}"));
                lines.insert(name.to_string());
            })?;
        }
        Ok(())
    }

    fn remove_packages(&mut self, names: &PackageNames) -> Result<(), HostError> {
        assert_eq!(
            self.needed_packages(names)?,
            BTreeMap::new(),
            "dpkg refuses"
        );
        for name in names {
            self.change_packages(|lines| {
                if lines.remove(name.as_str()) {
                    lines.insert(format!("{name}{UNFINISHED}"));
                }
            })?;
            self.change_packages(|lines| {
                lines.remove(&format!("{name}{UNFINISHED}"));
            })?;
        }
        Ok(())
    }
}
