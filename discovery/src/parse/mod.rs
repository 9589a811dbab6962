//! Bytes into facts: no I/O, no clock, no panic.

pub(crate) mod attachment;
pub(crate) mod bytes;
pub(crate) mod device_mapper;
pub(crate) mod disk_health;
pub(crate) mod ethtool;
pub(crate) mod hwmon;
pub(crate) mod ipmi;
pub(crate) mod lldp;
pub(crate) mod meminfo;
pub(crate) mod module_eeprom;
pub(crate) mod mounts;
pub(crate) mod natural;
pub(crate) mod netlink;
pub(crate) mod os_release;
pub(crate) mod pci_config;
pub(crate) mod pci_function;
pub(crate) mod pci_ids;
pub(crate) mod placeholder;
pub(crate) mod scsi_vpd;
pub(crate) mod signature;
pub(crate) mod smbios;
pub(crate) mod udev_database;
pub(crate) mod uevent;
pub(crate) mod vpd;
