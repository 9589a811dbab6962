//! Tables made for tests: of the parser, and of the probes that read them.

use super::Version;

/// An `_SM3_` entry point.
pub(crate) fn entry_3(version: Version, table_bytes: u32) -> Vec<u8> {
    let mut bytes = b"_SM3_".to_vec();
    bytes.extend([0, 0x18, version.0, version.1, 0, 1, 0]);
    bytes.extend(table_bytes.to_le_bytes());
    bytes.extend(0x20u64.to_le_bytes());
    seal(&mut bytes, 5, 0..0x18);
    bytes
}

/// An `_SM_` entry point.
pub(crate) fn entry_2(version: Version, table_bytes: u16, structures: u16) -> Vec<u8> {
    let mut bytes = b"_SM_".to_vec();
    bytes.extend([0, 0x1f, version.0, version.1, 0xff, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(b"_DMI_\0");
    bytes.extend(table_bytes.to_le_bytes());
    bytes.extend(0x20u32.to_le_bytes());
    bytes.extend(structures.to_le_bytes());
    bytes.push(0x28);
    seal(&mut bytes, 0x15, 0x10..0x1f);
    seal(&mut bytes, 4, 0..0x1f);
    bytes
}

/// A structure of a type from its bytes after the header, and its strings.
pub(crate) fn structure(kind: u8, handle: u16, body: &[u8], strings: &[&str]) -> Vec<u8> {
    let mut bytes = vec![kind, u8::try_from(body.len() + 4).unwrap()];
    bytes.extend(handle.to_le_bytes());
    bytes.extend(body);
    for string in strings {
        bytes.extend(string.as_bytes());
        bytes.push(0);
    }
    if strings.is_empty() {
        bytes.push(0);
    }
    bytes.push(0);
    bytes
}

/// An array of system memory: slots, and capacity in KiB.
pub(crate) fn array(handle: u16, slots: u16, kib: u32) -> Vec<u8> {
    let mut body = vec![3, 3, 6];
    body.extend(kib.to_le_bytes());
    body.extend([0xfe, 0xff]);
    body.extend(slots.to_le_bytes());
    body.extend(0u64.to_le_bytes());
    structure(16, handle, &body, &[])
}

/// A DDR5 DIMM of 34 bytes of version 2.7 with 22h bytes, then what later versions add.
pub(crate) fn dimm(array: u16, size: u16, extended_mib: u32, strings: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(array.to_le_bytes());
    body.extend([0xfe, 0xff, 72, 0, 64, 0]);
    body.extend(size.to_le_bytes());
    body.extend([9, 0, 1, 2, 0x22, 0x80, 0]);
    body.extend(4800u16.to_le_bytes());
    body.extend([3, 4, 5, 6, 2]);
    body.extend(extended_mib.to_le_bytes());
    body.extend(4400u16.to_le_bytes());
    body.extend(1100u16.to_le_bytes());
    body.extend(1100u16.to_le_bytes());
    body.extend(1100u16.to_le_bytes());
    structure(17, 0x1100, &body, strings)
}

fn seal(bytes: &mut [u8], at: usize, covered: std::ops::Range<usize>) {
    bytes[at] = 0;
    let sum = bytes[covered]
        .iter()
        .fold(0u8, |sum, b| sum.wrapping_add(*b));
    bytes[at] = sum.wrapping_neg();
}
