//! The names that come with the program: tables that `build.rs` sorted, searched where they lie.
//! No pointer in them: nothing to relocate at start, and only the pages looked at are ever read.

use super::{PciNames, Wanted};

/// The day of the embedded list, `2025-07-11`.
pub(crate) const DATE: &str = include_str!(concat!(env!("OUT_DIR"), "/pci_names_date.txt"));

static BLOB: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/pci_names.bin"));

/// As `build.rs` writes them.
const KEY_BYTES: [usize; 5] = [2, 4, 8, 1, 2];
const PLACE_BYTES: usize = 4;

/// The names of what is wanted.
pub(crate) fn names(wanted: &Wanted) -> PciNames {
    let Some(([vendors, devices, subsystems, classes, subclasses], names)) = split(BLOB) else {
        return PciNames::default();
    };
    let mut found = PciNames::default();
    for vendor in &wanted.vendors {
        found.vendors.extend(
            vendors
                .find(&vendor.to_be_bytes(), names)
                .map(|name| (*vendor, name)),
        );
    }
    for key in &wanted.devices {
        let bytes = [key.0.to_be_bytes(), key.1.to_be_bytes()].concat();
        found
            .devices
            .extend(devices.find(&bytes, names).map(|name| (*key, name)));
    }
    for key in &wanted.subsystems {
        let parts = [key.0, key.1, key.2, key.3];
        let bytes = parts.map(u16::to_be_bytes).concat();
        found
            .subsystems
            .extend(subsystems.find(&bytes, names).map(|name| (*key, name)));
    }
    for key in &wanted.classes {
        let class = classes.find(&[key.0], names);
        found.classes.extend(class.map(|name| (key.0, name)));
        let subclass = subclasses.find(&[key.0, key.1], names);
        found.subclasses.extend(subclass.map(|name| (*key, name)));
    }
    found
}

/// Entries of one width, sorted by key.
struct Table<'a> {
    entries: &'a [u8],
    key_bytes: usize,
}

impl Table<'_> {
    fn find(&self, key: &[u8], names: &[u8]) -> Option<String> {
        let width = self.key_bytes + PLACE_BYTES;
        let (mut low, mut high) = (0, self.entries.len() / width);
        while low < high {
            let middle = low.midpoint(high);
            let entry = self.entries.get(middle * width..(middle + 1) * width)?;
            let (found, place) = entry.split_at_checked(self.key_bytes)?;
            match found.cmp(key) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return name(names, place),
            }
        }
        None
    }
}

fn name(names: &[u8], place: &[u8]) -> Option<String> {
    let place = u32::from_le_bytes(place.try_into().ok()?);
    let (length, rest) = names
        .get(usize::try_from(place).ok()?..)?
        .split_first_chunk::<2>()?;
    let name = rest.get(..usize::from(u16::from_le_bytes(*length)))?;
    Some(String::from_utf8_lossy(name).into_owned())
}

fn split(blob: &[u8]) -> Option<([Table<'_>; 5], &[u8])> {
    let (counts, mut rest) = blob.split_at_checked(KEY_BYTES.len() * 4)?;
    let mut tables = Vec::with_capacity(KEY_BYTES.len());
    for (count, key_bytes) in counts.chunks_exact(4).zip(KEY_BYTES) {
        let count = u32::from_le_bytes(count.try_into().ok()?);
        let bytes = usize::try_from(count).ok()? * (key_bytes + PLACE_BYTES);
        let (entries, after) = rest.split_at_checked(bytes)?;
        tables.push(Table { entries, key_bytes });
        rest = after;
    }
    Some((tables.try_into().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::pci_ids::PciIds;

    #[test]
    fn finds_first_last_and_middle() {
        let ids = |text: &str| text.parse::<PciIds>().unwrap();
        let wanted = Wanted::new(&[
            ids("0001:0000 0000:0000 000000"),
            ids("8086:1572 8086:0001 020000"),
            ids("ffff:0001 0000:0000 130000"),
        ]);
        let names = names(&wanted);
        assert_eq!(names.vendor(0x0001), Some("SafeNet (wrong ID)"));
        assert_eq!(names.vendor(0x8086), Some("Intel Corporation"));
        assert_eq!(names.vendor(0xffff), Some("Illegal Vendor ID"));
        assert_eq!(
            names.device(0x8086, 0x1572),
            Some("Ethernet Controller X710 for 10GbE SFP+")
        );
        assert_eq!(
            names.subsystem(0x8086, 0x1572, 0x8086, 0x0001),
            Some("Ethernet Converged Network Adapter X710-4")
        );
        assert_eq!(names.class(0x02_00_00), Some("Ethernet controller"));
        assert_eq!(names.device(0x8086, 0xfffe), None);
    }

    #[test]
    fn every_name_of_the_source_is_found() {
        let text = include_bytes!("../../../data/pci.ids");
        let every = PciNames::parse(text);
        assert!(every.vendors.len() > 2000 && every.devices.len() > 15_000);
        let wanted = Wanted {
            vendors: every.vendors.keys().copied().collect(),
            devices: every.devices.keys().copied().collect(),
            subsystems: every.subsystems.keys().copied().collect(),
            classes: every.subclasses.keys().copied().collect(),
        };
        let mut found = names(&wanted);
        // A class without subclasses is not asked for here.
        found.classes.clone_from(&every.classes);
        assert_eq!(found, every);
        assert_eq!(PciNames::scan(text, &wanted).devices, every.devices);
        assert_eq!(PciNames::scan(text, &wanted).subsystems, every.subsystems);
    }
}
