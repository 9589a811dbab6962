//! The kernel and the services of the machine that runs, and what another root directory has instead.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use rustix::system::{sethostname, uname};

use super::Real;
use super::runner::{self, Tool};
use super::systemd::{self, Job};
use crate::host::{Command, Enablement, HostError, Machine, Ran};
use crate::value::{AccountName, HostPath, ModuleName, ParameterName, TimeZoneName, UnitName};

/// Files of the kernel's own file systems that are read here are short.
const LARGEST_BYTES: u64 = 1 << 20;

impl Real {
    pub(super) fn require_running(
        &self,
        operation: &'static str,
        subject: impl std::fmt::Display,
    ) -> Result<(), HostError> {
        match &self.other_root {
            None => Ok(()),
            Some(_) => Err(HostError::NotRunning {
                operation,
                subject: subject.to_string(),
            }),
        }
    }

    /// For programs that work on another root directory: `NAME=FOLDER`, or nothing.
    fn root_option(&self, name: &str) -> Option<String> {
        let folder = self.other_root.as_ref()?;
        Some(format!("{name}={}", folder.display()))
    }

    fn systemctl(&self, words: &[&str]) -> Result<Ran, HostError> {
        let root = self.root_option("--root").unwrap_or("--root=/".to_owned());
        let words: Vec<&str> = [root.as_str()]
            .into_iter()
            .chain(words.iter().copied())
            .collect();
        Tool::Systemctl.run(&words)
    }

    fn is_served(&self) -> bool {
        self.other_root.is_none() && systemd::is_booted()
    }
}

impl Machine for Real {
    fn is_running(&self) -> bool {
        self.other_root.is_none()
    }

    fn parameter(&self, name: &ParameterName) -> Result<Option<String>, HostError> {
        self.require_running("read", name)?;
        let value = kernel_text(&parameter_path(name))?;
        Ok(value.map(|value| value.trim_end().to_owned()))
    }

    fn set_parameter(&mut self, name: &ParameterName, value: &str) -> Result<(), HostError> {
        self.require_running("set", name)?;
        let file = OpenOptions::new().write(true).open(parameter_path(name));
        let written = file.and_then(|mut file| file.write_all(value.as_bytes()));
        written.map_err(|error| HostError::failed("set", name, error))
    }

    fn is_loaded(&self, module: &ModuleName) -> Result<bool, HostError> {
        self.require_running("look at", module)?;
        Ok(Path::new(&format!("/sys/module/{module}")).exists() || is_built_in(module)?)
    }

    fn is_used(&self, module: &ModuleName) -> Result<bool, HostError> {
        self.require_running("look at", module)?;
        let references = kernel_text(&format!("/sys/module/{module}/refcnt"))?;
        Ok(references.is_none_or(|references| references.trim() != "0"))
    }

    fn load(&mut self, module: &ModuleName) -> Result<(), HostError> {
        self.require_running("load", module)?;
        Tool::Modprobe.succeed(&["--", module.as_str()]).map(drop)
    }

    fn unload(&mut self, module: &ModuleName) -> Result<(), HostError> {
        self.require_running("unload", module)?;
        // And none of those that it needed: somebody else may have loaded them.
        Tool::Rmmod.succeed(&[module.as_str()]).map(drop)
    }

    fn host_name(&self) -> Result<String, HostError> {
        self.require_running("look at", "the host's name")?;
        Ok(uname().nodename().to_string_lossy().into_owned())
    }

    fn set_host_name(&mut self, name: &str) -> Result<(), HostError> {
        self.require_running("set", "the host's name")?;
        sethostname(name.as_bytes())
            .map_err(|error| HostError::failed("set", "the host's name", error.into()))
    }

    fn set_time_zone(&mut self, zone: &TimeZoneName) -> Result<(), HostError> {
        match self.is_served() {
            true => self.systemd.set_time_zone(zone),
            false => Ok(()),
        }
    }

    fn ntp(&self) -> Result<Option<bool>, HostError> {
        match self.is_served() {
            true => self.systemd.ntp(),
            false => Ok(None),
        }
    }

    fn set_ntp(&mut self, to: bool) -> Result<(), HostError> {
        self.require_running("set", "the keeping of time")?;
        self.systemd.set_ntp(to)
    }

    fn swaps(&self) -> Result<Vec<HostPath>, HostError> {
        self.require_running("look at", "swap")?;
        let table = kernel_text("/proc/swaps")?.unwrap_or_default();
        let paths = table
            .lines()
            .skip(1)
            .filter_map(|line| line.split_whitespace().next());
        // proc(5): spaces are written as octal numbers.
        let paths = paths.map(|path| HostPath::try_from(path.replace("\\040", " ")));
        let mut paths: Vec<HostPath> = paths
            .collect::<Result<_, _>>()
            .map_err(|why| HostError::because("look at", "swap", &why.to_string()))?;
        paths.sort();
        Ok(paths)
    }

    fn swap_on(&mut self, path: &HostPath) -> Result<(), HostError> {
        self.require_running("swap to", path)?;
        Tool::Swapon.succeed(&["--", path.as_str()]).map(drop)
    }

    fn swap_off(&mut self, path: &HostPath) -> Result<(), HostError> {
        self.require_running("stop swapping to", path)?;
        Tool::Swapoff.succeed(&["--", path.as_str()]).map(drop)
    }

    fn enablement(&self, unit: &UnitName) -> Result<Enablement, HostError> {
        if self.is_served() {
            return self.systemd.enablement(unit);
        }
        let ran = self.systemctl(&["is-enabled", unit.as_str()])?;
        let said = ran.said.trim();
        match (
            ran.code,
            said.contains("Failed to get unit file state") || said.is_empty(),
        ) {
            (_, true) => Ok(Enablement::Absent),
            (_, false) => Ok(systemd::enablement(said)),
        }
    }

    fn set_enablement(&mut self, unit: &UnitName, to: Enablement) -> Result<(), HostError> {
        if self.is_served() {
            return self.systemd.set_enablement(unit, to);
        }
        let mut verbs = Vec::new();
        let is_masked = self.enablement(unit)? == Enablement::Masked;
        verbs.extend((is_masked && to != Enablement::Masked).then_some("unmask"));
        verbs.extend(match to {
            Enablement::Enabled => Some("enable"),
            Enablement::Disabled => Some("disable"),
            Enablement::Masked => Some("mask"),
            _ => None,
        });
        for verb in verbs {
            let ran = self.systemctl(&[verb, unit.as_str()])?;
            if ran.code != Some(0) {
                return Err(HostError::because(verb, unit, ran.said.trim()));
            }
        }
        Ok(())
    }

    fn is_active(&self, unit: &UnitName) -> Result<bool, HostError> {
        self.require_running("look at", unit)?;
        // Where systemd does not run the machine, nothing of it is up.
        match systemd::is_booted() {
            true => self.systemd.is_active(unit),
            false => Ok(false),
        }
    }

    fn start(&mut self, unit: &UnitName) -> Result<(), HostError> {
        self.require_running("start", unit)?;
        self.systemd.run(Job::Start, unit)
    }

    fn stop(&mut self, unit: &UnitName) -> Result<(), HostError> {
        self.require_running("stop", unit)?;
        self.systemd.run(Job::Stop, unit)
    }

    fn reload_units(&mut self) -> Result<(), HostError> {
        self.require_running("have read anew", "the units")?;
        match systemd::is_booted() {
            true => self.systemd.reload(),
            false => Ok(()),
        }
    }

    fn make_accounts(&mut self, from: &HostPath) -> Result<(), HostError> {
        let root = self.root_option("--root");
        // By its name alone it is looked for below the root directory.
        let words = root.iter().map(String::as_str).chain([from.name()]);
        Tool::Sysusers.succeed(&words.collect::<Vec<_>>()).map(drop)
    }

    fn remove_account(&mut self, name: &AccountName) -> Result<(), HostError> {
        let prefix = self.root_option("--prefix");
        let prefix = prefix.as_ref().and_then(|prefix| prefix.split_once('='));
        let words = prefix
            .into_iter()
            .flat_map(|(option, folder)| [option, folder]);
        Tool::Userdel
            .succeed(&words.chain(["--", name.as_str()]).collect::<Vec<_>>())
            .map(drop)
    }

    fn vet(&self, program: &HostPath) -> Result<(), HostError> {
        self.require_running("run", program)?;
        runner::vet(program)
    }

    fn ask(&self, command: &Command) -> Result<Ran, HostError> {
        self.require_running("run", &command.program)?;
        runner::run(command)
    }

    fn run(&mut self, command: &Command) -> Result<Ran, HostError> {
        self.ask(command)
    }
}

fn parameter_path(name: &ParameterName) -> String {
    format!("/proc/sys/{}", name.as_str().replace('.', "/"))
}

/// One that is part of the kernel is in `/sys/module` only where it has parameters.
fn is_built_in(module: &ModuleName) -> Result<bool, HostError> {
    let release = uname().release().to_string_lossy().into_owned();
    let list = kernel_text(&format!("/lib/modules/{release}/modules.builtin"))?;
    Ok(list.is_some_and(|list| names_module(&list, module.as_str())))
}

/// kmod's list has a path a line: `kernel/fs/overlayfs/overlay.ko`.
fn names_module(list: &str, module: &str) -> bool {
    let files = list
        .lines()
        .filter_map(|line| line.rsplit('/').next()?.strip_suffix(".ko"));
    files
        .into_iter()
        .any(|file| file.replace('-', "_") == module)
}

/// The text of a file of the kernel; none when it is not there.
pub(super) fn kernel_text(path: &str) -> Result<Option<String>, HostError> {
    let failed = |error| HostError::failed("read", path, error);
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed)?,
    };
    let mut text = String::new();
    file.take(LARGEST_BYTES)
        .read_to_string(&mut text)
        .map_err(failed)?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_is_built_in_is_found_by_its_name() {
        let list = "kernel/fs/overlayfs/overlay.ko\nkernel/net/bridge/br-netfilter.ko\n";
        assert!(names_module(list, "overlay") && names_module(list, "br_netfilter"));
        assert!(!names_module(list, "over") && !names_module("", "overlay"));
    }
}
