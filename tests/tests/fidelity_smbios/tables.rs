//! Two raw structure tables, each put into a root with an entry point of its own.

use std::fs;
use std::process::Command;

use muster_model::memory::MemoryModule;
use muster_model::{Inventory, WarningKind};
use muster_tests::dumps::dump;
use muster_tests::ledger::Ledger;
use muster_tests::recorded::{smbios_entry_point, smbios_root};
use serde_json::Value;

use super::{inventory, write};

const DIGITS: &str = "`0123456789` counts, it names nothing: null with a warning";

/// Two memory arrays, digits for versions, asset tags named as their slots.
pub(crate) fn supermicro() -> String {
    let mut machine = Machine::read("SuperMicro-Dual-Xeon");
    machine.identity(Some(DIGITS));
    machine.dimms(Some(
        "the reference table's own word for a tag: null with a warning",
    ));
    let why = "two arrays of system memory: both count, the recorded content has the first";
    let memory = &machine.ours.memory;
    let theirs = &machine.theirs["PhysicalMemoryArray"];
    let ledger = &mut machine.ledger;
    let slots = theirs["NumberOfMemoryDevices"].as_u64();
    ledger.differs("memory.slots", memory.slots.map(u64::from), slots, why);
    let kib = theirs["MaximumCapacity"].as_u64().map(|kib| kib << 10);
    ledger.differs(
        "memory.max_capacity_bytes",
        memory.max_capacity_bytes,
        kib,
        why,
    );
    machine.of_dmidecode();
    machine.ledger.row()
}

/// Extended sizes, empty slots, and next to nothing filled in.
pub(crate) fn asrock() -> String {
    let mut machine = Machine::read("ASRock-Single-Ryzen");
    machine.identity(None);
    machine.dimms(None);
    let memory = &machine.ours.memory;
    let theirs = &machine.theirs["PhysicalMemoryArray"];
    let ledger = &mut machine.ledger;
    let slots = theirs["NumberOfMemoryDevices"].as_u64();
    ledger.same("memory.slots", memory.slots.map(u64::from), slots);
    let kib = theirs["MaximumCapacity"].as_u64().map(|kib| kib << 10);
    ledger.same("memory.max_capacity_bytes", memory.max_capacity_bytes, kib);
    machine.of_dmidecode();
    machine.ledger.row()
}

struct Machine {
    ours: Inventory,
    theirs: Value,
    dmidecode: String,
    ledger: Ledger,
}

impl Machine {
    fn read(name: &str) -> Self {
        let file = |kind: &str| {
            let path = dump(&format!("smbios/{name}.{kind}")).expect("a recorded table");
            fs::read(path).expect("it can be read")
        };
        let (table, decoded) = (file("dmi"), file("json"));
        let root = smbios_root(&table);
        let ours = inventory(root.path());
        let damaged = ours.warnings.iter().find(|warning| {
            warning.kind == WarningKind::Malformed && warning.message.contains("damaged")
        });
        assert_eq!(damaged, None, "{name}");
        // The form of `dmidecode --dump-bin`: the entry point, then the table at 32.
        let mut whole = smbios_entry_point(table.len());
        whole.resize(32, 0);
        whole.extend(&table);
        write(root.path(), "dump", &whole);
        let output = Command::new("dmidecode")
            .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
            .arg("-q")
            .arg("--from-dump")
            .arg(root.path().join("dump"))
            .output()
            .expect("dmidecode is installed: `make setup` does it");
        assert!(output.status.success(), "dmidecode reads {name}");
        Self {
            ours,
            theirs: serde_json::from_slice(&decoded).expect("JSON"),
            dmidecode: String::from_utf8_lossy(&output.stdout).into_owned(),
            ledger: Ledger::new(name),
        }
    }

    /// Types 0 to 3; `version` says why versions differ where they do.
    fn identity(&mut self, version: Option<&str>) {
        let Self {
            ours,
            theirs,
            ledger,
            ..
        } = self;
        let (bios, system, board) = (
            &theirs["BIOSInformation"],
            &theirs["SystemInformation"],
            &theirs["BaseboardInformation"],
        );
        let chassis = &theirs["SystemEnclosure"];
        let facts = [
            ("bios.vendor", &ours.bios.vendor, &bios["Vendor"]),
            ("bios.version", &ours.bios.version, &bios["Version"]),
            (
                "system.vendor",
                &ours.system.vendor,
                &system["Manufacturer"],
            ),
            (
                "system.product",
                &ours.system.product,
                &system["ProductName"],
            ),
            (
                "system.serial",
                &ours.system.serial,
                &system["SerialNumber"],
            ),
            ("system.uuid", &ours.system.uuid, &system["UUID"]),
            ("system.sku", &ours.system.sku, &system["SKUNumber"]),
            ("system.family", &ours.system.family, &system["Family"]),
            ("board.vendor", &ours.board.vendor, &board["Manufacturer"]),
            ("board.product", &ours.board.product, &board["Product"]),
            ("board.serial", &ours.board.serial, &board["SerialNumber"]),
            ("board.asset_tag", &ours.board.asset_tag, &board["AssetTag"]),
            (
                "chassis.vendor",
                &ours.chassis.vendor,
                &chassis["Manufacturer"],
            ),
            (
                "chassis.serial",
                &ours.chassis.serial,
                &chassis["SerialNumber"],
            ),
            (
                "chassis.asset_tag",
                &ours.chassis.asset_tag,
                &chassis["AssetTagNumber"],
            ),
        ];
        for (fact, ours, theirs) in facts {
            ledger.same(fact, ours.clone(), text(theirs));
        }
        ledger.same(
            "bios.date",
            ours.bios.date.clone(),
            date(&bios["ReleaseDate"]),
        );
        let versions = [
            (
                "system.version",
                &ours.system.version,
                text(&system["Version"]),
            ),
            (
                "board.version",
                &ours.board.version,
                text(&board["Version"]),
            ),
        ];
        for (fact, ours, theirs) in versions {
            match version {
                Some(why) => ledger.differs(fact, ours.clone(), theirs, why),
                None => ledger.same(fact, ours.clone(), theirs),
            }
        }
    }

    /// Every fitted DIMM; `asset_tag` says why tags differ where they do.
    fn dimms(&mut self, asset_tag: Option<&str>) {
        let devices = self.theirs["MemoryDevices"].as_array().expect("a list");
        let fitted: Vec<&Value> = devices.iter().filter(|d| d["Size"] != 0).collect();
        let modules = &self.ours.memory.modules;
        self.ledger
            .same("memory.modules", modules.len(), fitted.len());
        for (module, device) in modules.iter().zip(&fitted) {
            compare(&mut self.ledger, module, device);
        }
        let ours: Vec<_> = modules
            .iter()
            .map(|module| module.asset_tag.clone())
            .collect();
        let theirs: Vec<_> = fitted
            .iter()
            .map(|device| text(&device["AssetTag"]))
            .collect();
        match asset_tag {
            Some(why) => self.ledger.differs("modules' asset_tag", ours, theirs, why),
            None => self.ledger.same("modules' asset_tag", ours, theirs),
        }
    }

    /// What the recorded content lacks and `dmidecode` has.
    fn of_dmidecode(&mut self) {
        let values = |block: &str, field: &str| -> Vec<String> {
            let blocks = self
                .dmidecode
                .split("\n\n")
                .filter(|text| text.starts_with(block));
            let lines = blocks.flat_map(str::lines);
            let prefix = format!("\t{field}: ");
            lines
                .filter_map(|line| line.strip_prefix(prefix.as_str()))
                .filter(|value| *value != "Unknown")
                .map(|value| value.trim().to_owned())
                .collect()
        };
        let (ours, ledger) = (&self.ours, &mut self.ledger);
        let first = |block: &str, field: &str| values(block, field).into_iter().next();
        let revision = first("BIOS Information", "BIOS Revision");
        ledger.same("bios.revision", ours.bios.revision.clone(), revision);
        let kind = first("Chassis Information", "Type").map(|kind| kind.to_lowercase());
        ledger.same("chassis.kind", ours.chassis.kind.clone(), kind);
        let ecc = first("Physical Memory Array", "Error Correction Type").map(|kind| {
            let words = [("None", "none"), ("Multi-bit ECC", "multi_bit")];
            words
                .iter()
                .find(|(theirs, _)| *theirs == kind)
                .map(|(_, ours)| (*ours).to_owned())
        });
        ledger.same(
            "memory.ecc.kind",
            ours.memory.ecc.kind.clone(),
            ecc.flatten(),
        );
        let slots = values("Physical Memory Array", "Number Of Devices");
        let slots = slots
            .iter()
            .filter_map(|slots| slots.parse::<u32>().ok())
            .sum();
        ledger.same("memory.slots (dmidecode)", ours.memory.slots, Some(slots));
        let modules = &ours.memory.modules;
        let kinds: Vec<_> = modules
            .iter()
            .filter_map(|module| module.kind.clone())
            .collect();
        ledger.same("modules' kind", kinds, values("Memory Device", "Type"));
        let ranks: Vec<_> = modules.iter().filter_map(|module| module.rank).collect();
        let theirs = values("Memory Device", "Rank");
        ledger.same(
            "modules' rank",
            ranks,
            theirs.iter().map(|n| n.parse().unwrap()).collect(),
        );
        let technology = modules
            .iter()
            .filter_map(|module| module.technology.clone());
        let theirs = values("Memory Device", "Memory Technology");
        ledger.same("modules' technology", technology.collect(), theirs);
        let interface = first("IPMI Device Information", "Interface Type");
        let theirs = interface.map(|kind| kind.split(' ').next().unwrap().to_lowercase());
        ledger.same("bmc.present", ours.bmc.present, Some(theirs.is_some()));
        ledger.same("bmc.interface", ours.bmc.interface.clone(), theirs);
    }
}

fn compare(ledger: &mut Ledger, module: &MemoryModule, device: &Value) {
    let slot = module.locator.clone().unwrap_or_default();
    let mut same = |field: &str, ours: &Option<String>, theirs: Option<String>| {
        ledger.same(&format!("{slot} {field}"), ours.clone(), theirs);
    };
    same("locator", &module.locator, text(&device["DeviceLocator"]));
    same("bank", &module.bank, text(&device["BankLocator"]));
    same(
        "manufacturer",
        &module.manufacturer,
        text(&device["Manufacturer"]),
    );
    same("serial", &module.serial, text(&device["SerialNumber"]));
    same(
        "part_number",
        &module.part_number,
        text(&device["PartNumber"]),
    );
    let form_factor = (device["FormFactor"] == 9).then(|| "DIMM".to_owned());
    same("form_factor", &module.form_factor, form_factor);
    let number = |field: &str| device[field].as_u64().filter(|number| *number > 0);
    let mib = match number("Size") {
        Some(0x7fff) => number("ExtendedSize"),
        size => size,
    };
    let mut same = |field: &str, ours: Option<u64>, theirs: Option<u64>| {
        ledger.same(&format!("{slot} {field}"), ours, theirs);
    };
    same("size_bytes", module.size_bytes, mib.map(|mib| mib << 20));
    same("speed_mts", module.speed_mts, number("Speed"));
    same(
        "configured_mts",
        module.configured_mts,
        number("ConfiguredMemorySpeed"),
    );
    let voltage = module.voltage_mv.map(u64::from);
    same("voltage_mv", voltage, number("ConfiguredVoltage"));
}

/// A string as recorded; the recorder wrote nothing where the firmware had a placeholder.
fn text(value: &Value) -> Option<String> {
    let text = value.as_str().expect("a string").trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn date(value: &Value) -> Option<String> {
    let text = text(value)?;
    let parts: Vec<&str> = text.split('/').collect();
    Some(format!("{}-{}-{}", parts[2], parts[0], parts[1]))
}
