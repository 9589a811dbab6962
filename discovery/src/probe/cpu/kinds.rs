//! Kinds of core on hybrid parts.

use std::collections::BTreeMap;

use muster_model::cpu::CoreKind;

use super::topology::Topology;
use super::{count, topology};
use crate::Fault;
use crate::notes::Notes;
use crate::parse::cpulist::CpuSet;
use crate::source::{Dir, Source};

/// Performance monitoring units that Intel's hybrid parts have for each kind, fastest first
/// (`Documentation/admin-guide/perf` and `arch/x86/events/intel/core.c`).
const INTEL: [&str; 3] = ["cpu_core", "cpu_atom", "cpu_lowpower"];

/// The kinds, fastest first; none where all cores are alike.
pub(super) fn read(
    source: &Source,
    base: &Dir<'_>,
    topology: &Topology,
    notes: &mut Notes,
) -> Vec<CoreKind> {
    match by_capacity(base, topology, notes) {
        Some(kinds) => kinds,
        None => by_monitor(source, topology, notes),
    }
}

fn by_monitor(source: &Source, topology: &Topology, notes: &mut Notes) -> Vec<CoreKind> {
    let mut kinds = Vec::new();
    for name in INTEL {
        let cpus = source
            .text(&format!("sys/devices/{name}/cpus"))
            .and_then(|list| CpuSet::from_list(&list));
        if cpus == Err(Fault::Absent) && kinds.is_empty() {
            break;
        }
        if let Some(cpus) = notes.keep("core_kinds", name, cpus) {
            kinds.push(kind(name.to_owned(), &cpus, topology));
        }
    }
    kinds
}

/// Arm and RISC-V: how much a processor gets done, 1024 the most
/// (`Documentation/devicetree/bindings/cpu/cpu-capacity.txt`). `None` where the kernel has no
/// capacities.
fn by_capacity(base: &Dir<'_>, topology: &Topology, notes: &mut Notes) -> Option<Vec<CoreKind>> {
    let mut capacities: BTreeMap<u32, CpuSet> = BTreeMap::new();
    for leader in topology.leaders() {
        let capacity = base.number::<u32>(&format!("cpu{leader}/cpu_capacity"));
        if capacity == Err(Fault::Absent) && capacities.is_empty() {
            return None;
        }
        if let Some(capacity) = notes.keep("core_kinds", "cpu_capacity", capacity) {
            let set = capacities.entry(capacity).or_default();
            set.insert(leader);
        }
    }
    if capacities.len() < 2 {
        return Some(Vec::new());
    }
    for set in capacities.values_mut() {
        let leaders = set.clone();
        for core in &topology.core_sets {
            if is_of(core, &leaders) {
                set.extend(core);
            }
        }
    }
    let fastest_first = capacities.iter().rev();
    Some(
        fastest_first
            .map(|(capacity, cpus)| kind(capacity.to_string(), cpus, topology))
            .collect(),
    )
}

fn kind(name: String, cpus: &CpuSet, topology: &topology::Topology) -> CoreKind {
    let cores = topology.core_sets.iter().filter(|core| is_of(core, cpus));
    CoreKind {
        name,
        cpus: cpus.to_string(),
        cores: u32::try_from(cores.count()).ok().filter(|cores| *cores > 0),
        threads: count(cpus),
    }
}

fn is_of(core: &CpuSet, cpus: &CpuSet) -> bool {
    core.iter().next().is_some_and(|first| cpus.contains(first))
}
