//! Caches where sysfs does not have them: shared ones on s390, all of them on sparc.

use muster_model::cpu::{Cache, CacheKind};

use super::Fields;

pub(super) fn parse(fields: &Fields<'_>) -> Vec<Cache> {
    let s390 = fields
        .starting("cache")
        .filter(|(key, _)| {
            key.strip_prefix("cache")
                .is_some_and(|digits| digits.parse::<u32>().is_ok())
        })
        .filter_map(|(_, value)| s390(value));
    s390.chain(SPARC.iter().filter_map(|names| sparc(fields, names)))
        .collect()
}

/// `level=3 type=Unified scope=Shared size=65536K line_size=256 associativity=16`
/// (`arch/s390/kernel/cache.c`). sysfs has those of private scope.
fn s390(line: &str) -> Option<Cache> {
    let value = |wanted: &str| {
        line.split_ascii_whitespace()
            .filter_map(|part| part.split_once('='))
            .find(|(key, _)| *key == wanted)
            .map(|(_, value)| value)
    };
    Some(Cache {
        level: value("level")?.parse().ok()?,
        kind: kind(value("type")?),
        size_bytes: value("size").and_then(size_bytes),
        line_size_bytes: value("line_size").and_then(|text| text.parse().ok()),
        ways: value("associativity").and_then(|text| text.parse().ok()),
        ..Cache::default()
    })
}

type SparcCache = (u32, CacheKind, &'static str, &'static str);

/// Level, kind, and the keys of size and line size, both in bytes
/// (`arch/sparc/kernel/cpu.c`).
const SPARC: &[SparcCache] = &[
    (1, CacheKind::Data, "l1 dcache size", "l1 dcache line size"),
    (
        1,
        CacheKind::Instruction,
        "l1 icache size",
        "l1 icache line size",
    ),
    (2, CacheKind::Unified, "l2 cache size", "l2 cache line size"),
    (3, CacheKind::Unified, "l3 cache size", "l3 cache line size"),
];

fn sparc(fields: &Fields<'_>, names: &SparcCache) -> Option<Cache> {
    let (level, kind, size, line_size) = *names;
    Some(Cache {
        level,
        kind: Some(kind),
        size_bytes: Some(fields.get(size)?.parse().ok()?),
        line_size_bytes: fields.get(line_size).and_then(|text| text.parse().ok()),
        ..Cache::default()
    })
}

/// The kernel's word in sysfs and here.
pub(crate) fn kind(word: &str) -> Option<CacheKind> {
    match word {
        "Data" => Some(CacheKind::Data),
        "Instruction" => Some(CacheKind::Instruction),
        "Unified" => Some(CacheKind::Unified),
        _ => None,
    }
}

/// Such as `32K` or `18432K`.
pub(crate) fn size_bytes(text: &str) -> Option<u64> {
    let (number, unit) = match text.as_bytes().last()? {
        b'K' => (text.get(..text.len() - 1)?, 1 << 10),
        b'M' => (text.get(..text.len() - 1)?, 1 << 20),
        b'G' => (text.get(..text.len() - 1)?, 1 << 30),
        _ => (text, 1),
    };
    let bytes = number.parse::<u64>().ok()?.checked_mul(unit)?;
    (bytes > 0).then_some(bytes)
}
