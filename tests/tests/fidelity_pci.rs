//! PCI functions of recorded machines, as lspci and hwloc see the same trees.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "test code: a broken fixture must stop at once and say where"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use muster_discovery::{Options, Source, discover};
use muster_model::Section;
use muster_model::pci::PciFunction;
use muster_tests::dumps::{dump, unpack};
use muster_tests::ledger::{Ledger, hold_table};

const INTRO: &str = "Facts of `pci` on machines recorded by hwloc and ghw, compared with `lspci -vmmnnkD` on the same tree \
    and with the same list of names, and with what hwloc expects there. Held by `tests/tests/fidelity_pci.rs`.";

/// The archives that have a PCI bus, and the folder of the root in each.
const MACHINES: [(&str, &str); 6] = [
    ("hwloc/2pa-pcidomain32bits.tar.bz2", "2pa-pcidomain32bits"),
    (
        "hwloc/40intel64-2g2n4c+pcilocality.tar.bz2",
        "40intel64-2g2n4c+pci",
    ),
    ("hwloc/fakepcilocalities.tar.bz2", "fakepcilocalities"),
    ("ghw/amd-ryzen-1600.tar.gz", ""),
    ("ghw/arm64.tar.gz", ""),
    ("ghw/intel-i7-1270P.tar.gz", ""),
];

type Record = BTreeMap<String, String>;

#[test]
fn recorded_machines() {
    let mut rows = Vec::new();
    for (archive, folder) in MACHINES {
        let Some(path) = dump(archive) else { return };
        let unpacked = unpack(&path);
        let root = unpacked.path().join(folder);
        make_targets(&root);
        let name = archive.split(['/', '.']).nth(1).unwrap();
        let mut ledger = Ledger::new(name);
        let ours = functions(&Source::at_root(&root).unwrap());
        let mut theirs = lspci(Some(&root));
        if !root
            .join("sys/bus/pci/devices/0000:00:00.0/config")
            .exists()
        {
            without_config(&mut ledger, &ours, &mut theirs, &root);
        }
        against_lspci(&mut ledger, &ours, &theirs);
        against_hwloc(&mut ledger, &ours, &path, folder);
        rows.push(ledger.row());
    }
    hold_table("pci", INTRO, &rows);
}

/// This machine: names included, as both read the same kernel and may read different lists.
#[test]
fn this_machine() {
    let ours = functions(&Source::live().unwrap());
    let theirs = lspci(None);
    assert_eq!(ours.len(), theirs.len());
    let mut ledger = Ledger::new("this machine");
    if theirs.is_empty() {
        return;
    }
    against_lspci(&mut ledger, &ours, &theirs);
    ledger.row();
}

/// lspci shows no driver and no IOMMU group whose folder is missing, and these trees were recorded
/// without them.
fn make_targets(root: &Path) {
    let bus = root.join("sys/bus/pci");
    let groups = root.join("sys/kernel/iommu_groups");
    for device in std::fs::read_dir(bus.join("devices")).unwrap() {
        let device = device.unwrap().path();
        for (link, folder) in [("driver", &bus.join("drivers")), ("iommu_group", &groups)] {
            if let Ok(target) = std::fs::read_link(device.join(link)) {
                std::fs::create_dir_all(folder.join(target.file_name().unwrap())).unwrap();
            }
        }
    }
}

fn functions(source: &Source) -> Vec<PciFunction> {
    let options = Options {
        sections: BTreeSet::from([Section::Pci]),
        ..Options::default()
    };
    discover(source, &options).inventory.pci
}

/// Numbers and names from the same list that the program carries.
fn lspci(root: Option<&Path>) -> Vec<Record> {
    let names = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../discovery/data/pci.ids");
    let mut command = Command::new("lspci");
    // udev's database names a subsystem it does not know as its device.
    command.args(["-A", "linux-sysfs", "-O", "hwdb.disable=1"]);
    command.args(["-vmmnnkD", "-i"]).arg(names);
    if let Some(root) = root {
        let bus = root.join("sys/bus/pci");
        command
            .arg("-O")
            .arg(format!("sysfs.path={}", bus.display()));
    }
    let output = command.output().expect("lspci runs; install pciutils");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let record = |block: &str| -> Record {
        let lines = block.lines().filter_map(|line| line.split_once(":\t"));
        lines
            .map(|(key, value)| (key.to_owned(), value.trim().to_owned()))
            .collect()
    };
    text.split("\n\n")
        .map(record)
        .filter(|record| !record.is_empty())
        .collect()
}

/// `Ethernet controller [0200]`: the name, where it is one, and the number.
fn named(value: &str) -> (Option<&str>, &str) {
    let (name, number) = value.rsplit_once(" [").unwrap_or(("", value));
    // lspci writes a general word where it knows no name.
    let is_name = !matches!(name, "" | "Device" | "Class" | "Vendor" | "Unknown vendor");
    (is_name.then_some(name), number.trim_end_matches(']'))
}

/// lspci has subsystem and revision from the configuration space alone, and ff where there is
/// none. What the other files of the tree say is put in the place of that.
fn without_config(ledger: &mut Ledger, ours: &[PciFunction], theirs: &mut [Record], root: &Path) {
    let known = ours
        .iter()
        .filter(|function| function.subsystem_device_id.is_some());
    let named = theirs
        .iter()
        .filter(|record| record.contains_key("SDevice"));
    let why = "recorded without configuration space, where lspci has subsystem and revision from; \
               held to modalias and revision instead";
    ledger.differs("subsystems", known.count(), named.count(), why);
    for record in theirs {
        record.remove("Rev");
        let slot = record["Slot"].clone();
        let read = |name: &str| {
            let path = root.join("sys/bus/pci/devices").join(&slot).join(name);
            std::fs::read_to_string(path).unwrap_or_default()
        };
        let revision = read("revision").trim().trim_start_matches("0x").to_owned();
        if !matches!(revision.as_str(), "" | "00") {
            record.insert("Rev".to_owned(), revision);
        }
        let modalias = read("modalias").to_ascii_lowercase();
        let number = |key: &str| Some(modalias.split_once(key)?.1.get(4..8)?.to_owned());
        let (Some(vendor), Some(device)) = (number("sv"), number("sd")) else {
            continue;
        };
        let ours = ours.iter().find(|function| function.slot == slot).unwrap();
        if !matches!(vendor.as_str(), "0000" | "ffff") {
            let text = |name: &Option<String>, number| match name {
                Some(name) => format!("{name} [{number}]"),
                None => format!("Device [{number}]"),
            };
            record.insert("SVendor".to_owned(), text(&ours.subsystem_vendor, vendor));
            record.insert("SDevice".to_owned(), text(&ours.subsystem, device));
        }
    }
}

fn against_lspci(ledger: &mut Ledger, ours: &[PciFunction], theirs: &[Record]) {
    ledger.same("functions", ours.len(), theirs.len());
    let theirs: BTreeMap<&str, &Record> = theirs
        .iter()
        .map(|record| (record["Slot"].as_str(), record))
        .collect();
    for ours in ours {
        let slot = ours.slot.as_str();
        let Some(theirs) = theirs.get(slot) else {
            ledger.same(&format!("{slot} is there"), true, false);
            continue;
        };
        one(ledger, ours, theirs);
    }
}

fn one(ledger: &mut Ledger, ours: &PciFunction, theirs: &Record) {
    let slot = ours.slot.as_str();
    let get = |key: &str| theirs.get(key).map(String::as_str);
    let mut pair = |fact: &str, name: &Option<String>, number: Option<&str>, key: &str| {
        let (their_name, their_number) = get(key).map_or((None, None), |value| {
            let (name, number) = named(value);
            (name, Some(number))
        });
        ledger.same(&format!("{slot} {fact} id"), number, their_number);
        ledger.same(&format!("{slot} {fact} name"), name.as_deref(), their_name);
    };
    let class = ours.class_code.as_deref();
    pair("class", &ours.class, class.map(|code| &code[..4]), "Class");
    pair("vendor", &ours.vendor, ours.vendor_id.as_deref(), "Vendor");
    pair("device", &ours.device, ours.device_id.as_deref(), "Device");
    pair(
        "subsystem vendor",
        &ours.subsystem_vendor,
        ours.subsystem_vendor_id.as_deref(),
        "SVendor",
    );
    pair(
        "subsystem",
        &ours.subsystem,
        ours.subsystem_device_id.as_deref(),
        "SDevice",
    );
    // lspci leaves out a revision of zero, and one that it could not read.
    let revision = ours
        .revision
        .as_deref()
        .filter(|revision| *revision != "00");
    ledger.same(&format!("{slot} revision"), revision, get("Rev"));
    let interface = class.map(|code| &code[4..]);
    if let Some(theirs) = get("ProgIf") {
        ledger.same(&format!("{slot} interface"), interface, Some(theirs));
    }
    ledger.same(
        &format!("{slot} driver"),
        ours.driver.as_deref(),
        get("Driver"),
    );
    let number = |key: &str| get(key).and_then(|value| value.parse::<u32>().ok());
    ledger.same(
        &format!("{slot} NUMA node"),
        ours.numa_node,
        number("NUMANode"),
    );
    ledger.same(
        &format!("{slot} IOMMU group"),
        ours.iommu_group,
        number("IOMMUGroup"),
    );
}

/// hwloc's expected output lists the functions that it keeps, with numbers and link speed.
fn against_hwloc(ledger: &mut Ledger, ours: &[PciFunction], archive: &Path, _folder: &str) {
    let base = archive.to_string_lossy().replace(".tar.bz2", "");
    if let Ok(expected) = std::fs::read_to_string(format!("{base}.expected.xml")) {
        for line in expected.lines().filter(|line| line.contains("pci_type=")) {
            xml_function(ledger, ours, line);
        }
    }
    if let Ok(expected) = std::fs::read_to_string(format!("{base}.expected.console")) {
        for line in expected.lines().filter(|line| line.contains("PCI L#")) {
            console_function(ledger, ours, line);
        }
    }
}

/// `pci_busid="0000:00:00.0" pci_type="0600 [8086:3407] [1028:02d3] 22 00" pci_link_speed="0.0"`.
fn xml_function(ledger: &mut Ledger, ours: &[PciFunction], line: &str) {
    let attribute = |name: &str| {
        let (_, rest) = line
            .split_once(&format!("{name}=\""))
            .expect("the attribute");
        rest.split_once('"').expect("its end").0
    };
    let slot = attribute("pci_busid");
    let ours = ours.iter().find(|function| function.slot == slot);
    let ours = ours.unwrap_or_else(|| panic!("{slot} is missing"));
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "0000".to_owned());
    let code = text(&ours.class_code);
    let described = format!(
        "{} [{}:{}] [{}:{}] {} {}",
        &code[..4],
        text(&ours.vendor_id),
        text(&ours.device_id),
        text(&ours.subsystem_vendor_id),
        text(&ours.subsystem_device_id),
        text(&ours.revision),
        &code[4..]
    );
    ledger.same(
        &format!("{slot} in hwloc"),
        described.as_str(),
        attribute("pci_type"),
    );
    let theirs: f64 = attribute("pci_link_speed").parse().unwrap();
    let gigabytes = bandwidth(ours);
    let same = (gigabytes - theirs).abs() < 0.000_001;
    ledger.same(
        &format!("{slot} link in hwloc ({gigabytes} and {theirs})"),
        same,
        true,
    );
}

/// Gigabytes a second of all lanes, without their encoding (8b/10b up to 5 GT/s, then 128b/130b).
fn bandwidth(function: &PciFunction) -> f64 {
    let (Some(speed), Some(width)) = (function.link.speed_gts, function.link.width) else {
        return 0.0;
    };
    let encoding = if speed > 5.0 { 128.0 / 130.0 } else { 0.8 };
    speed * encoding * f64::from(width) / 8.0
}

/// `PCI L#0 (busid=0000:00:01.1 id=8086:7010 class=0101(IDE) PCISlot=1)`.
fn console_function(ledger: &mut Ledger, ours: &[PciFunction], line: &str) {
    let attribute = |name: &str| {
        let (_, rest) = line.split_once(name).expect("the attribute");
        rest.split([' ', '(', ')']).next().expect("its value")
    };
    let slot = attribute("(busid=");
    let ours = ours.iter().find(|function| function.slot == slot);
    let ours = ours.unwrap_or_else(|| panic!("{slot} is missing"));
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let ids = format!("{}:{}", text(&ours.vendor_id), text(&ours.device_id));
    ledger.same(
        &format!("{slot} ids in hwloc"),
        ids.as_str(),
        attribute(" id="),
    );
    let class = &text(&ours.class_code)[..4];
    ledger.same(
        &format!("{slot} class in hwloc"),
        class,
        attribute(" class="),
    );
}
