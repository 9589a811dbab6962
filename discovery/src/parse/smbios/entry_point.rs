//! The entry points: `_SM_` of version 2 and `_SM3_` of version 3 (sections 5.2.1 and 5.2.2).

use super::Version;

/// What an entry point says of its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EntryPoint {
    pub(super) version: Version,
    pub(super) table_bytes: usize,
    /// Whether `table_bytes` is the size, not just a bound.
    pub(super) exact: bool,
    pub(super) structures: Option<usize>,
}

/// Reads either kind.
pub(super) fn parse(bytes: &[u8]) -> Result<EntryPoint, String> {
    if bytes.starts_with(b"_SM3_") {
        return version_3(bytes);
    }
    if bytes.starts_with(b"_SM_") {
        return version_2(bytes);
    }
    Err("has neither the anchor _SM_ nor _SM3_".to_owned())
}

fn version_2(bytes: &[u8]) -> Result<EntryPoint, String> {
    // Version 2.1 wrote 1Eh for the true 1Fh (note at table 1).
    let length = match byte(bytes, 0x05)? {
        0x1e => 0x1f,
        length => usize::from(length),
    };
    check_sum(bytes, 0, length, 0x1f)?;
    if bytes.get(0x10..0x15) != Some(b"_DMI_") {
        return Err("lacks the intermediate anchor _DMI_".to_owned());
    }
    check_sum(bytes, 0x10, 0x0f, 0x0f)?;
    Ok(EntryPoint {
        version: mended((byte(bytes, 0x06)?, byte(bytes, 0x07)?)),
        table_bytes: usize::from(word(bytes, 0x16)?),
        exact: true,
        structures: Some(usize::from(word(bytes, 0x1c)?)).filter(|count| *count > 0),
    })
}

fn version_3(bytes: &[u8]) -> Result<EntryPoint, String> {
    let length = usize::from(byte(bytes, 0x06)?);
    check_sum(bytes, 0, length, 0x18)?;
    let low = u32::from(word(bytes, 0x0c)?);
    let high = u32::from(word(bytes, 0x0e)?);
    Ok(EntryPoint {
        version: (byte(bytes, 0x07)?, byte(bytes, 0x08)?),
        table_bytes: usize::try_from(high << 16 | low).unwrap_or(usize::MAX),
        exact: false,
        structures: None,
    })
}

/// Versions that were published wrongly by known firmware: 2.31 for 2.3, 2.33 for 2.3, 2.51 for
/// 2.6. The decimal places were taken for hexadecimal ones.
fn mended(version: Version) -> Version {
    match version {
        (2, 0x1f | 0x21) => (2, 3),
        (2, 0x33) => (2, 6),
        other => other,
    }
}

fn check_sum(bytes: &[u8], start: usize, length: usize, least: usize) -> Result<(), String> {
    if length < least || length > 0x40 {
        return Err(format!("has an impossible length of {length} bytes"));
    }
    let end = start.saturating_add(length);
    let Some(covered) = bytes.get(start..end) else {
        return Err(format!("is cut off: {} of {end} bytes", bytes.len()));
    };
    let sum = covered
        .iter()
        .fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    if sum == 0 {
        Ok(())
    } else {
        Err(format!("has a wrong checksum (off by {sum:#04x})"))
    }
}

fn byte(bytes: &[u8], offset: usize) -> Result<u8, String> {
    bytes
        .get(offset)
        .copied()
        .ok_or_else(|| format!("is cut off: {} bytes", bytes.len()))
}

fn word(bytes: &[u8], offset: usize) -> Result<u16, String> {
    Ok(u16::from_le_bytes([
        byte(bytes, offset)?,
        byte(bytes, offset.saturating_add(1))?,
    ]))
}

#[cfg(test)]
mod tests {
    use super::super::made;
    use super::*;

    #[test]
    fn both_kinds_are_read() {
        let three = parse(&made::entry_3((3, 7), 700)).unwrap();
        assert_eq!((three.version, three.table_bytes), ((3, 7), 700));
        assert!(!three.exact);
        let two = parse(&made::entry_2((2, 8), 300, 12)).unwrap();
        assert_eq!((two.version, two.table_bytes), ((2, 8), 300));
        assert_eq!(two.structures, Some(12));
        assert!(two.exact);
    }

    #[test]
    fn the_length_of_version_2_1_is_mended() {
        let mut bytes = made::entry_2((2, 1), 300, 12);
        bytes[5] = 0x1e;
        bytes[4] = bytes[4].wrapping_add(1);
        assert_eq!(parse(&bytes).unwrap().version, (2, 1));
    }

    #[test]
    fn a_wrong_sum_length_or_anchor_is_refused() {
        let good = made::entry_3((3, 0), 700);
        let mut wrong = good.clone();
        wrong[5] ^= 1;
        assert!(parse(&wrong).unwrap_err().contains("checksum"));
        assert!(parse(&good[..20]).unwrap_err().contains("cut off"));
        assert!(parse(b"_SM3_").unwrap_err().contains("cut off"));
        assert!(parse(b"").unwrap_err().contains("anchor"));
        let mut long = good;
        long[6] = 0xff;
        assert!(parse(&long).unwrap_err().contains("length"));
        let mut inner = made::entry_2((2, 8), 300, 12);
        inner[0x16] ^= 1;
        inner[4] = inner[4].wrapping_sub(1);
        assert!(parse(&inner).is_err());
    }
}
