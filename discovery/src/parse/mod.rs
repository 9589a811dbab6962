//! Bytes into facts: no I/O, no clock, no panic.

pub(crate) mod hwmon;
pub(crate) mod ipmi;
pub(crate) mod meminfo;
pub(crate) mod natural;
pub(crate) mod os_release;
pub(crate) mod placeholder;
pub(crate) mod smbios;
