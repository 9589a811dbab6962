//! PCI functions.
//!
//! Attributes are read, never the configuration space where it can be avoided: one read of its 64
//! bytes took 245 µs on a virtual machine and 5 µs of an attribute, on bare metal it wakes a device
//! that sleeps, and only root sees the capabilities in it.

mod passthrough;
mod vital;

use std::collections::BTreeMap;

use muster_model::Found;
use muster_model::network::Sriov;
use muster_model::pci::{PciFunction, PciLink};

use crate::Fault;
use crate::context::{Context, PCI_DEVICES, PciFound};
use crate::notes::Notes;
use crate::parse::pci_config::{self, Config};
use crate::parse::pci_function::{self, Identity};
use crate::parse::pci_ids::PciIds;
use crate::source::Dir;

/// Base class of bridges (PCI Code and ID Assignment, appendix D).
const CLASS_BRIDGE: u32 = 0x06;
/// Extended configuration space.
const CONFIG_BYTES: usize = 4096;

/// Fills `pci`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Vec<PciFunction>> {
    let mut notes = Notes::new("pci");
    let listed = notes.keep_list(context.source, PCI_DEVICES, context.pci_functions());
    let bus = context.source.dir(PCI_DEVICES);
    let mut vital = vital::Vital::default();
    let mut functions = Vec::new();
    for found in listed.unwrap_or_default() {
        let directory = bus.device(&found.slot);
        let function = function(&directory, found, &mut notes);
        vital.consider(&directory, &function, functions.len());
        functions.push(function);
    }
    name(context, &mut functions, &mut notes);
    vital.fill(context, &mut functions, &mut notes);
    passthrough::judge(&mut functions);
    notes.with(functions)
}

fn function(directory: &Dir<'_>, found: &PciFound, notes: &mut Notes) -> PciFunction {
    let slot = found.slot.as_str();
    let identity = keep(notes, slot, "uevent", found.identity.clone()).unwrap_or_default();
    let is_known = found.identity.is_ok();
    let (config, revision) = revision(directory, slot, notes);
    let group = keep(
        notes,
        slot,
        "iommu_group",
        directory.link_name("iommu_group"),
    );
    PciFunction {
        slot: found.slot.clone(),
        revision: revision.map(|revision| format!("{revision:02x}")),
        iommu_group: group.and_then(|group| group.parse().ok()),
        numa_node: numa_node(directory, slot, notes),
        link: link(directory, slot, config, notes),
        parent: pci_function::parent(directory.path()).map(str::to_owned),
        sriov: sriov(directory, slot, identity.ids, notes),
        ..if is_known {
            numbers(identity)
        } else {
            PciFunction::default()
        }
    }
}

fn numbers(identity: Identity) -> PciFunction {
    let ids = identity.ids;
    let four = |number: u16| Some(format!("{number:04x}"));
    // Bridges have no subsystem here, and a function without one has zeros.
    let has_subsystem = ids.subsystem_vendor != 0 && ids.subsystem_vendor != u16::MAX;
    PciFunction {
        vendor_id: four(ids.vendor),
        device_id: four(ids.device),
        subsystem_vendor_id: four(ids.subsystem_vendor).filter(|_| has_subsystem),
        subsystem_device_id: four(ids.subsystem_device).filter(|_| has_subsystem),
        class_code: Some(format!("{:06x}", ids.class)),
        driver: identity.driver,
        ..PciFunction::default()
    }
}

/// From `revision`, or, before Linux 4.10, from the configuration space.
fn revision(directory: &Dir<'_>, slot: &str, notes: &mut Notes) -> (Option<Config>, Option<u8>) {
    match directory.text("revision") {
        Ok(text) => {
            let digits = text.trim_start_matches("0x");
            (None, u8::from_str_radix(digits, 16).ok())
        }
        Err(Fault::Absent) => {
            let bytes = directory.read_up_to("config", CONFIG_BYTES);
            let config = keep(notes, slot, "config", bytes).map(|bytes| pci_config::parse(&bytes));
            let revision = config.as_ref().and_then(|config| config.revision);
            (config, revision)
        }
        Err(fault) => (None, keep(notes, slot, "revision", Err(fault))),
    }
}

fn numa_node(directory: &Dir<'_>, slot: &str, notes: &mut Notes) -> Option<u32> {
    let node: Option<i64> = keep(notes, slot, "numa_node", directory.number("numa_node"));
    // -1 is no node.
    node.and_then(|node| u32::try_from(node).ok())
}

/// The four attributes are there together, and for PCI Express only.
fn link(directory: &Dir<'_>, slot: &str, config: Option<Config>, notes: &mut Notes) -> PciLink {
    let speed = match directory.text("current_link_speed") {
        Err(Fault::Absent) => return config.map(|config| config.link).unwrap_or_default(),
        other => keep(notes, slot, "current_link_speed", other),
    };
    let mut text = |name: &str| keep(notes, slot, name, directory.text(name));
    let speed_of = |text: Option<String>| pci_function::link_speed_gts(&text?);
    let width_of = |text: Option<String>| pci_function::link_width(&text?);
    PciLink {
        speed_gts: speed_of(speed),
        width: width_of(text("current_link_width")),
        max_speed_gts: speed_of(text("max_link_speed")),
        max_width: width_of(text("max_link_width")),
    }
}

fn sriov(directory: &Dir<'_>, slot: &str, ids: PciIds, notes: &mut Notes) -> Option<Sriov> {
    if ids.class >> 16 == CLASS_BRIDGE {
        return None;
    }
    let total = match directory.number("sriov_totalvfs") {
        Err(Fault::Absent) => return virtual_function(directory),
        other => keep(notes, slot, "sriov_totalvfs", other),
    };
    Some(Sriov {
        total_vfs: total,
        enabled_vfs: keep(
            notes,
            slot,
            "sriov_numvfs",
            directory.number("sriov_numvfs"),
        ),
        physical_function: None,
    })
}

fn virtual_function(directory: &Dir<'_>) -> Option<Sriov> {
    let physical_function = directory.link_name("physfn").ok()?;
    Some(Sriov {
        physical_function: Some(physical_function),
        ..Sriov::default()
    })
}

fn name(context: &Context<'_>, functions: &mut [PciFunction], notes: &mut Notes) {
    let names = context.pci_names();
    let found = context.pci_functions().unwrap_or_default();
    let own = |name: Option<&str>| name.map(str::to_owned);
    let mut unknown: BTreeMap<(u16, u16), String> = BTreeMap::new();
    for (function, found) in functions.iter_mut().zip(found) {
        let Ok(identity) = &found.identity else {
            continue;
        };
        let ids = identity.ids;
        function.class = own(names.class(ids.class));
        function.vendor = own(names.vendor(ids.vendor));
        function.device = own(names.device(ids.vendor, ids.device));
        function.subsystem_vendor = own(names.vendor(ids.subsystem_vendor))
            .filter(|_| function.subsystem_vendor_id.is_some());
        function.subsystem = own(names.subsystem(
            ids.vendor,
            ids.device,
            ids.subsystem_vendor,
            ids.subsystem_device,
        ))
        .filter(|_| function.subsystem_device_id.is_some());
        if let (true, Some(modalias)) = (function.device.is_none(), &identity.modalias) {
            unknown
                .entry((ids.vendor, ids.device))
                .or_insert_with(|| modalias.clone());
        }
    }
    name_from_database(context, functions, &unknown, notes);
}

/// udev's hardware database for what no list knows, once for each kind of device.
fn name_from_database(
    context: &Context<'_>,
    functions: &mut [PciFunction],
    unknown: &BTreeMap<(u16, u16), String>,
    notes: &mut Notes,
) {
    let mut known = BTreeMap::new();
    for (kind, modalias) in unknown {
        let names = context.database_names(modalias);
        let Some(names) = notes.keep("pci", "udev's hardware database", names) else {
            break;
        };
        known.insert(*kind, names);
    }
    let found = context.pci_functions().unwrap_or_default();
    for (function, found) in functions.iter_mut().zip(found) {
        let ids = found.identity.as_ref().map(|identity| identity.ids);
        let names = ids
            .ok()
            .and_then(|ids| known.get(&(ids.vendor, ids.device)));
        if let Some([vendor, device]) = names {
            function.vendor = function.vendor.take().or_else(|| vendor.clone());
            function.device.clone_from(device);
        }
    }
}

/// As [`Notes::keep`]; what is denied for one function is denied for all, and said once.
fn keep<T>(notes: &mut Notes, slot: &str, what: &str, got: Result<T, Fault>) -> Option<T> {
    let subject = match &got {
        Err(Fault::Denied) => "pci",
        _ => slot,
    };
    notes.keep(subject, what, got)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::*;
    use crate::{Options, Source};

    const BRIDGE: &str = "sys/devices/pci0000:00/0000:00:01.0";
    const CARD: &str = "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0";
    const UEVENT: &str =
        "DRIVER=i40e\nPCI_CLASS=20000\nPCI_ID=8086:1572\nPCI_SUBSYS_ID=8086:0001\n";

    fn write(root: &Path, folder: &str, files: &[(&str, &[u8])]) {
        fs::create_dir_all(root.join(folder)).unwrap();
        for (name, content) in files {
            fs::write(root.join(folder).join(name), content).unwrap();
        }
        let slot = folder.rsplit('/').next().unwrap();
        fs::create_dir_all(root.join(PCI_DEVICES)).unwrap();
        let target = format!("../../../{}", folder.trim_start_matches("sys/"));
        symlink(target, root.join(PCI_DEVICES).join(slot)).unwrap();
    }

    fn found(root: &Path) -> Found<Vec<PciFunction>> {
        let source = Source::at_root(root).unwrap();
        let options = Options::default();
        probe(&Context::new(&source, &options))
    }

    #[test]
    fn reads_a_card_below_a_bridge() {
        let root = tempfile::tempdir().unwrap();
        let bridge: &[u8] =
            b"DRIVER=pcieport\nPCI_CLASS=60400\nPCI_ID=8086:2030\nPCI_SUBSYS_ID=0000:0000\n";
        write(
            root.path(),
            BRIDGE,
            &[("uevent", bridge), ("revision", b"0x04\n")],
        );
        let vpd = b"\x82\x03\0NIC\x90\x0e\0PN\x04PARTSN\x04X123\x78";
        write(
            root.path(),
            CARD,
            &[
                ("uevent", UEVENT.as_bytes()),
                ("revision", b"0x02\n"),
                ("numa_node", b"1\n"),
                ("current_link_speed", b"8.0 GT/s PCIe\n"),
                ("current_link_width", b"8\n"),
                ("max_link_speed", b"8.0 GT/s PCIe\n"),
                ("max_link_width", b"255\n"),
                ("sriov_totalvfs", b"64\n"),
                ("sriov_numvfs", b"0\n"),
                ("vpd", vpd),
            ],
        );
        let group = root.path().join(CARD).join("iommu_group");
        symlink("../../../../kernel/iommu_groups/7", group).unwrap();
        let found = found(root.path());
        assert_eq!(found.warnings, []);
        let [bridge, card] = found.value.as_slice() else {
            panic!("two functions: {:?}", found.value);
        };
        assert_eq!(bridge.parent, None);
        assert_eq!(bridge.subsystem_vendor_id, None);
        assert_eq!(bridge.sriov, None);
        assert_eq!(card.parent.as_deref(), Some("0000:00:01.0"));
        assert_eq!(
            card.device.as_deref(),
            Some("Ethernet Controller X710 for 10GbE SFP+")
        );
        assert_eq!(card.subsystem_vendor.as_deref(), Some("Intel Corporation"));
        assert_eq!(card.class.as_deref(), Some("Ethernet controller"));
        assert_eq!(card.class_code.as_deref(), Some("020000"));
        assert_eq!(card.revision.as_deref(), Some("02"));
        assert_eq!((card.numa_node, card.iommu_group), (Some(1), Some(7)));
        assert_eq!((card.link.speed_gts, card.link.width), (Some(8.0), Some(8)));
        assert_eq!(card.link.max_width, None);
        assert_eq!(card.sriov.as_ref().unwrap().total_vfs, Some(64));
        assert_eq!(card.serial.as_deref(), Some("X123"));
        assert_eq!(card.part_number.as_deref(), Some("PART"));
    }

    #[test]
    fn no_functions_are_no_fault() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join(PCI_DEVICES)).unwrap();
        assert_eq!(found(root.path()), Found::default());
    }

    #[test]
    fn nonsense_costs_its_own_fields() {
        let root = tempfile::tempdir().unwrap();
        write(
            root.path(),
            BRIDGE,
            &[("uevent", b"PCI_ID=?\n"), ("modalias", b"pci:x")],
        );
        write(
            root.path(),
            CARD,
            &[("uevent", UEVENT.as_bytes()), ("numa_node", b"one\n")],
        );
        let found = found(root.path());
        let subjects: Vec<&str> = found.warnings.iter().map(|w| w.subject.as_str()).collect();
        assert_eq!(subjects, ["0000:00:01.0", "0000:01:00.0"]);
        assert_eq!(found.value[0].vendor_id, None);
        assert_eq!(found.value[1].vendor_id.as_deref(), Some("8086"));
        assert_eq!(found.value[1].numa_node, None);
    }

    #[test]
    fn a_newer_list_of_the_host_counts() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), CARD, &[("uevent", UEVENT.as_bytes())]);
        let lists = root.path().join("usr/share/misc");
        fs::create_dir_all(&lists).unwrap();
        for (day, name) in [
            ("1999-01-01", "Ethernet Controller X710 for 10GbE SFP+"),
            ("2999-01-01", "Newer"),
        ] {
            let text = format!("#\tDate:    {day} 03:15:02\n8086  Intel\n\t1572  Newer\n");
            fs::write(lists.join("pci.ids"), text).unwrap();
            assert_eq!(found(root.path()).value[0].device.as_deref(), Some(name));
        }
    }
}
