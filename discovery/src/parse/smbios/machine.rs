//! Types 0 to 3: firmware, system, baseboard, enclosure.

use super::structure::Structure;
use super::{Smbios, Version};
use crate::parse::placeholder::{Screened, screen, screen_uuid};

/// From here on the first three fields of a UUID are little-endian (section 7.2.1).
const UUID_MIXED_ENDIAN_SINCE: Version = (2, 6);

/// Type 0 (section 7.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Firmware {
    pub(crate) vendor: Screened,
    pub(crate) version: Screened,
    pub(crate) date: Screened,
    pub(crate) revision: Option<String>,
}

/// Type 1 (section 7.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) vendor: Screened,
    pub(crate) product: Screened,
    pub(crate) version: Screened,
    pub(crate) serial: Screened,
    pub(crate) uuid: Screened,
    pub(crate) sku: Screened,
    pub(crate) family: Screened,
}

/// Type 2 (section 7.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Baseboard {
    pub(crate) vendor: Screened,
    pub(crate) product: Screened,
    pub(crate) version: Screened,
    pub(crate) serial: Screened,
    pub(crate) asset_tag: Screened,
}

/// Type 3 (section 7.4).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Enclosure {
    pub(crate) vendor: Screened,
    pub(crate) kind: Option<&'static str>,
    pub(crate) serial: Screened,
    pub(crate) asset_tag: Screened,
}

impl Smbios {
    pub(crate) fn firmware(&self) -> Option<Firmware> {
        let structure = self.of_type(0).next()?;
        let revision = (structure.byte(0x14), structure.byte(0x15));
        Some(Firmware {
            vendor: structure.string(0x04),
            version: structure.string(0x05),
            date: structure.string(0x08),
            revision: match revision {
                // FFh: not supported.
                (Some(0xff), _) | (_, Some(0xff)) => None,
                (Some(major), Some(minor)) => Some(format!("{major}.{minor}")),
                _ => None,
            },
        })
    }

    pub(crate) fn identity(&self) -> Option<Identity> {
        let structure = self.of_type(1).next()?;
        Some(Identity {
            vendor: structure.string(0x04),
            product: structure.string(0x05),
            version: structure.string(0x06),
            serial: structure.string(0x07),
            uuid: uuid(&structure),
            sku: structure.string(0x19),
            family: structure.string(0x1a),
        })
    }

    /// The main board: of several, the one that hosts the others or is called a motherboard; blade
    /// enclosures and multi-board servers have more, such as risers and processor boards.
    pub(crate) fn baseboard(&self) -> Option<Baseboard> {
        let boards = || self.of_type(2);
        let structure = boards()
            .find(is_motherboard)
            .or_else(|| boards().find(is_hosting))
            .or_else(|| boards().next())?;
        Some(Baseboard {
            vendor: structure.string(0x04),
            product: structure.string(0x05),
            version: structure.string(0x06),
            serial: structure.string(0x07),
            asset_tag: structure.string(0x08),
        })
    }

    pub(crate) fn enclosure(&self) -> Option<Enclosure> {
        let structure = self.of_type(3).next()?;
        Some(Enclosure {
            vendor: structure.string(0x04),
            // The top bit says whether there is a lock.
            kind: structure
                .byte(0x05)
                .and_then(|kind| chassis_kind(kind & 0x7f)),
            serial: structure.string(0x07),
            asset_tag: structure.string(0x08),
        })
    }
}

/// The date of a BIOS, `mm/dd/yyyy` or before version 2.3 `mm/dd/yy`, as `yyyy-mm-dd`.
pub(crate) fn iso_date(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('/').collect();
    let &[month, day, year] = parts.as_slice() else {
        return None;
    };
    let number = |text: &str| -> Option<u16> {
        let digits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    let (month, day) = (number(month)?, number(day)?);
    let year = match (year.len(), number(year)?) {
        (4, year) => year,
        // Two digits: section 7.1 has them be 19xx; firmware of the 2000s wrote them too.
        (2, year) if year >= 80 => 1900 + year,
        (2, year) => 2000 + year,
        _ => return None,
    };
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day) && year >= 1980;
    valid.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// The name of a kind of chassis; `None` for the one that the firmware calls unknown.
pub(crate) fn chassis_kind(kind: u8) -> Option<&'static str> {
    let position = usize::from(kind).checked_sub(1)?;
    CHASSIS_KINDS
        .get(position)
        .copied()
        .filter(|name| *name != "unknown")
}

/// Section 7.3.2: bit 0 is "hosting board".
fn is_hosting(structure: &Structure<'_>) -> bool {
    structure
        .byte(0x09)
        .is_some_and(|features| features & 1 == 1)
}

/// Section 7.3.3: 0Ah is "motherboard (includes processor, memory, and I/O)".
fn is_motherboard(structure: &Structure<'_>) -> bool {
    structure.byte(0x0d) == Some(0x0a)
}

fn uuid(structure: &Structure<'_>) -> Screened {
    let Some(mut bytes) = structure.bytes::<16>(0x08) else {
        return Screened::Empty;
    };
    if structure.version >= UUID_MIXED_ENDIAN_SINCE
        && let [a, b, c, d, e, f, g, h, ..] = bytes.as_mut_slice()
    {
        std::mem::swap(a, d);
        std::mem::swap(b, c);
        std::mem::swap(e, f);
        std::mem::swap(g, h);
    }
    let number = u128::from_be_bytes(bytes);
    match number {
        // All ones: the number is not there but can be set; all zeros: not there.
        0 | u128::MAX => screen(if number == 0 {
            "Not Present"
        } else {
            "Not Set"
        }),
        number => {
            let digits = format!("{number:032x}");
            let part = |from, to| digits.get(from..to).unwrap_or_default();
            let parts = [
                part(0, 8),
                part(8, 12),
                part(12, 16),
                part(16, 20),
                part(20, 32),
            ];
            screen_uuid(&parts.join("-"))
        }
    }
}

/// Table 17 (section 7.4.1), from 1.
const CHASSIS_KINDS: &[&str] = &[
    "other",
    "unknown",
    "desktop",
    "low profile desktop",
    "pizza box",
    "mini tower",
    "tower",
    "portable",
    "laptop",
    "notebook",
    "hand held",
    "docking station",
    "all in one",
    "sub notebook",
    "space-saving",
    "lunch box",
    "main server chassis",
    "expansion chassis",
    "sub chassis",
    "bus expansion chassis",
    "peripheral chassis",
    "raid chassis",
    "rack mount chassis",
    "sealed-case pc",
    "multi-system chassis",
    "compact pci",
    "advanced tca",
    "blade",
    "blade enclosure",
    "tablet",
    "convertible",
    "detachable",
    "iot gateway",
    "embedded pc",
    "mini pc",
    "stick pc",
];
