//! Which bytes of a device are read, and how an answer holds them.
//!
//! Captures are sent to others, so an answer has nothing but the places where superblocks keep
//! their magic, label and UUID: no key slots of LUKS, no path where a file system was last mounted,
//! and as little of anybody's data as may be in those places. It is the device's size, 64 bits
//! little-endian, then each piece: its offset, 64 bits, its length, 32 bits, its bytes. Zeros at
//! the end of a piece are left out, and pieces of zeros altogether.

use super::{members, tables};
use crate::parse::bytes::{le32, le64};

/// Most bytes of a table: the 128 entries of a usual GPT.
const TABLE_CAP: usize = 128 * 128;

/// What is read at once, by offset and length.
const READS: &[(u64, usize)] = &[
    (0, 2048),
    (4086, 266),
    (8182, 266),
    (16374, 266),
    (32768, 2056),
    (65526, 650),
];

/// What is kept of that.
const PIECES: &[(u64, usize)] = &[
    // Boot sector, LUKS, XFS, LVM.
    (0, 208),
    // MBR.
    (440, 72),
    // GPT, LVM.
    (512, 92),
    // ext, F2FS and others, LVM, the header of a swap area.
    (1024, 136),
    (1536, 64),
    // The end of a page of 4 KiB (swap), then md 1.2, bcache, GPT on sectors of 4 KiB.
    (4086, 114),
    // The same for a page of 8 KiB, then OCFS2.
    (8182, 16),
    // The same for 16 KiB, then the ZFS label up to the pool's name and guid.
    (16374, 266),
    // ISO 9660 and its dates, JFS, UDF.
    (32768, 168),
    (32768 + 813, 34),
    (34817, 4),
    // The end of a page of 64 KiB, then Btrfs, ReiserFS, GFS2.
    (65526, 126),
    (65536 + 299, 256),
];
/// What is kept of a LUKS header: no digest, no salt, no key slot.
const LUKS_PIECES: &[(u64, usize)] = &[(0, 72), (168, 40)];

/// Reads a device of `size` bytes with `read`, which takes an offset and a length.
///
/// # Errors
/// The first of `read`.
pub(crate) fn collect<E>(
    size: u64,
    mut read: impl FnMut(u64, usize) -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, E> {
    let mut answer = size.to_le_bytes().to_vec();
    for (offset, length) in READS {
        if *offset >= size {
            break;
        }
        let bytes = read(*offset, *length)?;
        let is_luks = *offset == 0 && bytes.starts_with(b"LUKS\xba\xbe");
        let pieces = if is_luks { LUKS_PIECES } else { PIECES };
        cut(&mut answer, *offset, &bytes, pieces);
        if is_luks {
            return Ok(answer);
        }
    }
    for (offset, length) in members::places_at_end(size) {
        add(&mut answer, offset, &read(offset, length)?);
    }
    let table = Windows::decode(&answer).and_then(|windows| tables::gpt_entries_place(&windows));
    if let Some((offset, length)) = table.filter(|(offset, _)| *offset < size) {
        add(&mut answer, offset, &read(offset, length.min(TABLE_CAP))?);
    }
    Ok(answer)
}

fn cut(answer: &mut Vec<u8>, start: u64, bytes: &[u8], pieces: &[(u64, usize)]) {
    for (offset, length) in pieces {
        let skip = offset
            .checked_sub(start)
            .and_then(|skip| usize::try_from(skip).ok());
        let rest = skip.and_then(|skip| bytes.get(skip..)).unwrap_or_default();
        add(answer, *offset, rest.get(..*length).unwrap_or(rest));
    }
}

fn add(answer: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let last = bytes.iter().rposition(|byte| *byte != 0);
    let length = last.map_or(0, |last| last + 1);
    let (Some(bytes), Ok(length)) = (bytes.get(..length), u32::try_from(length)) else {
        return;
    };
    if length > 0 {
        answer.extend(offset.to_le_bytes());
        answer.extend(length.to_le_bytes());
        answer.extend(bytes);
    }
}

/// The pieces of one answer.
pub(super) struct Windows<'a> {
    pub(super) size: u64,
    pieces: Vec<(u64, &'a [u8])>,
}

impl<'a> Windows<'a> {
    pub(super) fn decode(answer: &'a [u8]) -> Option<Self> {
        let size = le64(answer, 0)?;
        let mut pieces = Vec::new();
        let mut rest = answer.get(8..)?;
        while !rest.is_empty() {
            let offset = le64(rest, 0)?;
            let length = usize::try_from(le32(rest, 8)?).ok()?;
            let end = 12_usize.checked_add(length)?;
            pieces.push((offset, rest.get(12..end)?));
            rest = rest.get(end..)?;
        }
        Some(Self { size, pieces })
    }

    /// `length` bytes at `offset`; what was left out is zero.
    pub(super) fn at(&self, offset: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        for (start, piece) in &self.pieces {
            let distance = |from: u64, to: u64| usize::try_from(to.saturating_sub(from)).ok();
            let (Some(skip), Some(lead)) = (distance(*start, offset), distance(offset, *start))
            else {
                continue;
            };
            let (Some(piece), Some(place)) = (piece.get(skip..), bytes.get_mut(lead..)) else {
                continue;
            };
            place
                .iter_mut()
                .zip(piece)
                .for_each(|(place, byte)| *place = *byte);
        }
        bytes
    }

    pub(super) fn has(&self, offset: u64, magic: &[u8]) -> bool {
        self.at(offset, magic.len()) == magic
    }
}
