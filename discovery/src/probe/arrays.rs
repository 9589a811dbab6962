//! md arrays (Documentation/admin-guide/md.rst).

use muster_model::Found;
use muster_model::disk::{Array, ArrayMember};

use crate::context::Context;
use crate::notes::Notes;
use crate::parse::{natural, udev_database};
use crate::source::{Dir, Source};

const SECTOR: u64 = 512;

/// Fills `arrays`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Vec<Array>> {
    let mut notes = Notes::new("arrays");
    let devices = notes.keep_list(context.source, "sys/block", context.block_devices());
    let names = devices
        .map(|devices| devices.names.as_slice())
        .unwrap_or_default();
    let arrays = names
        .iter()
        .filter(|name| name.starts_with("md"))
        .filter_map(|name| array(context.source, name, &mut notes))
        .collect();
    notes.with(arrays)
}

/// `None` for a name that only looks like an array's and for one that is stopped.
fn array(source: &Source, name: &str, notes: &mut Notes) -> Option<Array> {
    let device = source.dir(format!("sys/block/{name}"));
    let md = device.dir("md");
    let entries = md.list("").ok()?;
    let state = notes.require(name, "array_state", md.text("array_state"));
    if state.as_deref() == Some("clear") {
        return None;
    }
    let size = notes.require(name, "size", device.number::<u64>("size"));
    let action = notes.keep(name, "sync_action", md.text("sync_action"));
    Some(Array {
        name: name.to_owned(),
        uuid: uuid(source, &device, &md),
        level: notes
            .require(name, "level", md.text("level"))
            .filter(is_said),
        state: state.filter(is_said),
        size_bytes: size.and_then(|sectors| sectors.checked_mul(SECTOR)),
        members: members(&md, &entries, notes),
        degraded: notes.keep(name, "degraded", md.number("degraded")),
        sync_action: action.filter(|action| is_said(action) && action != "idle"),
    })
}

fn is_said(text: &String) -> bool {
    !text.is_empty() && text != "none"
}

/// The kernel has it since 6.3; before that udev asked mdadm.
fn uuid(source: &Source, device: &Dir<'_>, md: &Dir<'_>) -> Option<String> {
    if let Ok(uuid) = md.text("uuid") {
        return Some(uuid).filter(is_said);
    }
    let number = device.text("dev").ok()?;
    let record = source.read(&format!("run/udev/data/b{number}")).ok()?;
    udev_database::parse(&record).first(&["MD_UUID"])
}

fn members(md: &Dir<'_>, entries: &[String], notes: &mut Notes) -> Vec<ArrayMember> {
    let mut members: Vec<ArrayMember> = entries
        .iter()
        .filter_map(|entry| entry.strip_prefix("dev-"))
        .map(|name| {
            let member = md.dir(&format!("dev-{name}"));
            let slot = notes.keep(name, "slot", member.text("slot"));
            ArrayMember {
                name: name.to_owned(),
                slot: match slot {
                    Some(slot) => slot.parse().ok(),
                    None => linked_slot(md, entries, name),
                },
                state: notes
                    .require(name, "state", member.text("state"))
                    .filter(is_said),
            }
        })
        .collect();
    members.sort_by(|a, b| natural::compare(&a.name, &b.name));
    members
}

/// The number of the link `rdN` that leads to the member.
fn linked_slot(md: &Dir<'_>, entries: &[String], name: &str) -> Option<u32> {
    let directory = format!("dev-{name}");
    entries.iter().find_map(|entry| {
        let number = entry.strip_prefix("rd")?.parse().ok()?;
        (md.link_name(entry).ok()? == directory).then_some(number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Tree, found};

    #[test]
    fn an_array_with_a_missing_member() {
        let tree = Tree::new(&[
            ("sys/block/md0/size", "2048\n"),
            ("sys/block/md0/md/array_state", "clean\n"),
            ("sys/block/md0/md/level", "raid1\n"),
            ("sys/block/md0/md/degraded", "1\n"),
            ("sys/block/md0/md/sync_action", "idle\n"),
            (
                "sys/block/md0/md/uuid",
                "155f29ff-1716-4107-b362-52307ef86cac\n",
            ),
            ("sys/block/md0/md/dev-sda1/slot", "0\n"),
            ("sys/block/md0/md/dev-sda1/state", "in_sync\n"),
            ("sys/block/md0/md/dev-sdb1/slot", "none\n"),
            ("sys/block/md0/md/dev-sdb1/state", "faulty\n"),
        ]);
        let (arrays, warnings) = found(&tree, probe);
        assert_eq!(warnings, []);
        assert_eq!(arrays[0].level.as_deref(), Some("raid1"));
        assert_eq!(arrays[0].size_bytes, Some(1 << 20));
        assert_eq!(arrays[0].degraded, Some(1));
        assert_eq!(arrays[0].sync_action, None);
        assert_eq!(arrays[0].members[0].slot, Some(0));
        assert_eq!(arrays[0].members[1].slot, None);
        assert_eq!(arrays[0].members[1].state.as_deref(), Some("faulty"));
    }

    #[test]
    fn no_arrays() {
        let tree = Tree::new(&[("sys/block/sda/size", "1\n")]);
        assert_eq!(found(&tree, probe), (vec![], vec![]));
    }

    #[test]
    fn a_wrong_number_costs_its_field() {
        let tree = Tree::new(&[
            ("sys/block/md0/size", "many\n"),
            ("sys/block/md0/md/array_state", "clean\n"),
            ("sys/block/md0/md/level", "raid0\n"),
        ]);
        let (arrays, warnings) = found(&tree, probe);
        assert_eq!(arrays[0].size_bytes, None);
        assert_eq!(arrays[0].level.as_deref(), Some("raid0"));
        assert_eq!(warnings.len(), 1);
    }
}
