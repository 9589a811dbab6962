//! Addresses in LLDP frames (IEEE 802.1AB-2016, clause 8).

use super::place::{ipv4, ipv6, mac};
use super::pseudonym::Pseudonyms;

/// Replaces the sender's MAC, and MACs and addresses in the TLVs; names are found as text.
pub(super) fn replace(frames: &mut [u8], pseudonyms: &Pseudonyms) {
    let mut at = 0;
    while let Some([high, low]) = frames.get(at..).and_then(<[u8]>::first_chunk::<2>) {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some(frame) = frames.get_mut(at + 2..at + 2 + length) else {
            return;
        };
        mac(frame, 6, pseudonyms);
        tlvs(frame, pseudonyms);
        at += 2 + length;
    }
}

fn tlvs(frame: &mut [u8], pseudonyms: &Pseudonyms) {
    // Behind the Ethernet header, one 802.1Q tag allowed.
    let mut at = match frame.get(12..14) {
        Some([0x81, 0x00]) => 18,
        _ => 14,
    };
    while let Some([high, low, ..]) = frame.get(at..) {
        let header = u16::from_be_bytes([*high, *low]);
        let (kind, length) = (header >> 9, usize::from(header & 0x1ff));
        let begin = at + 2;
        let subtype = frame.get(begin).copied().unwrap_or_default();
        match (kind, subtype) {
            // Chassis id and port id by MAC (8.5.2.2, 8.5.3.2) or by network address.
            (1, 4) | (2, 3) => mac(frame, begin + 1, pseudonyms),
            (1, 5) | (2, 4) => address(frame, begin + 1, pseudonyms),
            // Management address (8.5.9): length, then family and address.
            (8, _) => address(frame, begin + 1, pseudonyms),
            (0, _) => return,
            _ => {}
        }
        at = begin + length;
    }
}

/// IANA address family, then the address.
fn address(frame: &mut [u8], at: usize, pseudonyms: &Pseudonyms) {
    match frame.get(at) {
        Some(1) => ipv4(frame, at + 1, pseudonyms),
        Some(2) => ipv6(frame, at + 1, pseudonyms),
        Some(6) => mac(frame, at + 1, pseudonyms),
        _ => {}
    }
}
