//! Structures of `linux/ethtool.h` as the kernel filled them, in the machine's byte order.

use muster_model::network::Duplex;

/// What `ETHTOOL_GDRVINFO` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DriverInfo {
    pub(crate) driver: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) firmware_version: Option<String>,
}

/// What `ETHTOOL_GLINKSETTINGS` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LinkSettings {
    pub(crate) speed_mbps: Option<u64>,
    pub(crate) duplex: Option<Duplex>,
    pub(crate) autonegotiation: Option<bool>,
    pub(crate) port: Option<&'static str>,
}

/// `struct ethtool_drvinfo`: command, then texts of 32 bytes each: driver, version, firmware.
pub(crate) fn driver_info(bytes: &[u8]) -> DriverInfo {
    DriverInfo {
        driver: text(bytes, 4),
        version: text(bytes, 36),
        firmware_version: text(bytes, 68),
    }
}

/// `struct ethtool_link_settings`.
pub(crate) fn link_settings(bytes: &[u8]) -> LinkSettings {
    let byte = |at: usize| bytes.get(at).copied();
    LinkSettings {
        speed_mbps: word(bytes, 4).and_then(speed_mbps),
        duplex: byte(8).and_then(duplex),
        autonegotiation: match byte(11) {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        port: byte(9).and_then(port),
    }
}

/// `struct ethtool_perm_addr`: command, length, address.
pub(crate) fn permanent_address(bytes: &[u8]) -> Option<&[u8]> {
    let length = usize::try_from(word(bytes, 4)?).ok()?;
    bytes.get(8..)?.get(..length)
}

/// `struct ethtool_wolinfo`: command, supported, armed. `None` where the device cannot.
pub(crate) fn wake_on_lan(bytes: &[u8]) -> Option<bool> {
    let supported = word(bytes, 4)?;
    let armed = word(bytes, 8)?;
    (supported != 0).then_some(armed != 0)
}

/// Megabits a second; `SPEED_UNKNOWN` is −1, and a link that is down may say 0.
pub(crate) fn speed_mbps(raw: u32) -> Option<u64> {
    i32::try_from(raw)
        .ok()
        .and_then(|speed| u64::try_from(speed).ok())
        .filter(|speed| *speed > 0)
}

/// `DUPLEX_*`.
fn duplex(raw: u8) -> Option<Duplex> {
    match raw {
        0 => Some(Duplex::Half),
        1 => Some(Duplex::Full),
        _ => None,
    }
}

/// `PORT_*`; `PORT_OTHER`, which drivers without a port report, says nothing.
fn port(raw: u8) -> Option<&'static str> {
    match raw {
        0x00 => Some("twisted pair"),
        0x01 => Some("attachment unit interface"),
        0x02 => Some("media independent interface"),
        0x03 => Some("fibre"),
        0x04 => Some("BNC"),
        0x05 => Some("direct attach copper"),
        0xef => Some("none"),
        _ => None,
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

/// A text of at most 32 bytes, ended by NUL; `N/A` is what some drivers say for nothing.
fn text(bytes: &[u8], at: usize) -> Option<String> {
    let field = bytes.get(at..at.checked_add(32)?)?;
    let field = field.split(|byte| *byte == 0).next()?;
    let field = String::from_utf8_lossy(field).trim().to_owned();
    (!field.is_empty() && field != "N/A").then_some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(speed: u32, duplex: u8, port: u8, autonegotiation: u8) -> Vec<u8> {
        let mut bytes = 0x4c_u32.to_ne_bytes().to_vec();
        bytes.extend(speed.to_ne_bytes());
        bytes.extend([duplex, port, 0, autonegotiation]);
        bytes.resize(48, 0);
        bytes
    }

    #[test]
    fn link_settings_of_a_link_that_is_up() {
        let found = link_settings(&settings(25_000, 1, 3, 1));
        assert_eq!(found.speed_mbps, Some(25_000));
        assert_eq!(found.duplex, Some(Duplex::Full));
        assert_eq!(found.autonegotiation, Some(true));
        assert_eq!(found.port, Some("fibre"));
    }

    #[test]
    fn unknown_speed_is_none() {
        for speed in [0, u32::MAX, 0xffff_0000] {
            let found = link_settings(&settings(speed, 0xff, 0xff, 2));
            assert_eq!(found, LinkSettings::default(), "{speed}");
        }
    }

    #[test]
    fn short_answers_are_none() {
        for length in 0..12 {
            let full = settings(10, 0, 0, 0);
            let _ = link_settings(&full[..length]);
            assert_eq!(wake_on_lan(&full[..length.min(11)]), None);
        }
        assert_eq!(driver_info(&[0; 20]), DriverInfo::default());
        assert_eq!(permanent_address(&[0; 7]), None);
        assert_eq!(permanent_address(&[0xff; 20]), None);
    }

    #[test]
    fn driver_texts_end_at_nul() {
        let mut bytes = vec![0; 196];
        bytes[4..9].copy_from_slice(b"ixgbe");
        bytes[36..42].copy_from_slice(b"6.1.0 ");
        bytes[68..71].copy_from_slice(b"N/A");
        let info = driver_info(&bytes);
        assert_eq!(info.driver.as_deref(), Some("ixgbe"));
        assert_eq!(info.version.as_deref(), Some("6.1.0"));
        assert_eq!(info.firmware_version, None);
    }

    #[test]
    fn wake_on_lan_takes_support() {
        let words = |supported: u32, armed: u32| {
            [5, supported, armed]
                .iter()
                .flat_map(|word: &u32| word.to_ne_bytes())
                .collect::<Vec<u8>>()
        };
        assert_eq!(wake_on_lan(&words(0, 0)), None);
        assert_eq!(wake_on_lan(&words(0x2e, 0)), Some(false));
        assert_eq!(wake_on_lan(&words(0x2e, 0x20)), Some(true));
    }
}
