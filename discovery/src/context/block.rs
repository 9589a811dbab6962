//! What several probes need of block devices and mounts: read once for all of them.

use std::collections::BTreeMap;

use crate::Fault;
use crate::parse::device_mapper::{self, Kind};
use crate::parse::mounts::{self, Mounts};
use crate::parse::natural;
use crate::source::{Source, TABLE_CAP};

/// The names in `sys/block`, and those devices that are made of others.
#[derive(Debug, Default)]
pub(crate) struct BlockDevices {
    /// Every whole block device, in natural order.
    pub(crate) names: Vec<String>,
    /// Devices made of others, by kernel name.
    pub(crate) composed: BTreeMap<String, Composed>,
    holders: BTreeMap<String, Vec<String>>,
    /// Why some of it could not be read, for the first of which that is so.
    pub(crate) fault: Option<(String, Fault)>,
}

/// A block device made of others.
#[derive(Debug)]
pub(crate) struct Composed {
    /// `major:minor`.
    pub(crate) number: String,
    /// What it is.
    pub(crate) made_by: MadeBy,
    /// What it is made of, by kernel names.
    pub(crate) slaves: Vec<String>,
}

/// Who made a device of others.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MadeBy {
    /// Device-mapper, with the name that it was given.
    Mapper(String, Kind),
    /// md.
    Raid,
    /// bcache.
    Bcache,
}

impl BlockDevices {
    /// What is directly made of the device `name`, in natural order.
    pub(crate) fn holders(&self, name: &str) -> impl Iterator<Item = (&str, &Composed)> {
        let holders = self
            .holders
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default();
        holders
            .iter()
            .filter_map(|holder| Some((holder.as_str(), self.composed.get(holder)?)))
    }
}

/// Lists the block devices, and reads of what those are made that are made of others.
pub(crate) fn devices(source: &Source) -> Result<BlockDevices, Fault> {
    let mut names = source.list("sys/block")?;
    names.sort_by(|a, b| natural::compare(a, b));
    let mut devices = BlockDevices::default();
    for name in &names {
        let mut composed = match composed(source, name) {
            Some(composed) => composed,
            None => continue,
        };
        match source.list(&format!("sys/block/{name}/slaves")) {
            Ok(slaves) => composed.slaves = slaves,
            Err(Fault::Absent) => {}
            Err(fault) => devices.fault = devices.fault.or(Some((name.clone(), fault))),
        }
        for slave in &composed.slaves {
            let holders = devices.holders.entry(slave.clone()).or_default();
            holders.push(name.clone());
        }
        devices.composed.insert(name.clone(), composed);
    }
    Ok(BlockDevices { names, ..devices })
}

fn composed(source: &Source, name: &str) -> Option<Composed> {
    let numbered = |prefix: &str| {
        name.strip_prefix(prefix).is_some_and(|rest| {
            rest.starts_with(|first: char| first.is_ascii_digit() || first == '_')
        })
    };
    let directory = source.dir(format!("sys/block/{name}"));
    let made_by = if name.starts_with("dm-") {
        let name = directory.text("dm/name").unwrap_or_default();
        let kind = device_mapper::kind(&name, &directory.text("dm/uuid").unwrap_or_default());
        MadeBy::Mapper(name, kind)
    } else if numbered("md") {
        MadeBy::Raid
    } else if numbered("bcache") {
        MadeBy::Bcache
    } else {
        return None;
    };
    Some(Composed {
        number: directory.text("dev").unwrap_or_default(),
        made_by,
        slaves: Vec::new(),
    })
}

/// The mounts of the host. Another root has the table of the process that recorded it, if any; of
/// the running machine's processes only the first one sees the host.
pub(crate) fn mounts(source: &Source) -> Result<Mounts, Fault> {
    let read = |path: &str| source.read_up_to(path, TABLE_CAP);
    if !source.is_files_only() {
        return read("proc/self/mountinfo").map(|table| mounts::mountinfo(&table));
    }
    for path in ["proc/1/mountinfo", "proc/self/mountinfo"] {
        if let Ok(table) = read(path) {
            return Ok(mounts::mountinfo(&table));
        }
    }
    read("proc/self/mounts").map(|table| mounts::mounts(&table))
}
