//! Caches: `cpu*/cache/index*`, each instance read once.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use muster_model::cpu::Cache;

use super::topology::Topology;
use crate::Fault;
use crate::notes::Notes;
use crate::parse::cpuinfo::{Cpuinfo, caches};
use crate::parse::cpulist::CpuSet;
use crate::sets::{Form, SetFile};
use crate::source::Dir;

/// More than any processor has.
const INDEXES_CAP: usize = 32;
const SHARED: &[(&str, Form)] = &[
    ("shared_cpu_list", Form::List),
    ("shared_cpu_map", Form::Mask),
];

/// Reads every instance: of one processor of each set that shares it.
pub(super) fn read(
    base: &Dir<'_>,
    topology: &Topology,
    info: Option<&Cpuinfo>,
    notes: &mut Notes,
) -> Vec<Cache> {
    let mut reader = Reader {
        base,
        shared: SetFile::new(SHARED),
        shapes: BTreeMap::new(),
        covered: Vec::new(),
        rows: Vec::new(),
    };
    for cpu in topology.online.iter() {
        // The first cache of a processor is shared by no more processors than its others.
        let seen = reader.covered.first().is_some_and(|set| set.contains(cpu));
        if !seen && !reader.processor(cpu, notes) && reader.rows.is_empty() {
            break;
        }
    }
    let mut found: Vec<Cache> = reader.rows.into_iter().map(Row::finish).collect();
    add_told(&mut found, info);
    found.sort_by(|one, other| key(one).cmp(&key(other)));
    found
}

/// The instances of one shape.
struct Row {
    cache: Cache,
    instances: u32,
    covered: CpuSet,
}

impl Row {
    fn finish(self) -> Cache {
        Cache {
            instances: Some(self.instances),
            ..self.cache
        }
    }
}

struct Reader<'a> {
    base: &'a Dir<'a>,
    shared: SetFile,
    /// By index and size. Caches of one index and one size have been alike in level, kind, line and
    /// ways on every processor, so these are read once.
    shapes: BTreeMap<(usize, String), Option<Cache>>,
    /// By index, the processors whose cache is known.
    covered: Vec<CpuSet>,
    rows: Vec<Row>,
}

/// A cache as one processor sees it.
struct Place {
    cpu: usize,
    index: usize,
    path: String,
}

impl Reader<'_> {
    /// Reads the caches of one processor that are not known yet. Whether it has any.
    fn processor(&mut self, cpu: usize, notes: &mut Notes) -> bool {
        for index in 0..INDEXES_CAP {
            if self.covered.len() <= index {
                self.covered.push(CpuSet::default());
            }
            if self.covered.get(index).is_some_and(|set| set.contains(cpu)) {
                continue;
            }
            let path = format!("cpu{cpu}/cache/index{index}");
            let place = Place { cpu, index, path };
            let Some(shared) = self.shared(&place, notes) else {
                return index > 0;
            };
            if let Some(covered) = self.covered.get_mut(index) {
                covered.extend(&shared);
            }
            self.instance(&place, shared, notes);
        }
        true
    }

    /// Which processors share the cache; `None` where there is no such cache.
    fn shared(&self, place: &Place, notes: &mut Notes) -> Option<CpuSet> {
        let told = self.shared.read(self.base, &place.path);
        if told == Err(Fault::Absent) {
            let level = || self.base.read(&format!("{}/level", place.path));
            let is_unsaid = !self.shared.is_known() && level().is_ok();
            if !is_unsaid {
                return None;
            }
        }
        let mut set = notes.keep("caches", &place.path, told).unwrap_or_default();
        set.insert(place.cpu);
        Some(set)
    }

    fn instance(&mut self, place: &Place, shared: CpuSet, notes: &mut Notes) {
        let size = self.base.text(&format!("{}/size", place.path));
        let size = notes.keep("caches", &place.path, size).unwrap_or_default();
        let base = self.base;
        let shape = self
            .shapes
            .entry((place.index, size))
            .or_insert_with_key(|(_, size)| shape(base, &place.path, size, notes));
        let Some(shape) = shape else { return };
        let row = self.rows.iter_mut().find(|row| is_alike(&row.cache, shape));
        match row {
            Some(row) if row.covered.contains(place.cpu) => {}
            Some(row) => {
                row.covered.extend(&shared);
                row.instances += 1;
            }
            None => self.rows.push(Row {
                cache: Cache {
                    shared_cpus: Some(shared.to_string()),
                    ..shape.clone()
                },
                instances: 1,
                covered: shared,
            }),
        }
    }
}

fn shape(base: &Dir<'_>, place: &str, size: &str, notes: &mut Notes) -> Option<Cache> {
    let level = base.number(&format!("{place}/level"));
    let kind = base.text(&format!("{place}/type"));
    let line_size = base.number(&format!("{place}/coherency_line_size"));
    let ways = base.number(&format!("{place}/ways_of_associativity"));
    let kind = notes.keep("caches", place, kind);
    let line_size = notes.keep("caches", place, line_size);
    let ways = notes.keep("caches", place, ways);
    Some(Cache {
        level: notes.require("caches", place, level)?,
        kind: kind.and_then(|word| caches::kind(&word)),
        size_bytes: caches::size_bytes(size),
        line_size_bytes: line_size.filter(|bytes| *bytes > 0),
        ways: ways.filter(|ways| *ways > 0),
        ..Cache::default()
    })
}

fn is_alike(one: &Cache, other: &Cache) -> bool {
    (one.level, one.kind, one.size_bytes) == (other.level, other.kind, other.size_bytes)
        && (one.line_size_bytes, one.ways) == (other.line_size_bytes, other.ways)
}

/// Adds what only `/proc/cpuinfo` tells of; who shares those is not said.
fn add_told(found: &mut Vec<Cache>, info: Option<&Cpuinfo>) {
    let told = info.map(|info| info.caches.as_slice()).unwrap_or_default();
    for cache in told {
        let known = found
            .iter()
            .any(|known| (known.level, known.kind) == (cache.level, cache.kind));
        if !known {
            found.push(cache.clone());
        }
    }
}

/// Near ones first, and of a hybrid part the large ones first.
fn key(cache: &Cache) -> impl Ord + '_ {
    (
        cache.level,
        cache.kind,
        Reverse(cache.size_bytes),
        Reverse(cache.ways),
        &cache.shared_cpus,
    )
}
