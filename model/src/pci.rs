//! PCI functions and GPUs.

use serde::{Deserialize, Serialize};

use crate::network::Sriov;

/// One PCI function.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct PciFunction {
    /// `domain:bus:device.function`, such as `0000:3b:00.0`.
    pub slot: String,
    /// Four hexadecimal digits.
    pub vendor_id: Option<String>,
    /// Four hexadecimal digits.
    pub device_id: Option<String>,
    /// Four hexadecimal digits.
    pub subsystem_vendor_id: Option<String>,
    /// Four hexadecimal digits.
    pub subsystem_device_id: Option<String>,
    /// Six hexadecimal digits: class, subclass, programming interface.
    pub class_code: Option<String>,
    /// Name of class and subclass.
    pub class: Option<String>,
    /// Name of the vendor.
    pub vendor: Option<String>,
    /// Name of the device.
    pub device: Option<String>,
    /// Name of the subsystem's vendor, such as the maker of the server.
    pub subsystem_vendor: Option<String>,
    /// Name of the subsystem.
    pub subsystem: Option<String>,
    /// Two hexadecimal digits.
    pub revision: Option<String>,
    /// Kernel driver bound to it.
    pub driver: Option<String>,
    /// IOMMU group.
    pub iommu_group: Option<u32>,
    /// NUMA node.
    pub numa_node: Option<u32>,
    /// PCI Express link.
    pub link: PciLink,
    /// Slot of the bridge above.
    pub parent: Option<String>,
    /// Part number of a network card, from its vital product data.
    pub part_number: Option<String>,
    /// Serial number of a network card, likewise.
    pub serial: Option<String>,
    /// Virtual functions.
    pub sriov: Option<Sriov>,
    /// Whether it can be given to a virtual machine.
    pub passthrough: Passthrough,
}

/// PCI Express link.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct PciLink {
    /// Current rate in gigatransfers a second.
    pub speed_gts: Option<f64>,
    /// Current lanes.
    pub width: Option<u32>,
    /// Highest rate.
    pub max_speed_gts: Option<f64>,
    /// Most lanes.
    pub max_width: Option<u32>,
}

/// Whether a function can be given to a virtual machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Passthrough {
    /// Ready now.
    pub ready: Option<bool>,
    /// What stands in the way: empty when ready.
    pub reasons: Vec<String>,
}

/// One GPU or accelerator.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Gpu {
    /// PCI slot.
    pub pci_slot: Option<String>,
    /// Vendor.
    pub vendor: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Its own memory.
    pub memory_bytes: Option<u64>,
    /// Kernel driver.
    pub driver: Option<String>,
    /// The vendor's UUID.
    pub uuid: Option<String>,
}
