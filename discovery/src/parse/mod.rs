//! Bytes into facts: no I/O, no clock, no panic.

pub(crate) mod ethtool;
pub(crate) mod lldp;
pub(crate) mod module_eeprom;
pub(crate) mod natural;
pub(crate) mod netlink;
pub(crate) mod os_release;
pub(crate) mod uevent;
