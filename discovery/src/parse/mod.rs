//! Bytes into facts: no I/O, no clock, no panic.

pub(crate) mod ethtool;
pub(crate) mod lldp;
pub(crate) mod module_eeprom;
pub(crate) mod natural;
pub(crate) mod netlink;
pub(crate) mod os_release;
#[allow(dead_code, reason = "each probe uses its part of it")]
pub(crate) mod placeholder;
pub(crate) mod pci_config;
pub(crate) mod pci_function;
pub(crate) mod pci_ids;
pub(crate) mod vpd;
