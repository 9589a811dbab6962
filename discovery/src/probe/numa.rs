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

const NODES: &str = "sys/devices/system/node";

const CPUS: &[(&str, Form)] = &[("cpulist", Form::List), ("cpumap", Form::Mask)];

/// Fills `numa`. A kernel without NUMA has no nodes, which is no fault.
pub(crate) fn probe(context: &Context<'_>) -> Found<Vec<NumaNode>> {
    let mut notes = Notes::new("numa");
    let base = context.source.dir(NODES);
    let cpus = SetFile::new(CPUS);
    let mut pools = None;
    let nodes = notes.keep_list(context.source, NODES, nodes(&base));
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use muster_model::WarningKind;

    use super::*;
    use crate::{Options, Source};

    fn write(root: &Path, path: &str, content: impl AsRef<[u8]>) {
        let path = root.join("sys/devices/system/node").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn read(root: &Path) -> Found<Vec<NumaNode>> {
        let source = Source::at_root(root).unwrap();
        probe(&Context::new(&source, &Options::default()))
    }

    /// A node of processors and memory, and, after a gap, one of memory alone.
    fn two_nodes(root: &Path) {
        write(root, "online", "0,2\n");
        write(root, "node0/cpulist", "0-1,4\n");
        write(
            root,
            "node0/meminfo",
            "Node 0 MemTotal:  2048 kB\nNode 0 MemFree:  1024 kB\n",
        );
        write(root, "node0/distance", "10 21\n");
        write(
            root,
            "node0/hugepages/hugepages-1048576kB/nr_hugepages",
            "0\n",
        );
        write(root, "node0/hugepages/hugepages-2048kB/nr_hugepages", "8\n");
        write(
            root,
            "node0/hugepages/hugepages-2048kB/free_hugepages",
            "3\n",
        );
        write(root, "node2/cpulist", "\n");
        write(root, "node2/meminfo", "Node 2 MemTotal:  4096 kB\n");
        write(root, "node2/distance", "21 10\n");
    }

    #[test]
    fn two() {
        let root = tempfile::tempdir().unwrap();
        two_nodes(root.path());
        let found = read(root.path());
        assert_eq!(found.warnings, []);
        let [first, second] = found.value.as_slice() else {
            panic!("{:?}", found.value);
        };
        assert_eq!((first.id, first.cpus.as_deref()), (0, Some("0-1,4")));
        assert_eq!(first.memory_total_bytes, Some(2 << 20));
        assert_eq!(first.memory_free_bytes, Some(1 << 20));
        assert_eq!(first.distances, [10, 21]);
        let pools: Vec<_> = first
            .hugepages
            .iter()
            .map(|pool| (pool.size_bytes, pool.total, pool.free))
            .collect();
        assert_eq!(
            pools,
            [(2 << 20, Some(8), Some(3)), (1 << 30, Some(0), None)]
        );
        assert_eq!((second.id, second.cpus.as_deref()), (2, Some("")));
        assert_eq!(second.hugepages, []);
    }

    #[test]
    fn absent() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join(NODES)).unwrap();
        assert_eq!(read(root.path()), Found::default());
    }

    #[test]
    fn malformed() {
        let root = tempfile::tempdir().unwrap();
        two_nodes(root.path());
        write(root.path(), "node0/cpulist", "all");
        write(root.path(), "node0/distance", "near far");
        write(root.path(), "node2/meminfo", b"\xff\xff");
        let found = read(root.path());
        let told: Vec<_> = found
            .warnings
            .iter()
            .map(|warning| (warning.subject.as_str(), warning.kind))
            .collect();
        let malformed = |node| (node, WarningKind::Malformed);
        assert_eq!(told, ["node0", "node0", "node2"].map(malformed));
        let first = found.value.first().unwrap();
        assert_eq!((first.cpus.as_deref(), first.distances.len()), (None, 0));
        assert_eq!(first.memory_total_bytes, Some(2 << 20));
    }
}
