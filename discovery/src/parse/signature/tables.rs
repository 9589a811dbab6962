//! Partition tables: GPT (UEFI 2.10, 5.3) and MBR (UEFI 2.10, 5.2).

use super::Windows;
use crate::parse::bytes::{guid, hex, le16, le32, le64};

/// One entry of a partition table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Number of the partition, from 1.
    pub(crate) number: u32,
    /// GPT type, or MBR type as `0x83`; not known of logical partitions.
    pub(crate) kind: Option<String>,
    /// Partition UUID, or the disk's signature with the number.
    pub(crate) uuid: Option<String>,
    /// GPT name.
    pub(crate) label: Option<String>,
}

pub(super) fn find(windows: &Windows<'_>) -> Vec<Entry> {
    gpt(windows).or_else(|| mbr(windows)).unwrap_or_default()
}

/// Where the entries are, by the header in the second sector, of 512 bytes or 4 KiB.
pub(super) fn gpt_entries_place(windows: &Windows<'_>) -> Option<(u64, usize)> {
    let header = gpt_header(windows)?;
    Some((header.entries, header.entry_size.checked_mul(header.count)?))
}

pub(super) fn gpt(windows: &Windows<'_>) -> Option<Vec<Entry>> {
    let header = gpt_header(windows)?;
    let length = header.entry_size.checked_mul(header.count)?;
    let entries = windows.at(header.entries, length);
    let entry = |(number, entry): (u32, &[u8])| {
        Some(Entry {
            number,
            kind: Some(guid(entry, 0)?),
            uuid: guid(entry, 16),
            label: entry.get(56..128).and_then(super::filesystems::utf16),
        })
    };
    let chunks = entries.chunks_exact(header.entry_size);
    Some((1..).zip(chunks).filter_map(entry).collect())
}

struct GptHeader {
    entries: u64,
    count: usize,
    entry_size: usize,
}

fn gpt_header(windows: &Windows<'_>) -> Option<GptHeader> {
    [512_u64, 4096].into_iter().find_map(|sector| {
        let header = windows.at(sector, 92);
        let entry_size = usize::try_from(le32(&header, 84)?).ok()?;
        let fits = header.starts_with(b"EFI PART")
            && (128..=4096).contains(&entry_size)
            && entry_size.is_power_of_two();
        fits.then_some(())?;
        Some(GptHeader {
            entries: le64(&header, 72)?.checked_mul(sector)?,
            // Linux makes no more than 128 partitions of one table useful.
            count: usize::try_from(le32(&header, 80)?).ok()?.min(128),
            entry_size,
        })
    })
}

fn mbr(windows: &Windows<'_>) -> Option<Vec<Entry>> {
    let sector = windows.at(0, 512);
    if le16(&sector, 510)? != 0xaa55 {
        return None;
    }
    let places = sector.get(446..510)?;
    let sound = |entry: &[u8]| matches!(entry.first(), Some(0 | 0x80));
    if !places.chunks_exact(16).all(sound) {
        return None;
    }
    let disk = le32(&sector, 440)?;
    let entries = (1..)
        .zip(places.chunks_exact(16))
        .filter_map(|(number, entry)| {
            let kind = *entry.get(4)?;
            (kind != 0).then(|| Entry {
                number,
                kind: Some(format!("{kind:#x}")),
                uuid: mbr_uuid(disk, number),
                label: None,
            })
        });
    Some(entries.collect())
}

fn mbr_uuid(disk: u32, number: u32) -> Option<String> {
    (disk != 0).then(|| format!("{}-{number:02x}", hex(&disk.to_be_bytes())))
}
