use std::fs;
use std::path::Path;

use muster_model::cpu::CacheKind;
use tempfile::TempDir;

use super::*;
use crate::{Options, Source};

const CPU: &str = "sys/devices/system/cpu";
const X86: &str =
    "processor: 0\nvendor_id: GenuineIntel\nmodel name: Some CPU @ 2.00GHz\nflags: fpu lm\n";

fn write(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn read(root: &Path) -> Found<Cpu> {
    let source = Source::at_root(root).unwrap();
    probe(&Context::new(&source, &Options::default()))
}

/// Two packages of two cores of two threads; processor `n` and `n + 4` share a core; 3 is offline.
fn two_packages() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let at = root.path();
    write(at, "proc/cpuinfo", X86);
    write(at, &format!("{CPU}/present"), "0-7\n");
    write(at, &format!("{CPU}/online"), "0-2,4-7\n");
    write(at, &format!("{CPU}/isolated"), "6-7\n");
    write(at, &format!("{CPU}/vulnerabilities/l1tf"), "Not affected\n");
    for (cpu, core, package) in [
        (0, "0,4", "0-1,4-5"),
        (1, "1,5", "0-1,4-5"),
        (2, "2,6", "2,6-7"),
        (4, "0,4", "0-1,4-5"),
        (5, "1,5", "0-1,4-5"),
        (6, "2,6", "2,6-7"),
        (7, "7", "2,6-7"),
    ] {
        let of = |name: &str| format!("{CPU}/cpu{cpu}/{name}");
        write(at, &of("topology/core_cpus_list"), core);
        write(at, &of("topology/package_cpus_list"), package);
        cache(at, cpu, 0, ("1", "Data", "32K", core));
        cache(at, cpu, 1, ("2", "Unified", "1024K", core));
        cache(at, cpu, 2, ("3", "Unified", "32768K", package));
        let policy = format!("{CPU}/cpufreq/policy{cpu}");
        let highest = if cpu == 2 { "4100000" } else { "4000000" };
        write(at, &format!("{policy}/cpuinfo_max_freq"), highest);
        write(at, &format!("{policy}/cpuinfo_min_freq"), "800000\n");
        write(at, &format!("{policy}/base_frequency"), "2100000\n");
    }
    root
}

fn cache(root: &Path, cpu: usize, index: usize, facts: (&str, &str, &str, &str)) {
    let place = format!("{CPU}/cpu{cpu}/cache/index{index}");
    let (level, kind, size, shared) = facts;
    write(root, &format!("{place}/level"), level);
    write(root, &format!("{place}/type"), kind);
    write(root, &format!("{place}/size"), size);
    write(root, &format!("{place}/shared_cpu_list"), shared);
    write(root, &format!("{place}/coherency_line_size"), "64");
    write(root, &format!("{place}/ways_of_associativity"), "8");
}

#[test]
fn two_packages_with_one_thread_offline() {
    let root = two_packages();
    let found = read(root.path());
    assert_eq!(found.warnings, []);
    let cpu = found.value;
    assert_eq!((cpu.sockets, cpu.cores), (Some(2), Some(4)));
    assert_eq!((cpu.threads, cpu.online_threads), (Some(8), Some(7)));
    assert_eq!(cpu.threads_per_core, Some(2));
    assert_eq!(cpu.architecture.as_deref(), Some("x86_64"));
    assert_eq!(cpu.isolated_cpus.as_deref(), Some("6-7"));
    assert_eq!(cpu.vulnerabilities.get("l1tf").unwrap(), "Not affected");
    assert_eq!(cpu.frequency_mhz.min, Some(800.0));
    assert_eq!(cpu.frequency_mhz.base, Some(2100.0));
    assert_eq!(cpu.frequency_mhz.max, Some(4100.0));
    assert_eq!(cpu.core_kinds, []);
    let caches = cpu.caches.iter().map(|cache| {
        let shared = cache.shared_cpus.as_deref().unwrap();
        (
            cache.level,
            cache.kind.unwrap(),
            cache.size_bytes.unwrap(),
            cache.instances,
            shared,
        )
    });
    let rows: Vec<_> = caches.collect();
    assert_eq!(
        rows,
        [
            (1, CacheKind::Data, 32 << 10, Some(4), "0,4"),
            (2, CacheKind::Unified, 1 << 20, Some(4), "0,4"),
            (3, CacheKind::Unified, 32 << 20, Some(2), "0-1,4-5"),
        ]
    );
}

#[test]
fn absent() {
    let root = tempfile::tempdir().unwrap();
    let found = read(root.path());
    assert_eq!(found.value, Cpu::default());
    let subjects: Vec<_> = found
        .warnings
        .iter()
        .map(|w| (w.subject.as_str(), w.kind))
        .collect();
    assert_eq!(
        subjects,
        [
            ("cpuinfo", WarningKind::Absent),
            ("topology", WarningKind::Absent),
            ("architecture", WarningKind::Absent),
        ]
    );
}
