//! lsblk as a second opinion: its recorded tables, and the installed program.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::ledger::Ledger;
use muster_model::disk::Disk;

/// A row by column.
pub type Row = BTreeMap<String, String>;

/// A table as lsblk prints it.
pub struct Table {
    columns: Vec<(String, usize, usize)>,
    lines: Vec<String>,
}

impl Table {
    /// Columns are where their heads are.
    ///
    /// # Panics
    /// When there is no head.
    pub fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        let head = lines.next().unwrap();
        let columns = words(head)
            .map(|(from, word)| (word.to_owned(), from, from + word.len()))
            .collect();
        Self {
            columns,
            lines: lines.map(str::to_owned).collect(),
        }
    }

    /// Every row below the head.
    pub fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        self.lines.iter().map(|line| self.row(line))
    }

    /// A word belongs to the head that it is below, or else to the last one before it: names that
    /// have several words are longer than their head.
    fn row(&self, line: &str) -> Row {
        let mut row: Row = self
            .columns
            .iter()
            .map(|(name, ..)| (name.clone(), String::new()))
            .collect();
        for (from, word) in words(line) {
            let end = from + word.len();
            let below = self
                .columns
                .iter()
                .find(|(_, start, stop)| from < *stop && end > *start);
            let before = self.columns.iter().rfind(|(_, start, _)| *start <= from);
            let (column, ..) = below.or(before).unwrap();
            let word = word.trim_start_matches(['|', '`', '-']);
            let cell = row.get_mut(column).unwrap();
            if !cell.is_empty() {
                cell.push(' ');
            }
            cell.push_str(word);
        }
        row
    }
}

fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    line.split(' ')
        .scan(0, |at, word| {
            let from = *at;
            *at += word.len() + 1;
            Some((from, word))
        })
        .filter(|(_, word)| !word.is_empty())
}

/// A size as lsblk rounds it: one decimal of the largest unit, none where it is zero.
pub fn human(bytes: u64) -> String {
    let units = ["B", "K", "M", "G", "T", "P"];
    let mut power = 0;
    while power + 1 < units.len() && bytes >> (10 * (power + 1)) > 0 {
        power += 1;
    }
    let unit = 1_u128 << (10 * power);
    let tenths = (u128::from(bytes) * 10 + unit / 2) / unit;
    match tenths % 10 {
        0 => format!("{}{}", tenths / 10, units[power]),
        rest => format!("{}.{rest}{}", tenths / 10, units[power]),
    }
}

/// Adds the links by number that lsblk looks for, to an unpacked copy.
pub fn complete(root: &Path) {
    let links = root.join("sys/dev/block");
    fs::create_dir_all(&links).unwrap();
    for disk in fs::read_dir(root.join("sys/block")).unwrap() {
        let disk = disk.unwrap().path();
        let parts = fs::read_dir(&disk)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        for device in parts.chain([disk.clone()]) {
            if let Ok(number) = fs::read_to_string(device.join("dev")) {
                let target = fs::canonicalize(&device).unwrap();
                let target = target
                    .strip_prefix(fs::canonicalize(root).unwrap())
                    .unwrap()
                    .to_owned();
                symlink(
                    Path::new("../../..").join(target),
                    links.join(number.trim()),
                )
                .unwrap();
            }
        }
    }
}

/// What the installed lsblk says of the disks, and of their partitions in `children`.
pub fn disks_of(root: Option<&Path>) -> BTreeMap<String, serde_json::Value> {
    let mut command = Command::new("lsblk");
    if let Some(root) = root {
        command.arg("--sysroot").arg(root);
    }
    let output = command.args(["-JbO"]).output().unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let devices = listed["blockdevices"].as_array().unwrap().iter();
    devices
        .filter(|device| device["type"] == "disk")
        .map(|device| (device["name"].as_str().unwrap().to_owned(), device.clone()))
        .filter(|(name, _)| !name.starts_with("zram"))
        .collect()
}

/// Compares what lsblk reads of every disk.
pub fn compare(ledger: &mut Ledger, disk: &Disk, theirs: &serde_json::Value) {
    let fact = |column: &str| format!("{} {column}", disk.name);
    ledger.same(
        &fact("path"),
        Some(disk.path.as_str()),
        theirs["path"].as_str(),
    );
    ledger.same(&fact("size"), disk.size_bytes, theirs["size"].as_u64());
    ledger.same(&fact("rm"), disk.removable, theirs["rm"].as_bool());
    ledger.same(&fact("ro"), disk.read_only, theirs["ro"].as_bool());
    ledger.same(&fact("rota"), disk.rotational, theirs["rota"].as_bool());
    let number = |column: &str| theirs[column].as_u64().filter(|number| *number > 0);
    let sectors = |ours: Option<u32>| ours.map(u64::from);
    ledger.same(
        &fact("log-sec"),
        sectors(disk.logical_sector_bytes),
        number("log-sec"),
    );
    ledger.same(
        &fact("phy-sec"),
        sectors(disk.physical_sector_bytes),
        number("phy-sec"),
    );
    let children = theirs["children"].as_array().cloned().unwrap_or_default();
    let children: Vec<_> = children
        .iter()
        .filter(|child| child["type"] == "part")
        .collect();
    ledger.same(&fact("partitions"), disk.partitions.len(), children.len());
    for child in children {
        let name = child["name"].as_str().unwrap();
        let ours = disk.partitions.iter().find(|one| one.name == name);
        ledger.same(
            &format!("{name} size"),
            ours.and_then(|one| one.size_bytes),
            child["size"].as_u64(),
        );
        if let Some(start) = child["start"].as_u64() {
            let ours = ours.and_then(|one| one.start_bytes);
            ledger.same(&format!("{name} start"), ours, Some(start * 512));
        }
    }
}
