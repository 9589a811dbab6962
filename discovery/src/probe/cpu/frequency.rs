//! The clock range: `cpufreq` (`Documentation/admin-guide/pm/cpufreq.rst`), CPPC, or the name.

use std::collections::BTreeSet;

use muster_model::cpu::Frequency;

use super::topology::Topology;
use crate::Fault;
use crate::notes::Notes;
use crate::parse::cpuinfo::Cpuinfo;
use crate::source::Dir;

/// The lowest and highest clock of all processors.
pub(super) fn read(
    base: &Dir<'_>,
    topology: &Topology,
    info: Option<&Cpuinfo>,
    notes: &mut Notes,
) -> Frequency {
    let mut range = Frequency::default();
    // Favoured cores have a higher maximum, so each is asked for that; processors of one maximum
    // are of one kind, so one of them is asked for the rest.
    let mut kinds = BTreeSet::new();
    for place in places(base, topology) {
        let highest = mhz(base, &place, "cpuinfo_max_freq");
        if highest == Err(Fault::Absent) {
            break;
        }
        let Some(highest) = notes.keep("frequency", &place, highest) else {
            continue;
        };
        range.max = larger(range.max, Some(highest));
        if kinds.insert(highest.to_bits()) {
            let lowest = notes.keep("frequency", &place, mhz(base, &place, "cpuinfo_min_freq"));
            range.min = smaller(range.min, lowest);
            let rated = notes.keep("frequency", &place, mhz(base, &place, "base_frequency"));
            range.base = larger(range.base, rated);
        }
    }
    range.base = range
        .base
        .or_else(|| nominal(base, topology))
        .or_else(|| info.and_then(|info| info.base_mhz));
    range
}

/// The folders to read: a policy for each group of processors that change together, and, before
/// Linux 4.3, a folder in each processor's. Threads of a core are alike.
fn places(base: &Dir<'_>, topology: &Topology) -> Vec<String> {
    let mut policies: BTreeSet<usize> = base
        .list("cpufreq")
        .unwrap_or_default()
        .iter()
        .filter_map(|name| name.strip_prefix("policy")?.parse().ok())
        .collect();
    if policies.is_empty() {
        let leaders = topology.leaders().into_iter();
        return leaders.map(|cpu| format!("cpu{cpu}/cpufreq")).collect();
    }
    for core in &topology.core_sets {
        let mut threads = core.iter();
        if threads
            .next()
            .is_some_and(|first| policies.contains(&first))
        {
            for other in threads {
                policies.remove(&other);
            }
        }
    }
    policies
        .into_iter()
        .map(|number| format!("cpufreq/policy{number}"))
        .collect()
}

/// cpufreq counts in kHz; 0 is unknown.
fn mhz(base: &Dir<'_>, place: &str, name: &str) -> Result<f64, Fault> {
    match base.number::<u32>(&format!("{place}/{name}"))? {
        0 => Err(Fault::Unsupported(format!("{name} is 0"))),
        khz => Ok(f64::from(khz) / 1000.0),
    }
}

/// CPPC counts in MHz; 0 is unknown (ACPI 6.5, 8.4.6.1.1.7 "Nominal Frequency").
fn nominal(base: &Dir<'_>, topology: &Topology) -> Option<f64> {
    let cpu = topology.online.iter().next()?;
    let mhz = base.number::<u32>(&format!("cpu{cpu}/acpi_cppc/nominal_freq"));
    mhz.ok().filter(|mhz| *mhz > 0).map(f64::from)
}

fn larger(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(f64::max)
}

fn smaller(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(f64::min)
}
