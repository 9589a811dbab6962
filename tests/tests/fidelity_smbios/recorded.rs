//! Recorded trees: what their attributes say is what the document has to say.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use muster_model::Inventory;
use muster_tests::dumps::{dump, unpack};
use muster_tests::ledger::Ledger;
use tempfile::TempDir;

use super::{inventory, write};

/// A row for each machine.
pub(crate) fn rows() -> Vec<String> {
    let mut rows = vec![dell_r6515()];
    for name in [
        "2pa-pcidomain32bits",
        "40intel64-2g2n4c+pcilocality",
        "fakepcilocalities",
    ] {
        rows.push(of_tree(name));
    }
    rows.push(s390());
    rows
}

/// Prometheus' fixtures: a server's DMI, a watchdog, an NVMe disk's sensors.
fn dell_r6515() -> String {
    let archive = dump("procfs/fixtures.ttar").expect("the fixtures are recorded");
    let archive = fs::read_to_string(archive).expect("they are text");
    let root = tempfile::tempdir().expect("a temporary folder");
    for wanted in ["sys/class/dmi/", "sys/class/watchdog/", "/hwmon3/"] {
        extract(&archive, wanted, root.path());
    }
    // The class entry is not in the archive.
    let class = root.path().join("sys/class/hwmon");
    fs::create_dir_all(&class).unwrap();
    let chip = "devices/pci0000:00/0000:00:02.1/0000:01:00.0/nvme/nvme0/hwmon3";
    symlink(format!("../../{chip}"), class.join("hwmon3")).unwrap();
    let ours = inventory(root.path());
    let mut ledger = Ledger::new("procfs fixtures");
    of_dmi(&mut ledger, &ours, root.path());
    let watchdog = &ours.watchdogs[0];
    let file = |name: &str| fs::read_to_string(root.path().join(name)).unwrap();
    let theirs = |name: &str| file(&format!("sys/class/watchdog/watchdog0/{name}"));
    ledger.same("watchdogs", ours.watchdogs.len(), 2);
    let identity = theirs("identity").trim().to_owned();
    ledger.same(
        "watchdog0 identity",
        watchdog.identity.clone(),
        Some(identity),
    );
    let timeout = theirs("timeout").trim().parse().ok();
    ledger.same("watchdog0 timeout_s", watchdog.timeout_s, timeout);
    ledger.same(
        "watchdog0 active",
        watchdog.active,
        Some(theirs("state").trim() == "active"),
    );
    let channels = ["temp1", "temp2", "temp3", "temp9"];
    ledger.same("sensors", ours.sensors.len(), channels.len());
    for channel in channels {
        let theirs = |what: &str| {
            file(&format!("sys/{chip}/{channel}_{what}"))
                .trim()
                .to_owned()
        };
        let label = theirs("label");
        let sensor = ours.sensors.iter().find(|sensor| sensor.label == label);
        let value = sensor.and_then(|sensor| sensor.value);
        let millidegrees: f64 = theirs("input").parse().unwrap();
        ledger.same(
            &format!("{label} value"),
            value,
            Some(millidegrees / 1000.0),
        );
    }
    ledger.row()
}

fn of_tree(name: &str) -> String {
    let archive = dump(&format!("hwloc/{name}.tar.bz2")).expect("the tree is recorded");
    let unpacked = unpack_part(&archive);
    let mut folders = fs::read_dir(unpacked.path()).unwrap();
    let root = folders.next().expect("one folder").unwrap().path();
    let ours = inventory(&root);
    let mut ledger = Ledger::new(name);
    of_dmi(&mut ledger, &ours, &root);
    if let Ok(meminfo) = fs::read_to_string(root.join("proc/meminfo")) {
        let total = meminfo.split_whitespace().nth(1).unwrap();
        let bytes = total.parse::<u64>().unwrap() << 10;
        ledger.same("memory.total_bytes", ours.memory.total_bytes, Some(bytes));
    }
    ledger.row()
}

/// Only what is compared: the trees have 20,000 files.
fn unpack_part(archive: &Path) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // A tree without one of them makes tar fail; that it has the first shows in the comparison.
    let _ = Command::new("tar")
        .args(["--no-same-owner", "--wildcards", "-C"])
        .arg(folder.path())
        .arg("-xf")
        .arg(archive)
        .args(["*/sys/class/dmi", "*/proc/meminfo"])
        .stderr(Stdio::null())
        .status()
        .expect("tar runs");
    folder
}

fn s390() -> String {
    let archive = dump("lscpu/s390-lpar.tar.gz").expect("the tree is recorded");
    let unpacked = unpack(&archive);
    let ours = inventory(&unpacked.path().join("s390-lpar")).system;
    let mut ledger = Ledger::new("s390-lpar");
    let some = |text: &str| Some(text.to_owned());
    ledger.same("system.vendor", ours.vendor, some("IBM"));
    ledger.same("system.product", ours.product, some("2817"));
    ledger.same("system.version", ours.version, some("721 M49"));
    ledger.same("system.serial", ours.serial, some("0000000000089F25"));
    ledger.row()
}

/// Every attribute of the kernel's excerpt that the document has.
fn of_dmi(ledger: &mut Ledger, ours: &Inventory, root: &Path) {
    let (system, board) = (&ours.system, &ours.board);
    let (chassis, bios) = (&ours.chassis, &ours.bios);
    let facts = [
        ("bios_vendor", &bios.vendor),
        ("bios_version", &bios.version),
        ("bios_release", &bios.revision),
        ("sys_vendor", &system.vendor),
        ("product_name", &system.product),
        ("product_version", &system.version),
        ("product_serial", &system.serial),
        ("product_uuid", &system.uuid),
        ("product_sku", &system.sku),
        ("product_family", &system.family),
        ("board_vendor", &board.vendor),
        ("board_name", &board.product),
        ("board_version", &board.version),
        ("board_serial", &board.serial),
        ("board_asset_tag", &board.asset_tag),
        ("chassis_vendor", &chassis.vendor),
        ("chassis_serial", &chassis.serial),
        ("chassis_asset_tag", &chassis.asset_tag),
    ];
    let attribute = |name: &str| {
        let content = fs::read_to_string(root.join("sys/class/dmi/id").join(name)).ok()?;
        let content = content.trim().to_owned();
        (!content.is_empty()).then_some(content)
    };
    for (name, ours) in facts {
        let theirs = attribute(name);
        // What neither has is no fact.
        if theirs.is_some() || ours.is_some() {
            ledger.same(name, ours.clone(), theirs);
        }
    }
    let date = attribute("bios_date").map(|date| {
        let parts: Vec<&str> = date.split('/').collect();
        format!("{}-{}-{}", parts[2], parts[0], parts[1])
    });
    ledger.same("bios_date", bios.date.clone(), date);
    let kind = attribute("chassis_type").map(|kind| match kind.as_str() {
        "1" => "other".to_owned(),
        "23" => "rack mount chassis".to_owned(),
        other => panic!("no name here for chassis type {other}"),
    });
    ledger.same("chassis_type", chassis.kind.clone(), kind);
}

/// Takes the entries of a ttar archive whose paths contain `wanted`: plain text, where a file is
/// `Path: P`, `Lines: N` and its lines, and a link `Path: P`, `SymlinkTo: T`.
fn extract(archive: &str, wanted: &str, root: &Path) {
    let mut lines = archive.lines();
    while let Some(line) = lines.next() {
        let path = line
            .strip_prefix("Path: fixtures/")
            .or_else(|| line.strip_prefix("Directory: fixtures/"));
        let Some(path) = path.filter(|path| path.contains(wanted)) else {
            continue;
        };
        if line.starts_with("Directory") {
            fs::create_dir_all(root.join(path)).unwrap();
            continue;
        }
        let next = lines.next().unwrap_or_default();
        if let Some(count) = next.strip_prefix("Lines: ") {
            let content: Vec<&str> = lines.by_ref().take(count.parse().unwrap()).collect();
            let content = content.join("\n").replace("EOF", "");
            write(root, path, content.as_bytes());
        } else if let Some(target) = next.strip_prefix("SymlinkTo: ") {
            let link = root.join(path);
            fs::create_dir_all(link.parent().expect("a folder")).unwrap();
            symlink(target, link).unwrap();
        }
    }
}
