//! Identities in text: by the file they are in, by the key before them, or by their looks.

use std::net::{IpAddr, Ipv4Addr};

use super::identity::{Identities, mac, unhex, uuid};
use super::{command_line, mounts};

/// Files whose whole content is an identity.
const FILES: &[&str] = &[
    "serial",
    "serial_number",
    "serial-number",
    "product_serial",
    "board_serial",
    "chassis_serial",
    "product_uuid",
    "board_asset_tag",
    "chassis_asset_tag",
    "machine-id",
    "boot_id",
    "wwid",
    "wwn",
    "nguid",
    "eui",
    "eui64",
    "uuid",
    "sas_address",
    "system-id",
    "node_guid",
    "sys_image_guid",
    "partition_name",
    "unique_id",
    "phys_switch_id",
    "phys_port_id",
    "asset_tag",
    "port_name",
    "node_name",
    "vm,uuid",
    "initiatorname",
    "hostnqn",
    "hostid",
];
/// Files whose whole content is the name of a host.
const HOST_FILES: &[&str] = &["hostname", "nodename", "domainname"];
/// Keys of udev's database, of uevents and of `/proc` whose value is an identity.
const KEYS: &[&str] = &[
    "ID_SERIAL_SHORT",
    "ID_SCSI_SERIAL",
    "ID_USB_SERIAL_SHORT",
    "ID_FS_UUID",
    "ID_FS_UUID_ENC",
    "ID_FS_UUID_SUB",
    "ID_FS_UUID_SUB_ENC",
    "ID_FS_LABEL",
    "ID_FS_LABEL_ENC",
    "ID_WWN",
    "ID_WWN_WITH_EXTENSION",
    "ID_WWN_VENDOR_EXTENSION",
    "ID_PART_ENTRY_UUID",
    "ID_PART_ENTRY_NAME",
    "ID_PART_TABLE_UUID",
    "PARTNAME",
    "PARTUUID",
    "DM_VG_NAME",
    "DM_LV_NAME",
    "DM_UUID",
    "MD_UUID",
    "ID_NET_NAME_MAC",
    "Serial",
    "Sequence Code",
    "LPAR Name",
    "LPAR UUID",
    "VM00 Name",
    "VM00 UUID",
    "HID_UNIQ",
    "username",
    "InitiatorName",
];
/// Keys whose value has an identity in it, which [`keyed`] takes out.
const COMPOSED_KEYS: &[&str] = &[
    "ID_SERIAL",
    "ID_USB_SERIAL",
    "DM_NAME",
    "MD_NAME",
    "MD_DEVNAME",
];
/// Files of network addresses: elsewhere four numbers with dots are a version.
const ADDRESS_FILES: &[&str] = &[
    "mounts",
    "mountinfo",
    "route",
    "arp",
    "cmdline",
    "hosts",
    "fib_trie",
    "tcp",
];

/// Whether the whole content of the file names something.
pub(super) fn is_identity_file(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    FILES.contains(&name) || HOST_FILES.contains(&name)
}

/// A line of udev's database whose value is an identity, split at `=`.
pub(super) fn identity_of_line(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once('=')?;
    let name = key.strip_prefix("E:")?;
    let is_identity = KEYS.contains(&name) || COMPOSED_KEYS.contains(&name);
    is_identity.then_some((key, value))
}

/// Everything in one file or answer that looks like an identity.
pub(super) fn collect(path: &str, content: &[u8], into: &mut Identities) {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let content = String::from_utf8_lossy(content);
    let whole = content.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if FILES.contains(&name) && whole.len() <= 256 && !whole.contains('\n') {
        into.value(whole);
    }
    if HOST_FILES.contains(&name) {
        into.host_name(whole);
    }
    if name == "cmdline" {
        command_line::collect(whole, into);
    }
    if path.ends_with("/dm/name") {
        into.mapper_name(whole);
    }
    for line in content.lines() {
        keyed(line, &content, into);
    }
    if matches!(name, "mounts" | "mountinfo") {
        mounts::collect(&content, into);
    }
    let has_addresses = ADDRESS_FILES.contains(&name);
    words(&content, has_addresses, into);
}

/// The parts of a path too: an interface may be called by its MAC, a disk by its serial.
pub(super) fn path(path: &str, into: &mut Identities) {
    if path.contains("efi/efivars/") {
        // The GUID of a variable names its vendor.
        return;
    }
    words(path, path.contains("/by-path/"), into);
}

fn keyed(line: &str, content: &str, into: &mut Identities) {
    // udev's database has `E:KEY=value` and `S:link`.
    let line = line.strip_prefix("E:").unwrap_or(line);
    let Some((key, value)) = line.split_once('=').or_else(|| line.split_once(':')) else {
        return;
    };
    let (key, value) = (key.trim(), value.trim());
    if key == "ID_PART_ENTRY_TYPE" {
        into.public_uuids.extend(uuid(value));
    }
    match key {
        // udev puts vendor and model before the serial number, which it gives alone as well.
        "ID_SERIAL" | "ID_USB_SERIAL" => {
            let short = format!("{key}_SHORT=");
            if !content.contains(&short) {
                into.value(value.rsplit_once('_').map_or(value, |(_, last)| last));
            }
        }
        "DM_NAME" => into.mapper_name(&value.replace("\\x2d", "-")),
        "MD_NAME" | "MD_DEVNAME" => value.split(':').for_each(|part| into.text(part)),
        _ => {}
    }
    if KEYS.contains(&key) {
        into.value(value);
        into.value(&value.replace("\\x20", " ").replace("\\x2d", "-"));
    }
}

/// What is an identity by its looks alone.
fn words(content: &str, has_addresses: bool, into: &mut Identities) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '.');
    for word in content.split(|c: char| !is_part(c)) {
        if word.len() >= 7 {
            look(word, has_addresses, into);
        }
    }
}

fn look(word: &str, has_addresses: bool, into: &mut Identities) {
    if let Some(mac) = word.get(word.len().saturating_sub(17)..).and_then(mac) {
        into.mac(mac);
    }
    if let Some(mac) = word.get(..17).and_then(mac) {
        into.mac(mac);
    }
    if let Some(digits) = word.strip_prefix("enx").filter(|digits| digits.len() == 12) {
        let digits = unhex(digits).and_then(|mac| <[u8; 6]>::try_from(mac).ok());
        digits.into_iter().for_each(|mac| into.mac(mac));
    }
    // Of a container (OCI runtimes), of a layer of its image.
    if word.len() == 64 && unhex(word).is_some() {
        into.text(word);
    }
    // Anywhere in the word: `dm-uuid-CRYPT-LUKS2-…`, `nvme-uuid.…`.
    for (at, _) in word.char_indices() {
        let is_start = at == 0
            || word
                .as_bytes()
                .get(at - 1)
                .is_some_and(|b| !b.is_ascii_hexdigit());
        for length in [36, 35, 32].into_iter().filter(|_| is_start) {
            let ends = word.as_bytes().get(at + length);
            if ends.is_none_or(|byte| !byte.is_ascii_alphanumeric()) {
                let found = word.get(at..at + length).and_then(uuid);
                found.into_iter().for_each(|uuid| into.uuid(uuid));
            }
        }
    }
    for prefix in ["wwn-0x", "naa.", "eui.", "lu-0x", "sas-0x", "fc-0x"] {
        let digits = word.split_once(prefix).map(|(_, rest)| rest);
        let digits = digits.and_then(|rest| rest.split(['-', '.', ':']).next());
        if let Some(digits) = digits.filter(|it| matches!(it.len(), 16 | 32) && unhex(it).is_some())
        {
            into.wwn(digits);
        }
    }
    if let Some((_, volume)) = word.split_once("LVM-") {
        for id in [volume.get(..32), volume.get(32..64)].into_iter().flatten() {
            into.text(id);
        }
    }
    if let Some((_, name)) = word
        .split_once("iqn.")
        .and_then(|(_, rest)| rest.split_once('.'))
    {
        into.text(name.split("-lun-").next().unwrap_or_default());
    }
    if has_addresses {
        addresses(word, into);
    }
}

fn addresses(word: &str, into: &mut Identities) {
    if let Ok(address) = word.parse::<IpAddr>() {
        return into.address(address);
    }
    for part in word.split([':', '-']) {
        if let Ok(address) = part.parse::<Ipv4Addr>() {
            into.address(IpAddr::V4(address));
        }
    }
}
