//! PCI, GPUs, USB, management controller, sensors and the rest.

use super::*;

pub(super) const FIELDS: &[Field] = &[
    derived("pci.slot"),
    neutral("pci.vendor_id", "vendor id"),
    neutral("pci.device_id", "device id"),
    neutral("pci.subsystem_vendor_id", "subsystem vendor id"),
    neutral("pci.subsystem_device_id", "subsystem id"),
    neutral("pci.class_code", "class code"),
    // Names come from a list that is renewed with the system; the ids are what the device says.
    derived("pci.class"),
    derived("pci.vendor"),
    derived("pci.device"),
    derived("pci.subsystem_vendor"),
    derived("pci.subsystem"),
    neutral("pci.revision", "revision"),
    present("pci.driver", "driver"),
    // Numbered by the kernel in the order in which it meets the devices.
    derived("pci.iommu_group"),
    neutral("pci.numa_node", "NUMA node"),
    more("pci.link.speed_gts", "PCIe link rate").steady(keeps_its_rate),
    more("pci.link.width", "PCIe link").styled(Style::Lanes),
    more("pci.link.max_speed_gts", "highest PCIe link rate"),
    more("pci.link.max_width", "widest PCIe link").styled(Style::Lanes),
    neutral("pci.parent", "bridge above")
        .or_none()
        .beside(&["pci.slot"]),
    neutral("pci.part_number", "part number"),
    identity("pci.serial", "serial number"),
    neutral("pci.sriov", "SR-IOV").or_none(),
    more("pci.sriov.total_vfs", "possible virtual functions"),
    neutral("pci.sriov.enabled_vfs", "enabled virtual functions"),
    neutral("pci.sriov.physical_function", "physical function"),
    either("pci.passthrough.ready", "ready for a virtual machine", SAID),
    derived("pci.passthrough.reasons"),
    derived("gpus.pci_slot"),
    neutral("gpus.vendor", "vendor"),
    neutral("gpus.model", "model"),
    more("gpus.memory_bytes", "memory"),
    present("gpus.driver", "driver"),
    identity("gpus.uuid", "UUID"),
    derived("usb.path"),
    neutral("usb.vendor_id", "vendor id"),
    neutral("usb.product_id", "product id"),
    derived("usb.vendor"),
    derived("usb.product"),
    identity("usb.serial", "serial number"),
    more("usb.speed_mbps", "speed"),
    neutral("usb.class", "class"),
    neutral("usb.drivers", "drivers"),
    yes("bmc.present", "BMC", ["there", "gone"]),
    neutral("bmc.interface", "BMC interface"),
    neutral("bmc.firmware", "BMC firmware"),
    identity("bmc.ipv4", "BMC address"),
    identity("bmc.ipv6", "BMC IPv6 address"),
    identity("bmc.mac", "BMC MAC address"),
    derived("sensors.chip"),
    derived("sensors.label"),
    neutral("sensors.kind", "kind"),
    volatile("sensors.value"),
    neutral("sensors.unit", "unit"),
    no("sensors.alarm", "alarm", ["raised", "clear"]),
    either("iommu.enabled", "IOMMU", ON),
    neutral("iommu.kind", "IOMMU kind"),
    derived("watchdogs.name"),
    neutral("watchdogs.identity", "identity"),
    neutral("watchdogs.timeout_s", "timeout"),
    either("watchdogs.active", "state", ["running", "stopped"]),
    // Loaded on demand and unloaded again.
    volatile("modules.loaded"),
    neutral("modules.built_in", "modules of the kernel itself"),
    neutral("modules.loadable", "modules that can be loaded"),
    derived("listeners.protocol"),
    derived("listeners.address"),
    derived("listeners.port"),
    derived("services.name"),
    neutral("services.enabled", "start on its own"),
    neutral("services.masked", "mask"),
    volatile("usage.*"),
];

/// Graphics and accelerators (classes 03 and 12) lower the rate of an idle link, and with it that of
/// the bridges above (06), whose links are told at the other end.
fn keeps_its_rate(function: &Value) -> bool {
    let class = function["class_code"].as_str().unwrap_or_default();
    let lowers = ["03", "06", "12"];
    !lowers.iter().any(|base| class.starts_with(base))
}
