//! Tables of sockets, `/proc/net/{tcp,tcp6,udp,udp6}`: proc_net(5), kernel
//! `Documentation/networking/proc_net_tcp.rst`.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::lines::{self, Lines};

/// `TCP_LISTEN` of the kernel (`include/net/tcp_states.h`).
const LISTENS: &str = "0A";
/// `TCP_CLOSE`: of UDP, bound and not connected.
const UNCONNECTED: &str = "07";

/// The order of the bytes in a number of the machine that wrote the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    /// The lowest first.
    Little,
    /// The highest first.
    Big,
}

impl ByteOrder {
    /// By what `uname -m` says. MIPS says the same in either order.
    pub(crate) fn of_architecture(name: &str) -> Option<Self> {
        const BIG: [&str; 10] = [
            "s390",
            "s390x",
            "ppc",
            "ppc64",
            "sparc",
            "sparc64",
            "parisc",
            "parisc64",
            "m68k",
            "aarch64_be",
        ];
        match name {
            name if name.starts_with("mips") => None,
            name if name.starts_with("arm") && name.ends_with('b') => Some(Self::Big),
            name if BIG.contains(&name) => Some(Self::Big),
            _ => Some(Self::Little),
        }
    }
}

/// Whether a line of a table is of a socket that takes its address for itself: it listens, or it
/// is UDP and not connected. `None` for what is no line of a socket, such as the heading.
pub(crate) fn is_listener(line: &[u8]) -> Option<bool> {
    let line = std::str::from_utf8(line).ok()?;
    let mut fields = line.split_ascii_whitespace();
    let number = fields.next()?.strip_suffix(':')?;
    number.parse::<u64>().ok()?;
    let state = fields.nth(2)?;
    Some(matches!(state, LISTENS | UNCONNECTED))
}

/// The local addresses in a table of listeners.
pub(crate) fn local_addresses(table: &[u8], order: ByteOrder) -> Lines<SocketAddr> {
    lines::read(table, |line| {
        let (address, port) = local_field(line)?.split_once(':')?;
        let port = hex(port, 4).and_then(|port| u16::try_from(port).ok())?;
        Some(SocketAddr::new(self::address(address, order)?, port))
    })
}

/// `address:port` of the socket itself.
pub(crate) fn local_field(line: &str) -> Option<&str> {
    line.split_ascii_whitespace().nth(1)
}

/// An address, which the kernel writes as numbers of 32 bits of its own byte order.
pub(crate) fn address(digits: &str, order: ByteOrder) -> Option<IpAddr> {
    let word = |at: usize| -> Option<[u8; 4]> {
        let number = hex(digits.get(at..at + 8)?, 8)?;
        Some(match order {
            ByteOrder::Little => number.to_le_bytes(),
            ByteOrder::Big => number.to_be_bytes(),
        })
    };
    match digits.len() {
        8 => Some(IpAddr::from(word(0)?)),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let octets: [u8; 16] = words.concat().try_into().ok()?;
            Some(IpAddr::from(Ipv6Addr::from(octets)))
        }
        _ => None,
    }
}

/// So many hexadecimal digits.
fn hex(digits: &str, count: usize) -> Option<u32> {
    let is_hex = digits.len() == count && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u32::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when";

    fn shown(table: &str, order: ByteOrder) -> Vec<String> {
        let lines = local_addresses(table.as_bytes(), order);
        assert_eq!(lines.odd, 0, "{table}");
        lines.values.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn tells_listeners_from_the_rest() {
        let line = |state: &str| format!("   0: 0100007F:0016 00000000:0000 {state} 0:0 00:0 0 0");
        for (state, taken) in [("0A", true), ("07", true), ("01", false), ("06", false)] {
            assert_eq!(is_listener(line(state).as_bytes()), Some(taken), "{state}");
        }
        for odd in [HEADING, "", "0: 1", "x: a b 0A", "\u{7f}"] {
            assert_eq!(is_listener(odd.as_bytes()), None, "{odd}");
        }
    }

    #[test]
    fn reads_addresses_in_either_byte_order() {
        let little = "   0: 0100007F:0016 00000000:0000 0A\n 12: 00000000:FFFF 00000000:0000 07\n";
        assert_eq!(
            shown(little, ByteOrder::Little),
            ["127.0.0.1:22", "0.0.0.0:65535"]
        );
        let big = "   0: 7F000001:0016 00000000:0000 0A\n";
        assert_eq!(shown(big, ByteOrder::Big), ["127.0.0.1:22"]);
        let six = "1: B80D0120000000000000000001000000:0050 0:0 0A\n\
            2: 0000000000000000FFFF00000100007F:0051 0:0 0A\n";
        let expected = ["[2001:db8::1]:80", "[::ffff:127.0.0.1]:81"];
        assert_eq!(shown(six, ByteOrder::Little), expected);
        let six = "1: 20010DB8000000000000000000000001:0050 0:0 0A\n";
        assert_eq!(shown(six, ByteOrder::Big), ["[2001:db8::1]:80"]);
    }

    #[test]
    fn odd_lines_are_counted() {
        let odd = "0: 0100007F:016 x\n0: 0100007:0016 x\n0: +100007F:0016 x\nalone\n\
            0: 0100007F0016 x\n0: é100007F:0016 x\n";
        let lines = local_addresses(odd.as_bytes(), ByteOrder::Little);
        assert_eq!((lines.values.len(), lines.odd), (0, 6));
    }

    #[test]
    fn knows_byte_orders() {
        use ByteOrder::{Big, Little};
        for (name, order) in [
            ("x86_64", Some(Little)),
            ("ppc64le", Some(Little)),
            ("armv7l", Some(Little)),
            ("armv7b", Some(Big)),
            ("s390x", Some(Big)),
            ("mips64", None),
        ] {
            assert_eq!(ByteOrder::of_architecture(name), order, "{name}");
        }
    }
}
