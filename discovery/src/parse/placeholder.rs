//! Strings that firmware carries because nobody filled them in.
//!
//! Vendors ship tables with the words of the reference code they started from. Such a string is no
//! fact: two machines with the serial number `Default string` are not one machine.

use muster_model::WarningKind;

use crate::notes::Notes;

/// A string from firmware after trimming and screening.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Screened {
    /// A fact.
    Value(String),
    /// Something was there, but only a placeholder: trimmed.
    Placeholder(String),
    /// Nothing, or only blanks.
    #[default]
    Empty,
}

impl Screened {
    /// The value, with a warning under `subject` where it is a placeholder. `what` names the
    /// field, such as `serial`.
    pub(crate) fn keep(self, notes: &mut Notes, subject: &str, what: &str) -> Option<String> {
        match self {
            Self::Value(value) => Some(value),
            Self::Empty => None,
            Self::Placeholder(text) => {
                let message = format!("{what}: the firmware has only a placeholder: {text:.60}");
                notes.warn(subject, WarningKind::Malformed, message);
                None
            }
        }
    }

    /// The value; a placeholder is dropped without a word.
    pub(crate) fn value(self) -> Option<String> {
        match self {
            Self::Value(value) => Some(value),
            Self::Placeholder(_) | Self::Empty => None,
        }
    }
}

/// Trims and screens a string.
pub(crate) fn screen(text: &str) -> Screened {
    let text = clean(text);
    if text.is_empty() {
        Screened::Empty
    } else if is_placeholder(&text) {
        Screened::Placeholder(text)
    } else {
        Screened::Value(text)
    }
}

/// The same for bytes that should be ASCII or UTF-8: what is neither shows as U+FFFD.
pub(crate) fn screen_bytes(bytes: &[u8]) -> Screened {
    screen(&String::from_utf8_lossy(bytes))
}

/// Screens a UUID in its canonical form; gives it back in lower case.
pub(crate) fn screen_uuid(text: &str) -> Screened {
    let text = clean(text).to_ascii_lowercase();
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    if text.is_empty() {
        return Screened::Empty;
    }
    let bogus = digits.len() != 32
        || !digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        || is_one_byte_repeated(digits.as_bytes())
        || BOGUS_UUIDS.contains(&digits.as_str());
    if bogus {
        Screened::Placeholder(text)
    } else {
        Screened::Value(text)
    }
}

/// Without control characters, with single blanks, without blanks around it.
fn clean(text: &str) -> String {
    let printable = text.chars().filter(|c| !c.is_control());
    let printable: String = printable.collect();
    let mut cleaned = String::with_capacity(printable.len());
    for word in printable.split_whitespace() {
        if !cleaned.is_empty() {
            cleaned.push(' ');
        }
        cleaned.push_str(word);
    }
    cleaned
}

fn is_placeholder(text: &str) -> bool {
    let word: String = text
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    // Nothing but punctuation, such as "-----" or "…….". Letters of other scripts do count.
    if word.is_empty() {
        return text.is_ascii();
    }
    if !text.is_ascii() {
        return false;
    }
    let digits = word.strip_prefix("0x").unwrap_or(&word);
    digits.bytes().all(|digit| digit == b'0')
        || (digits.len() >= 4 && is_one_of(digits, b"fx"))
        || WORDS.binary_search(&word.as_str()).is_ok()
        || PREFIXES.iter().any(|prefix| word.starts_with(prefix))
        || is_numbered(&word)
}

fn is_one_of(digits: &str, fillers: &[u8]) -> bool {
    fillers
        .iter()
        .any(|filler| digits.bytes().all(|digit| digit == *filler))
}

fn is_one_byte_repeated(digits: &[u8]) -> bool {
    let first = digits.get(..2);
    digits.chunks(2).all(|pair| Some(pair) == first)
}

/// `SerNum0`, `A1_PartNum3`, `Dimm0_Manufacturer`: a name of a field with a number, as AMI's
/// reference tables have them.
fn is_numbered(word: &str) -> bool {
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let numbered = stem.len() < word.len();
    NUMBERED
        .iter()
        .any(|name| stem == *name || (stem.ends_with(name) && is_slot(stem, name, numbered)))
}

fn is_slot(stem: &str, name: &str, numbered: bool) -> bool {
    let before = stem.strip_suffix(name).unwrap_or_default();
    let slot = before.trim_end_matches(|c: char| c.is_ascii_digit());
    let has_number = numbered || slot.len() < before.len();
    has_number
        && matches!(
            slot,
            "a" | "b" | "array" | "dimm" | "node" | "p" | "cpu" | "bank"
        )
}

/// Letters and digits of the placeholder, lower case; sorted.
const WORDS: &[&str] = &[
    "012345678",
    "0123456789",
    "01234567890",
    "0123456789abcdef",
    "12345",
    "123456",
    "1234567",
    "12345678",
    "123456789",
    "1234567890",
    "123490en400015",
    "asset1234567890",
    "assettag",
    "badindex",
    "baseboardassettag",
    "baseboardmanufacturer",
    "baseboardproductname",
    "baseboardserialnumber",
    "baseboardversion",
    "boardassettag",
    "boardmanufacturer",
    "boardproductname",
    "boardserialnumber",
    "boardversion",
    "chassisassettag",
    "chassismanufacture",
    "chassismanufacturer",
    "chassisserialnumber",
    "chassisversion",
    "default",
    "defaultstring",
    "empty",
    "familyname",
    "filledbyoem",
    "invalid",
    "manufacturer",
    "na",
    "nil",
    "noassetinformation",
    "noassettag",
    "nodimm",
    "none",
    "noserialnumber",
    "notapplicable",
    "notassigned",
    "notavailable",
    "notdefined",
    "notpresent",
    "notprovided",
    "notset",
    "notspecified",
    "null",
    "oem",
    "oemdefaultstring000",
    "partnumber",
    "productname",
    "reserved",
    "serialnumber",
    "sku",
    "systemassettag",
    "systemfamily",
    "systemmanufacturer",
    "systemname",
    "systemproductname",
    "systemserialnumber",
    "systemsku",
    "systemskunumber",
    "systemuuid",
    "systemversion",
    "tbd",
    "tbdbyoem",
    "type1family",
    "undefined",
    "unknown",
    "unspecified",
    "xx",
    "xxx",
];

/// Beginnings of a placeholder that goes on in several ways.
const PREFIXES: &[&str] = &[
    "defaultstring",
    "tobefilled",
    "tobespecified",
    "tobedefined",
    "tobesetbyoem",
    "fillbyoem",
    "pleasefill",
    "type2board",
    "type3chassis",
    "badindex",
];

/// Names of fields that reference tables number.
const NUMBERED: &[&str] = &[
    "sernum",
    "serialnum",
    "partnum",
    "partnumber",
    "modulepartnumber",
    "modulemanufacturer",
    "manufacturer",
    "assettagnum",
    "assettag",
    "serialnumber",
    "unknown",
];

/// UUIDs that firmware ships unchanged on many machines, without dashes.
const BOGUS_UUIDS: &[&str] = &[
    // AMI's default, in both byte orders.
    "03000200040005000006000700080009",
    "00020003000400050006000700080009",
    // Dell without a service tag.
    "4c4c454400002010802080c04f202020",
    // Counting.
    "00010203040506070809101112131415",
    "000102030405060708090a0b0c0d0e0f",
    "0102030405060708090a0b0c0d0e0f10",
    "03020100050407060809101112131415",
    "0302010005040706080900010203040f",
    "03020100050407060809000a0b0c0d0e",
    "00112233445566778899aabbccddeeff",
    "33221100554477668899aabbccddeeff",
    "123456781234567890abcddeefaabbcc",
    "785634123412785690abcddeefaabbcc",
    "12345678123412341234123456789012",
    "12345678123412341234123456789abc",
    "11111111222233334444555555555555",
    // One digit of a counter.
    "10000000000000000000000000000000",
    "0000000000000000000000000000ffff",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        assert!(WORDS.is_sorted());
    }

    #[test]
    fn placeholders_are_known_by_their_letters() {
        for text in [
            "To be filled by O.E.M.",
            "To Be Filled By O.E.M. by CPU",
            "Default string",
            "Default String123",
            "Not Specified",
            "System Serial Number",
            "System manufacturer",
            "0123456789",
            "Unknown",
            "N/A",
            "None",
            "INVALID",
            "0",
            "00000000",
            "0x00000000",
            "FFFFFFFF",
            "xxxxxxxxxx",
            "-----",
            ".............",
            "<BAD INDEX>",
            "Asset-1234567890",
            "Dimm0_AssetTag",
            "SerNum0",
            "A1_PartNum0",
            "Dimm0_Manufacturer",
            "ModulePartNumber00",
            "$(DEFAULT_STRING)",
            "OEM",
        ] {
            let expected = Screened::Placeholder(text.to_owned());
            assert_eq!(screen(text), expected, "{text}");
        }
    }

    #[test]
    fn facts_stay() {
        for text in [
            "Supermicro",
            "X10DRi",
            "HMA84GR7MFR4N-UH",
            "1.02",
            "Rev 1.xx",
            "S15317625B00123",
            "FACE",
            "10000000",
            "OEM-Box 3000",
            "Unknown Worlds 9",
            "Xanadu",
            "技嘉",
            "Sammelanlage",
            "P0_Node0_Channel0_Dimm0",
            "P1-DIMMA1_AssetTag",
        ] {
            assert_eq!(screen(text), Screened::Value(text.to_owned()));
        }
    }

    #[test]
    fn blanks_and_controls_go_and_foreign_bytes_show() {
        assert_eq!(
            screen("  Dell\u{7} Inc. \n"),
            Screened::Value("Dell Inc.".into())
        );
        assert_eq!(screen(" \t\0 "), Screened::Empty);
        assert_eq!(
            screen_bytes(b"M\xfcller 3  "),
            Screened::Value("M\u{fffd}ller 3".into())
        );
        assert_eq!(
            screen_bytes(&[0xff; 4]),
            Screened::Value("\u{fffd}".repeat(4))
        );
    }

    #[test]
    fn uuids_of_reference_firmware_are_placeholders() {
        for text in [
            "00000000-0000-0000-0000-000000000000",
            "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
            "03000200-0400-0500-0006-000700080009",
            "fefefefe-fefe-fefe-fefe-fefefefefefe",
            "Not Settable",
        ] {
            assert_eq!(
                screen_uuid(text),
                Screened::Placeholder(text.to_ascii_lowercase())
            );
        }
        assert_eq!(
            screen_uuid("4C4C4544-0051-3410-8051-B4C04F4D3432"),
            Screened::Value("4c4c4544-0051-3410-8051-b4c04f4d3432".into())
        );
        assert_eq!(screen_uuid(""), Screened::Empty);
    }
}
