//! Kinds of core on hybrid parts.

use std::collections::BTreeMap;

use muster_model::cpu::CoreKind;

use super::count;
use super::topology::Topology;
use crate::Fault;
use crate::notes::Notes;
use crate::parse::cpuinfo::Cpuinfo;
use crate::parse::cpulist::CpuSet;
use crate::source::{Dir, Source};

/// Performance monitoring units that Intel's hybrid parts have for each kind, fastest first
/// (`Documentation/admin-guide/perf` and `arch/x86/events/intel/core.c`).
const INTEL: [&str; 3] = ["cpu_core", "cpu_atom", "cpu_lowpower"];

/// The kinds, fastest first; none where all cores are alike.
///
/// Newer kernels have capacities on x86 too, but there they tell favoured cores of one kind apart.
pub(super) fn read(
    source: &Source,
    info: Option<&Cpuinfo>,
    base: &Dir<'_>,
    topology: &Topology,
    notes: &mut Notes,
) -> Vec<CoreKind> {
    match info.and_then(|info| info.architecture.as_deref()) {
        Some("x86_64" | "i686") => by_monitor(source, topology, notes),
        _ => by_capacity(base, topology, notes),
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
/// (`Documentation/devicetree/bindings/cpu/cpu-capacity.txt`).
fn by_capacity(base: &Dir<'_>, topology: &Topology, notes: &mut Notes) -> Vec<CoreKind> {
    let mut capacities: BTreeMap<u32, CpuSet> = BTreeMap::new();
    for leader in topology.leaders() {
        let capacity = base.number::<u32>(&format!("cpu{leader}/cpu_capacity"));
        if capacity == Err(Fault::Absent) && capacities.is_empty() {
            break;
        }
        if let Some(capacity) = notes.keep("core_kinds", "cpu_capacity", capacity) {
            let set = capacities.entry(capacity).or_default();
            set.insert(leader);
        }
    }
    if capacities.len() < 2 {
        return Vec::new();
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
    fastest_first
        .map(|(capacity, cpus)| kind(capacity.to_string(), cpus, topology))
        .collect()
}

fn kind(name: String, cpus: &CpuSet, topology: &Topology) -> CoreKind {
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
