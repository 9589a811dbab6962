//! Disks.

use muster_model::Section;
use muster_model::disk::Disk;

use super::finding::{Sorted, both};
use super::{Check, Finding, Kind, parameters, read};
use crate::machine::{Fact, Machine};
use crate::policy::values::{Count, Size};

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "disks",
    about: "There are `at_least` so many disks, counting those alone that are of `size_at_least`, \
            `rotational` or not, and `available` for data (empty, not the boot disk).",
    example: r#"{ at_least = 2, size_at_least = "400 GB", rotational = false, available = true }"#,
    read: read::<Disks>,
}];

parameters! {
    struct Disks { at_least: Count }
    optional { size_at_least: Size, rotational: bool, available: bool }
}

impl Check for Disks {
    fn required(&self) -> String {
        let size = self.size_at_least.map(|size| format!("of at least {size}"));
        let rotational = self.rotational.map(|is| match is {
            true => "rotational".to_owned(),
            false => "not rotational".to_owned(),
        });
        let available = self.available.map(|is| match is {
            true => "available for data".to_owned(),
            false => "in use".to_owned(),
        });
        let parts: Vec<String> = [size, rotational, available]
            .into_iter()
            .flatten()
            .collect();
        format!("at least {} {}", self.at_least, parts.join(", "))
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Disks]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        Finding::of(
            machine.list(Section::Disks, &machine.inventory().disks),
            |disks| {
                let sorted = Sorted::by(
                    disks,
                    |disk| disk.name.clone(),
                    |disk| self.counts(machine, disk),
                );
                sorted.at_least(self.at_least.0)
            },
        )
    }
}

impl Disks {
    /// Whether a disk is one of those that are counted.
    fn counts(&self, machine: &Machine<'_>, disk: &Disk) -> Fact<bool> {
        let of_size = self.size_at_least.map_or(Ok(true), |least| {
            fact(machine, disk, "size_bytes", disk.size_bytes).map(|bytes| bytes >= least.bytes)
        });
        let of_kind = self.rotational.map_or(Ok(true), |wanted| {
            fact(machine, disk, "rotational", disk.rotational).map(|is| is == wanted)
        });
        let of_use = self.available.map_or(Ok(true), |wanted| {
            fact(machine, disk, "available", disk.available).map(|is| is == wanted)
        });
        both(both(of_size, of_kind), of_use)
    }
}

fn fact<T>(machine: &Machine<'_>, disk: &Disk, field: &str, value: Option<T>) -> Fact<T> {
    machine.device_fact(Section::Disks, &disk.name, field, value)
}
