//! LLDP frames (IEEE 802.1AB-2016).

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use muster_model::network::Neighbour;

/// Ethertype of LLDP.
const ETHERTYPE: [u8; 2] = [0x88, 0xcc];
/// Ethertypes of a VLAN tag before it: IEEE 802.1Q, 802.1ad.
const TAGS: [[u8; 2]; 2] = [[0x81, 0x00], [0x88, 0xa8]];

/// The neighbour that an Ethernet frame speaks of; `None` where it is no LLDP frame with the three
/// mandatory TLVs first (8.2), or where it says goodbye with a time to live of 0.
pub(crate) fn frame(frame: &[u8]) -> Option<Neighbour> {
    let mut rest = frame.get(12..)?;
    while TAGS.iter().any(|tag| rest.starts_with(tag)) {
        rest = rest.get(4..)?;
    }
    data_unit(rest.strip_prefix(&ETHERTYPE)?)
}

/// Frames each with its length before it, 16 bits big-endian, as the question for them answers.
pub(crate) fn frames(answer: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = answer;
    std::iter::from_fn(move || {
        let (length, tail) = rest.split_first_chunk::<2>()?;
        let (frame, tail) = tail.split_at_checked(u16::from_be_bytes(*length).into())?;
        rest = tail;
        Some(frame)
    })
}

fn data_unit(unit: &[u8]) -> Option<Neighbour> {
    let mut tlvs = tlvs(unit);
    let mut mandatory = |kind: u8| tlvs.next().filter(|tlv| tlv.0 == kind).map(|tlv| tlv.1);
    let chassis_id = chassis_id(mandatory(1)?)?;
    let port_id = port_id(mandatory(2)?)?;
    let ttl_s = u16::from_be_bytes(*mandatory(3)?.first_chunk()?);
    if ttl_s == 0 {
        return None;
    }
    let mut neighbour = Neighbour {
        chassis_id: Some(chassis_id),
        port_id: Some(port_id),
        ttl_s: Some(ttl_s),
        ..Neighbour::default()
    };
    for (kind, value) in tlvs {
        match kind {
            4 => neighbour.port_description = text(value),
            5 => neighbour.system_name = text(value),
            6 => neighbour.system_description = text(value),
            8 => neighbour
                .management_addresses
                .extend(management_address(value)),
            127 => neighbour.vlan = neighbour.vlan.or(port_vlan(value)),
            _ => {}
        }
    }
    Some(neighbour)
}

/// Type and value of each TLV up to the end (8.4): seven bits type, nine bits length.
fn tlvs(unit: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = unit;
    std::iter::from_fn(move || {
        let (head, tail) = rest.split_first_chunk::<2>()?;
        let head = u16::from_be_bytes(*head);
        let (value, tail) = tail.split_at_checked(usize::from(head & 0x1ff))?;
        rest = tail;
        let kind = u8::try_from(head >> 9).ok()?;
        (kind != 0).then_some((kind, value))
    })
}

/// Chassis ID subtypes (8.5.2.2).
fn chassis_id(value: &[u8]) -> Option<String> {
    let (subtype, id) = value.split_first()?;
    match subtype {
        4 => mac(id),
        5 => network_address(id),
        1..=3 | 6 | 7 => text(id),
        _ => None,
    }
    .or_else(|| hexadecimal(id))
}

/// Port ID subtypes (8.5.3.2).
fn port_id(value: &[u8]) -> Option<String> {
    let (subtype, id) = value.split_first()?;
    match subtype {
        3 => mac(id),
        4 => network_address(id),
        1 | 2 | 5..=7 => text(id),
        _ => None,
    }
    .or_else(|| hexadecimal(id))
}

/// Management Address TLV (8.5.9): length of what follows, address family, address.
fn management_address(value: &[u8]) -> Option<String> {
    let (length, rest) = value.split_first()?;
    let address = rest.get(..usize::from(*length))?;
    network_address(address).or_else(|| match address.split_first()? {
        // IANA address family 6: all 802 media.
        (6, address) => mac(address),
        _ => None,
    })
}

/// IANA address family number, then the address.
fn network_address(value: &[u8]) -> Option<String> {
    match value.split_first()? {
        (1, address) => <[u8; 4]>::try_from(address)
            .ok()
            .map(|address| Ipv4Addr::from(address).to_string()),
        (2, address) => <[u8; 16]>::try_from(address)
            .ok()
            .map(|address| Ipv6Addr::from(address).to_string()),
        _ => None,
    }
}

/// Port VLAN ID TLV (IEEE 802.1Q-2018, D.2.1): OUI 00-80-C2, subtype 1; 0 is none.
fn port_vlan(value: &[u8]) -> Option<u16> {
    let id = value.strip_prefix(&[0x00, 0x80, 0xc2, 1])?;
    let id = u16::from_be_bytes(*id.first_chunk()?);
    (1..=4094).contains(&id).then_some(id)
}

fn mac(bytes: &[u8]) -> Option<String> {
    (bytes.len() == 6).then(|| joined(bytes))
}

/// What is no text is given as bytes.
fn hexadecimal(bytes: &[u8]) -> Option<String> {
    (!bytes.is_empty()).then(|| joined(bytes))
}

fn joined(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for byte in bytes {
        if !text.is_empty() {
            text.push(':');
        }
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// UTF-8 (8.5.5.2 and so on), without what is around it; control characters become spaces.
fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text: String = text
        .trim_matches(|c: char| c.is_whitespace() || c == '\0')
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests;
