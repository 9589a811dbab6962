//! The inventory against other programs, run in the machine at the same instant.

use std::collections::BTreeMap;

use muster_model::Inventory;
use muster_model::disk::{Disk, HealthStatus, Transport};
use muster_model::network::NetworkInterface;
use muster_tests::ledger::Ledger;
use muster_tests::metal::Guest;
use serde_json::Value;

/// An account for each of them.
pub(crate) fn compare(guest: &mut Guest, found: &Inventory) -> Vec<Ledger> {
    let mut file = |name: &str| {
        let bytes = guest.fetch(&format!("/run/lab/survey/{name}"));
        super::keep(name, &bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let mut accounts = Vec::new();
    let mut account = |name: &str, text: &str, compare: fn(&Inventory, &str, &mut Ledger)| {
        let mut ledger = Ledger::new(name);
        compare(found, text, &mut ledger);
        accounts.push(ledger);
    };
    account("lscpu -J", &file("lscpu.json"), lscpu);
    account("lsblk -JbO", &file("lsblk.json"), lsblk);
    account("lspci -vmmnnkD", &file("lspci.txt"), lspci);
    account("ip -j -d address", &file("ip.json"), ip);
    account("ethtool", &file("ethtool.txt"), ethtool);
    account("dmidecode", &file("dmi.txt"), dmidecode);
    account("nvme smart-log", &file("nvme.json"), nvme);
    account("strace", &file("opened.txt"), opened);
    account("lshw -json", &file("lshw.json"), lshw);
    let mut ledger = Ledger::new("smartctl");
    for disk in found
        .disks
        .iter()
        .filter(|disk| disk.name.starts_with("sd"))
    {
        let text = guest.fetch(&format!("/run/lab/survey/smart-{}.json", disk.name));
        super::keep(&format!("smart-{}.json", disk.name), &text);
        smartctl(disk, &text, &mut ledger);
    }
    accounts.push(ledger);
    accounts
}

fn nvme(found: &Inventory, text: &str, ledger: &mut Ledger) {
    let theirs: Value = serde_json::from_str(text).expect("nvme writes JSON");
    let disk = found.disks.iter().find(|disk| disk.name == "nvme0n1");
    let ours = disk.map(|disk| disk.health.clone()).unwrap_or_default();
    let kelvin = theirs["temperature"].as_i64();
    ledger.same(
        "temperature",
        ours.temperature_c.map(i64::from),
        kelvin.map(|kelvin| kelvin - 273),
    );
    for (name, ours, field) in [
        (
            "percentage used",
            ours.percentage_used.map(u64::from),
            "percent_used",
        ),
        (
            "available spare",
            ours.available_spare.map(u64::from),
            "avail_spare",
        ),
        ("power-on hours", ours.power_on_hours, "power_on_hours"),
        ("media errors", ours.media_errors, "media_errors"),
    ] {
        // It writes 128-bit numbers as text.
        let text = theirs[field].as_str().and_then(|text| text.parse().ok());
        ledger.same(name, ours, theirs[field].as_u64().or(text));
    }
}

/// Health where the disk itself answers, and not a RAID controller or a USB bridge for it.
fn smartctl(disk: &Disk, text: &[u8], ledger: &mut Ledger) {
    let theirs: Value = serde_json::from_slice(text).expect("smartctl writes JSON");
    let fact = |name: &str| format!("{} {name}", disk.name);
    // It does not know this bridge.
    if disk.transport == Some(Transport::Usb) {
        return;
    }
    let serial = theirs["serial_number"].as_str();
    ledger.same(&fact("serial"), disk.serial.as_deref(), serial);
    if disk.transport == Some(Transport::Raid) {
        return;
    }
    let ours = &disk.health;
    ledger.same(
        &fact("temperature"),
        ours.temperature_c.map(i64::from),
        // It writes 0 where the disk does not say.
        theirs["temperature"]["current"]
            .as_i64()
            .filter(|current| *current != 0),
    );
    ledger.same(
        &fact("power-on hours"),
        ours.power_on_hours,
        theirs["power_on_time"]["hours"].as_u64(),
    );
    let reallocated = theirs["ata_smart_attributes"]["table"]
        .as_array()
        .and_then(|table| table.iter().find(|row| row["id"] == 5))
        .and_then(|row| row["raw"]["value"].as_u64());
    ledger.same(
        &fact("reallocated sectors"),
        ours.reallocated_sectors,
        reallocated,
    );
    let passed = theirs["smart_status"]["passed"].as_bool();
    let ok = ours.status.map(|status| status == HealthStatus::Ok);
    ledger.same(&fact("status"), ok, passed);
}

/// No disk is opened for writing.
fn opened(found: &Inventory, text: &str, ledger: &mut Ledger) {
    for disk in &found.disks {
        let of_disk = |line: &&str| line.contains(&format!("\"{}", disk.path));
        let writing = ["O_RDWR", "O_WRONLY", "O_CREAT", "O_TRUNC"];
        let opens_for_writing = text
            .lines()
            .filter(of_disk)
            .any(|line| writing.iter().any(|flag| line.contains(flag)));
        let fact = format!("{} opened for writing", disk.name);
        ledger.same(&fact, opens_for_writing, false);
    }
    let asked = text.contains("\"/dev/nvme0n1\"");
    ledger.same("a disk is opened at all", asked, true);
}

fn lscpu(found: &Inventory, text: &str, ledger: &mut Ledger) {
    let document: Value = serde_json::from_str(text).expect("lscpu writes JSON");
    let mut fields = BTreeMap::new();
    flatten(&document["lscpu"], &mut fields);
    let theirs = |name: &str| fields.get(name).cloned();
    let cpu = &found.cpu;
    let count = |value: Option<u32>| value.map(|value| value.to_string());
    ledger.same(
        "architecture",
        cpu.architecture.clone(),
        theirs("Architecture"),
    );
    ledger.same("vendor", cpu.vendor_id.clone(), theirs("Vendor ID"));
    ledger.same("model name", cpu.model_name.clone(), theirs("Model name"));
    ledger.same("family", cpu.family.clone(), theirs("CPU family"));
    ledger.same("model", cpu.model.clone(), theirs("Model"));
    ledger.same("stepping", cpu.stepping.clone(), theirs("Stepping"));
    ledger.same("threads", count(cpu.threads), theirs("CPU(s)"));
    ledger.same(
        "threads per core",
        count(cpu.threads_per_core),
        theirs("Thread(s) per core"),
    );
    ledger.same("sockets", count(cpu.sockets), theirs("Socket(s)"));
    let per_socket = cpu
        .cores
        .zip(cpu.sockets)
        .and_then(|(cores, sockets)| cores.checked_div(sockets));
    ledger.same(
        "cores per socket",
        count(per_socket),
        theirs("Core(s) per socket"),
    );
    let mut flags = cpu.flags.clone();
    flags.sort();
    let mut their_flags: Vec<String> = theirs("Flags")
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    their_flags.sort();
    ledger.same("flags", flags, their_flags);
    ledger.same(
        "NUMA nodes",
        Some(found.numa.len().to_string()),
        theirs("NUMA node(s)"),
    );
    for node in &found.numa {
        let name = format!("NUMA node{} CPU(s)", node.id);
        ledger.same(&name, node.cpus.clone(), theirs(&name));
    }
    for (name, text) in &cpu.vulnerabilities {
        let wanted = format!("vulnerability{}", name.replace('_', ""));
        let their = fields
            .iter()
            .find(|(field, _)| field.to_lowercase().replace(' ', "") == wanted);
        // lscpu writes a semicolon where the kernel has a colon or a comma before further words.
        let plain = |text: &str| text.replace([';', ':', ','], "").to_lowercase();
        ledger.same(name, Some(plain(text)), their.map(|(_, text)| plain(text)));
    }
}

fn flatten(list: &Value, fields: &mut BTreeMap<String, String>) {
    for entry in list.as_array().into_iter().flatten() {
        let name = entry["field"]
            .as_str()
            .unwrap_or_default()
            .trim_end_matches(':');
        let data = entry["data"].as_str().unwrap_or_default();
        fields.insert(name.to_owned(), data.to_owned());
        flatten(&entry["children"], fields);
    }
}

fn lsblk(found: &Inventory, text: &str, ledger: &mut Ledger) {
    let document: Value = serde_json::from_str(text).expect("lsblk writes JSON");
    let list = document["blockdevices"]
        .as_array()
        .expect("lsblk lists devices");
    let disks: Vec<&Value> = list
        .iter()
        .filter(|entry| entry["type"] == "disk")
        .collect();
    ledger.same("number of disks", found.disks.len(), disks.len());
    for theirs in disks {
        let name = theirs["name"].as_str().unwrap_or_default();
        let Some(ours) = found.disks.iter().find(|disk| disk.name == name) else {
            ledger.same(&format!("{name} is there"), false, true);
            continue;
        };
        block(ours, theirs, ledger);
    }
}

fn block(ours: &Disk, theirs: &Value, ledger: &mut Ledger) {
    let fact = |name: &str| format!("{} {name}", ours.name);
    let text = |value: &Value| value.as_str().map(|text| text.trim().to_owned());
    ledger.same(&fact("size"), ours.size_bytes, theirs["size"].as_u64());
    ledger.same(&fact("read-only"), ours.read_only, theirs["ro"].as_bool());
    ledger.same(&fact("removable"), ours.removable, theirs["rm"].as_bool());
    ledger.same(
        &fact("rotational"),
        ours.rotational,
        theirs["rota"].as_bool(),
    );
    ledger.same(
        &fact("logical sector"),
        ours.logical_sector_bytes.map(u64::from),
        theirs["log-sec"].as_u64(),
    );
    ledger.same(
        &fact("physical sector"),
        ours.physical_sector_bytes.map(u64::from),
        theirs["phy-sec"].as_u64(),
    );
    ledger.same(&fact("model"), ours.model.clone(), text(&theirs["model"]));
    ledger.same(
        &fact("serial"),
        ours.serial.clone(),
        text(&theirs["serial"]),
    );
    ledger.same(&fact("wwn"), ours.wwn.clone(), text(&theirs["wwn"]));
    let parts: Vec<&Value> = theirs["children"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|child| child["type"] == "part")
        .collect();
    ledger.same(&fact("partitions"), ours.partitions.len(), parts.len());
    for (ours, theirs) in ours.partitions.iter().zip(parts) {
        let fact = |name: &str| format!("{} {name}", ours.name);
        ledger.same(
            &fact("name"),
            Some(ours.name.as_str()),
            theirs["name"].as_str(),
        );
        ledger.same(&fact("size"), ours.size_bytes, theirs["size"].as_u64());
        ledger.same(&fact("uuid"), ours.uuid.clone(), text(&theirs["partuuid"]));
        ledger.same(&fact("type"), ours.kind.clone(), text(&theirs["parttype"]));
        ledger.same(
            &fact("label"),
            ours.label.clone(),
            text(&theirs["partlabel"]),
        );
        let filesystem = ours.filesystem.clone().unwrap_or_default();
        ledger.same(
            &fact("file system"),
            filesystem.kind,
            text(&theirs["fstype"]),
        );
        ledger.same(
            &fact("file system uuid"),
            filesystem.uuid,
            text(&theirs["uuid"]),
        );
        let mounts: Vec<String> = theirs["mountpoints"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(text)
            .collect();
        ledger.same(&fact("mount points"), ours.mount_points.clone(), mounts);
    }
}

fn lspci(found: &Inventory, text: &str, ledger: &mut Ledger) {
    let records: Vec<BTreeMap<&str, &str>> = text
        .split("\n\n")
        .map(|record| {
            record
                .lines()
                .filter_map(|line| line.split_once(":\t"))
                .collect()
        })
        .filter(|record: &BTreeMap<&str, &str>| !record.is_empty())
        .collect();
    ledger.same("functions", found.pci.len(), records.len());
    for record in records {
        let slot = record.get("Slot").copied().unwrap_or_default();
        let Some(ours) = found.pci.iter().find(|pci| pci.slot == slot) else {
            ledger.same(&format!("{slot} is there"), false, true);
            continue;
        };
        let fact = |name: &str| format!("{slot} {name}");
        let bracket = |name: &str| {
            record
                .get(name)
                .and_then(|text| text.rsplit_once('['))
                .map(|(_, code)| code.trim_end_matches(']').to_owned())
        };
        ledger.same(&fact("vendor"), ours.vendor_id.clone(), bracket("Vendor"));
        ledger.same(&fact("device"), ours.device_id.clone(), bracket("Device"));
        let class = ours
            .class_code
            .as_deref()
            .and_then(|code| code.get(..4))
            .map(str::to_owned);
        ledger.same(&fact("class"), class, bracket("Class"));
        if record.contains_key("SVendor") {
            ledger.same(
                &fact("subsystem vendor"),
                ours.subsystem_vendor_id.clone(),
                bracket("SVendor"),
            );
            ledger.same(
                &fact("subsystem device"),
                ours.subsystem_device_id.clone(),
                bracket("SDevice"),
            );
        }
        let theirs = |name: &str| record.get(name).map(|text| (*text).to_owned());
        ledger.same(&fact("driver"), ours.driver.clone(), theirs("Driver"));
        ledger.same(
            &fact("NUMA node"),
            ours.numa_node.map(|node| node.to_string()),
            theirs("NUMANode"),
        );
        ledger.same(
            &fact("IOMMU group"),
            ours.iommu_group.map(|group| group.to_string()),
            theirs("IOMMUGroup"),
        );
        let name = |ours: &Option<String>, theirs: Option<&&str>| {
            let theirs = theirs
                .and_then(|text| text.rsplit_once(" ["))
                .map(|(name, _)| name.to_owned())
                // What it writes where its list has no name.
                .filter(|name| name != "Vendor");
            (ours.clone(), theirs)
        };
        let (ours_name, theirs_name) = name(&ours.vendor, record.get("Vendor"));
        ledger.same(&fact("vendor's name"), ours_name, theirs_name);
    }
}

fn ip(found: &Inventory, text: &str, ledger: &mut Ledger) {
    let list: Vec<Value> = serde_json::from_str(text).expect("ip writes JSON");
    ledger.same("interfaces", found.network.len(), list.len());
    for theirs in &list {
        let name = theirs["ifname"].as_str().unwrap_or_default();
        let Some(ours) = found
            .network
            .iter()
            .find(|interface| interface.name == name)
        else {
            ledger.same(&format!("{name} is there"), false, true);
            continue;
        };
        link(ours, theirs, ledger);
    }
}

fn link(ours: &NetworkInterface, theirs: &Value, ledger: &mut Ledger) {
    let fact = |name: &str| format!("{} {name}", ours.name);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    ledger.same(
        &fact("mtu"),
        ours.mtu.map(u64::from),
        theirs["mtu"].as_u64(),
    );
    ledger.same(
        &fact("state"),
        ours.oper_state.clone(),
        text(&theirs["operstate"]).map(|state| state.to_lowercase()),
    );
    ledger.same(
        &fact("master"),
        ours.master.clone(),
        text(&theirs["master"]),
    );
    if theirs["link_type"] == "ether" {
        ledger.same(&fact("address"), ours.mac.clone(), text(&theirs["address"]));
    }
    let flags = theirs["flags"].as_array().cloned().unwrap_or_default();
    let up = ours
        .admin_state
        .map(|state| state == muster_model::network::AdminState::Up);
    ledger.same(&fact("up"), up, Some(flags.iter().any(|flag| flag == "UP")));
    let mut addresses: Vec<String> = theirs["addr_info"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|info| Some(format!("{}/{}", info["local"].as_str()?, info["prefixlen"])))
        .collect();
    addresses.sort();
    let mut ours_sorted = ours.addresses.clone();
    ours_sorted.sort();
    ledger.same(&fact("addresses"), ours_sorted, addresses);
    let kind = theirs["linkinfo"]["info_kind"].as_str();
    if let Some(kind) = kind {
        let kind_of_ours = ours.kind.and_then(|kind| serde_json::to_value(kind).ok());
        ledger.same(&fact("kind"), kind_of_ours, Some(Value::from(kind)));
    }
    if kind == Some("vlan") {
        let id = theirs["linkinfo"]["info_data"]["id"].as_u64();
        ledger.same(
            &fact("vlan"),
            ours.vlan.as_ref().and_then(|vlan| vlan.id).map(u64::from),
            id,
        );
    }
}

fn ethtool(found: &Inventory, text: &str, ledger: &mut Ledger) {
    for record in text.split("interface: ").skip(1) {
        let name = record.lines().next().unwrap_or_default();
        let theirs = |field: &str| {
            record
                .lines()
                .filter_map(|line| line.trim().split_once(": "))
                .find(|(found, _)| *found == field)
                .map(|(_, value)| value.to_owned())
        };
        let Some(ours) = found
            .network
            .iter()
            .find(|interface| interface.name == name && interface.pci_slot.is_some())
        else {
            continue;
        };
        let fact = |field: &str| format!("{name} {field}");
        ledger.same(&fact("driver"), ours.driver.clone(), theirs("driver"));
        let firmware = theirs("firmware-version")
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty() && text != "N/A");
        ledger.same(&fact("firmware"), ours.firmware_version.clone(), firmware);
        let permanent = theirs("Permanent address")
            .filter(|address| address != "not set" && address != "00:00:00:00:00:00");
        ledger.same(
            &fact("permanent address"),
            ours.permanent_mac.clone(),
            permanent,
        );
        let speed = theirs("Speed").and_then(|speed| speed.trim_end_matches("Mb/s").parse().ok());
        ledger.same(&fact("speed"), ours.speed_mbps, speed);
        let duplex = ours
            .duplex
            .and_then(|duplex| serde_json::to_value(duplex).ok())
            .and_then(|duplex| duplex.as_str().map(str::to_owned));
        ledger.same(
            &fact("duplex"),
            duplex,
            theirs("Duplex")
                .map(|text| text.to_lowercase())
                .filter(|text| !text.starts_with("unknown")),
        );
    }
}

fn dmidecode(found: &Inventory, text: &str, ledger: &mut Ledger) {
    let ours = [
        ("bios-vendor", &found.bios.vendor),
        ("bios-version", &found.bios.version),
        ("bios-revision", &found.bios.revision),
        ("system-manufacturer", &found.system.vendor),
        ("system-product-name", &found.system.product),
        ("system-version", &found.system.version),
        ("system-serial-number", &found.system.serial),
        ("system-uuid", &found.system.uuid),
        ("system-sku-number", &found.system.sku),
        ("system-family", &found.system.family),
        ("baseboard-manufacturer", &found.board.vendor),
        ("baseboard-product-name", &found.board.product),
        ("baseboard-version", &found.board.version),
        ("baseboard-serial-number", &found.board.serial),
        ("baseboard-asset-tag", &found.board.asset_tag),
        ("chassis-manufacturer", &found.chassis.vendor),
        ("chassis-serial-number", &found.chassis.serial),
        ("chassis-asset-tag", &found.chassis.asset_tag),
    ];
    let theirs: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.split_once(": "))
        .collect();
    for (keyword, ours) in ours {
        ledger.same(keyword, ours.as_deref(), theirs.get(keyword).copied());
    }
}

fn lshw(found: &Inventory, text: &str, ledger: &mut Ledger) {
    let document: Value = serde_json::from_str(text).expect("lshw writes JSON");
    let top = document
        .as_array()
        .and_then(|list| list.first())
        .unwrap_or(&document);
    ledger.same(
        "system product",
        found.system.product.as_deref(),
        top["product"]
            .as_str()
            .and_then(|text| text.split(" (").next()),
    );
    ledger.same(
        "system vendor",
        found.system.vendor.as_deref(),
        top["vendor"].as_str(),
    );
    ledger.same(
        "system serial",
        found.system.serial.as_deref(),
        top["serial"].as_str(),
    );
    let mut nodes = Vec::new();
    collect(top, &mut nodes);
    for interface in found
        .network
        .iter()
        .filter(|interface| interface.pci_slot.is_some())
    {
        let theirs = nodes
            .iter()
            .find(|node| node["logicalname"] == interface.name.as_str());
        let theirs = theirs.map_or(&Value::Null, |node| *node);
        ledger.same(
            &format!("{} address", interface.name),
            interface.mac.as_deref(),
            theirs["serial"].as_str(),
        );
    }
    for disk in &found.disks {
        let theirs = nodes
            .iter()
            .find(|node| node["logicalname"] == disk.path.as_str() && node["class"] == "disk");
        let Some(theirs) = theirs.filter(|theirs| theirs["size"].is_u64()) else {
            continue;
        };
        ledger.same(
            &format!("{} size", disk.name),
            disk.size_bytes,
            theirs["size"].as_u64(),
        );
    }
}

fn collect<'a>(node: &'a Value, nodes: &mut Vec<&'a Value>) {
    nodes.push(node);
    for child in node["children"].as_array().into_iter().flatten() {
        collect(child, nodes);
    }
}
