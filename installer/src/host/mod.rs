//! The host as steps and engine see it: the only way to look at it and to change it.
//!
//! What looks takes `&self` and changes nothing, what changes takes `&mut self`: whatever is given a `&dyn Host` cannot change the host.
//! `files` puts the small changes together to some that hold over a crash.

pub mod artifacts;
pub(crate) mod disk;
mod error;
pub(crate) mod files;
pub mod firewall;
#[cfg(test)]
pub(crate) mod model;
mod network;
pub mod packages;
mod real;

use std::time::Duration;

use crate::value::{
    AccountName, Attributes, HostPath, ModuleName, ParameterName, TimeZoneName, UnitName,
};

use artifacts::Artifacts;
pub use disk::{DiskContent, Disks, Existing, SeenDisk, SeenFileSystem};
pub use error::HostError;
use firewall::Firewall;
pub use network::{Manager, Network, SeenKind, SeenLink};
use packages::Packages;
pub use real::Real;
pub(crate) use real::{Tail, Watch};

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Whose it is, and what may be done to it.
    pub attributes: Attributes,
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link: it is not followed at the end of a path.
    Link,
    /// A device, a socket or a pipe.
    Other,
}

/// A program with its arguments. No shell is between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Where the program is.
    pub program: HostPath,
    /// What it is told.
    pub arguments: Vec<String>,
    /// After this it is ended.
    pub limit: Duration,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The end of what it wrote, to both outputs.
    pub said: String,
}

/// Whether a unit is started at boot, as systemctl(1) has it under `is-enabled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Enablement {
    /// There is no such unit.
    Absent,
    /// By its `[Install]` section.
    Enabled,
    /// It could be.
    Disabled,
    /// It has no `[Install]` section.
    Static,
    /// It cannot be started.
    Masked,
    /// Anything else: linked, generated, transient, an alias, until the next boot.
    Other,
}

/// Files and directories.
///
/// What is changed is not on disk before it is synced: a file's content by [`Files::sync`] of the file, its name by that of the directory.
pub trait Files {
    /// What is there; none when nothing is.
    fn look(&self, path: &HostPath) -> Result<Option<Entry>, HostError>;
    /// The content of a file; none when it is not there.
    fn read(&self, path: &HostPath) -> Result<Option<Vec<u8>>, HostError>;
    /// The names in a directory, sorted; none when it is not there.
    fn list(&self, path: &HostPath) -> Result<Vec<String>, HostError>;
    /// What a symbolic link says; none when there is no such link.
    fn link(&self, path: &HostPath) -> Result<Option<String>, HostError>;
    /// Makes a symbolic link, which must not be there.
    fn make_link(&mut self, path: &HostPath, to: &str) -> Result<(), HostError>;
    /// Makes a directory, which must not be there.
    fn make_directory(&mut self, path: &HostPath, of: &Attributes) -> Result<(), HostError>;
    /// Makes a file, which must not be there.
    fn make_file(
        &mut self,
        path: &HostPath,
        content: &[u8],
        of: &Attributes,
    ) -> Result<(), HostError>;
    /// Adds to the end of a file.
    fn append(&mut self, path: &HostPath, content: &[u8]) -> Result<(), HostError>;
    /// Cuts a file to its first bytes.
    fn truncate(&mut self, path: &HostPath, length: u64) -> Result<(), HostError>;
    /// Changes whose a file or directory is, and what may be done to it.
    fn set_attributes(&mut self, path: &HostPath, to: &Attributes) -> Result<(), HostError>;
    /// Renames within a directory. A file that has the new name is replaced at once.
    fn rename(&mut self, from: &HostPath, to: &HostPath) -> Result<(), HostError>;
    /// Removes a file.
    fn remove_file(&mut self, path: &HostPath) -> Result<(), HostError>;
    /// Removes a directory, which must be empty.
    fn remove_directory(&mut self, path: &HostPath) -> Result<(), HostError>;
    /// Waits until the content of a file, or the names in a directory, are on disk.
    fn sync(&mut self, path: &HostPath) -> Result<(), HostError>;
    /// Waits until all that anybody changed is on disk: for what other programs did.
    fn sync_everything(&mut self) -> Result<(), HostError>;
}

/// The system that runs, or the one that another root directory holds.
pub trait Machine {
    /// Whether it runs. What asks or changes the kernel or services fails where it does not.
    fn is_running(&self) -> bool;
    /// A parameter of the kernel; none when it has no such.
    fn parameter(&self, name: &ParameterName) -> Result<Option<String>, HostError>;
    /// Sets a parameter of the kernel.
    fn set_parameter(&mut self, name: &ParameterName, value: &str) -> Result<(), HostError>;
    /// Whether the kernel has this module, loaded or built in.
    fn is_loaded(&self, module: &ModuleName) -> Result<bool, HostError>;
    /// Whether something uses a module, so that it cannot be unloaded.
    fn is_used(&self, module: &ModuleName) -> Result<bool, HostError>;
    /// Loads a module.
    fn load(&mut self, module: &ModuleName) -> Result<(), HostError>;
    /// Unloads a module.
    fn unload(&mut self, module: &ModuleName) -> Result<(), HostError>;
    /// The name that the kernel has.
    fn host_name(&self) -> Result<String, HostError>;
    /// Gives the kernel a name.
    fn set_host_name(&mut self, name: &str) -> Result<(), HostError>;
    /// Has systemd-timedated(8) set the time zone, where it runs: it tells others, which files do not.
    fn set_time_zone(&mut self, zone: &TimeZoneName) -> Result<(), HostError>;
    /// Whether the time is kept by NTP; none where systemd-timedated(8) cannot say, or knows no service that could.
    fn ntp(&self) -> Result<Option<bool>, HostError>;
    /// Has systemd-timedated(8) keep the time by NTP or not.
    fn set_ntp(&mut self, to: bool) -> Result<(), HostError>;
    /// What is swapped to, sorted.
    fn swaps(&self) -> Result<Vec<HostPath>, HostError>;
    /// Swaps to this device or file.
    fn swap_on(&mut self, path: &HostPath) -> Result<(), HostError>;
    /// Stops swapping to it.
    fn swap_off(&mut self, path: &HostPath) -> Result<(), HostError>;
    /// Whether a unit is started at boot. Also where nothing runs.
    fn enablement(&self, unit: &UnitName) -> Result<Enablement, HostError>;
    /// Has a unit enabled, disabled or masked. Also where nothing runs.
    fn set_enablement(&mut self, unit: &UnitName, to: Enablement) -> Result<(), HostError>;
    /// Whether a unit is up.
    fn is_active(&self, unit: &UnitName) -> Result<bool, HostError>;
    /// Starts a unit and waits until it is up.
    fn start(&mut self, unit: &UnitName) -> Result<(), HostError>;
    /// Stops a unit and waits until it is down.
    fn stop(&mut self, unit: &UnitName) -> Result<(), HostError>;
    /// Has systemd read its units anew.
    fn reload_units(&mut self) -> Result<(), HostError>;
    /// Has systemd-sysusers(8) make the users and groups of a file. Also where nothing runs.
    fn make_accounts(&mut self, from: &HostPath) -> Result<(), HostError>;
    /// Removes a user, and the group of the same name. Also where nothing runs.
    fn remove_account(&mut self, name: &AccountName) -> Result<(), HostError>;
    /// Whether a program is there, and nobody but root could have put it there.
    fn vet(&self, program: &HostPath) -> Result<(), HostError>;
    /// Runs a program that only looks.
    fn ask(&self, command: &Command) -> Result<Ran, HostError>;
    /// Runs a program.
    fn run(&mut self, command: &Command) -> Result<Ran, HostError>;
}

/// All that changes and is looked at.
pub trait Host: Files + Machine + Disks + Packages + Artifacts + Firewall + Network {
    /// Takes `path` as a lease: nobody else has it as long as this host is there, or until [`Host::release`].
    ///
    /// # Errors
    /// [`HostError::Held`] by whom, where somebody has it.
    fn lease(&mut self, path: &HostPath, holder: &str) -> Result<(), HostError>;
    /// Who has the lease; none when nobody has.
    fn holder(&self, path: &HostPath) -> Result<Option<String>, HostError>;
    /// Gives the lease back, and removes its file.
    fn release(&mut self, path: &HostPath) -> Result<(), HostError>;
    /// The time, as RFC 3339 writes it, in UTC.
    fn now(&self) -> String;
    /// Waits before something is tried again.
    fn pause(&mut self, length: Duration);
}
