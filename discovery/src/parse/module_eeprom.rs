//! Memory of a pluggable module: identity fields of SFF-8472 (page A0h), SFF-8636 and CMIS (upper
//! page 00h). Which layout it has, its first byte says (SFF-8024, table 4-1).

use std::ops::Range;

use muster_model::network::Transceiver;

/// What the memory says of the module.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Module {
    pub(crate) transceiver: Transceiver,
    /// Whether the checksum over the identity fields is right.
    pub(crate) checksum_matches: bool,
}

/// Reads the first 256 bytes; `None` where the identifier is of no known kind or the memory ends
/// before the fields.
pub(crate) fn parse(memory: &[u8]) -> Option<Module> {
    let (kind, layout) = identify(*memory.first()?)?;
    let text = |range: &Range<usize>| Some(text(memory.get(range.clone())?));
    Some(Module {
        transceiver: Transceiver {
            kind: Some(kind.to_owned()),
            vendor: text(&layout.vendor)?,
            part_number: text(&layout.part_number)?,
            serial: text(&layout.serial)?,
        },
        checksum_matches: layout
            .checksums
            .iter()
            .all(|covered| checksum_matches(memory, covered)),
    })
}

/// Where a memory map has the fields. The sum of the bytes in each of `checksums` is the byte that
/// follows.
struct Layout {
    vendor: Range<usize>,
    part_number: Range<usize>,
    serial: Range<usize>,
    checksums: &'static [Range<usize>],
}

/// SFF-8472 rev 12.4, table 4-1: data fields of A0h, CC_BASE and CC_EXT.
const SFF_8472: Layout = Layout {
    vendor: 20..36,
    part_number: 40..56,
    serial: 68..84,
    checksums: &[0..63, 64..95],
};
/// SFF-8636 rev 2.11, table 6-14: upper page 00h, CC_BASE and CC_EXT.
const SFF_8636: Layout = Layout {
    vendor: 148..164,
    part_number: 168..184,
    serial: 196..212,
    checksums: &[128..191, 192..223],
};
/// CMIS rev 5.2, table 8-26: upper page 00h, page checksum.
#[allow(
    clippy::single_range_in_vec_init,
    reason = "a list of ranges that has one"
)]
const CMIS: Layout = Layout {
    vendor: 129..145,
    part_number: 148..164,
    serial: 166..182,
    checksums: &[128..222],
};

fn identify(identifier: u8) -> Option<(&'static str, &'static Layout)> {
    Some(match identifier {
        0x03 => ("SFP", &SFF_8472),
        0x0b => ("DWDM-SFP", &SFF_8472),
        0x0c => ("QSFP", &SFF_8636),
        0x0d => ("QSFP+", &SFF_8636),
        0x11 => ("QSFP28", &SFF_8636),
        0x18 => ("QSFP-DD", &CMIS),
        0x19 => ("OSFP", &CMIS),
        0x1b => ("DSFP", &CMIS),
        0x1e => ("QSFP+", &CMIS),
        0x1f => ("SFP-DD", &CMIS),
        0x20 => ("SFP+", &CMIS),
        _ => return None,
    })
}

/// ASCII, padded with spaces on the right; some modules pad with NUL or 0xff.
fn text(field: &[u8]) -> Option<String> {
    let text: String = field
        .iter()
        .map(|byte| match byte {
            0x20..=0x7e => char::from(*byte),
            _ => ' ',
        })
        .collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn checksum_matches(memory: &[u8], covered: &Range<usize>) -> bool {
    let Some(bytes) = memory.get(covered.clone()) else {
        return false;
    };
    let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    memory.get(covered.end) == Some(&sum)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A memory with the fields of `layout` filled in and its checksums right.
    fn memory(identifier: u8, layout: &Layout) -> Vec<u8> {
        let mut memory = vec![0; 256];
        memory[0] = identifier;
        memory[128] = identifier;
        for (field, text) in [
            (&layout.vendor, "FINISAR CORP.   "),
            (&layout.part_number, "FTLX8571D3BCL   "),
            (&layout.serial, "AK123\0\0\0\0\0\0\0\0\0\0\0"),
        ] {
            memory[field.clone()].copy_from_slice(text.as_bytes());
        }
        for covered in layout.checksums {
            memory[covered.end] = memory[covered.clone()]
                .iter()
                .fold(0, |sum: u8, byte| sum.wrapping_add(*byte));
        }
        memory
    }

    #[test]
    fn reads_each_layout() {
        for (identifier, kind, layout) in [
            (0x03, "SFP", &SFF_8472),
            (0x0d, "QSFP+", &SFF_8636),
            (0x11, "QSFP28", &SFF_8636),
            (0x18, "QSFP-DD", &CMIS),
        ] {
            let module = parse(&memory(identifier, layout)).unwrap();
            assert!(module.checksum_matches, "{kind}");
            let transceiver = module.transceiver;
            assert_eq!(transceiver.kind.as_deref(), Some(kind));
            assert_eq!(transceiver.vendor.as_deref(), Some("FINISAR CORP."));
            assert_eq!(transceiver.part_number.as_deref(), Some("FTLX8571D3BCL"));
            assert_eq!(transceiver.serial.as_deref(), Some("AK123"));
        }
    }

    #[test]
    fn a_wrong_byte_shows_in_the_checksum() {
        let mut wrong = memory(0x03, &SFF_8472);
        wrong[21] ^= 1;
        assert!(!parse(&wrong).unwrap().checksum_matches);
    }

    #[test]
    fn unknown_or_short_is_none() {
        assert_eq!(parse(&[]), None);
        assert_eq!(parse(&[0; 256]), None);
        assert_eq!(parse(&[0xff; 256]), None);
        let full = memory(0x11, &SFF_8636);
        for length in 0..212 {
            assert_eq!(parse(&full[..length]), None, "{length}");
        }
    }
}
