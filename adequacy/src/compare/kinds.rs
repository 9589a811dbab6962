//! The lists of devices in an inventory: what their devices are called, and by what one is known
//! again. One row a list.

use serde_json::Value;

use super::value::{at, text};

/// One list of devices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// Path of the list: `disks`, `disks.partitions`.
    pub(super) path: &'static str,
    /// What a person calls one of its devices.
    pub(super) noun: &'static str,
    /// The natural key: the first of these fields that is known.
    pub(super) key: &'static [&'static str],
    /// Fields that identify a device wherever it is, best first: for one machine over time. Of each
    /// set the first field has to be known, here and in `places`.
    pub(super) identities: &'static [&'static [&'static str]],
    /// Fields that tell where a device is, best first. Over time they tell only what nothing
    /// identifies.
    pub(super) places: &'static [&'static [&'static str]],
    /// Fields that have to be equal where both are known: other ones make it another device.
    pub(super) sure: &'static [&'static str],
    /// What a change of its key is called: it *is named* sda, *is in slot* 0000:3b:00.0.
    pub(super) stands: &'static str,
    /// What describes it in brief, beside its key.
    pub(super) brief: &'static [&'static str],
    /// What describes it in full.
    pub(super) full: &'static [&'static str],
    /// Whether it is bad news when such a device is gone.
    pub(super) matters: fn(&Value) -> bool,
}

const PLAIN: Kind = Kind {
    path: "",
    noun: "",
    key: &["name"],
    identities: &[],
    places: &[&["name"]],
    sure: &[],
    stands: "named",
    brief: &[],
    full: &[],
    matters: |_| true,
};

const KINDS: &[Kind] = &[
    Kind {
        path: "cpu.caches",
        noun: "CPU cache of level",
        key: &["level"],
        places: &[&["level", "kind", "size_bytes"], &["level", "kind"]],
        brief: &["kind"],
        full: &["kind", "size_bytes"],
        ..PLAIN
    },
    Kind {
        path: "cpu.core_kinds",
        noun: "kind of core",
        ..PLAIN
    },
    Kind {
        path: "numa",
        noun: "NUMA node",
        key: &["id"],
        places: &[&["id"]],
        full: &["memory_total_bytes"],
        ..PLAIN
    },
    Kind {
        path: "numa.hugepages",
        ..HUGE_PAGES
    },
    HUGE_PAGES,
    Kind {
        path: "memory.modules",
        noun: "DIMM",
        key: &["locator", "bank"],
        identities: &[&["serial", "locator", "bank"], &["serial", "part_number"]],
        places: &[&["locator", "bank"], &["locator"], &["part_number"]],
        sure: &["serial", "part_number"],
        stands: "in slot",
        brief: &["manufacturer", "part_number"],
        full: &["size_bytes", "manufacturer", "part_number", "serial"],
        ..PLAIN
    },
    Kind {
        path: "network",
        noun: "interface",
        identities: &[&["permanent_mac", "name"], &["permanent_mac"]],
        places: &[
            &["pci_slot", "device_id", "name"],
            &["pci_slot", "device_id"],
            &["name"],
        ],
        sure: &["permanent_mac"],
        brief: &["vendor", "model"],
        full: &["vendor", "model", "permanent_mac"],
        matters: is_port,
        ..PLAIN
    },
    Kind {
        path: "disks",
        noun: "disk",
        identities: &[
            &["wwn", "name"],
            &["wwn"],
            &["serial", "model", "name"],
            &["serial", "model"],
        ],
        places: &[
            &["pci_slot", "name", "model"],
            &["pci_slot", "model"],
            &["name", "model"],
            &["pci_slot", "name"],
            &["name"],
        ],
        sure: &["wwn", "serial"],
        brief: &["vendor", "model", "serial"],
        full: &["size_bytes", "vendor", "model", "serial"],
        matters: |disk| at(disk, "removable") != &Value::Bool(true),
        ..PLAIN
    },
    Kind {
        path: "disks.partitions",
        noun: "partition",
        places: &[&["number"], &["name"]],
        full: &["size_bytes", "label"],
        matters: |_| false,
        ..PLAIN
    },
    Kind {
        path: "arrays",
        noun: "array",
        identities: &[&["uuid"]],
        sure: &["uuid"],
        brief: &["level"],
        full: &["level", "size_bytes"],
        ..PLAIN
    },
    Kind {
        path: "arrays.members",
        noun: "member",
        key: &["slot", "name"],
        places: &[&["slot"], &["name"]],
        stands: "at position",
        brief: &["name"],
        full: &["name"],
        ..PLAIN
    },
    Kind {
        path: "volume_groups",
        noun: "volume group",
        identities: &[&["uuid"]],
        sure: &["uuid"],
        ..PLAIN
    },
    Kind {
        path: "volume_groups.logical_volumes",
        noun: "logical volume",
        full: &["size_bytes"],
        matters: |_| false,
        ..PLAIN
    },
    Kind {
        path: "filesystems",
        noun: "file system",
        key: &["mount_point"],
        places: &[&["mount_point"]],
        full: &["type", "size_bytes"],
        matters: |_| false,
        ..PLAIN
    },
    Kind {
        path: "pci",
        noun: "PCI device",
        key: &["slot"],
        identities: &[
            &["serial", "slot", "vendor_id", "device_id"],
            &["serial", "vendor_id", "device_id"],
        ],
        places: &[
            &["slot", "vendor_id", "device_id"],
            &[
                "vendor_id",
                "device_id",
                "subsystem_vendor_id",
                "subsystem_device_id",
            ],
        ],
        sure: &[],
        stands: "in slot",
        brief: &["vendor", "device"],
        full: &["vendor", "device", "serial"],
        // Virtual functions come and go by configuration.
        matters: |function| at(function, "sriov.physical_function").is_null(),
    },
    Kind {
        path: "gpus",
        noun: "GPU",
        key: &["pci_slot", "model"],
        identities: &[&["uuid"]],
        places: &[&["pci_slot", "model"], &["model"], &["pci_slot"]],
        sure: &["uuid"],
        stands: "in slot",
        brief: &["vendor", "model"],
        full: &["vendor", "model", "memory_bytes"],
        ..PLAIN
    },
    Kind {
        path: "usb",
        noun: "USB device",
        key: &["path"],
        identities: &[&["serial", "vendor_id", "product_id"]],
        places: &[
            &["path", "vendor_id", "product_id"],
            &["vendor_id", "product_id"],
        ],
        sure: &["serial"],
        stands: "at port",
        brief: &["vendor", "product"],
        full: &["vendor", "product", "serial"],
        matters: |_| false,
    },
    Kind {
        path: "sensors",
        noun: "sensor",
        key: &["chip"],
        places: &[&["chip", "label"]],
        brief: &["label"],
        full: &["label"],
        matters: |_| false,
        ..PLAIN
    },
    Kind {
        path: "watchdogs",
        noun: "watchdog",
        brief: &["identity"],
        full: &["identity"],
        ..PLAIN
    },
    Kind {
        path: "listeners",
        noun: "listener on port",
        key: &["port"],
        places: &[&["protocol", "address", "port"]],
        brief: &["protocol", "address"],
        full: &["protocol", "address"],
        matters: |_| false,
        ..PLAIN
    },
    Kind {
        path: "services",
        noun: "unit",
        matters: |_| false,
        ..PLAIN
    },
];

const HUGE_PAGES: Kind = Kind {
    path: "memory.hugepages",
    noun: "huge pages of",
    key: &["size_bytes"],
    places: &[&["size_bytes"]],
    matters: |_| false,
    ..PLAIN
};

/// The row of the list at `path`.
pub(super) fn of(path: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.path == path)
}

/// A port of a device, or what several are bundled to; what else there is comes and goes with
/// containers and virtual machines.
fn is_port(interface: &Value) -> bool {
    const PORTS: [&str; 6] = ["physical", "wireless", "infiniband", "wwan", "bond", "team"];
    let is_virtual_function = !at(interface, "sriov.physical_function").is_null();
    let kind = text(at(interface, "kind"));
    !is_virtual_function && kind.is_some_and(|kind| PORTS.contains(&kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_has_one_row() {
        for (place, kind) in KINDS.iter().enumerate() {
            let first = KINDS.iter().position(|other| other.path == kind.path);
            assert_eq!(first, Some(place), "{}", kind.path);
            assert!(!kind.noun.is_empty() && !kind.key.is_empty());
        }
    }
}
