//! Types 16 and 17: where DIMMs go, and which are there.

use super::Smbios;
use super::structure::Structure;
use crate::parse::placeholder::Screened;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Type 16 (section 7.17).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Array {
    pub(crate) handle: Option<u16>,
    pub(crate) usage: Use,
    pub(crate) error_correction: Option<ErrorCorrection>,
    pub(crate) max_capacity_bytes: Option<u64>,
    pub(crate) slots: Option<u32>,
}

/// What the memory of an array is for (section 7.17.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    System,
    /// Video, flash, non-volatile RAM or cache.
    Other,
}

/// How errors are found or corrected (section 7.17.3); ordered by strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ErrorCorrection {
    None,
    Parity,
    Crc,
    SingleBit,
    MultiBit,
}

/// Type 17 (section 7.18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) array: Option<u16>,
    pub(crate) size: Size,
    pub(crate) locator: Screened,
    pub(crate) bank: Screened,
    pub(crate) kind: Option<&'static str>,
    pub(crate) technology: Option<&'static str>,
    pub(crate) form_factor: Option<&'static str>,
    pub(crate) speed_mts: Option<u64>,
    pub(crate) configured_mts: Option<u64>,
    pub(crate) manufacturer: Screened,
    pub(crate) serial: Screened,
    pub(crate) asset_tag: Screened,
    pub(crate) part_number: Screened,
    pub(crate) rank: Option<u32>,
    pub(crate) voltage_mv: Option<u32>,
}

/// What is in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    Empty,
    Unknown,
    Bytes(u64),
}

impl Smbios {
    pub(crate) fn memory_arrays(&self) -> impl Iterator<Item = Array> {
        self.of_type(16).map(|structure| Array {
            handle: structure.handle(),
            usage: match structure.byte(0x05) {
                Some(0x03) => Use::System,
                _ => Use::Other,
            },
            error_correction: error_correction(&structure),
            max_capacity_bytes: max_capacity_bytes(&structure),
            slots: structure.word(0x0d).map(u32::from),
        })
    }

    /// Every slot, the empty ones too.
    pub(crate) fn memory_devices(&self) -> impl Iterator<Item = Device> {
        self.of_type(17).map(|structure| Device {
            array: structure.word(0x04),
            size: size(&structure),
            locator: structure.string(0x10),
            bank: structure.string(0x11),
            kind: structure.byte(0x12).and_then(|kind| named(KINDS, kind)),
            technology: structure
                .byte(0x28)
                .and_then(|technology| named(TECHNOLOGIES, technology)),
            form_factor: structure
                .byte(0x0e)
                .and_then(|form| named(FORM_FACTORS, form)),
            speed_mts: speed_mts(&structure, 0x15, 0x54),
            configured_mts: speed_mts(&structure, 0x20, 0x58),
            manufacturer: structure.string(0x17),
            serial: structure.string(0x18),
            asset_tag: structure.string(0x19),
            part_number: structure.string(0x1a),
            // Bits 3:0; 0 is unknown.
            rank: structure
                .byte(0x1b)
                .map(|attributes| u32::from(attributes & 0x0f))
                .filter(|rank| *rank > 0),
            voltage_mv: structure.word(0x26).map(u32::from).filter(|mv| *mv > 0),
        })
    }
}

/// In KiB at 07h; 8000_0000h sends to the bytes at 0Fh, since version 2.7.
fn max_capacity_bytes(structure: &Structure<'_>) -> Option<u64> {
    let bytes = match structure.double_word(0x07)? {
        0x8000_0000 => structure.quad_word(0x0f)?,
        kib => u64::from(kib).checked_mul(KIB)?,
    };
    Some(bytes).filter(|bytes| *bytes > 0)
}

/// At 0Ch in MiB, or in KiB with bit 15 set; 7FFFh sends to the MiB at 1Ch, since version 2.7.
fn size(structure: &Structure<'_>) -> Size {
    match structure.word(0x0c) {
        Some(0) => Size::Empty,
        None | Some(0xffff) => Size::Unknown,
        Some(0x7fff) => match structure.double_word(0x1c) {
            // Bit 31 is reserved. A table from before the extended size means 32 GiB less 1 MiB.
            Some(mib) if mib & 0x7fff_ffff > 0 => Size::Bytes(u64::from(mib & 0x7fff_ffff) * MIB),
            Some(_) => Size::Unknown,
            None => Size::Bytes(0x7fff * MIB),
        },
        Some(kib) if kib & 0x8000 != 0 => match u64::from(kib & 0x7fff) {
            0 => Size::Unknown,
            kib => Size::Bytes(kib * KIB),
        },
        Some(mib) => Size::Bytes(u64::from(mib) * MIB),
    }
}

/// A word, 0 if unknown; FFFFh sends to a double word, since version 3.3.
fn speed_mts(structure: &Structure<'_>, offset: usize, extended: usize) -> Option<u64> {
    match structure.word(offset)? {
        0 => None,
        0xffff => {
            let speed = structure.double_word(extended)? & 0x7fff_ffff;
            Some(u64::from(speed)).filter(|speed| *speed > 0)
        }
        speed => Some(u64::from(speed)),
    }
}

fn error_correction(structure: &Structure<'_>) -> Option<ErrorCorrection> {
    match structure.byte(0x06)? {
        0x03 => Some(ErrorCorrection::None),
        0x04 => Some(ErrorCorrection::Parity),
        0x05 => Some(ErrorCorrection::SingleBit),
        0x06 => Some(ErrorCorrection::MultiBit),
        0x07 => Some(ErrorCorrection::Crc),
        _ => None,
    }
}

/// Tables start at 3: 1 is "other" and 2 "unknown", which both say nothing.
fn named(table: &[&'static str], value: u8) -> Option<&'static str> {
    let position = usize::from(value).checked_sub(3)?;
    table.get(position).copied().filter(|name| !name.is_empty())
}

/// Table 76 (section 7.18.1), from 3.
const FORM_FACTORS: &[&str] = &[
    "SIMM",
    "SIP",
    "Chip",
    "DIP",
    "ZIP",
    "Proprietary Card",
    "DIMM",
    "TSOP",
    "Row of chips",
    "RIMM",
    "SODIMM",
    "SRIMM",
    "FB-DIMM",
    "Die",
    "CAMM",
];

/// Table 77 (section 7.18.2), from 3; three values are reserved.
const KINDS: &[&str] = &[
    "DRAM",
    "EDRAM",
    "VRAM",
    "SRAM",
    "RAM",
    "ROM",
    "FLASH",
    "EEPROM",
    "FEPROM",
    "EPROM",
    "CDRAM",
    "3DRAM",
    "SDRAM",
    "SGRAM",
    "RDRAM",
    "DDR",
    "DDR2",
    "DDR2 FB-DIMM",
    "",
    "",
    "",
    "DDR3",
    "FBD2",
    "DDR4",
    "LPDDR",
    "LPDDR2",
    "LPDDR3",
    "LPDDR4",
    "Logical non-volatile device",
    "HBM",
    "HBM2",
    "DDR5",
    "LPDDR5",
    "HBM3",
    "MRDIMM",
];

/// Table 79 (section 7.18.6), from 3.
const TECHNOLOGIES: &[&str] = &[
    "DRAM",
    "NVDIMM-N",
    "NVDIMM-F",
    "NVDIMM-P",
    "Intel Optane persistent memory",
    "MRDIMM",
];
