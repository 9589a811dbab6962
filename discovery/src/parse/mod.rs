//! Bytes into facts: no I/O, no clock, no panic.

pub(crate) mod cpuinfo;
pub(crate) mod cpulist;
pub(crate) mod ethtool;
pub(crate) mod hwmon;
pub(crate) mod hypervisor;
pub(crate) mod ipmi;
pub(crate) mod lldp;
pub(crate) mod meminfo;
pub(crate) mod module_eeprom;
pub(crate) mod natural;
pub(crate) mod netlink;
pub(crate) mod nvidia;
pub(crate) mod os_release;
pub(crate) mod pci_config;
pub(crate) mod pci_function;
pub(crate) mod pci_ids;
pub(crate) mod placeholder;
pub(crate) mod smbios;
pub(crate) mod uevent;
pub(crate) mod usb;
pub(crate) mod vpd;
