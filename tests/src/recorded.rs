//! Inventories to judge: of our own recorded machines, and of those that other projects recorded.

use std::fs;
use std::path::{Path, PathBuf};

use muster_discovery::{Options, Source, discover};
use muster_model::Inventory;
use tempfile::TempDir;

use crate::dumps::{dump, unpack};
use crate::ttar;

/// The archives of roots among the recorded machines of other projects.
const ROOTS: &[&str] = &[
    "ghw/amd-ryzen-1600.tar.gz",
    "ghw/arm64.tar.gz",
    "ghw/intel-i7-1270P.tar.gz",
    "hwloc/16em64t-4s2c2t-offlines.tar.bz2",
    "hwloc/16em64t-4s2c2t.tar.bz2",
    "hwloc/2pa-pcidomain32bits.tar.bz2",
    "hwloc/40intel64-2g2n4c+pcilocality.tar.bz2",
    "hwloc/fakepcilocalities.tar.bz2",
    "lsblk/simple-lvm.tar.xz",
    "lsblk/simple-nvme.tar.xz",
    "lscpu/armv7.tar.gz",
    "lscpu/ppc64-POWER7.tar.gz",
    "lscpu/rv64-visionfive2.tar.gz",
    "lscpu/s390-lpar.tar.gz",
    "lscpu/vbox-win.tar.gz",
    "lscpu/x86_64-64cpu.tar.gz",
    "lscpu/x86_64-dell_e4310.tar.gz",
    "procfs/fixtures.ttar",
];

/// Raw SMBIOS tables of which nothing else was recorded.
const TABLES: &[&str] = &[
    "smbios/ASRock-Single-Ryzen.dmi",
    "smbios/SuperMicro-Dual-Xeon.dmi",
];

/// A machine that somebody recorded.
pub struct Machine {
    /// Of the file, without its extensions.
    pub name: String,
    /// What discovery finds in the recording.
    pub inventory: Inventory,
}

/// The names of the machines of other projects, whether their recordings are there or not.
pub fn foreign_names() -> impl Iterator<Item = &'static str> {
    ROOTS.iter().chain(TABLES).map(|name| machine_name(name))
}

/// Our own: the golden inventories in `tests/fixtures/`, and the made machine that has of everything
/// something, in the order of their names.
///
/// # Panics
/// When one of them cannot be read.
pub fn own() -> Vec<Machine> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = vec![tests.join("golden/rich.json")];
    let fixtures = fs::read_dir(tests.join("fixtures")).expect("the fixtures");
    paths.extend(fixtures.map(|entry| entry.expect("an entry").path()));
    paths.retain(|path| path.extension().is_some_and(|it| it == "json"));
    let mut machines: Vec<Machine> = paths.iter().map(|path| of_document(path)).collect();
    machines.sort_by(|one, other| one.name.cmp(&other.name));
    machines
}

/// Those of other projects; `None`, said aloud, where their recordings are not beside the checkout.
///
/// # Panics
/// When one of them cannot be unpacked.
pub fn foreign() -> Option<Vec<Machine>> {
    let mut machines = Vec::new();
    for name in ROOTS {
        let archive = dump(name)?;
        let folder = match name.ends_with(".ttar") {
            true => ttar::unpack(&archive),
            false => unpack(&archive),
        };
        machines.push(of_root(name, &root_in(folder.path())));
    }
    for name in TABLES {
        let table = fs::read(dump(name)?).expect("a recorded table");
        machines.push(of_root(name, smbios_root(&table).path()));
    }
    Some(machines)
}

/// A root with nothing but a raw SMBIOS table and its entry point.
///
/// # Panics
/// When it cannot be written.
pub fn smbios_root(table: &[u8]) -> TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    let folder = root.path().join("sys/firmware/dmi/tables");
    fs::create_dir_all(&folder).expect("a folder");
    let entry = smbios_entry_point(table.len());
    fs::write(folder.join("smbios_entry_point"), entry).expect("a file");
    fs::write(folder.join("DMI"), table).expect("a file");
    root
}

/// An `_SM3_` entry point (DSP0134, section 5.2.2) of version 3.3 for a table of so many bytes.
///
/// # Panics
/// When the table has 4 GiB or more.
pub fn smbios_entry_point(table_bytes: usize) -> Vec<u8> {
    let length = u32::try_from(table_bytes).expect("a table of less than 4 GiB");
    let mut bytes = b"_SM3_\0\x18\x03\x03\0\x01\0".to_vec();
    bytes.extend(length.to_le_bytes());
    bytes.extend(32u64.to_le_bytes());
    let sum = bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    bytes[5] = sum.wrapping_neg();
    bytes
}

fn of_document(path: &Path) -> Machine {
    let stem = path.file_stem().expect("a file name");
    let document = fs::read(path).expect("a golden inventory");
    Machine {
        name: stem.to_string_lossy().into_owned(),
        inventory: Inventory::from_json(&document).expect("an inventory"),
    }
}

fn of_root(name: &str, root: &Path) -> Machine {
    let source = Source::at_root(root).expect("the root can be read");
    Machine {
        name: machine_name(name).to_owned(),
        inventory: discover(&source, &Options::default()).inventory,
    }
}

fn machine_name(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split('.').next().unwrap_or(file)
}

/// Archives have a root, or one folder with it.
fn root_in(folder: &Path) -> PathBuf {
    if folder.join("sys").exists() || folder.join("proc").exists() {
        return folder.to_owned();
    }
    let mut entries = fs::read_dir(folder).expect("a folder");
    entries
        .next()
        .expect("a folder in it")
        .expect("an entry")
        .path()
}
