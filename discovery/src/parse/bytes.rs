//! Numbers and text at fixed places in bytes from outside.

/// `LENGTH` bytes at `at`.
pub(crate) fn array<const LENGTH: usize>(data: &[u8], at: usize) -> Option<[u8; LENGTH]> {
    data.get(at..at.checked_add(LENGTH)?)?.try_into().ok()
}

/// A little-endian 16-bit number.
pub(crate) fn le16(data: &[u8], at: usize) -> Option<u16> {
    array(data, at).map(u16::from_le_bytes)
}

/// A little-endian 32-bit number.
pub(crate) fn le32(data: &[u8], at: usize) -> Option<u32> {
    array(data, at).map(u32::from_le_bytes)
}

/// A little-endian 64-bit number.
pub(crate) fn le64(data: &[u8], at: usize) -> Option<u64> {
    array(data, at).map(u64::from_le_bytes)
}

/// A big-endian 16-bit number.
pub(crate) fn be16(data: &[u8], at: usize) -> Option<u16> {
    array(data, at).map(u16::from_be_bytes)
}

/// A big-endian 32-bit number.
pub(crate) fn be32(data: &[u8], at: usize) -> Option<u32> {
    array(data, at).map(u32::from_be_bytes)
}

/// A big-endian 64-bit number.
pub(crate) fn be64(data: &[u8], at: usize) -> Option<u64> {
    array(data, at).map(u64::from_be_bytes)
}

/// Text up to the first NUL, trimmed; `None` where it is empty or not printable UTF-8.
pub(crate) fn text(data: &[u8]) -> Option<String> {
    let end = data
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(data.len());
    let text = std::str::from_utf8(data.get(..end)?).ok()?.trim();
    (!text.is_empty() && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(data: &[u8]) -> String {
    use std::fmt::Write as _;
    data.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A UUID in its usual form, the bytes in the order in which they are stored; `None` when all zero.
pub(crate) fn uuid(data: &[u8], at: usize) -> Option<String> {
    let bytes: [u8; 16] = array(data, at)?;
    if bytes == [0; 16] {
        return None;
    }
    let hex = hex(&bytes);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    Some(
        [
            part(0, 8),
            part(8, 12),
            part(12, 16),
            part(16, 20),
            part(20, 32),
        ]
        .join("-"),
    )
}

/// A GUID as EFI stores it: the first three fields little-endian (UEFI 2.10, appendix A).
pub(crate) fn guid(data: &[u8], at: usize) -> Option<String> {
    let mut bytes: [u8; 16] = array(data, at)?;
    for (from, to) in [(0, 4), (4, 6), (6, 8)] {
        bytes.get_mut(from..to)?.reverse();
    }
    uuid(&bytes, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_within_and_refuses_beyond() {
        let data = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(le16(&data, 0), Some(0x0201));
        assert_eq!(be32(&data, 4), Some(0x0506_0708));
        assert_eq!(le64(&data, 1), None);
        assert_eq!(le16(&data, usize::MAX), None);
    }

    #[test]
    fn text_is_printable_and_not_empty() {
        assert_eq!(text(b"  disk \0junk").as_deref(), Some("disk"));
        assert_eq!(text(b"   "), None);
        assert_eq!(text(b"a\x01b"), None);
        assert_eq!(text(b"\xff\xfe"), None);
    }

    #[test]
    fn identifiers_have_their_forms() {
        let bytes: Vec<u8> = (0..16).collect();
        assert_eq!(
            uuid(&bytes, 0).as_deref(),
            Some("00010203-0405-0607-0809-0a0b0c0d0e0f")
        );
        assert_eq!(
            guid(&bytes, 0).as_deref(),
            Some("03020100-0504-0706-0809-0a0b0c0d0e0f")
        );
        assert_eq!(uuid(&[0; 16], 0), None);
    }
}
