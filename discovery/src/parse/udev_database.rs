//! Records of udev's database, `/run/udev/data/*`: one letter, a colon and a value a line
//! (systemd, `src/libsystemd/sd-device`; the kernel's encodings of names are in `libudev(3)`).

use std::collections::BTreeMap;

/// One record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// `S:` lines: links below `/dev`, sorted.
    pub(crate) links: Vec<String>,
    properties: BTreeMap<String, String>,
}

impl Record {
    /// An `E:` property; an empty one is none.
    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        self.properties
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// The first of these properties that there is.
    pub(crate) fn first(&self, names: &[&str]) -> Option<String> {
        names
            .iter()
            .find_map(|name| self.property(name))
            .map(str::to_owned)
    }

    /// A property whose bytes that are not safe in a name are written `\x20`.
    pub(crate) fn decoded(&self, name: &str) -> Option<String> {
        let decoded = decode(self.property(name)?);
        let trimmed = decoded.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }
}

/// Reads a record; lines that it does not know are passed over.
pub(crate) fn parse(record: &[u8]) -> Record {
    let mut parsed = Record::default();
    for line in record.split(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        match line.split_once(':') {
            Some(("S", link)) if !link.is_empty() => parsed.links.push(link.to_owned()),
            Some(("E", property)) => {
                if let Some((name, value)) = property.split_once('=') {
                    parsed.properties.insert(name.to_owned(), value.to_owned());
                }
            }
            _ => {}
        }
    }
    parsed.links.sort();
    parsed.links.dedup();
    parsed
}

/// Undoes `\x20`-like escapes.
pub(crate) fn decode(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match escaped(*first, after) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(3..).unwrap_or_default();
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn escaped(first: u8, after: &[u8]) -> Option<u8> {
    let (b'\\', [b'x', high, low, ..]) = (first, after) else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &[u8] = b"S:disk/by-path/pci-0000:00:1f.2-ata-1\nS:disk/by-id/ata-X_1\nL:0\n\
        I:1234\nE:ID_MODEL=KINGSTON_SH103S3240G\nE:ID_MODEL_ENC=KINGSTON\\x20SH103S3240G\\x20\\x20\n\
        E:ID_FS_LABEL_ENC=caf\\xc3\\xa9\nE:EMPTY=\nE:broken\nG:systemd\nQ:systemd\nV:1\n";

    #[test]
    fn reads_links_and_properties() {
        let record = parse(RECORD);
        assert_eq!(
            record.links,
            ["disk/by-id/ata-X_1", "disk/by-path/pci-0000:00:1f.2-ata-1"]
        );
        assert_eq!(record.property("ID_MODEL"), Some("KINGSTON_SH103S3240G"));
        assert_eq!(
            record.decoded("ID_MODEL_ENC").as_deref(),
            Some("KINGSTON SH103S3240G")
        );
        assert_eq!(record.decoded("ID_FS_LABEL_ENC").as_deref(), Some("café"));
        assert_eq!(record.property("EMPTY"), None);
        assert_eq!(
            record.first(&["NONE", "EMPTY", "ID_MODEL"]).as_deref(),
            Some("KINGSTON_SH103S3240G")
        );
    }

    #[test]
    fn nonsense_is_an_empty_record() {
        assert_eq!(parse(b"\xff\xfe\n:::\nE:\nS:\n"), Record::default());
    }

    #[test]
    fn half_an_escape_stays() {
        assert_eq!(decode("a\\x2"), "a\\x2");
        assert_eq!(decode("a\\xzz\\"), "a\\xzz\\");
    }
}
