//! Machines recorded by util-linux, against lsblk's own tables of them; and those recorded by ghw,
//! against what the installed lsblk says of the same root.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "test code: it completes an unpacked copy and reads expected outputs"
)]

use std::fs;
use std::path::Path;

use muster_discovery::{Options, Source, discover};
use muster_model::Inventory;
use muster_model::disk::{Disk, Partition};
use muster_tests::ledger::{Ledger, hold_table};
use muster_tests::{dumps, lsblk};

const INTRO: &str = "What `muster discover --root` says of disks, partitions and logical volumes, \
against lsblk. `simple-*` are recorded by util-linux, with every table of lsblk's that has a column \
of ours: NAME, KNAME, RM, SIZE, TYPE, MOUNTPOINT, RO, ROTA, PKNAME, PHY-SEC, LOG-SEC, MODEL, \
VENDOR, REV and ZONED of each disk and partition. Columns that the inventory does not have \
(MAJ:MIN, ALIGNMENT, MIN-IO, OPT-IO, RQ-SIZE, RA, WSAME, DISC-*, RAND, SCHED, STATE, HOTPLUG) are \
not compared, and the recordings have neither udev's database nor device nodes, so that no table \
has FSTYPE, LABEL, UUID, SERIAL or WWN. Loop devices are not disks. The `ghw` machines are \
compared with the installed `lsblk --sysroot`; the test adds the links in `sys/dev/block` that it \
needs.";
const CUT: &str = "sysfs cuts it at 16 characters; ours is whole, from the vital product data";
const PLACEHOLDER: &str = "ATA is what the translation of SCSI commands puts there, not a vendor";
const NO_UDEV: &str = "lsblk asks udev for it, of which there is no database; ours is from sysfs";

#[test]
fn recorded_machines() {
    let mut rows = Vec::new();
    for machine in ["simple-lvm", "simple-nvme"] {
        let Some(archive) = dumps::dump(&format!("lsblk/{machine}.tar.xz")) else {
            return;
        };
        rows.push(with_recorded_tables(machine, &archive));
    }
    for machine in ["amd-ryzen-1600", "arm64", "intel-i7-1270P"] {
        let Some(archive) = dumps::dump(&format!("ghw/{machine}.tar.gz")) else {
            return;
        };
        rows.push(with_the_installed(machine, &archive));
    }
    hold_table("lsblk", INTRO, &rows);
}

fn inventory_of(root: &Path) -> Inventory {
    let source = Source::at_root(root).unwrap();
    discover(&source, &Options::default()).inventory
}

fn with_recorded_tables(machine: &str, archive: &Path) -> String {
    let folder = dumps::unpack(archive);
    let inventory = inventory_of(&folder.path().join(machine));
    let mut ledger = Ledger::new(machine);
    for kind in ["basic", "state", "topo", "vendor", "zone"] {
        let table = dumps::dump(&format!("lsblk/{machine}.{kind}.expected.txt")).unwrap();
        let table = lsblk::Table::parse(&fs::read_to_string(table).unwrap());
        let rows: Vec<lsblk::Row> = table.rows().collect();
        for row in &rows {
            compare_row(&mut ledger, kind, &inventory, row);
        }
        for disk in &inventory.disks {
            let listed = rows.iter().any(|row| row["NAME"] == disk.name);
            assert!(listed, "{} is not in lsblk's", disk.name);
        }
    }
    ledger.row()
}

fn with_the_installed(machine: &str, archive: &Path) -> String {
    let folder = dumps::unpack(archive);
    let inventory = inventory_of(folder.path());
    lsblk::complete(folder.path());
    let mut ledger = Ledger::new(&format!("ghw {machine}"));
    let theirs = lsblk::disks_of(Some(folder.path()));
    let ours: Vec<&str> = inventory
        .disks
        .iter()
        .map(|disk| disk.name.as_str())
        .collect();
    ledger.same("names", ours, theirs.keys().map(String::as_str).collect());
    for disk in &inventory.disks {
        lsblk::compare(&mut ledger, disk, &theirs[&disk.name]);
        assert!(
            disk.pci_slot.is_some() && disk.transport.is_some(),
            "{}",
            disk.name
        );
    }
    ledger.row()
}

fn compare_row(ledger: &mut Ledger, kind: &str, inventory: &Inventory, row: &lsblk::Row) {
    let name = &row["NAME"];
    for disk in &inventory.disks {
        if disk.name == *name {
            compare_disk(ledger, disk, row);
            if kind == "vendor" {
                compare_names(ledger, disk, row);
            }
            return;
        }
        if let Some(one) = disk.partitions.iter().find(|one| one.name == *name) {
            return compare_partition(ledger, disk, one, row);
        }
    }
    if name.starts_with("vg_") {
        return compare_volume(ledger, kind, inventory, row);
    }
    assert!(name.starts_with("loop"), "{name} is not in the inventory");
}

fn compare_disk(ledger: &mut Ledger, disk: &Disk, row: &lsblk::Row) {
    let flag = |value: Option<bool>| u8::from(value.unwrap()).to_string();
    let number = |value: Option<u32>| value.unwrap().to_string();
    let mut same = |column: &str, ours: String| {
        if let Some(theirs) = row.get(column) {
            ledger.same(&format!("{} {column}", disk.name), ours, theirs.clone());
        }
    };
    same("KNAME", disk.name.clone());
    same("TYPE", "disk".to_owned());
    same("SIZE", lsblk::human(disk.size_bytes.unwrap()));
    same("RM", flag(disk.removable));
    same("RO", flag(disk.read_only));
    same("ROTA", flag(disk.rotational));
    same("PHY-SEC", number(disk.physical_sector_bytes));
    same("LOG-SEC", number(disk.logical_sector_bytes));
    same("ZONED", disk.zoned.clone().unwrap());
    same("MOUNTPOINT", disk.mount_points.join(" "));
}

fn compare_names(ledger: &mut Ledger, disk: &Disk, row: &lsblk::Row) {
    let fact = |column: &str| format!("{} {column}", disk.name);
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let (model, vendor, revision) = (text(&disk.model), text(&disk.vendor), text(&disk.firmware));
    if disk.name.starts_with("nvme") {
        ledger.same(&fact("MODEL"), model, row["MODEL"].clone());
        ledger.same(&fact("VENDOR"), vendor, row["VENDOR"].clone());
        ledger.differs(&fact("REV"), revision, row["REV"].clone(), NO_UDEV);
    } else {
        assert!(model.starts_with(&row["MODEL"]), "{model} is another model");
        ledger.differs(&fact("MODEL"), model, row["MODEL"].clone(), CUT);
        ledger.differs(&fact("VENDOR"), vendor, row["VENDOR"].clone(), PLACEHOLDER);
        ledger.same(&fact("REV"), revision, row["REV"].clone());
    }
}

fn compare_partition(ledger: &mut Ledger, disk: &Disk, one: &Partition, row: &lsblk::Row) {
    let mut same = |column: &str, ours: String| {
        if let Some(theirs) = row.get(column) {
            ledger.same(&format!("{} {column}", one.name), ours, theirs.clone());
        }
    };
    same("KNAME", one.name.clone());
    same("TYPE", "part".to_owned());
    same("PKNAME", disk.name.clone());
    same("SIZE", lsblk::human(one.size_bytes.unwrap()));
    same("MOUNTPOINT", one.mount_points.join(" "));
}

fn compare_volume(ledger: &mut Ledger, kind: &str, inventory: &Inventory, row: &lsblk::Row) {
    let name = &row["NAME"];
    let volumes = inventory.volume_groups.iter().flat_map(|group| {
        let volumes = group.logical_volumes.iter();
        volumes.map(move |volume| (group, volume))
    });
    let is_it = |group: &str, volume: &str| format!("{group}-{volume}") == *name;
    let found = volumes
        .into_iter()
        .find(|(group, volume)| is_it(&group.name, &volume.name));
    let (group, volume) = found.unwrap();
    let mut same = |column: &str, ours: String| {
        if let Some(theirs) = row.get(column) {
            ledger.same(&format!("{name} {column}"), ours, theirs.clone());
        }
    };
    same("KNAME", volume.device.clone().unwrap());
    same("TYPE", "lvm".to_owned());
    same("SIZE", lsblk::human(volume.size_bytes.unwrap()));
    if kind == "state" {
        let under = group
            .physical_volumes
            .iter()
            .find(|one| **one == row["PKNAME"]);
        same("PKNAME", under.cloned().unwrap_or_default());
    }
}
