//! Devices that are a part of something: RAID, LVM, encryption, ZFS, bcache, and swap.

use muster_model::disk::Signature;

use super::{Windows, signature};
use crate::parse::bytes::{be32, be64, hex, le16, le32, text, uuid};
use crate::parse::device_mapper::lvm_uuid;

const SECTOR: u64 = 512;
/// `MD_SB_MAGIC` (include/uapi/linux/raid/md_p.h).
const MD: u32 = 0xa92b_4efc;
/// include/uapi/linux/bcache.h.
const BCACHE: [u8; 16] = [
    0xc6, 0x85, 0x73, 0xf6, 0x4e, 0x1a, 0x45, 0xca, 0x82, 0x65, 0xf5, 0x7f, 0x48, 0xba, 0x6d, 0x81,
];
const BCACHEFS: [u8; 16] = [
    0xc6, 0x85, 0x73, 0xf6, 0x66, 0xce, 0x90, 0xa9, 0xd9, 0x6a, 0x60, 0xcf, 0x80, 0x3d, 0xf7, 0xef,
];
/// SNIA DDF 2.0, 5.4.
const DDF: [u8; 4] = [0xde, 0x11, 0xde, 0x11];
const INTEL_RAID: &[u8] = b"Intel Raid ISM Cfg Sig. ";

/// Windows that count from the end of a device of `size` bytes.
pub(super) fn places_at_end(size: u64) -> Vec<(u64, usize)> {
    let ends = [
        (md_090_offset(size), 64),
        (md_10_offset(size), 64),
        (size.checked_sub(2 * SECTOR), 32),
        (size.checked_sub(SECTOR), 32),
    ];
    ends.into_iter()
        .filter_map(|(offset, length)| Some((offset?, length)))
        .collect()
}

pub(super) fn find(windows: &Windows<'_>) -> Option<Signature> {
    md(windows)
        .or_else(|| firmware_raid(windows))
        .or_else(|| lvm(windows))
        .or_else(|| luks(windows))
        .or_else(|| bcache(windows))
        .or_else(|| zfs(windows))
        .or_else(|| bluestore(windows))
        .or_else(|| swap(windows))
}

/// The last 64 KiB-aligned 64 KiB.
fn md_090_offset(size: u64) -> Option<u64> {
    (size & !0xffff).checked_sub(0x1_0000)
}

/// At least 8 KiB from the end, aligned to 4 KiB.
fn md_10_offset(size: u64) -> Option<u64> {
    Some(((size / SECTOR).checked_sub(16)? & !7) * SECTOR)
}

/// Version 1.1 at the start, 1.2 at 4 KiB, 1.0 and 0.90 at the end
/// (Documentation/admin-guide/md.rst; the layout is in md_p.h).
fn md(windows: &Windows<'_>) -> Option<Signature> {
    let version_1 = [Some(0), Some(4096), md_10_offset(windows.size)]
        .into_iter()
        .flatten()
        .find_map(|offset| {
            let block = windows.at(offset, 64);
            let found = le32(&block, 0)? == MD && le32(&block, 4)? == 1;
            found.then_some(block)
        });
    if let Some(block) = version_1 {
        let label = block.get(32..64).and_then(text);
        return signature("linux_raid_member", label, uuid(&block, 16));
    }
    let block = windows.at(md_090_offset(windows.size)?, 64);
    // 0.90 is in the byte order of its host.
    let read = match (le32(&block, 0)?, be32(&block, 0)?) {
        (MD, _) => le32,
        (_, MD) => be32,
        _ => return None,
    };
    let words: Option<Vec<u32>> = [20, 52, 56, 60]
        .map(|at| read(&block, at))
        .into_iter()
        .collect();
    let id: Vec<u8> = words?.into_iter().flat_map(u32::to_be_bytes).collect();
    signature("linux_raid_member", None, uuid(&id, 0))
}

fn firmware_raid(windows: &Windows<'_>) -> Option<Signature> {
    let at = |back: u64, magic: &[u8]| {
        let offset = windows.size.checked_sub(back);
        offset.is_some_and(|offset| windows.has(offset, magic))
    };
    if at(2 * SECTOR, INTEL_RAID) {
        signature("isw_raid_member", None, None)
    } else if at(SECTOR, &DDF) {
        signature("ddf_raid_member", None, None)
    } else {
        None
    }
}

/// A label in one of the first four sectors, and the physical volume's UUID where it says
/// (lvm2, lib/label/label.h).
fn lvm(windows: &Windows<'_>) -> Option<Signature> {
    let sector = (0..4)
        .map(|number| windows.at(number * SECTOR, 512))
        .find(|sector| {
            sector.starts_with(b"LABELONE") && sector.get(24..32) == Some(b"LVM2 001")
        })?;
    let header = usize::try_from(le32(&sector, 20)?).ok()?;
    let id = sector.get(header..header.checked_add(32)?);
    let id = id.and_then(text).as_deref().and_then(lvm_uuid);
    signature("LVM2_member", None, id)
}

/// LUKS1 and LUKS2 on-disk formats: both have the UUID at 168; the second a label at 24.
fn luks(windows: &Windows<'_>) -> Option<Signature> {
    if !windows.has(0, b"LUKS\xba\xbe") {
        return None;
    }
    let header = windows.at(0, 208);
    let is_second = header.get(6..8) == Some(&[0, 2]);
    let label = header.get(24..72).filter(|_| is_second).and_then(text);
    signature("crypto_LUKS", label, header.get(168..208).and_then(text))
}

fn bcache(windows: &Windows<'_>) -> Option<Signature> {
    let block = windows.at(4096, 104);
    let kind = match block.get(24..40)? {
        magic if magic == BCACHE => "bcache",
        magic if magic == BCACHEFS => "bcachefs",
        _ => return None,
    };
    signature(kind, block.get(72..104).and_then(text), uuid(&block, 40))
}

fn bluestore(windows: &Windows<'_>) -> Option<Signature> {
    let found = windows.has(0, b"bluestore block device");
    found
        .then(|| signature("ceph_bluestore", None, None))
        .flatten()
}

/// The name/value list at 16 KiB of the first label: XDR, whose first pair is `version`; the
/// pool's name and guid follow (OpenZFS, `vdev_label.c`).
fn zfs(windows: &Windows<'_>) -> Option<Signature> {
    let list = windows.at(16384, 256);
    let xdr = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    if !list.starts_with(&xdr) || list.get(24..31) != Some(b"version") {
        return None;
    }
    let mut name = None;
    let mut guid = None;
    let mut rest = list.get(12..)?;
    while let Some(length) = be32(rest, 0).and_then(|length| usize::try_from(length).ok()) {
        let Some(pair) = rest.get(..length).filter(|_| length >= 16) else {
            break;
        };
        match pair_name(pair) {
            Some((b"name", value)) => name = xdr_text(value),
            Some((b"pool_guid", value)) => guid = be64(value, 0),
            _ => {}
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    signature("zfs_member", name, guid.map(|guid| guid.to_string()))
}

/// Encoded and decoded size, then the name, padded to four bytes, then type, count and value.
fn pair_name(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::try_from(be32(pair, 8)?).ok()?;
    let end = length.checked_add(12)?;
    let value = end.checked_next_multiple_of(4)?.checked_add(8)?;
    Some((pair.get(12..end)?, pair.get(value..)?))
}

fn xdr_text(value: &[u8]) -> Option<String> {
    let length = usize::try_from(be32(value, 0)?).ok()?;
    text(value.get(4..length.checked_add(4)?)?)
}

/// The magic ends the first page, whose size differs among machines; the header is at 1024
/// (include/linux/swap.h).
fn swap(windows: &Windows<'_>) -> Option<Signature> {
    let ends = [4096_u64, 8192, 16384, 65536];
    let found = ends
        .into_iter()
        .any(|end| windows.has(end - 10, b"SWAPSPACE2") || windows.has(end - 10, b"SWAP-SPACE"));
    let header = windows.at(1024, 44);
    found
        .then(|| signature("swap", header.get(28..44).and_then(text), uuid(&header, 12)))
        .flatten()
}

/// `XXXX-XXXX`, as DOS writes a volume's serial number.
pub(super) fn dos_serial(serial: u32) -> Option<String> {
    let digits = hex(&serial.to_be_bytes()).to_uppercase();
    let (high, low) = digits.split_at_checked(4)?;
    (serial != 0).then(|| format!("{high}-{low}"))
}

/// Whether a number of bytes per sector is one that FAT knows.
pub(super) fn is_fat_geometry(sector: &[u8]) -> bool {
    let bytes = le16(sector, 11).unwrap_or_default();
    let cluster = sector.get(13).copied().unwrap_or_default();
    let tables = sector.get(16).copied().unwrap_or_default();
    let medium = sector.get(21).copied().unwrap_or_default();
    (512..=4096).contains(&bytes)
        && bytes.is_power_of_two()
        && cluster.is_power_of_two()
        && le16(sector, 14).is_some_and(|reserved| reserved > 0)
        && (1..=4).contains(&tables)
        && (medium == 0xf0 || medium >= 0xf8)
}
