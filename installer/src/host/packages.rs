//! Software that the distribution has packaged, as steps see it.

use std::collections::{BTreeMap, BTreeSet};

use super::HostError;
use crate::value::PackageName;

/// Names of packages.
pub type PackageNames = BTreeSet<PackageName>;

/// What the distribution's package manager knows and does. All of it fails where nothing runs, or where there is no manager that is known here.
pub trait Packages {
    /// Those that are installed wholly. One that was not finished is none.
    fn installed_packages(&self) -> Result<PackageNames, HostError>;
    /// What installing these would install, they themselves among them: those that are not there wholly.
    ///
    /// # Errors
    /// There is no such package here, or something would have to be removed or replaced by another version, which could not be undone.
    fn packages_to_come(&self, names: &PackageNames) -> Result<PackageNames, HostError>;
    /// Those of `names` that something else needs, each with what that is, in words. Those that are not there are needed by nothing.
    fn needed_packages(
        &self,
        names: &PackageNames,
    ) -> Result<BTreeMap<PackageName, String>, HostError>;
    /// Those of `names` that somebody asked for by their names, so that they are there for their own sake.
    fn packages_asked_for(&self, names: &PackageNames) -> Result<PackageNames, HostError>;
    /// Installs these and what they need, and ends what was not finished before.
    fn install_packages(&mut self, names: &PackageNames) -> Result<(), HostError>;
    /// Removes these with their configuration, also what is of them where one was not finished; configuration that somebody edited stays.
    fn remove_packages(&mut self, names: &PackageNames) -> Result<(), HostError>;
}
