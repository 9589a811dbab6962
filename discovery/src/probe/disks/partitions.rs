//! Partitions, by their directories below the disk's.

use muster_model::disk::Partition;

use super::{Draft, Reader, SECTOR, signature};
use crate::notes::Notes;
use crate::parse::natural;
use crate::parse::udev_database::Record;
use crate::source::Dir;

/// Fills the partitions of a disk.
pub(super) fn read(reader: &Reader<'_>, device: &Dir<'_>, draft: &mut Draft, notes: &mut Notes) {
    let disk = draft.disk.name.clone();
    let entries = notes
        .require(&disk, "partitions", device.list(""))
        .unwrap_or_default();
    let mut names: Vec<String> = entries
        .into_iter()
        .filter(|entry| is_partition(entry, &disk))
        .collect();
    names.sort_by(|a, b| natural::compare(a, b));
    for name in names {
        let (partition, number) = partition(device, name, notes);
        let record = reader.record(&number);
        let partition = complete(partition, record.as_ref());
        if record.is_none() || disk.starts_with("nbd") {
            draft.unread_partitions.push(partition.name.clone());
        }
        draft.disk.partitions.push(partition);
        draft.partition_numbers.push(number);
    }
}

/// The disk's name, a `p` where that ends with a digit, and a number.
fn is_partition(entry: &str, disk: &str) -> bool {
    let Some(rest) = entry.strip_prefix(disk) else {
        return false;
    };
    let number = rest.strip_prefix('p').unwrap_or(rest);
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn partition(device: &Dir<'_>, name: String, notes: &mut Notes) -> (Partition, String) {
    let mut sectors = |attribute: &str| {
        let path = format!("{name}/{attribute}");
        let sectors = notes.require(&name, attribute, device.number::<u64>(&path));
        sectors.and_then(|sectors| sectors.checked_mul(SECTOR))
    };
    let (start_bytes, size_bytes) = (sectors("start"), sectors("size"));
    let event = device.text(&format!("{name}/uevent")).unwrap_or_default();
    let value = |key: &str| {
        event
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
    };
    let number = match (value("MAJOR"), value("MINOR")) {
        (Some(major), Some(minor)) => format!("{major}:{minor}"),
        _ => device.text(&format!("{name}/dev")).unwrap_or_default(),
    };
    let ordinal = match value("PARTN") {
        Some(number) => number.parse().ok(),
        None => device.number(&format!("{name}/partition")).ok(),
    };
    let said = |key: &str| {
        value(key)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
    };
    let partition = Partition {
        number: ordinal,
        start_bytes,
        size_bytes,
        uuid: said("PARTUUID"),
        label: said("PARTNAME"),
        name,
        ..Partition::default()
    };
    (partition, number)
}

fn complete(partition: Partition, record: Option<&Record>) -> Partition {
    let Some(record) = record else {
        return partition;
    };
    Partition {
        kind: record.first(&["ID_PART_ENTRY_TYPE"]),
        uuid: record.first(&["ID_PART_ENTRY_UUID"]).or(partition.uuid),
        label: record.decoded("ID_PART_ENTRY_NAME").or(partition.label),
        filesystem: signature(record),
        ..partition
    }
}
