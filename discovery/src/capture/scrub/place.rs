//! Replaces addresses in binary, each at its place and by as many bytes.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::pseudonym::Pseudonyms;

/// Replaces the MAC at `at`.
pub(super) fn mac(bytes: &mut [u8], at: usize, pseudonyms: &Pseudonyms) {
    let found = bytes.get(at..).and_then(<[u8]>::first_chunk::<6>).copied();
    // Group addresses are nobody's; none is none.
    if let Some(mac) = found.filter(|mac| mac.iter().any(|b| *b != 0) && mac[0] & 1 == 0) {
        put(bytes, at, &pseudonyms.mac(mac), 6);
    }
}

/// Replaces the IPv4 address at `at`.
pub(super) fn ipv4(bytes: &mut [u8], at: usize, pseudonyms: &Pseudonyms) {
    let found = bytes.get(at..).and_then(<[u8]>::first_chunk::<4>).copied();
    if let Some(address) = found {
        let pseudonym = pseudonyms.ipv4(Ipv4Addr::from(address)).octets();
        put(bytes, at, &pseudonym, 4);
    }
}

/// Replaces the IPv6 address at `at`.
pub(super) fn ipv6(bytes: &mut [u8], at: usize, pseudonyms: &Pseudonyms) {
    let found = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>).copied();
    if let Some(address) = found {
        let pseudonym = pseudonyms.ipv6(Ipv6Addr::from(address)).octets();
        put(bytes, at, &pseudonym, 16);
    }
}

/// Puts a pseudonym of `length` bytes at `at`; one of another length is none.
pub(super) fn put(bytes: &mut [u8], at: usize, pseudonym: &[u8], length: usize) {
    if let Some(place) = bytes.get_mut(at..at + length)
        && pseudonym.len() == length
    {
        place.copy_from_slice(pseudonym);
    }
}
