//! Network interfaces of recorded machines, against a plain reading of the same files and against
//! what hwloc found there.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use muster_discovery::{Options, Source, discover};
use muster_model::network::{AdminState, Duplex, NetworkInterface};
use muster_model::{Inventory, Section, WarningKind};
use muster_tests::dumps::{dump, unpack};
use muster_tests::ledger::{Ledger, hold_table};
use muster_tests::ttar;

const INTRO: &str = "Network facts of recorded machines (`../shared/field-dumps`). *Files*: each \
attribute read again by the test, path by path, without our reader: address, MTU, states, speed, \
duplex, carrier, driver by its link, slot by the device's link, identity by `vendor` and `device`, \
NUMA node. *hwloc*: interface, function, identity and address in hwloc's expected output. Held by \
`tests/tests/fidelity_network.rs`.";

/// hwloc's expected outputs that name functions in full.
const WITH_XML: [&str; 2] = [
    "hwloc/40intel64-2g2n4c+pcilocality.expected.xml",
    "hwloc/fakepcilocalities.expected.xml",
];

#[test]
fn recorded_machines() {
    let mut rows = Vec::new();
    for archive in [
        "ghw/amd-ryzen-1600.tar.gz",
        "hwloc/2pa-pcidomain32bits.tar.bz2",
        "hwloc/40intel64-2g2n4c+pcilocality.tar.bz2",
        "hwloc/fakepcilocalities.tar.bz2",
    ] {
        let Some(path) = dump(archive) else { return };
        let folder = unpack(&path);
        let mut ledger = Ledger::new(archive);
        let root = root_in(folder.path());
        let inventory = inventory_of(&root);
        compare_files(&mut ledger, &root, &inventory);
        let expected = archive.replace(".tar.bz2", ".expected.xml");
        if WITH_XML.contains(&expected.as_str()) {
            compare_hwloc(&mut ledger, &dump(&expected).unwrap(), &inventory);
        }
        rows.push(ledger.row());
    }
    let Some(path) = dump("procfs/fixtures.ttar") else {
        return;
    };
    let folder = ttar::unpack(&path);
    let mut ledger = Ledger::new("procfs/fixtures.ttar");
    let root = folder.path().join("fixtures");
    compare_files(&mut ledger, &root, &inventory_of(&root));
    rows.push(ledger.row());
    hold_table("network", INTRO, &rows);
}

fn inventory_of(root: &Path) -> Inventory {
    let options = Options {
        sections: BTreeSet::from([Section::Network]),
        ..Options::default()
    };
    let inventory = discover(&Source::at_root(root).unwrap(), &options).inventory;
    let malformed: Vec<_> = inventory
        .warnings
        .iter()
        .filter(|warning| warning.kind == WarningKind::Malformed)
        .collect();
    assert!(malformed.is_empty(), "{}: {malformed:?}", root.display());
    inventory
}

/// Some archives hold one folder, with the root in it.
fn root_in(folder: &Path) -> PathBuf {
    if folder.join("sys").exists() {
        return folder.to_owned();
    }
    let entry = fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    entry.path()
}

fn compare_files(ledger: &mut Ledger, root: &Path, inventory: &Inventory) {
    let class = root.join("sys/class/net");
    // A link that leads nowhere is of an interface that was not recorded.
    let recorded: BTreeSet<String> = fs::read_dir(&class)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let ours = inventory.network.iter().map(|found| found.name.clone());
    ledger.same("interfaces", ours.collect::<BTreeSet<_>>(), recorded);
    for found in &inventory.network {
        compare_attributes(ledger, &class.join(&found.name), found);
        compare_device(ledger, &class.join(&found.name), found);
    }
}

fn compare_attributes(ledger: &mut Ledger, path: &Path, ours: &NetworkInterface) {
    let name = &ours.name;
    let text = |attribute: &str| {
        let text = fs::read_to_string(path.join(attribute)).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let up = text("flags")
        .map(|flags| i64::from_str_radix(flags.trim_start_matches("0x"), 16).unwrap() % 2 == 1);
    let admin_state = up.map(|up| if up { AdminState::Up } else { AdminState::Down });
    ledger.same(
        &format!("{name} admin_state"),
        ours.admin_state,
        admin_state,
    );
    ledger.same(&format!("{name} mac"), ours.mac.clone(), text("address"));
    ledger.same(
        &format!("{name} mtu"),
        ours.mtu.map(|mtu| mtu.to_string()),
        text("mtu"),
    );
    ledger.same(
        &format!("{name} oper_state"),
        ours.oper_state.clone(),
        text("operstate"),
    );
    let carrier = text("carrier")
        .filter(|_| up == Some(true))
        .map(|carrier| carrier == "1");
    ledger.same(&format!("{name} carrier"), ours.carrier, carrier);
    let speed = text("speed")
        .and_then(|speed| speed.parse::<i64>().ok())
        .filter(|speed| {
            // −1 since Linux 3.4; before that it was shown as an unsigned number of 16 bits.
            *speed > 0 && *speed != 65535
        });
    let ours_speed = ours.speed_mbps.map(|speed| i64::try_from(speed).unwrap());
    ledger.same(&format!("{name} speed_mbps"), ours_speed, speed);
    let duplex = match text("duplex").as_deref() {
        Some("full") => Some(Duplex::Full),
        Some("half") => Some(Duplex::Half),
        _ => None,
    };
    ledger.same(&format!("{name} duplex"), ours.duplex, duplex);
}

fn compare_device(ledger: &mut Ledger, path: &Path, ours: &NetworkInterface) {
    let name = &ours.name;
    let by_link = fs::canonicalize(path.join("device"));
    let Ok(device) = by_link.or_else(|_| fs::canonicalize(path.join("../.."))) else {
        return;
    };
    let last = |path: PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let driver = fs::read_link(device.join("driver")).ok().map(last);
    let why = "the recording has no link to the driver; we take it from the device's `uevent`";
    match (&driver, &ours.driver) {
        (None, Some(_)) => {
            ledger.differs(&format!("{name} driver"), ours.driver.clone(), driver, why);
        }
        (None, None) => {}
        _ => ledger.same(&format!("{name} driver"), ours.driver.clone(), driver),
    }
    let is_function = |path: &&Path| path.join("class").exists() && path.join("vendor").exists();
    let Some(function) = device.ancestors().find(is_function) else {
        return;
    };
    let text = |attribute: &str| fs::read_to_string(function.join(attribute)).unwrap();
    let digits = |attribute: &str| text(attribute).trim().trim_start_matches("0x").to_owned();
    let identity = format!("{}:{}", digits("vendor"), digits("device"));
    ledger.same(
        &format!("{name} device_id"),
        ours.device_id.clone(),
        Some(identity),
    );
    let slot = Some(last(function.to_owned()));
    ledger.same(&format!("{name} pci_slot"), ours.pci_slot.clone(), slot);
    let node = fs::read_to_string(function.join("numa_node")).ok();
    let node = node.and_then(|node| node.trim().parse::<u32>().ok());
    ledger.same(&format!("{name} numa_node"), ours.numa_node, node);
    let rdma = fs::read_dir(function.join("infiniband"))
        .ok()
        .and_then(|mut list| list.next());
    let rdma = rdma.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    ledger.same(
        &format!("{name} rdma_device"),
        ours.rdma_device.clone(),
        rdma,
    );
}

/// What hwloc knows of an interface.
#[derive(Default)]
struct Theirs {
    slot: String,
    identity: String,
    address: Option<String>,
}

fn compare_hwloc(ledger: &mut Ledger, expected: &Path, inventory: &Inventory) {
    for (name, theirs) in hwloc(&fs::read_to_string(expected).unwrap()) {
        let Some(ours) = inventory.network.iter().find(|found| found.name == name) else {
            ledger.same("hwloc's interface", None, Some(name));
            continue;
        };
        let identity = Some(theirs.identity);
        ledger.same(
            &format!("{name} hwloc slot"),
            ours.pci_slot.clone(),
            Some(theirs.slot),
        );
        ledger.same(
            &format!("{name} hwloc identity"),
            ours.device_id.clone(),
            identity,
        );
        ledger.same(
            &format!("{name} hwloc address"),
            ours.mac.clone(),
            theirs.address,
        );
    }
}

/// Interfaces in hwloc's XML, which has one element a line: the function, below it the interface,
/// below it its address.
fn hwloc(xml: &str) -> BTreeMap<String, Theirs> {
    /// `HWLOC_OBJ_OSDEV_NETWORK`.
    const NETWORK: &str = "16";
    let mut found: BTreeMap<String, Theirs> = BTreeMap::new();
    let (mut slot, mut identity, mut interface) = (String::new(), String::new(), None);
    for line in xml.lines() {
        let value = |key: &str| {
            let rest = line.split_once(&format!(" {key}=\""))?.1;
            Some(rest.split_once('"')?.0.to_owned())
        };
        if line.contains("type=\"PCIDev\"") {
            slot = value("pci_busid").unwrap();
            let kind = value("pci_type").unwrap();
            identity = kind.split(['[', ']']).nth(1).unwrap().to_owned();
        }
        if line.contains("type=\"OSDev\"") {
            let network = value("osdev_type").is_some_and(|kind| kind == NETWORK);
            interface = value("name").filter(|_| network);
            if let Some(name) = &interface {
                let theirs = found.entry(name.clone()).or_default();
                (theirs.slot, theirs.identity) = (slot.clone(), identity.clone());
            }
        }
        if let (Some(name), Some("Address")) = (&interface, value("name").as_deref()) {
            found.get_mut(name).unwrap().address = value("value");
        }
    }
    found
}
