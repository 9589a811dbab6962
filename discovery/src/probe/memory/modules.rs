//! Slots and DIMMs, by SMBIOS.

use muster_model::WarningKind;
use muster_model::memory::{Memory, MemoryModule};

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::placeholder::Screened;
use crate::parse::smbios::{Array, Device, ErrorCorrection, Size, Smbios, Use};

/// Fills slots, capacity, kind of error correction and modules.
pub(super) fn fill(context: &Context<'_>, notes: &mut Notes, memory: &mut Memory) {
    let smbios = match context.smbios() {
        Err(Fault::Absent) => {
            let message = "slots and modules are unknown: this machine has no SMBIOS tables, which \
                           alone describe them";
            return notes.warn("modules", WarningKind::Absent, message);
        }
        tables => notes.require("modules", "slots and modules (SMBIOS)", tables),
    };
    let Some(smbios) = smbios else { return };
    if !smbios.faults.is_empty() {
        let faults = smbios.faults.join("; ");
        let message = format!("slots and modules may be missing: {faults}");
        notes.lacks("memory.modules", "modules", WarningKind::Malformed, message);
    }
    let arrays: Vec<Array> = smbios.memory_arrays().collect();
    describe(&arrays, memory);
    memory.modules = modules(smbios, &arrays, notes);
    if arrays.is_empty() && memory.modules.is_empty() {
        let message = "slots and modules are unknown: the SMBIOS tables describe no memory";
        notes.warn("modules", WarningKind::Absent, message);
    }
}

/// Sums the arrays of system memory: one for each socket on some machines. A sum of which a part
/// is unknown is unknown.
fn describe(arrays: &[Array], memory: &mut Memory) {
    let system = || arrays.iter().filter(|array| array.usage == Use::System);
    if system().next().is_none() {
        return;
    }
    memory.slots = system()
        .map(|array| array.slots)
        .try_fold(0u32, |sum, slots| sum.checked_add(slots?));
    memory.max_capacity_bytes = system()
        .map(|array| array.max_capacity_bytes)
        .try_fold(0u64, |sum, bytes| sum.checked_add(bytes?));
    // Where the arrays differ, the weakest is what the machine can rely on.
    let weakest = system().filter_map(|array| array.error_correction).min();
    memory.ecc.kind = weakest.map(|kind| error_correction(kind).to_owned());
}

fn error_correction(kind: ErrorCorrection) -> &'static str {
    match kind {
        ErrorCorrection::None => "none",
        ErrorCorrection::Parity => "parity",
        ErrorCorrection::SingleBit => "single_bit",
        ErrorCorrection::MultiBit => "multi_bit",
        ErrorCorrection::Crc => "crc",
    }
}

/// The fitted modules of system memory. One of an array that is not described counts as such.
fn modules(smbios: &Smbios, arrays: &[Array], notes: &mut Notes) -> Vec<MemoryModule> {
    let is_other = |device: &Device| {
        let array = arrays.iter().find(|array| array.handle == device.array);
        array.is_some_and(|array| array.usage == Use::Other)
    };
    let mut placeholders = Placeholders::default();
    let modules: Vec<MemoryModule> = smbios
        .memory_devices()
        .filter(|device| device.size != Size::Empty && !is_other(device))
        .map(|device| module(device, &mut placeholders))
        .collect();
    placeholders.warn(modules.len(), notes);
    modules
}

fn module(device: Device, placeholders: &mut Placeholders) -> MemoryModule {
    MemoryModule {
        locator: placeholders.keep("locator", device.locator),
        bank: placeholders.keep("bank", device.bank),
        size_bytes: match device.size {
            Size::Bytes(bytes) => Some(bytes),
            Size::Empty | Size::Unknown => None,
        },
        kind: device.kind.map(str::to_owned),
        technology: device.technology.map(str::to_owned),
        form_factor: device.form_factor.map(str::to_owned),
        speed_mts: device.speed_mts,
        configured_mts: device.configured_mts,
        manufacturer: placeholders.keep("manufacturer", device.manufacturer),
        part_number: placeholders.keep("part_number", device.part_number),
        serial: placeholders.keep("serial", device.serial),
        asset_tag: placeholders.keep("asset_tag", device.asset_tag),
        voltage_mv: device.voltage_mv,
        rank: device.rank,
    }
}

/// Placeholders by field: one warning for all modules instead of one for each.
#[derive(Default)]
struct Placeholders {
    seen: Vec<(&'static str, String, usize)>,
}

impl Placeholders {
    fn keep(&mut self, field: &'static str, text: Screened) -> Option<String> {
        if let Screened::Placeholder(text) = &text {
            match self.seen.iter_mut().find(|(of, _, _)| *of == field) {
                Some((_, _, count)) => *count += 1,
                None => self.seen.push((field, text.clone(), 1)),
            }
        }
        text.value()
    }

    fn warn(self, modules: usize, notes: &mut Notes) {
        for (field, text, count) in self.seen {
            let message = format!(
                "{field}: the firmware has only a placeholder for {count} of {modules} modules: \
                 {text:.60}"
            );
            notes.warn("modules", WarningKind::Malformed, message);
        }
    }
}
