//! Entry points for the fuzz targets in `discovery/fuzz`: every parser of bytes that come from
//! firmware, the wire, a disk or an archive. Each takes any bytes and must return.
#![allow(missing_docs, reason = "each is named as its parser")]

use crate::parse::{ethtool, lldp, module_eeprom, netlink, pci_config, vpd};

pub fn smbios(data: &[u8]) {
    let _ = data;
}

pub fn vpd(data: &[u8]) {
    let _ = vpd::parse(data);
}

pub fn pci_config(data: &[u8]) {
    let _ = pci_config::parse(data);
}

pub fn ipmi(data: &[u8]) {
    let _ = data;
}

pub fn lldp(data: &[u8]) {
    let _ = lldp::frame(data);
    for frame in lldp::frames(data) {
        let _ = lldp::frame(frame);
    }
}

pub fn module_eeprom(data: &[u8]) {
    let _ = module_eeprom::parse(data);
}

pub fn udev_database(data: &[u8]) {
    let _ = data;
}

pub fn capture(data: &[u8]) {
    let _ = data;
}

pub fn netlink(data: &[u8]) {
    let _ = netlink::links(data);
    let _ = netlink::addresses(data);
    let _ = ethtool::driver_info(data);
    let _ = ethtool::link_settings(data);
    let _ = ethtool::permanent_address(data);
    let _ = ethtool::wake_on_lan(data);
}

pub fn disk_health(data: &[u8]) {
    let _ = data;
}

pub fn signature(data: &[u8]) {
    let _ = data;
}
