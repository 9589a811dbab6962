//! NUMA nodes: `/sys/devices/system/node` (`Documentation/ABI/stable/sysfs-devices-node`).

use muster_model::Found;
use muster_model::memory::{HugePages, NumaNode};

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::cpulist::CpuSet;
use crate::parse::meminfo;
use crate::sets::{Form, SetFile};
use crate::source::Dir;

const CPUS: &[(&str, Form)] = &[("cpulist", Form::List), ("cpumap", Form::Mask)];

/// Fills `numa`. A kernel without NUMA has no nodes, which is no fault.
pub(crate) fn probe(context: &Context<'_>) -> Found<Vec<NumaNode>> {
    let mut notes = Notes::new("numa");
    let base = context.source.dir("sys/devices/system/node");
    let cpus = SetFile::new(CPUS);
    let mut pools = None;
    let nodes = notes.keep("nodes", "online nodes", nodes(&base));
    let nodes = nodes.unwrap_or_default();
    let nodes = nodes
        .iter()
        .filter_map(|id| u32::try_from(id).ok())
        .map(|id| node(&base, id, &cpus, &mut pools, &mut notes))
        .collect();
    notes.with(nodes)
}

fn nodes(base: &Dir<'_>) -> Result<CpuSet, Fault> {
    match base.text("online") {
        Err(Fault::Absent) => {
            let names = base.list("")?;
            let mut set = CpuSet::default();
            for number in names.iter().filter_map(|name| name.strip_prefix("node")) {
                if let Ok(number) = number.parse() {
                    set.insert(number);
                }
            }
            Ok(set)
        }
        told => CpuSet::from_list(&told?),
    }
}

/// `pools` are the sizes of huge pages, which all nodes with memory have alike.
fn node(
    base: &Dir<'_>,
    id: u32,
    cpus: &SetFile,
    pools: &mut Option<Vec<String>>,
    notes: &mut Notes,
) -> NumaNode {
    let name = format!("node{id}");
    let folder = base.dir(&name);
    let cpus = notes.require(&name, "processors", cpus.read(base, &name));
    let memory = notes.keep(&name, "meminfo", folder.text("meminfo"));
    let memory = memory.as_deref().unwrap_or_default();
    let distances = folder.text("distance").and_then(|text| distances(&text));
    if pools.as_ref().is_none_or(Vec::is_empty) {
        *pools = notes.keep(&name, "hugepages", folder.list("hugepages"));
    }
    let pools = pools.as_deref().unwrap_or_default();
    let mut hugepages: Vec<HugePages> = pools
        .iter()
        .filter_map(|pool| huge_pages(&folder, pool, &name, notes))
        .collect();
    hugepages.sort_by_key(|pool| pool.size_bytes);
    NumaNode {
        id,
        cpus: cpus.map(|cpus| cpus.to_string()),
        memory_total_bytes: meminfo::bytes(memory, "MemTotal"),
        memory_free_bytes: meminfo::bytes(memory, "MemFree"),
        distances: notes.keep(&name, "distance", distances).unwrap_or_default(),
        hugepages,
    }
}

fn distances(text: &str) -> Result<Vec<u32>, Fault> {
    let numbers = text.split_ascii_whitespace().map(str::parse);
    numbers
        .collect::<Result<_, _>>()
        .map_err(|_| Fault::Malformed(format!("not a list of distances: {text:.40}")))
}

/// A folder such as `hugepages-2048kB`.
fn huge_pages(folder: &Dir<'_>, pool: &str, node: &str, notes: &mut Notes) -> Option<HugePages> {
    let size_bytes = meminfo::hugepage_size_bytes(pool)?;
    let total = match folder.number(&format!("hugepages/{pool}/nr_hugepages")) {
        // A node without memory has no pools.
        Err(Fault::Absent) => return None,
        total => notes.keep(node, pool, total),
    };
    let free = folder.number(&format!("hugepages/{pool}/free_hugepages"));
    Some(HugePages {
        size_bytes,
        total,
        free: notes.keep(node, pool, free),
    })
}
