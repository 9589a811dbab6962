//! The machine as a whole: system, board, chassis, firmware.
//!
//! From the SMBIOS tables where this user may read them, else from what the kernel shows of them
//! to everybody; on machines without SMBIOS from the device tree or, on s390, from `/proc/sysinfo`.

mod device_tree;
mod dmi_id;
mod sysinfo;

use muster_model::machine::{Bios, Board, Chassis, System};
use muster_model::{Found, WarningKind};

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::placeholder::Screened;
use crate::parse::smbios::{Baseboard, Enclosure, Firmware, Identity, Smbios, iso_date};

/// The four sections that this probe fills.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Machine {
    pub(crate) system: System,
    pub(crate) board: Board,
    pub(crate) chassis: Chassis,
    pub(crate) bios: Bios,
}

/// What a kind of firmware says, before it is judged.
#[derive(Debug, Default)]
struct Facts {
    firmware: Firmware,
    identity: Identity,
    baseboard: Baseboard,
    enclosure: Enclosure,
    /// Fields that this user may not read, by section.
    denied: Vec<(&'static str, &'static str)>,
    /// What is wrong with the source as a whole.
    faults: Vec<String>,
}

/// Fills `system`, `board`, `chassis` and `bios`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Machine> {
    let mut notes = Notes::new("system");
    let facts = match facts(context) {
        Ok(facts) => facts,
        Err(Fault::Unsupported(why)) => {
            notes.warn("system", WarningKind::Unsupported, why);
            return notes.with(Machine::default());
        }
        Err(fault) => {
            notes.require("system", "the firmware's description", Err::<(), _>(fault));
            return notes.with(Machine::default());
        }
    };
    for fault in &facts.faults {
        let message = format!("the SMBIOS tables are damaged: {fault}");
        notes.warn("smbios", WarningKind::Malformed, message);
    }
    let machine = judge(facts, notes);
    if machine.value == Machine::default() || !context.is_container() {
        return machine;
    }
    let mut notes = Notes::new("system");
    notes.warn(
        "container",
        WarningKind::Unsupported,
        "these are the host's: this is a container, which has no serial number or UUID of its own",
    );
    let mut warnings = machine.warnings;
    warnings.extend(notes.with(()).warnings);
    Found {
        value: machine.value,
        warnings,
    }
}

fn facts(context: &Context<'_>) -> Result<Facts, Fault> {
    let tables = match context.smbios() {
        Ok(smbios) => return Ok(of_tables(smbios)),
        Err(fault) => fault,
    };
    let otherwise = dmi_id::read(context.source)
        .or_else(|| device_tree::read(context.source))
        .or_else(|| sysinfo::read(context.source));
    otherwise.ok_or(match tables {
        Fault::Absent => Fault::Unsupported(
            "maker, model and serial number are unknown: this machine has neither SMBIOS tables nor \
             a device tree to name them"
                .to_owned(),
        ),
        other => other,
    })
}

fn of_tables(smbios: &Smbios) -> Facts {
    Facts {
        firmware: smbios.firmware().unwrap_or_default(),
        identity: smbios.identity().unwrap_or_default(),
        baseboard: smbios.baseboard().unwrap_or_default(),
        enclosure: smbios.enclosure().unwrap_or_default(),
        denied: Vec::new(),
        faults: smbios.faults.clone(),
    }
}

fn judge(facts: Facts, notes: Notes) -> Found<Machine> {
    let mut sections = [
        notes,
        Notes::new("board"),
        Notes::new("chassis"),
        Notes::new("bios"),
    ];
    let [of_system, of_board, of_chassis, of_bios] = &mut sections;
    let value = Machine {
        system: system(facts.identity, of_system),
        board: board(facts.baseboard, of_board),
        chassis: chassis(facts.enclosure, of_chassis),
        bios: bios(facts.firmware, of_bios),
    };
    for (notes, section) in sections
        .iter_mut()
        .zip(["system", "board", "chassis", "bios"])
    {
        let denied = facts.denied.iter().filter(|(of, _)| *of == section);
        let fields: Vec<&str> = denied.map(|(_, field)| *field).collect();
        if !fields.is_empty() {
            notes.require(section, &fields.join(", "), Err::<(), _>(Fault::Denied));
        }
    }
    let warnings = sections.map(|notes| notes.with(()).warnings).into_iter();
    Found {
        value,
        warnings: warnings.flatten().collect(),
    }
}

fn system(identity: Identity, notes: &mut Notes) -> System {
    let mut keep = |what: &str, text: Screened| text.keep(notes, "system", what);
    System {
        vendor: keep("vendor", identity.vendor),
        product: keep("product", identity.product),
        version: keep("version", identity.version),
        serial: keep("serial", identity.serial),
        uuid: keep("uuid", identity.uuid),
        sku: keep("sku", identity.sku),
        family: keep("family", identity.family),
    }
}

fn board(baseboard: Baseboard, notes: &mut Notes) -> Board {
    let mut keep = |what: &str, text: Screened| text.keep(notes, "board", what);
    Board {
        vendor: keep("vendor", baseboard.vendor),
        product: keep("product", baseboard.product),
        version: keep("version", baseboard.version),
        serial: keep("serial", baseboard.serial),
        asset_tag: keep("asset_tag", baseboard.asset_tag),
    }
}

fn chassis(enclosure: Enclosure, notes: &mut Notes) -> Chassis {
    let mut keep = |what: &str, text: Screened| text.keep(notes, "chassis", what);
    Chassis {
        vendor: keep("vendor", enclosure.vendor),
        kind: enclosure.kind.map(str::to_owned),
        serial: keep("serial", enclosure.serial),
        asset_tag: keep("asset_tag", enclosure.asset_tag),
    }
}

fn bios(firmware: Firmware, notes: &mut Notes) -> Bios {
    let written = firmware.date.keep(notes, "bios", "date");
    let date = written.as_deref().and_then(iso_date);
    if let (None, Some(written)) = (&date, written) {
        let message = format!("date: not mm/dd/yyyy: {written:.40}");
        notes.warn("bios", WarningKind::Malformed, message);
    }
    Bios {
        vendor: firmware.vendor.keep(notes, "bios", "vendor"),
        version: firmware.version.keep(notes, "bios", "version"),
        date,
        revision: firmware.revision,
    }
}

#[cfg(test)]
mod tests;
