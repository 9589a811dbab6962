//! Bytes into facts: no I/O, no clock, no panic.

pub(crate) mod cpuinfo;
pub(crate) mod cpulist;
pub(crate) mod ethtool;
pub(crate) mod hypervisor;
pub(crate) mod lldp;
pub(crate) mod meminfo;
pub(crate) mod module_eeprom;
pub(crate) mod natural;
pub(crate) mod netlink;
pub(crate) mod os_release;
#[allow(dead_code, reason = "each probe uses its part of it")]
pub(crate) mod placeholder;
