//! Addresses in rtnetlink messages (linux/rtnetlink.h, if_addr.h, if_link.h): four bytes of an
//! IPv4 address are too few to be searched for, so the messages are walked.

use super::place::{ipv4, ipv6, mac};
use super::pseudonym::Pseudonyms;

const NEW_LINK: u16 = 16;
const NEW_ADDRESS: u16 = 20;
/// `nlmsghdr`.
const HEADER: usize = 16;
/// The bits of an attribute's type that are no type.
const KIND: u16 = 0x3fff;

/// `RTM_NEWADDR`: `IFA_ADDRESS`, `IFA_LOCAL`, `IFA_BROADCAST`, `IFA_ANYCAST`.
pub(super) fn replace_addresses(dump: &mut [u8], pseudonyms: &Pseudonyms) {
    for (kind, at, end) in messages(dump) {
        if kind != NEW_ADDRESS {
            continue;
        }
        for (kind, at, end) in attributes(dump, at + 8, end) {
            match (kind, end - at) {
                (1 | 2 | 4 | 5, 4) => ipv4(dump, at, pseudonyms),
                (1 | 2 | 4 | 5, 16) => ipv6(dump, at, pseudonyms),
                _ => {}
            }
        }
    }
}

/// `RTM_NEWLINK`: `IFLA_ADDRESS`, `IFLA_BROADCAST`, `IFLA_PERM_ADDRESS`, and the ends of tunnels.
pub(super) fn replace_links(dump: &mut [u8], pseudonyms: &Pseudonyms) {
    for (kind, at, end) in messages(dump) {
        if kind != NEW_LINK {
            continue;
        }
        for (kind, at, end) in attributes(dump, at + 16, end) {
            match (kind, end - at) {
                (1 | 2 | 54, 6) => mac(dump, at, pseudonyms),
                // A tunnel over IP has its own address as its hardware address.
                (1 | 2 | 54, 4) => ipv4(dump, at, pseudonyms),
                (1 | 2 | 54, 16) => ipv6(dump, at, pseudonyms),
                (18, _) => link_info(dump, at, end, pseudonyms),
                _ => {}
            }
        }
    }
}

/// `IFLA_LINKINFO`: the kind, and in `IFLA_INFO_DATA` what that kind has.
fn link_info(dump: &mut [u8], at: usize, end: usize, pseudonyms: &Pseudonyms) {
    let parts = attributes(dump, at, end);
    let kind = parts.iter().find(|(kind, ..)| *kind == 1);
    let kind = kind.and_then(|(_, at, end)| dump.get(*at..*end));
    let addresses: &[u16] = match kind.unwrap_or_default().split(|byte| *byte == 0).next() {
        Some(b"vxlan") => &[2, 4, 16, 17],
        Some(b"geneve") => &[2, 7],
        Some(b"ipip" | b"sit" | b"ip6tnl") => &[2, 3],
        Some(b"gre" | b"gretap" | b"ip6gre" | b"ip6gretap" | b"erspan" | b"ip6erspan") => &[6, 7],
        Some(b"vti" | b"vti6") => &[4, 5],
        _ => return,
    };
    for (_, at, end) in parts.into_iter().filter(|(kind, ..)| *kind == 2) {
        for (kind, at, end) in attributes(dump, at, end) {
            match end - at {
                4 if addresses.contains(&kind) => ipv4(dump, at, pseudonyms),
                16 if addresses.contains(&kind) => ipv6(dump, at, pseudonyms),
                _ => {}
            }
        }
    }
}

type Part = (u16, usize, usize);

/// Type, begin and end of the payload of each message.
fn messages(dump: &[u8]) -> Vec<Part> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some([a, b, c, d, e, f, ..]) = dump.get(at..) {
        let length = u32::from_ne_bytes([*a, *b, *c, *d]);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length < HEADER || length > dump.len() - at {
            break;
        }
        found.push((u16::from_ne_bytes([*e, *f]), at + HEADER, at + length));
        at += length.next_multiple_of(4);
    }
    found
}

/// Type, begin and end of each attribute.
fn attributes(dump: &[u8], mut at: usize, end: usize) -> Vec<Part> {
    let mut found = Vec::new();
    while let Some([a, b, c, d, ..]) = dump.get(at..end) {
        let length = usize::from(u16::from_ne_bytes([*a, *b]));
        if length < 4 || length > end - at {
            break;
        }
        found.push((u16::from_ne_bytes([*c, *d]) & KIND, at + 4, at + length));
        at += length.next_multiple_of(4);
    }
    found
}
