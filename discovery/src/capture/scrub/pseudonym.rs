//! What stands in for an original: of the same length and kind, the same each time, and not to be
//! found out by trying originals without the salt.

use std::net::{Ipv4Addr, Ipv6Addr};

use sha2::{Digest, Sha256};

/// Tries for a text with the same sum of bytes; one in some hundred has it.
const TRIES: u32 = 1024;
/// The digits of a WWN that name its kind and its maker: NAA and a 24-bit OUI (SPC-6, 7.7.6.6).
const WWN_KEPT_DIGITS: usize = 7;

/// Makes pseudonyms with one salt.
pub(super) struct Pseudonyms {
    salt: [u8; 32],
}

impl Pseudonyms {
    pub(super) fn new(salt: [u8; 32]) -> Self {
        Self { salt }
    }

    /// Digits stay digits, letters stay letters of their case, all else stays; in what looks like
    /// hexadecimal, letters stay hexadecimal. The sum of the bytes stays too where that can be
    /// done, and with it the checksums of VPD, FRU, EEPROM and ATA data around the text.
    pub(super) fn text(&self, original: &str) -> String {
        if !original.contains(char::is_alphanumeric) {
            return original.to_owned();
        }
        let folded = original.to_ascii_lowercase();
        let is_hex = folded.bytes().any(|byte| byte.is_ascii_digit())
            && !folded.bytes().any(|byte| (b'g'..=b'z').contains(&byte));
        let letters = if is_hex { 6 } else { 26 };
        let sum = |text: &str| text.bytes().fold(0_u8, u8::wrapping_add);
        let mut other = None;
        for round in 0..TRIES {
            let candidate = self.shaped(original, &folded, letters, round);
            if candidate == original {
                continue;
            }
            if sum(&candidate) == sum(original) {
                return candidate;
            }
            other.get_or_insert(candidate);
        }
        other.unwrap_or_else(|| original.to_owned())
    }

    fn shaped(&self, original: &str, folded: &str, letters: u8, round: u32) -> String {
        let stream = self.stream("text", folded.as_bytes(), round);
        let shape = |(character, random): (char, u8)| match character {
            '0'..='9' => char::from(b'0' + random % 10),
            'a'..='z' => char::from(b'a' + random % letters),
            'A'..='Z' => char::from(b'A' + random % letters),
            other if other.is_ascii() => other,
            // As long in bytes as it was.
            other => match other.len_utf8() {
                2 => 'ß',
                3 => '…',
                _ => '🂠',
            },
        };
        original.chars().zip(stream).map(shape).collect()
    }

    /// The maker's part stays, the rest is replaced.
    pub(super) fn mac(&self, original: [u8; 6]) -> [u8; 6] {
        let [a, b, c, ..] = original;
        let mut stream = self.stream("mac", &original, 0);
        let mut next = || stream.next().unwrap_or_default();
        [a, b, c, next(), next(), next()]
    }

    /// Version and variant stay (RFC 9562, section 4).
    pub(super) fn uuid(&self, original: [u8; 16]) -> [u8; 16] {
        let mut pseudonym = [0; 16];
        let stream = self.stream("uuid", &original, 0);
        let places = pseudonym.iter_mut().zip(original).zip(stream).enumerate();
        for (at, ((place, original), random)) in places {
            *place = match at {
                6 => original & 0xf0 | random & 0x0f,
                8 => original & 0xc0 | random & 0x3f,
                _ => random,
            };
        }
        pseudonym
    }

    /// Lower-case hexadecimal digits of a WWN, EUI-64 or NGUID.
    pub(super) fn wwn(&self, digits: &str) -> String {
        let stream = self.stream("wwn", digits.as_bytes(), 0);
        let digit = |(at, (digit, random)): (usize, (char, u8))| match at {
            0..WWN_KEPT_DIGITS => digit,
            _ => char::from_digit(u32::from(random % 16), 16).unwrap_or('0'),
        };
        digits.chars().zip(stream).enumerate().map(digit).collect()
    }

    /// Equal prefixes of whole octets stay equal. The first octet stays, the second too in the
    /// private ranges, and 0 and 255 everywhere: masks, networks and broadcasts stay what they are.
    pub(super) fn ipv4(&self, original: Ipv4Addr) -> Ipv4Addr {
        if is_plain_v4(original) {
            return original;
        }
        let octets = original.octets();
        let kept = match octets {
            [192, 168, ..] | [169, 254, ..] | [172, 16..=31, ..] => 2,
            _ => 1,
        };
        let mut pseudonym = octets;
        for (at, place) in pseudonym.iter_mut().enumerate().skip(kept) {
            let before = octets.get(..at).unwrap_or_default();
            *place = match *place {
                end @ (0 | 255) => end,
                octet @ 1..=9 => self.among("ipv4", before, octet, 1, 9),
                octet @ 10..=99 => self.among("ipv4", before, octet, 10, 99),
                octet => self.among("ipv4", before, octet, 100, 254),
            };
        }
        Ipv4Addr::from(pseudonym)
    }

    /// Equal prefixes of whole groups stay equal; the first group stays, zero stays zero, and a
    /// group keeps its number of digits.
    pub(super) fn ipv6(&self, original: Ipv6Addr) -> Ipv6Addr {
        if original.is_loopback() || original.is_unspecified() || original.is_multicast() {
            return original;
        }
        let mut groups = original.segments();
        let octets = original.octets();
        for (at, place) in groups.iter_mut().enumerate().skip(1) {
            let through = octets.get(..at * 2 + 2).unwrap_or_default();
            let digits = 16_u32.saturating_sub(place.leading_zeros()).div_ceil(4);
            let [high, low] = {
                let mut stream = self.stream("ipv6", through, 0);
                [(); 2].map(|()| stream.next().unwrap_or_default())
            };
            let random = u16::from_be_bytes([high, low]);
            *place = match digits {
                0 => 0,
                digits => {
                    let lead = 1 << (4 * (digits - 1));
                    let range = u32::from(u16::MAX >> (16 - 4 * digits)) + 1 - lead;
                    u16::try_from(lead + u32::from(random) % range).unwrap_or_default()
                }
            };
        }
        Ipv6Addr::from(groups)
    }

    /// Any bytes for any bytes.
    pub(super) fn bytes(&self, original: &[u8]) -> Vec<u8> {
        let stream = self.stream("bytes", original, 0);
        original
            .iter()
            .zip(stream)
            .map(|(_, random)| random)
            .collect()
    }

    /// The place of `octet` in an order of `first..=last` that only the salt and `before` give: no
    /// two octets get the same one.
    fn among(&self, kind: &str, before: &[u8], octet: u8, first: u8, last: u8) -> u8 {
        let stream = self.stream(kind, before, u32::from(first));
        let mut order: Vec<(u8, u8)> = stream.zip(first..=last).collect();
        order.sort_unstable();
        let place = order.get(usize::from(octet - first));
        place.map_or(octet, |(_, octet)| *octet)
    }

    fn stream(&self, kind: &str, original: &[u8], round: u32) -> impl Iterator<Item = u8> {
        let mut keyed = Sha256::new();
        keyed.update(self.salt);
        keyed.update(kind);
        keyed.update([0]);
        keyed.update(round.to_be_bytes());
        keyed.update(original);
        (0_u32..).flat_map(move |block| {
            let digest = keyed.clone().chain_update(block.to_be_bytes()).finalize();
            <[u8; 32]>::from(digest)
        })
    }
}

/// Addresses that tell nothing.
fn is_plain_v4(address: Ipv4Addr) -> bool {
    let mask = u32::from(address);
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || mask.leading_ones() + mask.trailing_zeros() >= 32
}
