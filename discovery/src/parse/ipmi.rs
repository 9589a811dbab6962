//! Answers of a management controller. Specification: IPMI 2.0, revision 1.1; tables below are its.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::Fault;

/// Medium of a channel: 802.3 LAN (table 6-3).
const MEDIUM_LAN: u8 = 0x04;

/// Parameters of a LAN channel (table 23-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lan {
    Ipv4Address = 3,
    MacAddress = 5,
    Ipv6Static = 56,
    Ipv6Dynamic = 59,
}

/// Firmware revision of a device id: a binary major in seven bits, a minor in BCD.
pub(crate) fn firmware(answer: &[u8]) -> Result<String, Fault> {
    match body(answer)? {
        [_, _, major, minor, ..] => Ok(format!("{}.{minor:02x}", major & 0x7f)),
        _ => Err(short("Get Device ID")),
    }
}

/// Whether the controller knows the command at all, whatever it was asked about (table 5-2).
pub(crate) fn knows_command(answer: &[u8]) -> bool {
    answer.first() != Some(&0xc1)
}

/// Whether a channel is a LAN.
pub(crate) fn is_lan(answer: &[u8]) -> Result<bool, Fault> {
    match body(answer)? {
        [_, medium, ..] => Ok(medium & 0x7f == MEDIUM_LAN),
        _ => Err(short("Get Channel Info")),
    }
}

/// An IPv4 address; `None` where none is set.
pub(crate) fn ipv4(answer: &[u8]) -> Result<Option<Ipv4Addr>, Fault> {
    let [a, b, c, d] = parameter(answer)?;
    let address = Ipv4Addr::new(a, b, c, d);
    Ok(Some(address).filter(|address| !address.is_unspecified()))
}

/// A hardware address in colon form; `None` where none is set.
pub(crate) fn mac(answer: &[u8]) -> Result<Option<String>, Fault> {
    let bytes: [u8; 6] = parameter(answer)?;
    if bytes == [0; 6] || bytes == [0xff; 6] {
        return Ok(None);
    }
    Ok(Some(bytes.map(|byte| format!("{byte:02x}")).join(":")))
}

/// An IPv6 address, static or dynamic, that is in use; `None` where there is none.
pub(crate) fn ipv6(answer: &[u8], kind: Lan) -> Result<Option<Ipv6Addr>, Fault> {
    // Set selector, source, address, prefix length, status.
    let bytes: [u8; 20] = parameter(answer)?;
    let [_, source, address @ .., _, status] = bytes;
    let address = Ipv6Addr::from(address);
    // Bit 7 enables a static address; status 0 is active.
    let is_off = kind == Lan::Ipv6Static && source & 0x80 == 0;
    let is_used = status == 0 && !is_off && !address.is_unspecified();
    Ok(is_used.then_some(address))
}

/// What follows the revision of a parameter.
fn parameter<const N: usize>(answer: &[u8]) -> Result<[u8; N], Fault> {
    body(answer)?
        .get(1..)
        .and_then(|data| data.first_chunk())
        .copied()
        .ok_or_else(|| short("Get LAN Configuration Parameters"))
}

/// What follows the completion code (table 5-2).
fn body(answer: &[u8]) -> Result<&[u8], Fault> {
    match answer {
        [0, data @ ..] => Ok(data),
        [0xd4, ..] => Err(Fault::Denied),
        [code, ..] => Err(Fault::Unsupported(format!("completion code {code:#04x}"))),
        [] => Err(short("an IPMI request")),
    }
}

fn short(what: &str) -> Fault {
    Fault::Malformed(format!("the answer to {what} is too short"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_id_has_the_firmware() {
        let answer = [0, 0x20, 0x81, 0x83, 0x45, 0x02, 0xbf];
        assert_eq!(firmware(&answer), Ok("3.45".to_owned()));
        assert_eq!(firmware(&[0, 0x20, 1, 1, 5]), Ok("1.05".to_owned()));
        assert!(matches!(firmware(&[0, 0x20]), Err(Fault::Malformed(_))));
        assert!(matches!(firmware(&[]), Err(Fault::Malformed(_))));
        assert!(matches!(firmware(&[0xc1]), Err(Fault::Unsupported(_))));
        assert_eq!(firmware(&[0xd4]), Err(Fault::Denied));
    }

    #[test]
    fn lan_parameters() {
        let address = Ipv4Addr::new(192, 0, 2, 7);
        assert_eq!(ipv4(&[0, 0x11, 192, 0, 2, 7]), Ok(Some(address)));
        assert_eq!(ipv4(&[0, 0x11, 0, 0, 0, 0]), Ok(None));
        assert!(ipv4(&[0, 0x11, 192]).is_err());
        let found = mac(&[0, 0x11, 0, 0x25, 0x90, 0xeb, 0x96, 0x28]);
        assert_eq!(found, Ok(Some("00:25:90:eb:96:28".to_owned())));
        assert_eq!(mac(&[0, 0x11, 0, 0, 0, 0, 0, 0]), Ok(None));
        assert_eq!(is_lan(&[0, 1, 0x84, 1]), Ok(true));
        assert_eq!(is_lan(&[0, 1, 0x0c, 1]), Ok(false));
        assert!(knows_command(&[0xcc]) && !knows_command(&[0xc1]));
    }

    #[test]
    fn an_ipv6_address_counts_when_in_use() {
        let answer = |source: u8, first: u8, status: u8| {
            let mut bytes = vec![0, 0x11, 0, source, first];
            bytes.extend([0; 14]);
            bytes.extend([1, 64, status]);
            bytes
        };
        let address: Ipv6Addr = "2000::1".parse().unwrap();
        assert_eq!(
            ipv6(&answer(0x80, 0x20, 0), Lan::Ipv6Static),
            Ok(Some(address))
        );
        assert_eq!(ipv6(&answer(0x00, 0x20, 0), Lan::Ipv6Static), Ok(None));
        assert_eq!(
            ipv6(&answer(0x02, 0x20, 0), Lan::Ipv6Dynamic),
            Ok(Some(address))
        );
        assert_eq!(ipv6(&answer(0x02, 0x20, 1), Lan::Ipv6Dynamic), Ok(None));
        assert!(ipv6(&answer(0x02, 0x20, 1)[..10], Lan::Ipv6Dynamic).is_err());
    }
}
