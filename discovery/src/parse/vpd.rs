//! Vital Product Data of a PCI function (PCI Local Bus 3.0, appendix I; resource tags of Plug and
//! Play ISA 1.0a, 6.2.2).

/// What is used of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Vpd {
    /// Keyword `PN`.
    pub(crate) part_number: Option<String>,
    /// Keyword `SN`.
    pub(crate) serial: Option<String>,
}

// Large resources carry 16 bits of length behind the tag; small ones three bits in it.
const LARGE: u8 = 0x80;
const IDENTIFIER: u8 = 0x82;
const READ_ONLY_FIELDS: u8 = 0x90;
const WRITABLE_FIELDS: u8 = 0x91;
const SMALL_TAG_MASK: u8 = 0x78;
const SMALL_LENGTH_MASK: u8 = 0x07;
const END: u8 = 0x78;

/// Reads the fields; `None` where the first resource is none that VPD may begin with.
pub(crate) fn parse(data: &[u8]) -> Option<Vpd> {
    // The identifier string comes first; some cards leave it out.
    if !matches!(data.first()?, &IDENTIFIER | &READ_ONLY_FIELDS) {
        return None;
    }
    let mut vpd = Vpd::default();
    let mut rest = data;
    while let Some((tag, content, after)) = resource(rest) {
        match tag {
            END => break,
            READ_ONLY_FIELDS => fields(content, &mut vpd),
            IDENTIFIER | WRITABLE_FIELDS => {}
            // Erased memory or noise: what came before still counts.
            _ if tag & LARGE != 0 => break,
            _ => {}
        }
        rest = after;
    }
    Some(vpd)
}

fn resource(data: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = data.split_first()?;
    if tag & LARGE != 0 {
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_le_bytes(*length));
        let (content, after) = rest.split_at_checked(length)?;
        return Some((*tag, content, after));
    }
    let length = usize::from(tag & SMALL_LENGTH_MASK);
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag & SMALL_TAG_MASK, content, after))
}

/// Two letters, one byte of length, so much data.
fn fields(mut data: &[u8], vpd: &mut Vpd) {
    while let Some(([first, second, length], rest)) = data.split_first_chunk::<3>() {
        let Some((value, after)) = rest.split_at_checked(usize::from(*length)) else {
            return;
        };
        match [*first, *second] {
            // The checksum closes the read-only fields.
            [b'R', b'V'] => return,
            [b'P', b'N'] if vpd.part_number.is_none() => vpd.part_number = text(value),
            [b'S', b'N'] if vpd.serial.is_none() => vpd.serial = text(value),
            _ => {}
        }
        data = after;
    }
}

/// Printable ASCII, without the padding; anything else is no text.
fn text(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    let text = text.trim_matches(|c: char| c == '\0' || c.is_ascii_whitespace());
    let is_printable = text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    (is_printable && !text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vpd(fields: &[(&[u8; 2], &[u8])]) -> Vec<u8> {
        let mut content = Vec::new();
        for (keyword, value) in fields {
            content.extend_from_slice(*keyword);
            content.push(u8::try_from(value.len()).unwrap());
            content.extend_from_slice(value);
        }
        let mut data = vec![IDENTIFIER, 3, 0, b'N', b'I', b'C', READ_ONLY_FIELDS];
        data.extend(u16::try_from(content.len()).unwrap().to_le_bytes());
        data.extend(content);
        data.push(END);
        data
    }

    #[test]
    fn reads_part_number_and_serial() {
        let data = vpd(&[(b"PN", b"MCX512A "), (b"EC", b"A5"), (b"SN", b"MT1\0\0")]);
        let found = parse(&data).unwrap();
        assert_eq!(found.part_number.as_deref(), Some("MCX512A"));
        assert_eq!(found.serial.as_deref(), Some("MT1"));
    }

    #[test]
    fn what_is_no_text_is_unknown() {
        let found = parse(&vpd(&[(b"PN", &[0xff; 8]), (b"SN", b"   ")])).unwrap();
        assert_eq!(found, Vpd::default());
    }

    #[test]
    fn fields_behind_the_checksum_do_not_count() {
        let found = parse(&vpd(&[(b"RV", &[7]), (b"SN", b"late")])).unwrap();
        assert_eq!(found.serial, None);
    }

    #[test]
    fn cut_short_or_noise() {
        let data = vpd(&[(b"PN", b"PART"), (b"SN", b"SERIAL")]);
        for length in 0..data.len() - 1 {
            let found = parse(&data[..length]).unwrap_or_default();
            assert_eq!(found.serial, None, "{length}");
        }
        assert_eq!(parse(&[0xff; 64]), None);
        assert_eq!(parse(&[0; 64]), None);
    }
}
