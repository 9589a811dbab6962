//! `pci.ids`: names of PCI vendors, devices, subsystems and classes, in the text form that the PCI
//! ID Repository describes in the file's own header.
//!
//! The list that comes with the program is `data/pci.ids`, indexed by `build.rs`: 1.2 MB of the
//! program, nothing at start (see `data/README.md` for why no crate carries it).

pub(crate) mod embedded;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::str::FromStr;

use memchr::{memchr_iter, memmem};

/// The numbers of one function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PciIds {
    pub(crate) vendor: u16,
    pub(crate) device: u16,
    /// Zero where there is none, as in the configuration space.
    pub(crate) subsystem_vendor: u16,
    pub(crate) subsystem_device: u16,
    /// Class, subclass, programming interface: 24 bits.
    pub(crate) class: u32,
}

impl fmt::Display for PciIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04x}:{:04x} {:04x}:{:04x} {:06x}",
            self.vendor, self.device, self.subsystem_vendor, self.subsystem_device, self.class
        )
    }
}

impl FromStr for PciIds {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split([' ', ':']);
        let mut next = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits).ok_or(())?;
            u32::from_str_radix(part, 16).map_err(|_| ())
        };
        let mut short = || u16::try_from(next(4)?).map_err(|_| ());
        Ok(Self {
            vendor: short()?,
            device: short()?,
            subsystem_vendor: short()?,
            subsystem_device: short()?,
            class: next(6)?,
        })
    }
}

/// What to look up.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    vendors: BTreeSet<u16>,
    devices: BTreeSet<(u16, u16)>,
    subsystems: BTreeSet<(u16, u16, u16, u16)>,
    classes: BTreeSet<(u8, u8)>,
}

impl Wanted {
    /// All names of these functions.
    pub(crate) fn new<'a>(functions: impl IntoIterator<Item = &'a PciIds>) -> Self {
        let mut wanted = Self::default();
        for ids in functions {
            let (vendor, device) = (ids.vendor, ids.device);
            wanted.vendors.extend([vendor, ids.subsystem_vendor]);
            wanted.devices.insert((vendor, device));
            let subsystem = (ids.subsystem_vendor, ids.subsystem_device);
            wanted
                .subsystems
                .insert((vendor, device, subsystem.0, subsystem.1));
            wanted.classes.insert(class_key(ids.class));
        }
        wanted.vendors.remove(&0);
        wanted
    }
}

/// Names that were found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PciNames {
    vendors: BTreeMap<u16, String>,
    devices: BTreeMap<(u16, u16), String>,
    subsystems: BTreeMap<(u16, u16, u16, u16), String>,
    classes: BTreeMap<u8, String>,
    subclasses: BTreeMap<(u8, u8), String>,
}

impl PciNames {
    /// Every name in a text.
    pub(crate) fn parse(text: &[u8]) -> Self {
        let mut names = Self::default();
        names.keep(text, &|_| true);
        names
    }

    /// The names wanted from a large text, of which only the vendors wanted are looked at.
    pub(crate) fn scan(text: &[u8], wanted: &Wanted) -> Self {
        let mut names = Self::default();
        let is_wanted = |entry: &Entry| match entry {
            Entry::Vendor(key) => wanted.vendors.contains(key),
            Entry::Device(key) => wanted.devices.contains(key),
            Entry::Subsystem(key) => wanted.subsystems.contains(key),
            Entry::Class(_) => true,
            Entry::Subclass(key) => wanted.classes.contains(key),
        };
        let mut from = 0;
        for vendor in &wanted.vendors {
            let rest = text.get(from..).unwrap_or_default();
            let Some((at, block)) = block(rest, &format!("\n{vendor:04x}  ")) else {
                continue;
            };
            names.keep(block, &is_wanted);
            from += at;
        }
        let classes: BTreeSet<u8> = wanted.classes.iter().map(|key| key.0).collect();
        for class in classes {
            // Classes come last, and never before the last vendor.
            let rest = text.get(from..).unwrap_or_default();
            if let Some((_, block)) = block(rest, &format!("\nC {class:02x}  ")) {
                names.keep(block, &is_wanted);
            }
        }
        names
    }

    /// The same names as a text that [`PciNames::parse`] reads.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        let mut vendors: BTreeSet<u16> = self.vendors.keys().copied().collect();
        vendors.extend(self.devices.keys().map(|key| key.0));
        for vendor in vendors {
            let name = self.vendor(vendor).unwrap_or_default();
            let _ = writeln!(text, "{vendor:04x}  {name}");
            for (key, name) in self.devices.range((vendor, 0)..=(vendor, u16::MAX)) {
                let _ = writeln!(text, "\t{:04x}  {name}", key.1);
                let first = (key.0, key.1, 0, 0);
                let last = (key.0, key.1, u16::MAX, u16::MAX);
                for (key, name) in self.subsystems.range(first..=last) {
                    let _ = writeln!(text, "\t\t{:04x} {:04x}  {name}", key.2, key.3);
                }
            }
        }
        for (class, name) in &self.classes {
            let _ = writeln!(text, "C {class:02x}  {name}");
            for (key, name) in self.subclasses.range((*class, 0)..=(*class, u8::MAX)) {
                let _ = writeln!(text, "\t{:02x}  {name}", key.1);
            }
        }
        text
    }

    /// The name of a vendor, or of the vendor of a subsystem.
    pub(crate) fn vendor(&self, vendor: u16) -> Option<&str> {
        self.vendors.get(&vendor).map(String::as_str)
    }

    /// The name of a device.
    pub(crate) fn device(&self, vendor: u16, device: u16) -> Option<&str> {
        self.devices.get(&(vendor, device)).map(String::as_str)
    }

    /// The name of a subsystem; one that repeats the device's numbers has the device's name.
    pub(crate) fn subsystem(
        &self,
        vendor: u16,
        device: u16,
        subsystem_vendor: u16,
        subsystem_device: u16,
    ) -> Option<&str> {
        let key = (vendor, device, subsystem_vendor, subsystem_device);
        let own = self.subsystems.get(&key).map(String::as_str);
        own.or_else(|| {
            ((vendor, device) == (subsystem_vendor, subsystem_device))
                .then(|| self.device(vendor, device))
                .flatten()
        })
    }

    /// The name of the subclass, or else of the class, of a 24-bit class code.
    pub(crate) fn class(&self, class: u32) -> Option<&str> {
        let key = class_key(class);
        let subclass = self.subclasses.get(&key);
        subclass
            .or_else(|| self.classes.get(&key.0))
            .map(String::as_str)
    }

    fn keep(&mut self, text: &[u8], is_wanted: &dyn Fn(&Entry) -> bool) {
        let mut above = Above::default();
        let ends = memchr_iter(b'\n', text).chain([text.len()]);
        let mut from = 0;
        for end in ends {
            let line = text.get(from..end).unwrap_or_default();
            from = end + 1;
            let Some((entry, name)) = above.entry(line).filter(|(entry, _)| is_wanted(entry))
            else {
                continue;
            };
            let name = String::from_utf8_lossy(name).trim().to_owned();
            if name.is_empty() {
                continue;
            }
            match entry {
                Entry::Vendor(key) => self.vendors.insert(key, name),
                Entry::Device(key) => self.devices.insert(key, name),
                Entry::Subsystem(key) => self.subsystems.insert(key, name),
                Entry::Class(key) => self.classes.insert(key, name),
                Entry::Subclass(key) => self.subclasses.insert(key, name),
            };
        }
    }
}

/// The day in the header, such as `2023-04-10`, which sorts as text.
pub(crate) fn date(head: &[u8]) -> Option<String> {
    let at = memmem::find(head, b"Date:")?;
    let line = head.get(at + 5..)?.split(|byte| *byte == b'\n').next()?;
    let day = std::str::from_utf8(line).ok()?.split_whitespace().next()?;
    let is_day = day.len() == 10
        && day.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    is_day.then(|| day.to_owned())
}

fn class_key(class: u32) -> (u8, u8) {
    let [_, class, subclass, _] = class.to_be_bytes();
    (class, subclass)
}

/// What a line names.
enum Entry {
    Vendor(u16),
    Device((u16, u16)),
    Subsystem((u16, u16, u16, u16)),
    Class(u8),
    Subclass((u8, u8)),
}

/// What the lines above say a line belongs to.
#[derive(Default)]
struct Above {
    vendor: Option<u16>,
    device: Option<u16>,
    class: Option<u8>,
}

impl Above {
    fn entry<'a>(&mut self, line: &'a [u8]) -> Option<(Entry, &'a [u8])> {
        match line {
            [] | [b'#', ..] => None,
            [b'\t', b'\t', rest @ ..] => {
                let (vendor, device) = (self.vendor?, self.device?);
                let (first, rest) = number(rest, 4)?;
                let (second, name) = number(rest.strip_prefix(b" ")?, 4)?;
                Some((Entry::Subsystem((vendor, device, first, second)), name))
            }
            [b'\t', rest @ ..] => {
                if let Some(class) = self.class {
                    let (subclass, name) = number(rest, 2)?;
                    let subclass = u8::try_from(subclass).ok()?;
                    return Some((Entry::Subclass((class, subclass)), name));
                }
                let (device, name) = number(rest, 4)?;
                self.device = Some(device);
                Some((Entry::Device((self.vendor?, device)), name))
            }
            [b'C', b' ', rest @ ..] => {
                *self = Self::default();
                let (class, name) = number(rest, 2)?;
                self.class = Some(u8::try_from(class).ok()?);
                Some((Entry::Class(self.class?), name))
            }
            _ => {
                *self = Self::default();
                let (vendor, name) = number(line, 4)?;
                self.vendor = Some(vendor);
                Some((Entry::Vendor(vendor), name))
            }
        }
    }
}

fn number(text: &[u8], digits: usize) -> Option<(u16, &[u8])> {
    let (digits, rest) = text.split_at_checked(digits)?;
    let digits = std::str::from_utf8(digits).ok()?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

/// From the line that begins with `head` to the next one that is not indented, with its place.
fn block<'a>(text: &'a [u8], head: &str) -> Option<(usize, &'a [u8])> {
    let at = match text.starts_with(head.trim_start().as_bytes()) {
        true => 0,
        false => memmem::find(text, head.as_bytes())? + 1,
    };
    let block = text.get(at..)?;
    let is_next = |end: &usize| !matches!(block.get(end + 1), Some(b'\t' | b'#' | b'\n'));
    let end = memchr_iter(b'\n', block).find(is_next);
    // One byte less, so that the next head can still be found behind its line feed.
    Some((at, block.get(..end.unwrap_or(block.len()))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"#\n#\tDate:    2023-04-10 20:08:02\n\n0001  One\n1af4  Red Hat\n# note\n\
        \t1041  Network\n\t\t1af4 1100  Machine\n\n8086  Intel\n\t0d57  Bridge\nC 02  Network controller\n\
        \t00  Ethernet controller\n\t\t01  interface\nC 06  Bridge\n";

    fn ids(text: &str) -> PciIds {
        text.parse().unwrap()
    }

    #[test]
    fn scans_only_what_is_wanted() {
        let wanted = Wanted::new(&[ids("1af4:1041 1af4:1100 020000")]);
        let names = PciNames::scan(TEXT, &wanted);
        assert_eq!(names.vendors.len(), 1);
        assert_eq!(names.vendor(0x1af4), Some("Red Hat"));
        assert_eq!(names.device(0x1af4, 0x1041), Some("Network"));
        assert_eq!(
            names.subsystem(0x1af4, 0x1041, 0x1af4, 0x1100),
            Some("Machine")
        );
        assert_eq!(names.class(0x020000), Some("Ethernet controller"));
        assert_eq!(names.class(0x060100), None);
        assert_eq!(PciNames::parse(names.to_text().as_bytes()), names);
    }

    #[test]
    fn class_without_its_subclass_and_subsystem_like_its_device() {
        let names = PciNames::parse(TEXT);
        assert_eq!(names.class(0x06_80_00), Some("Bridge"));
        assert_eq!(names.class(0x99_00_00), None);
        assert_eq!(
            names.subsystem(0x8086, 0x0d57, 0x8086, 0x0d57),
            Some("Bridge")
        );
        assert_eq!(names.subsystem(0x8086, 0x0d57, 0x1028, 0x0d57), None);
    }

    #[test]
    fn reads_the_date_and_refuses_others() {
        assert_eq!(date(TEXT).as_deref(), Some("2023-04-10"));
        assert_eq!(date(b"# Date: yesterday\n"), None);
        assert_eq!(date(b""), None);
        assert!(date(embedded::DATE.as_bytes()).is_none());
        assert!(embedded::DATE.len() == 10);
    }

    #[test]
    fn nonsense_names_nothing() {
        for text in [
            &b""[..],
            b"\t\t\n",
            b"zzzz  x\n\t1  y\n\t\t1 2  z",
            b"C zz  q\n\t00  r",
            b"8086",
        ] {
            let names = PciNames::parse(text);
            assert!(names.devices.is_empty() && names.subclasses.is_empty());
        }
    }

    #[test]
    fn ids_survive_their_text() {
        let text = "8086:1572 8086:0001 020000";
        assert_eq!(ids(text).to_string(), text);
        assert!("8086:1572".parse::<PciIds>().is_err());
        assert!("zz86:1572 8086:0001 020000".parse::<PciIds>().is_err());
    }
}
