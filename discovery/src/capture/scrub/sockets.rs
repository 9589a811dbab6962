//! Tables of sockets: addresses in the kernel's own hexadecimal.

use std::net::IpAddr;

use super::pseudonym::Pseudonyms;
use crate::parse::sockets::{ByteOrder, address, local_field};

/// The table with every local address replaced. Where nobody knows in what order its numbers are,
/// no parser reads it either: its addresses are made zero.
pub(super) fn replace(table: &[u8], order: Option<ByteOrder>, pseudonyms: &Pseudonyms) -> Vec<u8> {
    let table = String::from_utf8_lossy(table);
    let line = |line: &str| replaced(line, order, pseudonyms).unwrap_or_else(|| line.to_owned());
    let lines = table.split_inclusive('\n').map(line);
    lines.collect::<String>().into_bytes()
}

fn replaced(line: &str, order: Option<ByteOrder>, pseudonyms: &Pseudonyms) -> Option<String> {
    let (digits, port) = local_field(line)?.split_once(':')?;
    let pseudonym = match order.and_then(|order| Some((address(digits, order)?, order))) {
        Some((address, order)) => written(pseudonym(address, pseudonyms), order),
        None => "0".repeat(digits.len()),
    };
    let (before, after) = (format!(" {digits}:{port}"), format!(" {pseudonym}:{port}"));
    Some(line.replacen(&before, &after, 1))
}

fn pseudonym(address: IpAddr, pseudonyms: &Pseudonyms) -> IpAddr {
    match address {
        IpAddr::V4(address) => IpAddr::V4(pseudonyms.ipv4(address)),
        IpAddr::V6(address) => IpAddr::V6(match address.to_ipv4_mapped() {
            Some(mapped) => pseudonyms.ipv4(mapped).to_ipv6_mapped(),
            None => pseudonyms.ipv6(address),
        }),
    }
}

fn written(address: IpAddr, order: ByteOrder) -> String {
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let number = |word: &[u8; 4]| match order {
        ByteOrder::Little => u32::from_le_bytes(*word),
        ByteOrder::Big => u32::from_be_bytes(*word),
    };
    let (words, _) = octets.as_chunks::<4>();
    let words = words.iter().map(|word| format!("{:08X}", number(word)));
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::sockets::local_addresses;

    const TABLE: &str = "   0: 0100007F:0016 00000000:0000 0A 00000000:00000000\n\
           1: 0500A8C0:0050 00000000:0000 0A 00000000:00000000\n\
           2: B80D0120000000000000000001000000:0051 0:0 0A 0\n\
           3: 0000000000000000FFFF00000500A8C0:0052 0:0 0A 0\n";

    fn scrubbed(table: &str, order: Option<ByteOrder>) -> String {
        let replaced = replace(table.as_bytes(), order, &Pseudonyms::new([7; 32]));
        String::from_utf8(replaced).unwrap()
    }

    #[test]
    fn addresses_get_the_pseudonyms_that_they_have_elsewhere() {
        let scrubbed = scrubbed(TABLE, Some(ByteOrder::Little));
        assert_eq!(scrubbed.len(), TABLE.len());
        assert!(!scrubbed.contains("0500A8C0") && !scrubbed.contains("B80D0120000000000000000001"));
        let lines = local_addresses(scrubbed.as_bytes(), ByteOrder::Little).values;
        let elsewhere = Pseudonyms::new([7; 32]).ipv4("192.168.0.5".parse().unwrap());
        assert_eq!(lines[0].to_string(), "127.0.0.1:22");
        assert_eq!(lines[1].ip(), IpAddr::V4(elsewhere));
        assert_eq!(lines[3].ip(), IpAddr::V6(elsewhere.to_ipv6_mapped()));
        assert_eq!(lines[2].port(), 0x51);
    }

    #[test]
    fn without_a_byte_order_nothing_stays() {
        let scrubbed = scrubbed(TABLE, None);
        assert_eq!(scrubbed.len(), TABLE.len());
        assert!(!scrubbed.contains("A8C0") && scrubbed.contains(" 00000000:0050 "));
    }
}
