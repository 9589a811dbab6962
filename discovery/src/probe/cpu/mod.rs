//! Processors: `/proc/cpuinfo` and `/sys/devices/system/cpu`
//! (`Documentation/ABI/testing/sysfs-devices-system-cpu`).

mod caches;
mod frequency;
mod kinds;
mod topology;

use std::collections::BTreeMap;

use muster_model::cpu::Cpu;
use muster_model::{Found, WarningKind};

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::cpulist::CpuSet;
use crate::source::Dir;
use topology::Topology;

/// Fills `cpu`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Cpu> {
    let mut notes = Notes::new("cpu");
    let base = context.source.dir("sys/devices/system/cpu");
    let info = match context.cpuinfo() {
        Ok(info) => Some(info),
        Err(fault) => notes.require("cpuinfo", "proc/cpuinfo", Err(fault.clone())),
    };
    if info.is_some_and(|info| info.malformed) {
        let message = "proc/cpuinfo: values that are not UTF-8 were left out";
        notes.warn("cpuinfo", WarningKind::Malformed, message);
    }
    let topology = Topology::read(&base, info, &mut notes);
    let mut cpu = Cpu {
        architecture: architecture(context, &mut notes),
        sockets: topology.sockets(),
        cores: topology.cores(),
        threads: count(&topology.present),
        online_threads: count(&topology.online),
        threads_per_core: topology.threads_per_core(),
        caches: caches::read(&base, &topology, info, &mut notes),
        vulnerabilities: vulnerabilities(&base, &mut notes),
        core_kinds: kinds::read(context.source, info, &base, &topology, &mut notes),
        isolated_cpus: isolated(&base, &mut notes),
        ..Cpu::default()
    };
    cpu.frequency_mhz = frequency::read(&base, &topology, info, &mut notes);
    if let Some(info) = info {
        cpu.vendor_id.clone_from(&info.vendor_id);
        cpu.model_name.clone_from(&info.model_name);
        cpu.family.clone_from(&info.family);
        cpu.model.clone_from(&info.model);
        cpu.stepping.clone_from(&info.stepping);
        cpu.microcode.clone_from(&info.microcode);
        cpu.flags.clone_from(&info.flags);
        cpu.virtualization = info.virtualization;
    }
    notes.with(cpu)
}

fn architecture(context: &Context<'_>, notes: &mut Notes) -> Option<String> {
    match context.architecture() {
        Ok(name) => Some(name.clone()),
        Err(Fault::Absent) => {
            let message = "neither the kernel nor the words of proc/cpuinfo tell it";
            notes.warn("architecture", WarningKind::Absent, message);
            None
        }
        Err(fault) => notes.require("architecture", "proc/sys/kernel/arch", Err(fault.clone())),
    }
}

/// `None` for an empty set: a machine has a processor.
fn count(set: &CpuSet) -> Option<u32> {
    u32::try_from(set.len()).ok().filter(|count| *count > 0)
}

fn vulnerabilities(base: &Dir<'_>, notes: &mut Notes) -> BTreeMap<String, String> {
    let listed = base.list("vulnerabilities");
    let names = notes.keep("vulnerabilities", "list", listed);
    let folder = base.dir("vulnerabilities");
    let mut found = BTreeMap::new();
    for name in names.unwrap_or_default() {
        if let Some(text) = notes.keep("vulnerabilities", &name, folder.text(&name)) {
            found.insert(name, text);
        }
    }
    found
}

fn isolated(base: &Dir<'_>, notes: &mut Notes) -> Option<String> {
    let set = base
        .text("isolated")
        .and_then(|list| CpuSet::from_list(&list));
    let set = notes.keep("isolated", "isolated processors", set)?;
    (!set.is_empty()).then(|| set.to_string())
}

#[cfg(test)]
mod tests;
