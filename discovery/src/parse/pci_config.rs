//! The configuration space of a PCI function (PCI Local Bus 3.0 chapter 6, PCI Express Base 5.0
//! chapter 7): what kernels before 4.13 have in no other place.

use muster_model::pci::PciLink;

/// What is used of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Config {
    /// Revision ID.
    pub(crate) revision: Option<u8>,
    /// From the PCI Express capability; unknown where only the first 64 bytes may be read.
    pub(crate) link: PciLink,
}

// Common header (PCI 3.0, 6.1).
const VENDOR: usize = 0x00;
const STATUS: usize = 0x06;
const REVISION: usize = 0x08;
const HEADER_TYPE: usize = 0x0e;
const STATUS_HAS_CAPABILITIES: u16 = 1 << 4;
const HEADER_TYPE_MASK: u8 = 0x7f;
const HEADER_TYPE_CARDBUS: u8 = 2;
const CAPABILITIES: usize = 0x34;
const CAPABILITIES_CARDBUS: usize = 0x14;

// A list of at most the 48 that fit into the space behind the header.
const FIRST_CAPABILITY: usize = 0x40;
const MOST_CAPABILITIES: usize = 48;

// PCI Express capability (PCIe 5.0, 7.5.3).
const PCI_EXPRESS: u8 = 0x10;
const EXPRESS_FLAGS: usize = 0x02;
const LINK_CAPABILITIES: usize = 0x0c;
const LINK_STATUS: usize = 0x12;

/// Reads as much as there is.
pub(crate) fn parse(config: &[u8]) -> Config {
    // A function that is gone or asleep answers all ones.
    if matches!(u16_at(config, VENDOR), None | Some(0xffff)) {
        return Config::default();
    }
    Config {
        revision: config.get(REVISION).copied(),
        link: capability(config, PCI_EXPRESS)
            .and_then(|at| link(config, at))
            .unwrap_or_default(),
    }
}

/// Where the capability `id` begins.
fn capability(config: &[u8], id: u8) -> Option<usize> {
    if u16_at(config, STATUS)? & STATUS_HAS_CAPABILITIES == 0 {
        return None;
    }
    let first = match config.get(HEADER_TYPE)? & HEADER_TYPE_MASK {
        HEADER_TYPE_CARDBUS => CAPABILITIES_CARDBUS,
        _ => CAPABILITIES,
    };
    let mut pointer = *config.get(first)?;
    for _ in 0..MOST_CAPABILITIES {
        // The two lowest bits are reserved (PCI 3.0, 6.7).
        let at = usize::from(pointer & !3);
        if at < FIRST_CAPABILITY {
            return None;
        }
        let found = *config.get(at)?;
        if found == id {
            return Some(at);
        }
        if found == 0xff {
            return None;
        }
        pointer = *config.get(at + 1)?;
    }
    None
}

/// An endpoint in a root complex has no link, and reserved registers in its place.
fn link(config: &[u8], at: usize) -> Option<PciLink> {
    const ROOT_COMPLEX_ENDPOINT: u16 = 9;
    const ROOT_COMPLEX_EVENT_COLLECTOR: u16 = 10;
    let port = (u16_at(config, at + EXPRESS_FLAGS)? >> 4) & 0xf;
    if matches!(port, ROOT_COMPLEX_ENDPOINT | ROOT_COMPLEX_EVENT_COLLECTOR) {
        return None;
    }
    let most = u16_at(config, at + LINK_CAPABILITIES)?;
    let now = u16_at(config, at + LINK_STATUS)?;
    Some(PciLink {
        speed_gts: speed_gts(now),
        width: width(now),
        max_speed_gts: speed_gts(most),
        max_width: width(most),
    })
}

/// Bits 3:0 of both registers (PCIe 5.0, 7.5.3.6 and 7.5.3.8; 64 GT/s from PCIe 6.0).
fn speed_gts(register: u16) -> Option<f64> {
    match register & 0xf {
        1 => Some(2.5),
        2 => Some(5.0),
        3 => Some(8.0),
        4 => Some(16.0),
        5 => Some(32.0),
        6 => Some(64.0),
        _ => None,
    }
}

/// Bits 9:4 of both registers.
fn width(register: u16) -> Option<u32> {
    Some(u32::from((register >> 4) & 0x3f)).filter(|width| (1..=32).contains(width))
}

fn u16_at(config: &[u8], at: usize) -> Option<u16> {
    let bytes = config.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn express(port: u8) -> Vec<u8> {
        let mut config = vec![0; 256];
        config[..2].copy_from_slice(&0x8086u16.to_le_bytes());
        config[STATUS] = 0x10;
        config[REVISION] = 5;
        config[CAPABILITIES] = 0x50;
        // Power management first, then PCI Express.
        config[0x50..0x52].copy_from_slice(&[0x01, 0x60]);
        config[0x60..0x63].copy_from_slice(&[PCI_EXPRESS, 0, port << 4]);
        config[0x6c] = 0x83;
        config[0x72] = 0x42;
        config
    }

    #[test]
    fn reads_revision_and_link() {
        let found = parse(&express(0));
        assert_eq!(found.revision, Some(5));
        assert_eq!(found.link.speed_gts, Some(5.0));
        assert_eq!(found.link.width, Some(4));
        assert_eq!(found.link.max_speed_gts, Some(8.0));
        assert_eq!(found.link.max_width, Some(8));
        assert_eq!(parse(&express(9)).link, PciLink::default());
    }

    #[test]
    fn reads_what_anyone_may_read() {
        let found = parse(&express(0)[..64]);
        assert_eq!(found.revision, Some(5));
        assert_eq!(found.link, PciLink::default());
    }

    #[test]
    fn a_loop_of_capabilities_ends() {
        let mut config = express(0);
        config[0x51] = 0x50;
        assert_eq!(parse(&config).link, PciLink::default());
    }

    #[test]
    fn a_function_that_is_gone_says_nothing() {
        assert_eq!(parse(&[0xff; 256]), Config::default());
        assert_eq!(parse(&[]), Config::default());
    }
}
