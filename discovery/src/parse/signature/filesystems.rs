//! File systems.

use muster_model::disk::Signature;

use super::members::{dos_serial, is_fat_geometry};
use super::{Windows, signature};
use crate::parse::bytes::{be32, hex, le16, le32, le64, text, uuid};

pub(super) fn find(windows: &Windows<'_>) -> Option<Signature> {
    ext(windows)
        .or_else(|| xfs(windows))
        .or_else(|| btrfs(windows))
        .or_else(|| windows_boot_sector(windows))
        .or_else(|| fat(windows))
        .or_else(|| at_1024(windows))
        .or_else(|| at_32_or_64_kib(windows))
        .or_else(|| iso(windows))
        .or_else(|| by_magic_alone(windows))
}

/// Superblock at 1024, magic EF53 at 56 (Documentation/filesystems/ext4/super.rst). Which of the
/// family it is follows from the features that only the younger ones know.
fn ext(windows: &Windows<'_>) -> Option<Signature> {
    /// Compatible: a journal.
    const JOURNAL: u32 = 0x4;
    /// Incompatible: the device is a journal of another one.
    const JOURNAL_DEVICE: u32 = 0x8;
    /// Incompatible features that ext3 knows: file types, recovery, meta block groups.
    const EXT3_INCOMPATIBLE: u32 = 0x2 | 0x4 | 0x10;
    /// Read-only compatible ones: sparse superblocks, large files, directory trees.
    const EXT3_READ_ONLY: u32 = 0x1 | 0x2 | 0x4;
    let block = windows.at(1024, 136);
    if le16(&block, 56)? != 0xef53 {
        return None;
    }
    let (compatible, incompatible, read_only) =
        (le32(&block, 92)?, le32(&block, 96)?, le32(&block, 100)?);
    let kind = if incompatible & JOURNAL_DEVICE != 0 {
        "jbd"
    } else if incompatible & !EXT3_INCOMPATIBLE != 0 || read_only & !EXT3_READ_ONLY != 0 {
        "ext4"
    } else if compatible & JOURNAL != 0 {
        "ext3"
    } else {
        "ext2"
    };
    signature(kind, block.get(120..136).and_then(text), uuid(&block, 104))
}

/// XFS Algorithms & Data Structures, superblocks: UUID at 32, name at 108.
fn xfs(windows: &Windows<'_>) -> Option<Signature> {
    let block = windows.at(0, 120);
    let found = block.starts_with(b"XFSB");
    found
        .then(|| signature("xfs", block.get(108..120).and_then(text), uuid(&block, 32)))
        .flatten()
}

/// Superblock at 64 KiB: UUID at 32, magic at 64, label at 299 (Btrfs, on-disk format).
fn btrfs(windows: &Windows<'_>) -> Option<Signature> {
    let block = windows.at(65536, 555);
    let found = block.get(64..72) == Some(b"_BHRfS_M");
    found
        .then(|| {
            signature(
                "btrfs",
                block.get(299..555).and_then(text),
                uuid(&block, 32),
            )
        })
        .flatten()
}

/// NTFS, exFAT, BitLocker and ReFS name themselves at byte 3.
fn windows_boot_sector(windows: &Windows<'_>) -> Option<Signature> {
    let sector = windows.at(0, 512);
    match sector.get(3..11)? {
        b"NTFS    " => {
            let serial = le64(&sector, 72)?;
            signature(
                "ntfs",
                None,
                Some(hex(&serial.to_be_bytes()).to_uppercase()),
            )
        }
        b"EXFAT   " => signature("exfat", None, dos_serial(le32(&sector, 100)?)),
        b"-FVE-FS-" => signature("BitLocker", None, None),
        b"ReFS\0\0\0\0" => signature("ReFS", None, None),
        _ => None,
    }
}

/// FAT names itself in its extended boot record: at 82 (FAT32), else at 54 (fatgen103, 3.1–3.3).
fn fat(windows: &Windows<'_>) -> Option<Signature> {
    let sector = windows.at(0, 512);
    if !is_fat_geometry(&sector) {
        return None;
    }
    let (serial, label) = if sector.get(82..90) == Some(b"FAT32   ") {
        (67, 71)
    } else if sector.get(54..57) == Some(b"FAT") {
        (39, 43)
    } else {
        return None;
    };
    let label = sector.get(label..label + 11).and_then(text);
    let label = label.filter(|label| label != "NO NAME");
    signature("vfat", label, dos_serial(le32(&sector, serial)?))
}

/// F2FS, EROFS, NILFS2 and HFS+ have their superblock at 1024.
fn at_1024(windows: &Windows<'_>) -> Option<Signature> {
    let block = windows.at(1024, 256);
    let magic = le32(&block, 0)?;
    if magic == 0xf2f5_2010 {
        return signature(
            "f2fs",
            block.get(124..252).and_then(utf16),
            uuid(&block, 108),
        );
    }
    if magic == 0xe0f5_e1e2 {
        return signature("erofs", block.get(64..80).and_then(text), uuid(&block, 48));
    }
    if le16(&block, 6)? == 0x3434 && magic > 0 && le16(&block, 8)? > 0 {
        return signature(
            "nilfs2",
            block.get(168..248).and_then(text),
            uuid(&block, 152),
        );
    }
    let is_hfs = matches!(block.get(..4)?, [b'H', b'+', 0, 4] | [b'H', b'X', 0, 5]);
    is_hfs.then(|| signature("hfsplus", None, None)).flatten()
}

/// JFS at 32 KiB, ReiserFS and GFS2 at 64 KiB, OCFS2 at 8 KiB.
fn at_32_or_64_kib(windows: &Windows<'_>) -> Option<Signature> {
    let jfs = windows.at(32768, 168);
    if jfs.starts_with(b"JFS1") {
        return signature("jfs", jfs.get(152..168).and_then(text), uuid(&jfs, 136));
    }
    let block = windows.at(65536, 116);
    if block.get(52..58)? == b"ReIsEr" {
        return signature(
            "reiserfs",
            block.get(100..116).and_then(text),
            uuid(&block, 84),
        );
    }
    if be32(&block, 0)? == 0x0116_1970 && be32(&block, 4)? == 1 {
        return signature("gfs2", None, None);
    }
    let ocfs2 = windows.has(8192, b"OCFSV2");
    ocfs2.then(|| signature("ocfs2", None, None)).flatten()
}

/// ECMA-119, 8.4 (volume identifier at 40, dates from 813) and ECMA-167, 2/9 for UDF.
fn iso(windows: &Windows<'_>) -> Option<Signature> {
    let block = windows.at(32768, 847);
    if windows.has(34817, b"NSR0") || block.get(1..6)? == b"BEA01" {
        return signature("udf", None, None);
    }
    if block.get(1..6)? != b"CD001" {
        return None;
    }
    let date = iso_date(block.get(830..846)?).or_else(|| iso_date(block.get(813..829)?));
    signature("iso9660", block.get(40..72).and_then(text), date)
}

/// Sixteen digits as `YYYY-MM-DD-hh-mm-ss-cc`.
fn iso_date(digits: &[u8]) -> Option<String> {
    let known = digits.iter().all(u8::is_ascii_digit) && digits.iter().any(|digit| *digit != b'0');
    let text = std::str::from_utf8(digits).ok().filter(|_| known)?;
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let parts = [
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14),
        part(14, 16),
    ];
    Some(parts.join("-"))
}

fn by_magic_alone(windows: &Windows<'_>) -> Option<Signature> {
    if windows.has(0, b"hsqs") {
        return signature("squashfs", None, None);
    }
    let apfs = windows.has(32, b"NXSB");
    apfs.then(|| signature("apfs", None, None)).flatten()
}

/// Text up to the first NUL in UTF-16, little-endian.
pub(super) fn utf16(bytes: &[u8]) -> Option<String> {
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .filter_map(|pair| le16(pair, 0))
        .take_while(|unit| *unit != 0)
        .collect();
    let text = String::from_utf16(&units).ok()?;
    (!text.is_empty() && !text.chars().any(char::is_control)).then_some(text)
}
