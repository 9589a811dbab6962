//! Which processors there are, and which of them share a core and a package.

use crate::Fault;
use crate::notes::Notes;
use crate::parse::cpuinfo::Cpuinfo;
use crate::parse::cpulist::CpuSet;
use crate::sets::{Form, SetFile};
use crate::source::Dir;

/// Newest name first; the old names stay for ever, the masks came first of all.
const CORE: &[(&str, Form)] = &[
    ("topology/core_cpus_list", Form::List),
    ("topology/thread_siblings_list", Form::List),
    ("topology/core_cpus", Form::Mask),
    ("topology/thread_siblings", Form::Mask),
];
const PACKAGE: &[(&str, Form)] = &[
    ("topology/package_cpus_list", Form::List),
    ("topology/core_siblings_list", Form::List),
    ("topology/package_cpus", Form::Mask),
    ("topology/core_siblings", Form::Mask),
];

/// The processors and their groups.
pub(super) struct Topology {
    pub(super) present: CpuSet,
    pub(super) online: CpuSet,
    /// The online processors of each core.
    pub(super) core_sets: Vec<CpuSet>,
    packages: usize,
}

impl Topology {
    /// Reads it. The siblings of a processor are those of its siblings too, so one processor of
    /// each group is asked.
    pub(super) fn read(base: &Dir<'_>, info: Option<&Cpuinfo>, notes: &mut Notes) -> Self {
        let present = present(base, info, notes);
        let online = online(base, &present, notes);
        let core_sets = groups(base, &online, CORE, notes);
        // Sharing of packages is only looked for where the kernel told that of cores.
        let packages = match core_sets.is_empty() {
            true => 0,
            false => groups(base, &online, PACKAGE, notes).len(),
        };
        Self {
            present,
            online,
            core_sets,
            packages,
        }
    }

    pub(super) fn sockets(&self) -> Option<u32> {
        known(self.packages)
    }

    pub(super) fn cores(&self) -> Option<u32> {
        known(self.core_sets.len())
    }

    /// The most that any core has; a hybrid part has cores with fewer.
    pub(super) fn threads_per_core(&self) -> Option<u32> {
        known(self.core_sets.iter().map(CpuSet::len).max()?)
    }

    /// One processor of each core; all of them where nothing is known of cores.
    pub(super) fn leaders(&self) -> Vec<usize> {
        if self.core_sets.is_empty() {
            return self.online.iter().collect();
        }
        self.core_sets
            .iter()
            .filter_map(|core| core.iter().next())
            .collect()
    }
}

fn known(count: usize) -> Option<u32> {
    u32::try_from(count).ok().filter(|count| *count > 0)
}

fn present(base: &Dir<'_>, info: Option<&Cpuinfo>, notes: &mut Notes) -> CpuSet {
    let told = base
        .text("present")
        .and_then(|list| CpuSet::from_list(&list));
    let told = match told {
        Err(Fault::Absent) => base.list("").map(|names| numbered(&names)),
        told => told,
    };
    match told {
        Ok(set) if !set.is_empty() => set,
        told => {
            let told = told.and(Err(Fault::Absent));
            let _: Option<()> = notes.require("topology", "sys/devices/system/cpu", told);
            info.map(Cpuinfo::processors).unwrap_or_default()
        }
    }
}

fn numbered(names: &[String]) -> CpuSet {
    let mut set = CpuSet::default();
    for name in names {
        let number = name.strip_prefix("cpu").map(str::parse);
        if let Some(Ok(number)) = number {
            set.insert(number);
        }
    }
    set
}

/// A processor that cannot be switched off has no switch.
fn online(base: &Dir<'_>, present: &CpuSet, notes: &mut Notes) -> CpuSet {
    let told = base
        .text("online")
        .and_then(|list| CpuSet::from_list(&list));
    if let Some(set) = notes.keep("topology", "online processors", told) {
        return set;
    }
    let mut set = CpuSet::default();
    for cpu in present.iter() {
        if base.switch(&format!("cpu{cpu}/online")) != Ok(false) {
            set.insert(cpu);
        }
    }
    set
}

/// The distinct groups of the online processors. Where a kernel has none at all, the first
/// processor tells it.
fn groups(
    base: &Dir<'_>,
    online: &CpuSet,
    spellings: &'static [(&'static str, Form)],
    notes: &mut Notes,
) -> Vec<CpuSet> {
    let file = SetFile::new(spellings);
    let mut covered = CpuSet::default();
    let mut groups = Vec::new();
    for cpu in online.iter() {
        if covered.contains(cpu) {
            continue;
        }
        match file.read(base, &format!("cpu{cpu}")) {
            Ok(told) => {
                let mut group = told.within(online);
                group.insert(cpu);
                covered.extend(&group);
                groups.push(group);
            }
            Err(fault) => {
                let subject = format!("cpu{cpu}");
                let what = spellings.first().map_or("topology", |(name, _)| name);
                let _: Option<()> = notes.require(&subject, what, Err(fault));
                if !file.is_known() {
                    break;
                }
            }
        }
    }
    groups
}
