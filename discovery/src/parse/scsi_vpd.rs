//! SCSI vital product data pages as sysfs has them (`device/vpd_pg80` and so on).

use super::bytes::{array, be16, hex, text};

/// The product serial number of page 80h (SPC-5, 7.7.16).
pub(crate) fn serial(page: &[u8]) -> Option<String> {
    text(payload(page, 0x80)?)
}

/// The medium rotation rate of page B1h (SBC-4, 6.6.2), coded as ATA has it.
pub(crate) fn rotation_rpm(page: &[u8]) -> Option<u32> {
    rotation_rate(be16(payload(page, 0xb1)?, 0)?)
}

/// The IDENTIFY DEVICE data within page 89h (SAT-5, 12.4.2): what the disk itself said when it was
/// attached, with its full names.
pub(crate) fn ata_identify(page: &[u8]) -> Option<&[u8]> {
    payload(page, 0x89)?.get(56..568)
}

/// Revolutions a minute; 0 is not reported, 1 does not rotate (ACS-4, 7.12.7.75).
pub(crate) fn rotation_rate(rate: u16) -> Option<u32> {
    (0x0401..=0xfffe).contains(&rate).then_some(u32::from(rate))
}

/// What page 83h says of the logical unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Designators {
    /// The world-wide name: NAA as `0x…`, else EUI-64 as `eui.…`.
    pub(crate) wwn: Option<String>,
    /// The model where SAT put it into the T10 vendor designator (SAT-5, 12.4.5.2).
    pub(crate) ata_model: Option<String>,
    /// The serial number, likewise.
    pub(crate) ata_serial: Option<String>,
}

/// Reads page 83h (SPC-5, 7.7.6): descriptors of four bytes of header and a designator each.
pub(crate) fn designators(page: &[u8]) -> Designators {
    let mut found = Designators::default();
    let mut eui = None;
    let mut rest = payload(page, 0x83).unwrap_or_default();
    while let Some([_, flags, _, length]) = array::<4>(rest, 0) {
        let end = 4 + usize::from(length);
        let Some(designator) = rest.get(4..end) else {
            break;
        };
        rest = rest.get(end..).unwrap_or_default();
        let of_logical_unit = flags & 0x30 == 0;
        match flags & 0x0f {
            1 if of_logical_unit => read_ata(designator, &mut found),
            2 if of_logical_unit => eui = eui.or_else(|| number("eui.", designator)),
            3 if of_logical_unit => {
                found.wwn = found.wwn.or_else(|| number("0x", designator));
            }
            _ => {}
        }
    }
    found.wwn = found.wwn.or(eui);
    found
}

/// `ATA     `, 40 bytes of model, 20 of serial number.
fn read_ata(designator: &[u8], found: &mut Designators) {
    if designator.get(..8) == Some(b"ATA     ") && designator.len() == 68 {
        found.ata_model = designator.get(8..48).and_then(text);
        found.ata_serial = designator.get(48..68).and_then(text);
    }
}

fn number(prefix: &str, designator: &[u8]) -> Option<String> {
    let known = designator.len() >= 8 && designator.iter().any(|byte| *byte != 0);
    known.then(|| format!("{prefix}{}", hex(designator)))
}

/// What follows the header of four bytes, as long as it says.
fn payload(page: &[u8], code: u8) -> Option<&[u8]> {
    let length = usize::from(be16(page, 2)?);
    let payload = page.get(4..)?;
    (page.get(1) == Some(&code)).then(|| payload.get(..length).unwrap_or(payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(code: u8, payload: &[u8]) -> Vec<u8> {
        let mut page = vec![0, code];
        page.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        page.extend(payload);
        page
    }

    #[test]
    fn serial_number_is_trimmed() {
        assert_eq!(serial(&page(0x80, b"  ABC123 ")).as_deref(), Some("ABC123"));
        assert_eq!(serial(&page(0x80, b"    ")), None);
        assert_eq!(serial(&page(0x83, b"ABC")), None);
        assert_eq!(serial(&[0]), None);
    }

    #[test]
    fn an_ata_disk_behind_the_translation() {
        let mut ata = b"\x02\x01\x00\x44ATA     ".to_vec();
        ata.extend(format!("{:<40}{:<20}", "MAKER LONG MODEL NAME 240G", "S1").bytes());
        let mut payload = b"\x02\x00\x00\x14S1                  ".to_vec();
        payload.extend(ata);
        payload.extend(b"\x01\x13\x00\x08\x50\x00\xc5\x00\xa1\xb2\xc3\xd5");
        payload.extend(b"\x01\x03\x00\x08\x50\x00\xc5\x00\xa1\xb2\xc3\xd4");
        let found = designators(&page(0x83, &payload));
        assert_eq!(found.wwn.as_deref(), Some("0x5000c500a1b2c3d4"));
        assert_eq!(
            found.ata_model.as_deref(),
            Some("MAKER LONG MODEL NAME 240G")
        );
        assert_eq!(found.ata_serial.as_deref(), Some("S1"));
    }

    #[test]
    fn eui_only_where_there_is_no_naa() {
        let eui = b"\x01\x02\x00\x08\x00\x11\x22\x33\x44\x55\x66\x77";
        let found = designators(&page(0x83, eui));
        assert_eq!(found.wwn.as_deref(), Some("eui.0011223344556677"));
    }

    #[test]
    fn cut_pages_give_what_is_whole() {
        assert_eq!(
            designators(&page(0x83, b"\x01\x03\x00\x08\x50")),
            Designators::default()
        );
        assert_eq!(designators(b""), Designators::default());
    }

    #[test]
    fn rotation() {
        assert_eq!(rotation_rpm(&page(0xb1, &[0x1c, 0x20, 0, 0])), Some(7200));
        assert_eq!(rotation_rpm(&page(0xb1, &[0, 1])), None);
        assert_eq!(rotation_rpm(&page(0xb1, &[])), None);
    }
}
