//! The part of an inventory that was asked for.

use muster_model::{Inventory, Section};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// An inventory cut down to some sections; what identifies it and its warnings always stay.
pub(crate) struct Document<'a> {
    pub(crate) inventory: &'a Inventory,
    /// In the document's order.
    pub(crate) sections: Vec<Section>,
}

/// The sections of a document for which none was chosen. Those that are opt-in are left out, but
/// for `usage`, whose null readers have come to expect.
pub(crate) fn by_default() -> impl Iterator<Item = Section> {
    let all = Section::ALL.into_iter();
    all.filter(|section| !section.is_opt_in() || *section == Section::Usage)
}

impl Document<'_> {
    pub(crate) fn has(&self, section: Section) -> bool {
        self.sections.contains(&section)
    }
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.sections.len() + 4))?;
        map.serialize_entry("schema", &self.inventory.schema)?;
        map.serialize_entry("captured_at", &self.inventory.captured_at)?;
        map.serialize_entry("source", &self.inventory.source)?;
        for section in &self.sections {
            entry(&mut map, self.inventory, *section)?;
        }
        map.serialize_entry("warnings", &self.inventory.warnings)?;
        map.end()
    }
}

fn entry<M: SerializeMap>(
    map: &mut M,
    inventory: &Inventory,
    section: Section,
) -> Result<(), M::Error> {
    let key = section.key();
    match section {
        Section::Host => map.serialize_entry(key, &inventory.host),
        Section::System => map.serialize_entry(key, &inventory.system),
        Section::Board => map.serialize_entry(key, &inventory.board),
        Section::Chassis => map.serialize_entry(key, &inventory.chassis),
        Section::Bios => map.serialize_entry(key, &inventory.bios),
        Section::Cpu => map.serialize_entry(key, &inventory.cpu),
        Section::Numa => map.serialize_entry(key, &inventory.numa),
        Section::Memory => map.serialize_entry(key, &inventory.memory),
        Section::Network => map.serialize_entry(key, &inventory.network),
        Section::Disks => map.serialize_entry(key, &inventory.disks),
        Section::Arrays => map.serialize_entry(key, &inventory.arrays),
        Section::VolumeGroups => map.serialize_entry(key, &inventory.volume_groups),
        Section::Filesystems => map.serialize_entry(key, &inventory.filesystems),
        Section::Pci => map.serialize_entry(key, &inventory.pci),
        Section::Gpus => map.serialize_entry(key, &inventory.gpus),
        Section::Usb => map.serialize_entry(key, &inventory.usb),
        Section::Bmc => map.serialize_entry(key, &inventory.bmc),
        Section::Sensors => map.serialize_entry(key, &inventory.sensors),
        Section::Iommu => map.serialize_entry(key, &inventory.iommu),
        Section::Watchdogs => map.serialize_entry(key, &inventory.watchdogs),
        Section::Usage => map.serialize_entry(key, &inventory.usage),
        Section::Modules => map.serialize_entry(key, &inventory.modules),
        Section::Listeners => map.serialize_entry(key, &inventory.listeners),
        Section::Services => map.serialize_entry(key, &inventory.services),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_document_is_the_inventory() {
        let inventory = Inventory::default();
        let document = Document {
            inventory: &inventory,
            sections: by_default().collect(),
        };
        assert_eq!(
            serde_json::to_string(&document).unwrap(),
            serde_json::to_string(&inventory).unwrap()
        );
    }

    #[test]
    fn what_was_chosen_is_there_though_it_is_unknown() {
        let inventory = Inventory::default();
        let document = Document {
            inventory: &inventory,
            sections: vec![Section::Listeners],
        };
        let value = serde_json::to_value(&document).unwrap();
        assert_eq!(value.get("listeners"), Some(&serde_json::Value::Null));
    }

    #[test]
    fn a_part_keeps_what_identifies_it() {
        let inventory = Inventory::default();
        let document = Document {
            inventory: &inventory,
            sections: vec![Section::Iommu],
        };
        let value = serde_json::to_value(&document).unwrap();
        let keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        assert_eq!(
            keys,
            ["schema", "captured_at", "source", "iommu", "warnings"]
        );
    }
}
