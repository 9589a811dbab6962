//! LVM volume groups, by their active logical volumes and by what udev saw of physical volumes.

use std::collections::BTreeMap;

use muster_model::Found;
use muster_model::disk::{LogicalVolume, VolumeGroup};

use crate::context::Context;
use crate::context::{BlockDevices, Composed, MadeBy};
use crate::notes::Notes;
use crate::parse::device_mapper::Kind;
use crate::parse::natural;
use crate::source::Source;

const SECTOR: u64 = 512;

/// Fills `volume_groups`. A group without an active volume is not seen: its name is only in the
/// metadata on its disks.
pub(crate) fn probe(context: &Context<'_>) -> Found<Vec<VolumeGroup>> {
    let mut notes = Notes::new("volume_groups");
    let mut groups: BTreeMap<String, VolumeGroup> = BTreeMap::new();
    if let Some(devices) = notes.keep_list(context.source, "sys/block", context.block_devices()) {
        for (device, composed) in &devices.composed {
            add(
                context.source,
                devices,
                (device, composed),
                &mut groups,
                &mut notes,
            );
        }
    }
    let mut groups: Vec<VolumeGroup> = groups.into_values().collect();
    for group in &mut groups {
        group
            .physical_volumes
            .sort_by(|a, b| natural::compare(a, b));
        group.physical_volumes.dedup();
        group
            .logical_volumes
            .sort_by(|a, b| natural::compare(&a.name, &b.name));
    }
    groups.sort_by(|a, b| natural::compare(&a.name, &b.name));
    notes.with(groups)
}

fn add(
    source: &Source,
    devices: &BlockDevices,
    (device, composed): (&String, &Composed),
    groups: &mut BTreeMap<String, VolumeGroup>,
    notes: &mut Notes,
) {
    let MadeBy::Mapper(
        _,
        Kind::Lvm {
            group,
            volume,
            hidden,
            group_uuid,
        },
    ) = &composed.made_by
    else {
        return;
    };
    let entry = groups.entry(group.clone()).or_insert_with(|| VolumeGroup {
        name: group.clone(),
        uuid: group_uuid.clone(),
        ..VolumeGroup::default()
    });
    // Volumes are built on hidden ones of the same group; physical volumes are below those.
    let below = composed
        .slaves
        .iter()
        .filter(|slave| !is_of_group(devices, slave, group));
    entry.physical_volumes.extend(below.cloned());
    if !hidden {
        let size = source
            .dir(format!("sys/block/{device}"))
            .number::<u64>("size");
        let sectors = notes.require(device, "size", size);
        entry.logical_volumes.push(LogicalVolume {
            name: volume.clone(),
            device: Some(device.clone()),
            size_bytes: sectors.and_then(|sectors| sectors.checked_mul(SECTOR)),
        });
    }
}

fn is_of_group(devices: &BlockDevices, name: &str, group: &str) -> bool {
    devices.composed.get(name).is_some_and(|composed| {
        matches!(&composed.made_by, MadeBy::Mapper(_, Kind::Lvm { group: own, .. }) if own == group)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Tree, found};

    #[test]
    fn volumes_on_two_disks_through_a_hidden_one() {
        let id = "8Bwyu3HKrv5sSNTifv6uCZ5XTkJoMXeDqnM2y0UBlhvqnWI9c7wnycMqKT4EPnd4";
        let tree = Tree::new(&[
            ("sys/block/dm-0/size", "2048\n"),
            ("sys/block/dm-0/dm/name", "vg-root\n"),
            ("sys/block/dm-0/dm/uuid", &format!("LVM-{id}\n")),
            ("sys/block/dm-0/slaves/dm-1/x", ""),
            ("sys/block/dm-1/size", "2048\n"),
            ("sys/block/dm-1/dm/name", "vg-root_rimage_0\n"),
            ("sys/block/dm-1/dm/uuid", &format!("LVM-{id}-rimage\n")),
            ("sys/block/dm-1/slaves/sdb/x", ""),
            ("sys/block/dm-1/slaves/sda3/x", ""),
        ]);
        let (groups, warnings) = found(&tree, probe);
        assert_eq!(warnings, []);
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].name, "vg");
        assert_eq!(groups[0].physical_volumes, ["sda3", "sdb"]);
        assert_eq!(groups[0].logical_volumes.len(), 1);
        assert_eq!(groups[0].logical_volumes[0].name, "root");
        assert_eq!(groups[0].logical_volumes[0].size_bytes, Some(1 << 20));
    }

    #[test]
    fn none_without_device_mapper() {
        let other = Tree::new(&[
            ("sys/block/dm-0/dm/name", "luks\n"),
            ("sys/block/dm-0/dm/uuid", "CRYPT-1\n"),
        ]);
        assert_eq!(found(&other, probe), (vec![], vec![]));
    }

    #[test]
    fn a_volume_without_a_size_is_said() {
        let id = "a".repeat(64);
        let tree = Tree::new(&[
            ("sys/block/dm-0/size", "x\n"),
            ("sys/block/dm-0/dm/name", "vg-lv\n"),
            ("sys/block/dm-0/dm/uuid", &format!("LVM-{id}\n")),
        ]);
        let (groups, warnings) = found(&tree, probe);
        assert_eq!(groups[0].logical_volumes[0].size_bytes, None);
        assert_eq!(warnings.len(), 1);
    }
}
