//! Packages, by whichever manager is there.

mod apt;
mod dnf;

use std::collections::BTreeMap;
use std::time::Duration;

use super::Real;
use super::runner::{Call, Tool};
use crate::host::packages::{PackageNames, Packages};
use crate::host::{HostError, Ran};
use crate::value::PackageName;

/// Large packages, slow mirrors and disks: longer than this is stuck.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Which package manager is there.
enum Manager {
    Apt,
    Dnf,
}

impl Real {
    fn manager(&self) -> Result<Manager, HostError> {
        self.require_running("manage", "packages")?;
        match (Tool::AptGet.find(), Tool::Dnf.find()) {
            (Ok(_), _) => Ok(Manager::Apt),
            (_, Ok(_)) => Ok(Manager::Dnf),
            _ => {
                let why = "this machine has neither apt-get nor dnf";
                Err(HostError::because("manage", "packages", why))
            }
        }
    }
}

impl Packages for Real {
    fn installed_packages(&self) -> Result<PackageNames, HostError> {
        match self.manager()? {
            Manager::Apt => apt::installed(),
            Manager::Dnf => dnf::installed(),
        }
    }

    fn packages_to_come(&self, names: &PackageNames) -> Result<PackageNames, HostError> {
        match self.manager()? {
            Manager::Apt => apt::to_come(names),
            Manager::Dnf => dnf::to_come(names),
        }
    }

    fn needed_packages(
        &self,
        names: &PackageNames,
    ) -> Result<BTreeMap<PackageName, String>, HostError> {
        match self.manager()? {
            Manager::Apt => apt::needed(names),
            Manager::Dnf => dnf::needed(names),
        }
    }

    fn packages_asked_for(&self, names: &PackageNames) -> Result<PackageNames, HostError> {
        match self.manager()? {
            Manager::Apt => apt::asked_for(names),
            Manager::Dnf => dnf::asked_for(names),
        }
    }

    fn install_packages(&mut self, names: &PackageNames) -> Result<(), HostError> {
        match self.manager()? {
            Manager::Apt => apt::install(self, names),
            Manager::Dnf => dnf::install(names),
        }
    }

    fn remove_packages(&mut self, names: &PackageNames) -> Result<(), HostError> {
        match self.manager()? {
            Manager::Apt => apt::remove(self, names),
            Manager::Dnf => dnf::remove(names),
        }
    }
}

fn call(tool: Tool, options: &[&str], names: &PackageNames) -> Result<Ran, HostError> {
    let arguments = options.iter().copied();
    let arguments = arguments.chain(names.iter().map(PackageName::as_str));
    tool.ask(&Call {
        arguments: &arguments.collect::<Vec<_>>(),
        limit: LIMIT,
        ..Call::default()
    })
}

/// The same, where ending with anything but 0 is an error.
fn succeed(tool: Tool, options: &[&str], names: &PackageNames) -> Result<String, HostError> {
    let ran = call(tool, options, names)?;
    tool.judged(ran).map(|ran| ran.said)
}

fn name(text: &str) -> Option<PackageName> {
    PackageName::try_from(text.to_owned()).ok()
}

/// What would change besides, and could not be undone.
fn refused(what: &str, remedy: &str) -> HostError {
    let why = format!("{what}, which could not be undone: {remedy}");
    HostError::because("install", "packages", &why)
}

fn list(names: &PackageNames) -> String {
    let names: Vec<&str> = names.iter().map(PackageName::as_str).collect();
    names.join(", ")
}
