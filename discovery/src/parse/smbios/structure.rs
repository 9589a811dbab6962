//! One structure: a header, the formatted area, and the strings after it (section 6.1).

use super::Version;
use crate::parse::placeholder::{Screened, screen_bytes};

/// Type, length and handle (section 6.1.2).
const HEADER_BYTES: usize = 4;

/// Where a structure lies in its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) kind: u8,
    start: usize,
    strings: usize,
    end: usize,
}

/// Finds the structure at `start` and where the next one begins.
pub(super) fn find(table: &[u8], start: usize) -> Result<(Span, usize), String> {
    let header = table.get(start..start.saturating_add(HEADER_BYTES));
    let Some(&[kind, length, ..]) = header else {
        return Err(format!("the table ends within the header at byte {start}"));
    };
    let length = usize::from(length);
    if length < HEADER_BYTES {
        return Err(format!(
            "the structure of type {kind} at byte {start} claims {length} bytes, less than its header"
        ));
    }
    let strings = start.saturating_add(length);
    let Some(area) = table.get(strings..) else {
        return Err(format!(
            "the table ends within the structure at byte {start}"
        ));
    };
    let span = |end: usize| Span {
        kind,
        start,
        strings,
        end,
    };
    match area.windows(2).position(|pair| pair == [0, 0]) {
        Some(at) => {
            let end = strings.saturating_add(at);
            Ok((span(end), end.saturating_add(2)))
        }
        // The last structure without its end: what it has is good.
        None => Ok((span(table.len()), table.len())),
    }
}

/// A structure to read fields from. A field beyond its length is `None`: older versions of the
/// specification had fewer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Structure<'a> {
    formatted: &'a [u8],
    strings: &'a [u8],
    pub(super) version: Version,
}

impl<'a> Structure<'a> {
    pub(super) fn new(table: &'a [u8], span: &Span, version: Version) -> Self {
        Self {
            formatted: table.get(span.start..span.strings).unwrap_or_default(),
            strings: table.get(span.strings..span.end).unwrap_or_default(),
            version,
        }
    }

    pub(super) fn handle(&self) -> Option<u16> {
        self.word(2)
    }

    pub(super) fn bytes<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let end = offset.checked_add(N)?;
        self.formatted.get(offset..end)?.try_into().ok()
    }

    pub(super) fn byte(&self, offset: usize) -> Option<u8> {
        self.formatted.get(offset).copied()
    }

    pub(super) fn word(&self, offset: usize) -> Option<u16> {
        self.bytes(offset).map(u16::from_le_bytes)
    }

    pub(super) fn double_word(&self, offset: usize) -> Option<u32> {
        self.bytes(offset).map(u32::from_le_bytes)
    }

    pub(super) fn quad_word(&self, offset: usize) -> Option<u64> {
        self.bytes(offset).map(u64::from_le_bytes)
    }

    /// The string whose number is at `offset`; number 0 is none (section 6.1.3).
    pub(super) fn string(&self, offset: usize) -> Screened {
        let number = match self.byte(offset) {
            None | Some(0) => return Screened::Empty,
            Some(number) => usize::from(number),
        };
        let mut strings = self.strings.split(|byte| *byte == 0);
        strings
            .nth(number.saturating_sub(1))
            .map_or(Screened::Empty, screen_bytes)
    }
}
