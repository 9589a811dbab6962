//! Entry points for the fuzz targets in `fuzz`: every parser of bytes that come from
//! firmware, the wire, a disk or an archive. Each takes any bytes and must return.
#![allow(missing_docs, reason = "each is named as its parser")]

use crate::parse::ipmi::{self, Lan};
use crate::parse::placeholder::Screened;
use crate::parse::smbios::{Size, Smbios, iso_date};
use crate::parse::{self, ethtool, lldp, module_eeprom, netlink, pci_config, uevent, vpd};

/// The first byte says how many of those after it are the entry point; the rest is the table.
pub fn smbios(data: &[u8]) {
    let Some((length, rest)) = data.split_first() else {
        return;
    };
    let split = rest.len().min(usize::from(*length));
    let (entry, table) = rest.split_at(split);
    let smbios = Smbios::parse(entry, table.to_vec());
    if let Some(Screened::Value(date)) = smbios.firmware().map(|firmware| firmware.date) {
        let _ = iso_date(&date);
    }
    let _ = (smbios.identity(), smbios.baseboard(), smbios.enclosure());
    let _ = (smbios.memory_arrays().count(), smbios.controller());
    for device in smbios.memory_devices() {
        if let Size::Bytes(bytes) = device.size {
            assert!(bytes > 0);
        }
    }
}

pub fn vpd(data: &[u8]) {
    let _ = vpd::parse(data);
}

pub fn pci_config(data: &[u8]) {
    let _ = pci_config::parse(data);
}

/// The first byte says which request was answered.
pub fn ipmi(data: &[u8]) {
    let Some((which, answer)) = data.split_first() else {
        return;
    };
    match which % 6 {
        0 => drop(ipmi::firmware(answer)),
        1 => drop(ipmi::is_lan(answer)),
        2 => drop(ipmi::ipv4(answer)),
        3 => drop(ipmi::mac(answer)),
        4 => drop(ipmi::ipv6(answer, Lan::Ipv6Static)),
        _ => drop(ipmi::ipv6(answer, Lan::Ipv6Dynamic)),
    }
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
    let record = parse::udev_database::parse(data);
    let _ = record.decoded("ID_MODEL_ENC");
    let _ = parse::udev_database::decode(&String::from_utf8_lossy(data));
    let _ = parse::mounts::mountinfo(data);
    let _ = parse::mounts::mounts(data);
    let _ = parse::mounts::swap_devices(data);
    let _ = parse::kernel_modules::loaded(data);
    let _ = parse::kernel_modules::files(data);
    for order in [
        parse::sockets::ByteOrder::Little,
        parse::sockets::ByteOrder::Big,
    ] {
        let _ = parse::sockets::local_addresses(data, order);
    }
}

pub fn capture(data: &[u8]) {
    // The archive alone too: a fuzzer does not get past a zstd frame.
    for read in [crate::capture::read(data), crate::capture::read_tar(data)] {
        let Ok(recording) = read else { continue };
        let inventory = muster_model::Inventory::default();
        let scrubbed = crate::capture::scrub_with_salt(&recording, &inventory, [0; 32]);
        assert!(scrubbed.len() <= recording.len());
        let mut written = Vec::new();
        if crate::capture::write(&recording, &mut written).is_ok() {
            let again = crate::capture::read(written.as_slice());
            assert!(again.is_ok_and(|again| again == recording));
        }
    }
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
    let _ = parse::disk_health::nvme::health(data);
    let _ = parse::disk_health::ata::identity(data);
    let (status, rest) = data.split_at_checked(2).unwrap_or((data, &[]));
    let _ = parse::disk_health::ata::health(rest, Some(status));
    let _ = parse::disk_health::scsi::health(&[data, rest]);
    let _ = parse::scsi_vpd::designators(data);
    let _ = parse::scsi_vpd::serial(data);
    let _ = parse::scsi_vpd::rotation_rpm(data);
    let _ = parse::scsi_vpd::ata_identify(data).map(parse::disk_health::ata::identity);
}

/// An event from the kernel's broadcast, and the same bytes as a device's `uevent` file.
pub fn uevent(data: &[u8]) {
    if let Some(subsystem) = uevent::subsystem(data) {
        assert!(!subsystem.contains('\0'));
    }
    let text = String::from_utf8_lossy(data);
    for key in ["DRIVER", "DEVTYPE", "PRODUCT"] {
        let value = uevent::value(&text, key);
        assert!(value.is_none_or(|value| !value.is_empty() && !value.contains('\n')));
    }
    let _ = parse::pci_function::parse_uevent(&text);
    let _ = parse::pci_function::parse_modalias(&text);
    let _ = parse::usb::parse_uevent(&text);
}

pub fn signature(data: &[u8]) {
    let _ = parse::signature::parse(data);
    let read = |offset: u64, length: usize| {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|from| data.get(from..));
        let rest = rest.unwrap_or_default();
        Ok::<_, ()>(rest.get(..length).unwrap_or(rest).to_vec())
    };
    let collected = parse::signature::collect(data.len() as u64, read);
    let _ = collected.map(|answer| parse::signature::parse(&answer));
}
