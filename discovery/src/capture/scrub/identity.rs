//! The originals that must not survive, by kind, and every form in which each may stand.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::needles::{Needles, Reach, SHORTEST};
use super::pseudonym::Pseudonyms;

/// Texts that name nobody: removing them would only destroy facts.
const COMMON: &[&str] = &[
    "localhost",
    "localdomain",
    "local",
    "root",
    "rootfs",
    "boot",
    "bios",
    "efi",
    "esp",
    "swap",
    "home",
    "data",
    "primary",
    "system",
    "none",
    "unknown",
    "default",
    "linux",
    "users",
    "usr",
    "var",
    "srv",
    "mnt",
    "media",
    "opt",
    "tmp",
    "ubuntu",
    "debian",
    "fedora",
    "cloudimg-rootfs",
    "efi system partition",
    "linux filesystem",
    "linux swap",
    "microsoft reserved partition",
    "basic data partition",
    "bios boot partition",
    "true",
    "false",
    "enabled",
    "disabled",
];

/// What was found, by kind.
#[derive(Default)]
pub(super) struct Identities {
    macs: BTreeSet<[u8; 6]>,
    uuids: BTreeSet<[u8; 16]>,
    /// Lower-case digits.
    wwns: BTreeSet<String>,
    ipv4: BTreeSet<Ipv4Addr>,
    ipv6: BTreeSet<Ipv6Addr>,
    texts: BTreeSet<String>,
    /// UUIDs that name a kind of thing, not a thing.
    pub(super) public_uuids: BTreeSet<[u8; 16]>,
    /// Lower-case words of facts that are kept.
    pub(super) public_words: BTreeSet<String>,
}

impl Identities {
    /// One value that is an identity as a whole, of whatever kind it looks.
    pub(super) fn value(&mut self, value: &str) {
        let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        let bare = ["0x", "naa.", "eui.", "wwn-0x", "nvme.", "uuid."]
            .iter()
            .find_map(|prefix| value.strip_prefix(prefix));
        let address = value.split_once('/').map_or(value, |(address, _)| address);
        // UUIDs of the device mapper begin with their maker, by whom the parsers know them.
        if let Some(id) = value.strip_prefix("mpath-") {
            self.value(id);
        } else if let Some(ids) = value.strip_prefix("LVM-") {
            let parts = [ids.get(..32), ids.get(32..64)];
            parts.into_iter().flatten().for_each(|id| self.text(id));
        } else if let Some(name) = value.strip_prefix("CRYPT-") {
            // Type, UUID, name: the UUID is found by its looks.
            let name = name.splitn(3, '-').nth(2);
            name.into_iter().for_each(|name| self.text(name));
        } else if let Some(mac) = mac(value) {
            self.mac(mac);
        } else if let Some(uuid) = uuid(value) {
            self.uuid(uuid);
        } else if let Some(digits) = bare.filter(|digits| is_wwn(digits)) {
            self.wwn(digits);
        } else if let Ok(address) = address.parse() {
            self.address(address);
        } else {
            self.text(value);
        }
    }

    pub(super) fn mac(&mut self, mac: [u8; 6]) {
        let tells = mac.iter().any(|byte| *byte != 0) && mac.iter().any(|byte| *byte != 0xff);
        // Group addresses are nobody's.
        if tells && mac.first().is_some_and(|first| first & 1 == 0) {
            self.macs.insert(mac);
        }
    }

    pub(super) fn uuid(&mut self, uuid: [u8; 16]) {
        if uuid.iter().any(|byte| *byte != 0) && uuid.iter().any(|byte| *byte != 0xff) {
            self.uuids.insert(uuid);
        }
    }

    pub(super) fn wwn(&mut self, digits: &str) {
        if digits.bytes().any(|digit| digit != b'0') {
            self.wwns.insert(digits.to_ascii_lowercase());
        }
    }

    pub(super) fn address(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(address) => self.ipv4.insert(address),
            IpAddr::V6(address) => self.ipv6.insert(address),
        };
    }

    /// A text without `/`: paths are compared part by part.
    pub(super) fn text(&mut self, text: &str) {
        for part in text.split('/') {
            let part = part.trim();
            let folded = part.to_ascii_lowercase();
            let tells = part
                .bytes()
                .any(|byte| byte.is_ascii_alphanumeric() && byte != b'0');
            if tells && !COMMON.contains(&folded.as_str()) {
                self.texts.insert(part.to_owned());
            }
        }
    }

    /// The whole name and the host's part of it.
    pub(super) fn host_name(&mut self, name: &str) {
        let name = name.trim();
        if name.parse::<IpAddr>().is_ok() {
            return self.value(name);
        }
        // By its parts the name gets the same pseudonym with and without its domain.
        match name.split_once('.') {
            Some((host, domain)) if host.len() >= SHORTEST && domain.len() >= SHORTEST => {
                self.text(host);
                self.text(domain);
            }
            _ => self.text(name),
        }
    }

    /// The name of a device of the device mapper: of a logical volume its group and its own name,
    /// between which there is one `-`, where a `-` of theirs is doubled (lvm(8)).
    pub(super) fn mapper_name(&mut self, name: &str) {
        let parts = name.replace("--", "\0");
        let parts = parts.split('-').map(|part| part.replace('\0', "-"));
        parts.for_each(|part| self.text(&part));
    }

    /// Every form of every original.
    pub(super) fn needles(&self, pseudonyms: &Pseudonyms) -> Needles {
        let mut needles = Needles::default();
        for mac in &self.macs {
            add_mac(&mut needles, *mac, pseudonyms.mac(*mac));
        }
        for uuid in self.uuids.difference(&self.public_uuids) {
            add_uuid(&mut needles, *uuid, pseudonyms.uuid(*uuid));
        }
        for digits in &self.wwns {
            add_wwn(&mut needles, digits, &pseudonyms.wwn(digits));
        }
        for address in &self.ipv4 {
            let pseudonym = pseudonyms.ipv4(*address).to_string();
            needles.add(
                address.to_string().as_bytes(),
                pseudonym.as_bytes(),
                Reach::Word,
            );
        }
        for address in &self.ipv6 {
            add_ipv6(&mut needles, *address, pseudonyms.ipv6(*address));
        }
        for text in &self.texts {
            self.add_text(&mut needles, text, &pseudonyms.text(text));
        }
        needles
    }

    fn add_text(&self, needles: &mut Needles, text: &str, pseudonym: &str) {
        needles.add_alone(text, pseudonym);
        let folded = text.to_ascii_lowercase();
        if text.len() < SHORTEST || self.public_words.contains(&folded) {
            return;
        }
        let has = |is: fn(&u8) -> bool| text.as_bytes().iter().any(is);
        let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
        let reach = match text.len() {
            12.. => Reach::Anywhere,
            7.. if is_mixed => Reach::Anywhere,
            _ => Reach::Word,
        };
        let forms: [fn(&str) -> String; 7] = [
            str::to_owned,
            str::to_ascii_lowercase,
            str::to_ascii_uppercase,
            |text| text.replace(' ', "_"),
            |text| text.replace(' ', "\\x20"),
            |text| text.replace(' ', "\\040"),
            |text| text.replace('-', "--"),
        ];
        for form in forms {
            let (text, pseudonym) = (form(text), form(pseudonym));
            needles.add(text.as_bytes(), pseudonym.as_bytes(), reach);
            needles.add(&wide(&text), &wide(&pseudonym), Reach::Anywhere);
        }
    }
}

fn add_mac(needles: &mut Needles, mac: [u8; 6], pseudonym: [u8; 6]) {
    needles.add(&mac, &pseudonym, Reach::Anywhere);
    for separator in [":", "-", "_", "", "."] {
        let reach = match separator {
            "" => Reach::Anywhere,
            _ => Reach::Word,
        };
        add_digits(
            needles,
            &hex(&mac, separator),
            &hex(&pseudonym, separator),
            reach,
        );
    }
}

fn add_uuid(needles: &mut Needles, uuid: [u8; 16], pseudonym: [u8; 16]) {
    needles.add(&uuid, &pseudonym, Reach::Anywhere);
    needles.add(&mixed(uuid), &mixed(pseudonym), Reach::Anywhere);
    let (mut backward, mut pseudonym_backward) = (uuid, pseudonym);
    backward.reverse();
    pseudonym_backward.reverse();
    needles.add(&backward, &pseudonym_backward, Reach::Anywhere);
    let (digits, pseudonym_digits) = (hex(&uuid, ""), hex(&pseudonym, ""));
    let forms: [&[usize]; 4] = [
        &[],
        &[8, 12, 16, 20],
        &[8, 16, 24],
        &[4, 8, 12, 16, 20, 24, 28],
    ];
    for (form, separator) in forms.into_iter().zip(["", "-", ":", "-"]) {
        let (digits, pseudonym) = (
            grouped(&digits, form, separator),
            grouped(&pseudonym_digits, form, separator),
        );
        add_digits(needles, &digits, &pseudonym, Reach::Anywhere);
    }
}

fn add_wwn(needles: &mut Needles, digits: &str, pseudonym: &str) {
    add_digits(needles, digits, pseudonym, Reach::Anywhere);
    if let (Some(binary), Some(pseudonym)) = (unhex(digits), unhex(pseudonym)) {
        needles.add(&binary, &pseudonym, Reach::Anywhere);
        let dashed = [":", "-"].map(|it| (hex(&binary, it), hex(&pseudonym, it)));
        for (digits, pseudonym) in dashed {
            add_digits(needles, &digits, &pseudonym, Reach::Word);
        }
    }
}

fn add_ipv6(needles: &mut Needles, address: Ipv6Addr, pseudonym: Ipv6Addr) {
    let (binary, pseudonym_binary) = (address.octets(), pseudonym.octets());
    needles.add(&binary, &pseudonym_binary, Reach::Anywhere);
    let (digits, pseudonym_digits) = (hex(&binary, ""), hex(&pseudonym_binary, ""));
    add_digits(needles, &digits, &pseudonym_digits, Reach::Anywhere);
    let every_fourth = &[4, 8, 12, 16, 20, 24, 28];
    let long = grouped(&digits, every_fourth, ":");
    let pseudonym_long = grouped(&pseudonym_digits, every_fourth, ":");
    add_digits(needles, &long, &pseudonym_long, Reach::Word);
    add_digits(
        needles,
        &address.to_string(),
        &pseudonym.to_string(),
        Reach::Word,
    );
}

/// Hexadecimal text in both cases, as bytes and as UTF-16.
fn add_digits(needles: &mut Needles, digits: &str, pseudonym: &str, reach: Reach) {
    for form in [str::to_ascii_lowercase, str::to_ascii_uppercase] {
        let (digits, pseudonym) = (form(digits), form(pseudonym));
        needles.add(digits.as_bytes(), pseudonym.as_bytes(), reach);
        needles.add(&wide(&digits), &wide(&pseudonym), Reach::Anywhere);
    }
}

/// The first three fields in little-endian order, as SMBIOS and GPT have them.
fn mixed(uuid: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = uuid;
    let [i, j, k, l, m, n, o, p] = rest;
    [d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p]
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn grouped(digits: &str, ends: &[usize], separator: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if ends.contains(&at) {
            text.push_str(separator);
        }
        text.push(digit);
    }
    text
}

fn hex(bytes: &[u8], separator: &str) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(separator)
}

/// Bytes of hexadecimal digits.
pub(super) fn unhex(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair)
            .ok()
            .filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16)
            .ok()
            .filter(|_| !pair.contains('+'))
    });
    pairs.collect()
}

/// A MAC in any usual writing.
pub(super) fn mac(text: &str) -> Option<[u8; 6]> {
    let separated = |separator| text.len() == 17 && text.matches(separator).count() == 5;
    if !separated(':') && !separated('-') {
        return None;
    }
    let parts = text
        .split([':', '-'])
        .map(|part| unhex(part).filter(|it| it.len() == 1));
    parts.collect::<Option<Vec<_>>>()?.concat().try_into().ok()
}

/// A UUID in canonical form, or 32 hexadecimal digits.
pub(super) fn uuid(text: &str) -> Option<[u8; 16]> {
    let canonical = text.len() == 36
        && text
            .char_indices()
            .all(|(at, c)| matches!(at, 8 | 13 | 18 | 23) == (c == '-'));
    let by_four = text.len() == 35
        && text
            .char_indices()
            .all(|(at, c)| matches!(at, 8 | 17 | 26) == (c == ':'));
    match canonical || by_four || text.len() == 32 {
        true => unhex(&text.replace(['-', ':'], ""))?.try_into().ok(),
        false => None,
    }
}

fn is_wwn(digits: &str) -> bool {
    matches!(digits.len(), 16 | 32) && unhex(digits).is_some()
}
