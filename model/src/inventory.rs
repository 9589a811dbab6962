//! The inventory document.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::cpu::Cpu;
use crate::disk::{Array, Disk, Filesystem, VolumeGroup};
use crate::host::Host;
use crate::machine::{Bios, Board, Chassis, System};
use crate::memory::{Memory, NumaNode};
use crate::network::NetworkInterface;
use crate::pci::{Gpu, PciFunction};
use crate::peripheral::{Bmc, Iommu, Sensor, UsbDevice, Watchdog};
use crate::software::{Listener, Modules, Service};
use crate::usage::Usage;
use crate::warning::Warning;

/// The value of [`Inventory::schema`].
pub const INVENTORY_SCHEMA: &str = "muster.inventory/v1";

/// Everything that is known of one machine at one instant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Inventory {
    /// Always [`INVENTORY_SCHEMA`].
    pub schema: String,
    /// When discovery began: RFC 3339, UTC, whole seconds.
    pub captured_at: Option<String>,
    /// Where the facts came from.
    pub source: Option<Origin>,
    /// The operating system instance.
    pub host: Host,
    /// The system, by its firmware.
    pub system: System,
    /// The main board, by its firmware.
    pub board: Board,
    /// The enclosure, by its firmware.
    pub chassis: Chassis,
    /// The firmware.
    pub bios: Bios,
    /// Processors.
    pub cpu: Cpu,
    /// NUMA nodes by id.
    pub numa: Vec<NumaNode>,
    /// Memory.
    pub memory: Memory,
    /// Network interfaces by natural order of their names.
    pub network: Vec<NetworkInterface>,
    /// Disks by natural order of their names.
    pub disks: Vec<Disk>,
    /// md arrays.
    pub arrays: Vec<Array>,
    /// LVM volume groups.
    pub volume_groups: Vec<VolumeGroup>,
    /// Mounted file systems on storage, by mount point.
    pub filesystems: Vec<Filesystem>,
    /// PCI functions by slot.
    pub pci: Vec<PciFunction>,
    /// GPUs by slot.
    pub gpus: Vec<Gpu>,
    /// USB devices by path; hubs of the host controllers are left out.
    pub usb: Vec<UsbDevice>,
    /// Management controller.
    pub bmc: Bmc,
    /// Sensors by chip and label.
    pub sensors: Vec<Sensor>,
    /// I/O memory management unit.
    pub iommu: Iommu,
    /// Watchdogs.
    pub watchdogs: Vec<Watchdog>,
    /// How busy the machine is; `None` unless asked for.
    pub usage: Option<Usage>,
    /// Kernel modules; left out unless asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modules: Option<Modules>,
    /// Local addresses that are taken, by protocol, port and address; left out unless asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listeners: Option<Vec<Listener>>,
    /// Services and sockets of systemd by name; left out unless asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services: Option<Vec<Service>>,
    /// Why values are missing.
    pub warnings: Vec<Warning>,
    /// The sections that nobody asked for, whose values here mean nothing. In JSON they are left out.
    #[serde(skip)]
    pub undiscovered: BTreeSet<Section>,
}

impl Inventory {
    /// Whether discovery was asked for `section`: if not, its values here mean nothing.
    pub fn was_discovered(&self, section: Section) -> bool {
        !self.undiscovered.contains(&section)
    }
}

/// Where the facts came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The running machine.
    Live,
    /// Another root directory.
    Root,
    /// A capture.
    Capture,
}

/// A part of the document that can be asked for alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is named as the document's key")]
pub enum Section {
    Host,
    System,
    Board,
    Chassis,
    Bios,
    Cpu,
    Numa,
    Memory,
    Network,
    Disks,
    Arrays,
    VolumeGroups,
    Filesystems,
    Pci,
    Gpus,
    Usb,
    Bmc,
    Sensors,
    Iommu,
    Watchdogs,
    Usage,
    Modules,
    Listeners,
    Services,
}

impl Section {
    /// Every section in the document's order.
    pub const ALL: [Self; 24] = [
        Self::Host,
        Self::System,
        Self::Board,
        Self::Chassis,
        Self::Bios,
        Self::Cpu,
        Self::Numa,
        Self::Memory,
        Self::Network,
        Self::Disks,
        Self::Arrays,
        Self::VolumeGroups,
        Self::Filesystems,
        Self::Pci,
        Self::Gpus,
        Self::Usb,
        Self::Bmc,
        Self::Sensors,
        Self::Iommu,
        Self::Watchdogs,
        Self::Usage,
        Self::Modules,
        Self::Listeners,
        Self::Services,
    ];

    /// Whether it is discovered only where it is asked for by name: it changes all the time, or
    /// takes more reading than the rest.
    pub fn is_opt_in(self) -> bool {
        matches!(
            self,
            Self::Usage | Self::Modules | Self::Listeners | Self::Services
        )
    }

    /// The document's key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::System => "system",
            Self::Board => "board",
            Self::Chassis => "chassis",
            Self::Bios => "bios",
            Self::Cpu => "cpu",
            Self::Numa => "numa",
            Self::Memory => "memory",
            Self::Network => "network",
            Self::Disks => "disks",
            Self::Arrays => "arrays",
            Self::VolumeGroups => "volume_groups",
            Self::Filesystems => "filesystems",
            Self::Pci => "pci",
            Self::Gpus => "gpus",
            Self::Usb => "usb",
            Self::Bmc => "bmc",
            Self::Sensors => "sensors",
            Self::Iommu => "iommu",
            Self::Watchdogs => "watchdogs",
            Self::Usage => "usage",
            Self::Modules => "modules",
            Self::Listeners => "listeners",
            Self::Services => "services",
        }
    }
}
