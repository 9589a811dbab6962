//! Memory and its NUMA nodes.

use serde::{Deserialize, Serialize};

/// One NUMA node.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct NumaNode {
    /// The kernel's number.
    pub id: u32,
    /// Its logical processors, in kernel list form; empty for a node of memory only.
    pub cpus: Option<String>,
    /// Memory that the kernel manages on it.
    pub memory_total_bytes: Option<u64>,
    /// Of that, free.
    pub memory_free_bytes: Option<u64>,
    /// Distance to each node in order of their ids; 10 is local.
    pub distances: Vec<u32>,
    /// Huge pages on it, by size.
    pub hugepages: Vec<HugePages>,
}

/// A pool of huge pages of one size.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct HugePages {
    /// Bytes of a page.
    pub size_bytes: u64,
    /// Pages reserved.
    pub total: Option<u64>,
    /// Of these, free.
    pub free: Option<u64>,
}

/// All memory of the machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Memory {
    /// Memory that the kernel manages.
    pub total_bytes: Option<u64>,
    /// What programs can have without swapping.
    pub available_bytes: Option<u64>,
    /// Swap space.
    pub swap_total_bytes: Option<u64>,
    /// Huge pages, by size.
    pub hugepages: Vec<HugePages>,
    /// DIMM slots, empty ones included (SMBIOS type 16).
    pub slots: Option<u32>,
    /// Most memory that the board takes.
    pub max_capacity_bytes: Option<u64>,
    /// Error correction.
    pub ecc: Ecc,
    /// Fitted DIMMs (SMBIOS type 17).
    pub modules: Vec<MemoryModule>,
}

/// Error correction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Ecc {
    /// `none`, `parity`, `single_bit`, `multi_bit` or `crc` (SMBIOS type 16).
    pub kind: Option<String>,
    /// Corrected since the driver was loaded (EDAC).
    pub correctable_errors: Option<u64>,
    /// Not correctable, likewise.
    pub uncorrectable_errors: Option<u64>,
}

/// One fitted DIMM.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct MemoryModule {
    /// Slot as printed on the board.
    pub locator: Option<String>,
    /// Bank.
    pub bank: Option<String>,
    /// Capacity.
    pub size_bytes: Option<u64>,
    /// Such as `DDR5`.
    pub kind: Option<String>,
    /// What keeps the bits, such as `DRAM`, `NVDIMM-N`, `Intel Optane persistent memory`.
    pub technology: Option<String>,
    /// Such as `DIMM`.
    pub form_factor: Option<String>,
    /// What it can do, in million transfers a second.
    pub speed_mts: Option<u64>,
    /// What it runs at.
    pub configured_mts: Option<u64>,
    /// Manufacturer.
    pub manufacturer: Option<String>,
    /// Part number.
    pub part_number: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Asset tag.
    pub asset_tag: Option<String>,
    /// Configured voltage.
    pub voltage_mv: Option<u32>,
    /// Ranks.
    pub rank: Option<u32>,
}
