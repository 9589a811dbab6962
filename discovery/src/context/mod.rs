//! What the probes of one discovery share, on whatever thread each runs: read once, when the first
//! of them asks.

mod block;
mod firmware;
mod pci;
mod system;
mod virtualization;

use std::sync::OnceLock;

use muster_model::Found;
use muster_model::host::Virtualization;

pub(crate) use self::block::{BlockDevices, Composed, MadeBy};
pub(crate) use self::pci::{PCI_DEVICES, PciFound};
use crate::parse::cpuinfo::Cpuinfo;
use crate::parse::mounts::Mounts;
use crate::parse::pci_ids::PciNames;
use crate::parse::smbios::Smbios;
use crate::source::{Query, Source};
use crate::{Fault, Options};

/// The host, the options, and what is read once for several probes.
pub(crate) struct Context<'a> {
    pub(crate) source: &'a Source,
    pub(crate) options: &'a Options,
    smbios: OnceLock<Result<Smbios, Fault>>,
    pci_functions: OnceLock<Result<Vec<PciFound>, Fault>>,
    pci_names: OnceLock<PciNames>,
    cpuinfo: OnceLock<Result<Cpuinfo, Fault>>,
    architecture: OnceLock<Result<String, Fault>>,
    kernel_release: OnceLock<Result<String, Fault>>,
    virtualization: OnceLock<Found<Virtualization>>,
    block_devices: OnceLock<Result<BlockDevices, Fault>>,
    mounts: OnceLock<Result<Mounts, Fault>>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(source: &'a Source, options: &'a Options) -> Self {
        Self {
            source,
            options,
            smbios: OnceLock::new(),
            pci_functions: OnceLock::new(),
            pci_names: OnceLock::new(),
            cpuinfo: OnceLock::new(),
            architecture: OnceLock::new(),
            kernel_release: OnceLock::new(),
            virtualization: OnceLock::new(),
            block_devices: OnceLock::new(),
            mounts: OnceLock::new(),
        }
    }

    /// The block devices of the host.
    pub(crate) fn block_devices(&self) -> Result<&BlockDevices, Fault> {
        let devices = self
            .block_devices
            .get_or_init(|| block::devices(self.source));
        devices.as_ref().map_err(Clone::clone)
    }

    /// The mounts of the host.
    pub(crate) fn mounts(&self) -> Result<&Mounts, Fault> {
        let mounts = self.mounts.get_or_init(|| block::mounts(self.source));
        mounts.as_ref().map_err(Clone::clone)
    }

    /// When discovery began, as the document has it.
    pub(crate) fn captured_at(&self) -> Option<String> {
        let seconds = self.source.ask(Query::Clock).ok()?;
        let seconds: i64 = std::str::from_utf8(&seconds).ok()?.parse().ok()?;
        jiff::Timestamp::from_second(seconds)
            .ok()
            .map(|at| at.to_string())
    }

    /// Whether an attribute that is denied would be readable to root.
    pub(crate) fn is_root(&self) -> bool {
        match self.source.ask(Query::UserId) {
            Ok(id) => id == b"0",
            Err(Fault::NotAsked) => self.source.is_files_only(),
            Err(_) => false,
        }
    }
}
