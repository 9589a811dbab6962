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
    // The archive alone too: a fuzzer does not get past a zstd frame.
    for read in [crate::capture::read(data), crate::capture::read_tar(data)] {
        let Ok(recording) = read else { continue };
        let mut written = Vec::new();
        if crate::capture::write(&recording, &mut written).is_ok() {
            let again = crate::capture::read(written.as_slice());
            assert!(again.is_ok_and(|again| again == recording));
        }
    }
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
