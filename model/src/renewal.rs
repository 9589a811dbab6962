//! An inventory of which some sections were read again.

use std::mem::take;

use crate::inventory::{Inventory, Section};
use crate::warning::Warning;

impl Inventory {
    /// Takes over the sections that `newer` was asked for, with their warnings, and when that was.
    pub fn renew(&mut self, mut newer: Self) {
        let sections = Section::ALL.into_iter();
        let (renewed, kept): (Vec<Section>, Vec<Section>) =
            sections.partition(|section| newer.was_discovered(*section));
        let is_kept = |warning: &Warning| kept.iter().any(|section| section.key() == warning.probe);
        self.warnings.retain(is_kept);
        self.warnings.append(&mut newer.warnings);
        self.warnings.sort();
        self.warnings.dedup();
        for section in renewed {
            self.undiscovered.remove(&section);
            self.take_over(section, &mut newer);
        }
        self.captured_at = newer.captured_at;
    }

    fn take_over(&mut self, section: Section, newer: &mut Self) {
        match section {
            Section::Host => self.host = take(&mut newer.host),
            Section::System => self.system = take(&mut newer.system),
            Section::Board => self.board = take(&mut newer.board),
            Section::Chassis => self.chassis = take(&mut newer.chassis),
            Section::Bios => self.bios = take(&mut newer.bios),
            Section::Cpu => self.cpu = take(&mut newer.cpu),
            Section::Numa => self.numa = take(&mut newer.numa),
            Section::Memory => self.memory = take(&mut newer.memory),
            Section::Network => self.network = take(&mut newer.network),
            Section::Disks => self.disks = take(&mut newer.disks),
            Section::Arrays => self.arrays = take(&mut newer.arrays),
            Section::VolumeGroups => self.volume_groups = take(&mut newer.volume_groups),
            Section::Filesystems => self.filesystems = take(&mut newer.filesystems),
            Section::Pci => self.pci = take(&mut newer.pci),
            Section::Gpus => self.gpus = take(&mut newer.gpus),
            Section::Usb => self.usb = take(&mut newer.usb),
            Section::Bmc => self.bmc = take(&mut newer.bmc),
            Section::Sensors => self.sensors = take(&mut newer.sensors),
            Section::Iommu => self.iommu = take(&mut newer.iommu),
            Section::Watchdogs => self.watchdogs = take(&mut newer.watchdogs),
            Section::Usage => self.usage = newer.usage.take(),
            Section::Modules => self.modules = newer.modules.take(),
            Section::Listeners => self.listeners = newer.listeners.take(),
            Section::Services => self.services = newer.services.take(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::warning::WarningKind;

    fn warning(probe: &str, message: &str) -> Warning {
        Warning {
            probe: probe.to_owned(),
            subject: "x".to_owned(),
            kind: WarningKind::Denied,
            message: message.to_owned(),
            incomplete: None,
        }
    }

    #[test]
    fn only_what_was_read_again_is_taken_over() {
        let mut known = Inventory {
            captured_at: Some("before".to_owned()),
            warnings: vec![warning("cpu", "a"), warning("network", "gone")],
            undiscovered: [Section::Usage, Section::Bmc].into(),
            ..Inventory::default()
        };
        known.cpu.threads = Some(4);
        let mut newer = Inventory {
            captured_at: Some("after".to_owned()),
            warnings: vec![warning("network", "new")],
            undiscovered: Section::ALL.into(),
            ..Inventory::default()
        };
        newer.undiscovered.remove(&Section::Network);
        newer.undiscovered.remove(&Section::Bmc);
        newer.bmc.present = Some(true);
        newer.network.push(Default::default());
        known.renew(newer);
        assert_eq!(known.captured_at.as_deref(), Some("after"));
        assert_eq!(known.cpu.threads, Some(4));
        assert_eq!(known.network.len(), 1);
        assert_eq!(known.bmc.present, Some(true));
        let warnings: Vec<_> = known
            .warnings
            .iter()
            .map(|it| it.message.as_str())
            .collect();
        assert_eq!(warnings, ["a", "new"]);
        assert_eq!(known.undiscovered, [Section::Usage].into());
    }

    /// Each section of the document by its key, other than it is by default.
    #[test]
    fn every_section_is_taken_over() {
        for section in Section::ALL {
            let sample = match section {
                Section::Host => json!({"hostname": "n"}),
                Section::System | Section::Board | Section::Chassis | Section::Bios => {
                    json!({"vendor": "v"})
                }
                Section::Cpu => json!({"threads": 1}),
                Section::Memory => json!({"total_bytes": 1}),
                Section::Bmc => json!({"present": true}),
                Section::Iommu => json!({"enabled": true}),
                Section::Usage => json!({"cpu_percent": 1.0}),
                Section::Modules => json!({"loaded": ["m"]}),
                _ => json!([{}]),
            };
            let sample = match section {
                Section::Numa => json!([{"id": 1}]),
                _ => sample,
            };
            let document = json!({"schema": crate::INVENTORY_SCHEMA, section.key(): sample});
            let newer = Inventory::from_json(document.to_string().as_bytes()).unwrap();
            let expected = serde_json::to_value(&newer).unwrap();
            let mut known = Inventory::default();
            known.renew(newer);
            let known: Value = serde_json::to_value(&known).unwrap();
            assert_eq!(known[section.key()], expected[section.key()]);
            let empty = serde_json::to_value(Inventory::default()).unwrap();
            assert_ne!(known[section.key()], empty[section.key()], "{section:?}");
        }
    }
}
