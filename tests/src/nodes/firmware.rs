//! Firmware tables that only root can read, as a machine has them: a node has none.

use std::fs;

use super::Node;

/// Gives `node` tables of the firmware (DMTF DSP0134 3.0, 5.2.2, 6.1 and 7.2) that say this serial number of the system.
///
/// # Panics
/// When that is not possible.
pub fn give_firmware(node: &Node<'_>, serial: &str) {
    let table = table(serial);
    fs::write(node.evidence("smbios_entry_point"), entry_point(&table)).expect("a file");
    fs::write(node.evidence("DMI"), table).expect("a file");
    let folder = "/sys/firmware/dmi/tables";
    node.succeed(&format!(
        "mount -o remount,rw /sys && mkdir -p {folder} && install -m 400 /evidence/DMI {folder}/DMI \
         && install -m 444 /evidence/smbios_entry_point {folder}/smbios_entry_point"
    ));
}

/// System information (type 1) and the end of the table (type 127).
fn table(serial: &str) -> Vec<u8> {
    // Strings by number: maker, product, version, serial; the UUID is not set; woken up by the power switch; SKU and family.
    let mut table = vec![1, 27, 0, 1, 1, 2, 0, 3];
    table.extend([0xff; 16]);
    table.extend([6, 0, 0]);
    table.extend(format!("Muster\0Lab\0{serial}\0\0").bytes());
    table.extend([127, 4, 0x7f, 0, 0, 0]);
    table
}

/// The entry point of 64 bits.
fn entry_point(table: &[u8]) -> Vec<u8> {
    let length = u32::try_from(table.len()).expect("a short table");
    let mut entry = b"_SM3_\0\x18\x03\0\0\x01\0".to_vec();
    entry.extend(length.to_le_bytes());
    entry.extend([0; 8]);
    let sum = entry.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    entry[5] = 0_u8.wrapping_sub(sum);
    entry
}
