//! Memory: what the kernel manages, what is plugged in, and what went wrong in it.

mod modules;

use muster_model::memory::{HugePages, Memory};
use muster_model::{Found, WarningKind};

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::meminfo;
use crate::source::Source;

/// Fills `memory`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Memory> {
    let source = context.source;
    let mut notes = Notes::new("memory");
    let mut memory = Memory {
        hugepages: hugepages(source, &mut notes),
        ..Memory::default()
    };
    managed(source, &mut notes, &mut memory);
    modules::fill(context, &mut notes, &mut memory);
    count_errors(source, &mut notes, &mut memory);
    notes.with(memory)
}

fn managed(source: &Source, notes: &mut Notes, memory: &mut Memory) {
    let content = notes.require("meminfo", "proc/meminfo", source.text("proc/meminfo"));
    let Some(content) = content else { return };
    memory.total_bytes = meminfo::bytes(&content, "MemTotal");
    memory.available_bytes = meminfo::bytes(&content, "MemAvailable");
    memory.swap_total_bytes = meminfo::bytes(&content, "SwapTotal");
    if memory.total_bytes.is_none() {
        let message = "proc/meminfo has no readable MemTotal";
        notes.warn("meminfo", WarningKind::Malformed, message);
    } else if memory.available_bytes.is_none() {
        let message = "proc/meminfo has no MemAvailable, which Linux has since 3.14";
        notes.warn("meminfo", WarningKind::Absent, message);
    }
}

fn hugepages(source: &Source, notes: &mut Notes) -> Vec<HugePages> {
    const POOLS: &str = "sys/kernel/mm/hugepages";
    let names = notes.keep("hugepages", POOLS, source.list(POOLS));
    let mut pools: Vec<HugePages> = names
        .unwrap_or_default()
        .iter()
        .filter_map(|name| {
            let size_bytes = meminfo::hugepage_size_bytes(name)?;
            let pool = source.dir(format!("{POOLS}/{name}"));
            Some(HugePages {
                size_bytes,
                total: notes.require("hugepages", name, pool.number("nr_hugepages")),
                free: notes.require("hugepages", name, pool.number("free_hugepages")),
            })
        })
        .collect();
    pools.sort_by_key(|pool| pool.size_bytes);
    pools
}

/// Sums the counters of the EDAC drivers (kernel `Documentation/admin-guide/RAS`).
fn count_errors(source: &Source, notes: &mut Notes, memory: &mut Memory) {
    const CONTROLLERS: &str = "sys/devices/system/edac/mc";
    let names = notes.keep("edac", CONTROLLERS, source.list(CONTROLLERS));
    let names = names.unwrap_or_default();
    let controllers: Vec<_> = names
        .iter()
        .filter(|name| is_controller(name))
        .map(|name| source.dir(format!("{CONTROLLERS}/{name}")))
        .collect();
    if controllers.is_empty() {
        let has_ecc = memory
            .ecc
            .kind
            .as_deref()
            .is_some_and(|kind| kind != "none");
        if has_ecc {
            let message = "memory errors are not counted: no EDAC driver is loaded for this memory \
                           controller";
            notes.warn("ecc", WarningKind::Absent, message);
        }
        return;
    }
    let mut sum = |counter: &str| {
        let counts = controllers
            .iter()
            .map(|controller| controller.number::<u64>(counter));
        let total = counts.sum::<Result<u64, Fault>>();
        notes.require("ecc", counter, total)
    };
    memory.ecc.correctable_errors = sum("ce_count");
    memory.ecc.uncorrectable_errors = sum("ue_count");
}

/// `mc0`, but not `power` or `mc_max_ue`.
fn is_controller(name: &str) -> bool {
    name.strip_prefix("mc")
        .is_some_and(|number| number.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests;
