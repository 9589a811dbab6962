//! Questions that are no file: system calls, ioctls, netlink, libraries.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A question to the kernel or to a library on the running machine. The answer is raw bytes, laid
/// out as the interface that each variant names; the parsers beside `parse/` read them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Query {
    /// The time of day: seconds since the epoch in decimal.
    Clock,
    /// `uname(2)`: nodename, release, machine, a line each.
    Uname,
    /// `adjtimex(2)`, read only: the state returned and `status`, a line each.
    ClockState,
    /// Effective user id in decimal.
    UserId,
    /// CPUID leaf 40000000h, by which a hypervisor names itself: EBX, ECX and EDX, twelve bytes. To
    /// ask where the kernel says that there is one.
    Hypervisor,
    /// `statvfs(3)` of a mount point: `f_frsize`, `f_blocks`, `f_bavail`, a line each.
    FileSystem {
        /// Absolute path.
        mount_point: String,
    },
    /// `RTM_GETLINK` dump: the netlink messages one after the other.
    Links,
    /// `RTM_GETADDR` dump, likewise.
    Addresses,
    /// An `ETHTOOL_*` command by `SIOCETHTOOL`: the command's structure as the kernel filled it.
    Ethtool {
        /// Interface.
        interface: String,
        /// The command.
        command: EthtoolCommand,
    },
    /// NVMe Identify Controller (CNS 1): 4096 bytes.
    NvmeIdentify {
        /// Kernel name of the namespace or controller.
        device: String,
    },
    /// NVMe log page 2, SMART / Health Information: 512 bytes.
    NvmeHealth {
        /// Kernel name of the namespace or controller.
        device: String,
    },
    /// ATA CHECK POWER MODE: the count register, one byte. Does not wake the disk.
    AtaPowerMode {
        /// Kernel name.
        device: String,
    },
    /// ATA IDENTIFY DEVICE: 512 bytes.
    AtaIdentify {
        /// Kernel name.
        device: String,
    },
    /// ATA SMART READ DATA: 512 bytes.
    AtaSmartData {
        /// Kernel name.
        device: String,
    },
    /// ATA SMART READ THRESHOLDS: 512 bytes.
    AtaSmartThresholds {
        /// Kernel name.
        device: String,
    },
    /// ATA SMART RETURN STATUS: LBA mid and high registers, two bytes.
    AtaSmartStatus {
        /// Kernel name.
        device: String,
    },
    /// SCSI LOG SENSE of one page: the page with its header.
    ScsiLog {
        /// Kernel name.
        device: String,
        /// Page code.
        page: u8,
    },
    /// The places of a block device where superblocks and partition tables have their magic, as
    /// `parse::signature` lays them out. Opened for reading only.
    BlockSignature {
        /// Kernel name.
        device: String,
    },
    /// An IPMI request to the management controller: completion code, then data.
    Ipmi {
        /// Network function.
        net_fn: u8,
        /// Command.
        command: u8,
        /// Request data.
        data: Vec<u8>,
    },
    /// GPUs by NVML: JSON, a list of `{pci_slot, model, memory_bytes, uuid}`.
    Nvml,
    /// Names of PCI functions: an excerpt of `pci.ids` with what is known of them. Another root is
    /// asked too: its own list counts there, or else the program's.
    PciNames {
        /// Each `vendor:device subsystem_vendor:subsystem_device class`, sorted.
        ids: Vec<String>,
    },
    /// The sockets that take an address for themselves: of a table in `/proc/net` the lines of
    /// those that listen or are not connected, as the kernel wrote them. Connections, of which
    /// there may be a great many, are passed over. Another root is asked too.
    Sockets {
        /// Which table.
        table: SocketTable,
    },
    /// udev's hardware database for a modalias: `KEY=value` lines.
    HardwareDatabase {
        /// Such as `pci:v00008086d00001572…`.
        modalias: String,
    },
    /// LLDP frames heard on an interface: each with its length before it, 16 bits big-endian. Only
    /// [`Source::listen`](super::Source::listen) asks it, on all interfaces at once.
    Lldp {
        /// Interface.
        interface: String,
        /// For how long at most.
        listen: Duration,
    },
    /// Processor, memory and network usage by `sysinfo`: `muster_model::usage::Usage` as JSON.
    Usage {
        /// How long to measure.
        over: Duration,
    },
}

/// A table of sockets in `/proc/net`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SocketTable {
    /// TCP over IPv4.
    Tcp,
    /// TCP over IPv6.
    Tcp6,
    /// UDP over IPv4.
    Udp,
    /// UDP over IPv6.
    Udp6,
}

impl SocketTable {
    /// Its path from the root.
    pub fn path(self) -> &'static str {
        match self {
            Self::Tcp => "proc/net/tcp",
            Self::Tcp6 => "proc/net/tcp6",
            Self::Udp => "proc/net/udp",
            Self::Udp6 => "proc/net/udp6",
        }
    }
}

/// Which `ETHTOOL_*` command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EthtoolCommand {
    /// `ETHTOOL_GDRVINFO`.
    DriverInfo,
    /// `ETHTOOL_GLINKSETTINGS`.
    LinkSettings,
    /// `ETHTOOL_GPERMADDR`.
    PermanentAddress,
    /// `ETHTOOL_GWOL`.
    WakeOnLan,
    /// `ETHTOOL_GMODULEINFO`.
    ModuleInfo,
    /// `ETHTOOL_GMODULEEEPROM`: the first 256 bytes of the memory, without the structure.
    ModuleEeprom,
}
