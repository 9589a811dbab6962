//! What of an inventory holds still while nobody changes the machine.

use crate::disk::{Array, Filesystem};
use crate::inventory::Inventory;
use crate::pci::PciFunction;

/// The fields that change by themselves, as paths in the document, lists passed through; a `*` at the end stands for all that is
/// below. [`Inventory::into_stable`] takes them out, and with them what changes by itself on some devices only: the link rate of graphics,
/// accelerators and bridges; whether an md array is being written to; the size of a ZFS file system.
pub const VOLATILE: [&str; 13] = [
    "captured_at",
    "host.uptime_s",
    "numa.memory_free_bytes",
    "numa.hugepages.free",
    "memory.available_bytes",
    "memory.hugepages.free",
    "network.neighbour.ttl_s",
    "disks.health.temperature_c",
    "disks.health.power_on_hours",
    "filesystems.available_bytes",
    "sensors.value",
    "usage.*",
    "modules.loaded",
];

impl Inventory {
    /// Without what changes by itself ([`VOLATILE`]): two readings of a machine that nobody changed in between are equal in this form.
    ///
    /// Counters of errors stay, for a new error is news; so does what changes with a start of the machine only.
    #[must_use]
    pub fn into_stable(mut self) -> Self {
        self.captured_at = None;
        self.host.uptime_s = None;
        self.memory.available_bytes = None;
        self.usage = None;
        let pools = self.numa.iter_mut().flat_map(|node| {
            node.memory_free_bytes = None;
            &mut node.hugepages
        });
        for pool in pools.chain(&mut self.memory.hugepages) {
            pool.free = None;
        }
        let neighbours = self.network.iter_mut();
        for neighbour in neighbours.filter_map(|interface| interface.neighbour.as_mut()) {
            neighbour.ttl_s = None;
        }
        for disk in &mut self.disks {
            disk.health.temperature_c = None;
            disk.health.power_on_hours = None;
        }
        for sensor in &mut self.sensors {
            sensor.value = None;
        }
        if let Some(modules) = &mut self.modules {
            modules.loaded = None;
        }
        self.arrays.iter_mut().for_each(settle_array);
        self.filesystems.iter_mut().for_each(settle_filesystem);
        self.pci.iter_mut().for_each(settle_function);
        self
    }
}

/// The kernel goes from one of these states to another with each write (`Documentation/admin-guide/md.rst`, `array_state`).
fn settle_array(array: &mut Array) {
    const WRITABLE: [&str; 4] = ["clean", "active", "active-idle", "write-pending"];
    array.state = array
        .state
        .take()
        .filter(|state| !WRITABLE.contains(&state.as_str()));
}

/// A ZFS file system is as large as what is in it and what its pool has left.
fn settle_filesystem(filesystem: &mut Filesystem) {
    filesystem.available_bytes = None;
    if filesystem.kind.as_deref() == Some("zfs") {
        filesystem.size_bytes = None;
    }
}

/// Graphics and accelerators (classes 03 and 12) lower the rate of a link that idles, and with it that of the bridges above (06).
fn settle_function(function: &mut PciFunction) {
    let class = function.class_code.as_deref().unwrap_or_default();
    if ["03", "06", "12"]
        .iter()
        .any(|base| class.starts_with(base))
    {
        function.link.speed_gts = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Usage;

    // That each field of the document is taken out or stays, as `VOLATILE` says, is a test of `muster-adequacy`,
    // which knows the document's schema.

    #[test]
    fn when_it_was_read_and_how_busy_it_was_does_not_count() {
        let at = |time: &str| Inventory {
            captured_at: Some(time.to_owned()),
            usage: Some(Usage {
                load_average: vec![time.len() as f64],
                ..Usage::default()
            }),
            ..Inventory::default()
        };
        let (before, after) = (at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00.5Z"));
        assert_eq!(before.into_stable(), after.into_stable());
    }

    #[test]
    fn an_array_may_be_written_to_but_not_break() {
        let stable = |state: &str| {
            let array = Array {
                state: Some(state.to_owned()),
                ..Array::default()
            };
            let inventory = Inventory {
                arrays: vec![array],
                ..Inventory::default()
            };
            inventory.into_stable()
        };
        assert_eq!(stable("clean"), stable("active"));
        assert_eq!(stable("clean"), stable("write-pending"));
        assert_ne!(stable("clean"), stable("readonly"));
        assert_ne!(stable("clean"), stable("broken"));
    }

    #[test]
    fn only_the_links_of_what_idles_change_their_rate() {
        let stable = |class: &str, rate: f64| {
            let mut function = PciFunction {
                class_code: Some(class.to_owned()),
                ..PciFunction::default()
            };
            function.link.speed_gts = Some(rate);
            let inventory = Inventory {
                pci: vec![function],
                ..Inventory::default()
            };
            inventory.into_stable()
        };
        assert_eq!(stable("030200", 2.5), stable("030200", 32.0));
        assert_eq!(stable("060400", 2.5), stable("060400", 32.0));
        assert_ne!(stable("020000", 2.5), stable("020000", 32.0));
    }

    #[test]
    fn only_a_file_system_of_zfs_grows_by_itself() {
        let stable = |kind: &str, size: u64| {
            let filesystem = Filesystem {
                kind: Some(kind.to_owned()),
                size_bytes: Some(size),
                ..Filesystem::default()
            };
            let inventory = Inventory {
                filesystems: vec![filesystem],
                ..Inventory::default()
            };
            inventory.into_stable()
        };
        assert_eq!(stable("zfs", 1), stable("zfs", 2));
        assert_ne!(stable("xfs", 1), stable("xfs", 2));
    }
}
