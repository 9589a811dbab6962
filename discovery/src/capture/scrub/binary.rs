//! Identities in binary answers: those that a parser finds are collected, those that no search
//! could find are replaced in their place.

use super::identity::Identities;
use super::needles::Needles;
use super::place::{ipv4, ipv6, mac, put};
use super::pseudonym::Pseudonyms;
use crate::source::Query;

/// Identities that the layout of the answer shows.
pub(super) fn collect_answer(query: &Query, answer: &[u8], into: &mut Identities) {
    match query {
        // NVMe Base Specification 2.0, figure 275: bytes 4 to 23 are the serial number.
        Query::NvmeIdentify { .. } => padded(answer.get(4..24), into),
        // ACS-4, table 55: words 10 to 19 are the serial number, 108 to 111 the WWN.
        Query::AtaIdentify { .. } => {
            let plain = swapped(answer);
            padded(plain.get(20..40), into);
            wwn(plain.get(216..224), into);
        }
        Query::Uname => {
            let text = String::from_utf8_lossy(answer);
            into.host_name(text.lines().next().unwrap_or_default());
        }
        // SFF-8472, table 4-1, and SFF-8636, table 6-14: the vendor's serial number.
        Query::Ethtool {
            command: crate::source::EthtoolCommand::ModuleEeprom,
            ..
        } => {
            padded(answer.get(12 + 68..12 + 84), into);
            padded(answer.get(12 + 196..12 + 212), into);
        }
        _ => {}
    }
}

/// Identities in the files of sysfs that are binary.
pub(super) fn collect_file(path: &str, content: &[u8], into: &mut Identities) {
    match path.rsplit_once('/').map_or(path, |(_, name)| name) {
        // SPC-6, 7.7.19: after the header, the serial number.
        "vpd_pg80" => padded(content.get(4..), into),
        "vpd_pg83" => designators(content, into),
        // PCI Local Bus 3.0, appendix I: "SN", one byte of length, the serial number.
        "vpd" => {
            for (at, _) in content
                .windows(2)
                .enumerate()
                .filter(|(_, it)| *it == b"SN")
            {
                let length = content.get(at + 2).copied().map_or(0, usize::from);
                let serial = content.get(at + 3..at + 3 + length);
                padded(serial.filter(|it| (4..=64).contains(&it.len())), into);
            }
        }
        "DMI" => smbios(content).for_each(|structure| structure.collect(into)),
        _ => {}
    }
}

/// An answer with every identity replaced.
pub(super) fn replace_answer(
    query: &Query,
    answer: &[u8],
    pseudonyms: &Pseudonyms,
    needles: &Needles,
) -> Vec<u8> {
    let mut answer = answer.to_owned();
    match query {
        Query::AtaIdentify { .. } => return ata(&answer, needles),
        Query::Addresses => super::netlink::replace_addresses(&mut answer, pseudonyms),
        Query::Links => super::netlink::replace_links(&mut answer, pseudonyms),
        Query::Lldp { .. } => super::lldp::replace(&mut answer, pseudonyms),
        Query::Ipmi {
            net_fn,
            command,
            data,
        } => ipmi(*net_fn, *command, data, &mut answer, pseudonyms),
        _ => {}
    }
    needles.replace(&answer)
}

/// A table of SMBIOS with what only its makers can read made unreadable.
pub(super) fn replace_smbios(table: &[u8], pseudonyms: &Pseudonyms) -> Vec<u8> {
    let mut replaced = table.to_owned();
    let hidden = smbios(table).filter(Structure::is_private);
    for (at, text) in hidden.flat_map(|structure| structure.texts()) {
        let pseudonym = pseudonyms.text(&String::from_utf8_lossy(text));
        put(&mut replaced, at, pseudonym.as_bytes(), text.len());
    }
    replaced
}

/// One structure (DMTF DSP0134, 6.1): where it begins, its formatted part, its strings.
struct Structure<'a> {
    formatted: &'a [u8],
    strings: &'a [u8],
    strings_at: usize,
}

fn smbios(table: &[u8]) -> impl Iterator<Item = Structure<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let length = usize::from(*table.get(at + 1)?).max(4);
        let formatted = table.get(at..at + length)?;
        let strings_at = at + length;
        let strings = table.get(strings_at..)?;
        let end = strings.windows(2).position(|pair| pair == [0, 0])?;
        at = strings_at + end + 2;
        let strings = strings.get(..end)?;
        Some(Structure {
            formatted,
            strings,
            strings_at,
        })
    })
}

impl<'a> Structure<'a> {
    fn kind(&self) -> u8 {
        self.formatted.first().copied().unwrap_or_default()
    }

    /// OEM strings, and the types from 128 on, which makers fill as they like: service tags too.
    fn is_private(&self) -> bool {
        matches!(self.kind(), 11 | 128..)
    }

    fn texts(&self) -> impl Iterator<Item = (usize, &'a [u8])> + use<'a> {
        let mut at = self.strings_at;
        self.strings.split(|byte| *byte == 0).map(move |text| {
            let here = at;
            at += text.len() + 1;
            (here, text)
        })
    }

    /// Serial numbers and asset tags by DSP0134, 7.2 to 7.40, and the system's UUID.
    fn collect(&self, into: &mut Identities) {
        let fields: &[usize] = match self.kind() {
            1 => &[0x07],
            2 | 3 => &[0x07, 0x08],
            4 => &[0x20, 0x21],
            17 => &[0x18, 0x19],
            22 => &[0x07],
            39 => &[0x08, 0x09],
            _ => &[],
        };
        for number in fields.iter().filter_map(|at| self.formatted.get(*at)) {
            let text = usize::from(*number).checked_sub(1);
            let text = text.and_then(|number| self.texts().nth(number));
            let text = text.map(|(_, text)| String::from_utf8_lossy(text).trim().to_owned());
            // A placeholder stands for many machines.
            if let Some(text) = text.filter(|text| text.bytes().any(|it| it.is_ascii_digit())) {
                into.value(&text);
            }
        }
        if self.kind() == 1
            && let Some([d, c, b, a, f, e, h, g, rest @ ..]) = self.formatted.get(8..24)
            && let Ok(uuid) =
                <[u8; 16]>::try_from([&[*a, *b, *c, *d, *e, *f, *g, *h], rest].concat())
        {
            into.uuid(uuid);
        }
    }
}

/// SPC-6, 7.7.6: identification descriptors.
fn designators(page: &[u8], into: &mut Identities) {
    let mut rest = page.get(4..).unwrap_or_default();
    while let [_, kind, _, length, behind @ ..] = rest {
        let (Some(designator), Some(next)) = (
            behind.get(..usize::from(*length)),
            behind.get(usize::from(*length)..),
        ) else {
            return;
        };
        match kind & 0x0f {
            2 | 3 => wwn(Some(designator), into),
            _ => {}
        }
        rest = next;
    }
}

fn wwn(binary: Option<&[u8]>, into: &mut Identities) {
    if let Some(binary) = binary.filter(|binary| matches!(binary.len(), 8 | 16)) {
        let digits: String = binary.iter().map(|byte| format!("{byte:02x}")).collect();
        into.wwn(&digits);
    }
}

fn padded(text: Option<&[u8]>, into: &mut Identities) {
    let text = String::from_utf8_lossy(text.unwrap_or_default());
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() || byte == b' ')
    {
        into.value(text);
    }
}

fn swapped(answer: &[u8]) -> Vec<u8> {
    let pairs = answer.chunks(2);
    pairs.flat_map(|pair| pair.iter().rev().copied()).collect()
}

/// The strings and the WWN read in order when the bytes of each word are swapped.
fn ata(answer: &[u8], needles: &Needles) -> Vec<u8> {
    let mut replaced = swapped(&needles.replace(&swapped(answer)));
    // ACS-4, 7.13.7.11: word 255 holds A5h and what makes the sum of all bytes zero.
    let sum = |bytes: &[u8]| bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    if answer.len() == 512 && answer.get(510) == Some(&0xa5) && sum(answer) == 0 {
        let off = sum(&replaced);
        if let Some(last) = replaced.last_mut() {
            *last = last.wrapping_sub(off);
        }
    }
    replaced
}

/// IPMI 2.0: the answer begins with the completion code.
fn ipmi(net_fn: u8, command: u8, data: &[u8], answer: &mut [u8], pseudonyms: &Pseudonyms) {
    match (net_fn, command, data) {
        // Table 23-4: addresses, gateways, and their MACs, after the parameter's revision.
        (0x0c, 0x02, [_, 3 | 10 | 12 | 14, ..]) => ipv4(answer, 2, pseudonyms),
        (0x0c, 0x02, [_, 5 | 11 | 13 | 15, ..]) => mac(answer, 2, pseudonyms),
        (0x0c, 0x02, [_, 56 | 59, ..]) => ipv6(answer, 4, pseudonyms),
        (0x0c, 0x02, [_, 65 | 68, ..]) => ipv6(answer, 2, pseudonyms),
        // Section 20.8 and 22.14: GUIDs of the device and of the system.
        (0x06, 0x08 | 0x37, _) => {
            if let Some(guid) = answer.get(1..17).map(<[u8]>::to_owned) {
                put(answer, 1, &pseudonyms.bytes(&guid), 16);
            }
        }
        _ => {}
    }
}
