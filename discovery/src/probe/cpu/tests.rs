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

#[test]
fn malformed_files_cost_their_own_field() {
    let root = two_packages();
    let at = root.path();
    write(
        at,
        "proc/cpuinfo",
        b"vendor_id: GenuineIntel\nmodel name: \xff\xfe\nflags: lm\nmodel: 7\n",
    );
    write(at, &format!("{CPU}/isolated"), "some\n");
    write(at, &format!("{CPU}/cpu1/topology/core_cpus_list"), "one");
    write(
        at,
        &format!("{CPU}/cpufreq/policy1/cpuinfo_max_freq"),
        vec![b'9'; 1 << 20],
    );
    write(at, &format!("{CPU}/cpu0/cache/index0/level"), "first");
    let shared = at.join(format!("{CPU}/cpu0/cache/index1/shared_cpu_list"));
    fs::remove_file(&shared).unwrap();
    fs::create_dir(&shared).unwrap();
    let fifo = at.join(format!("{CPU}/vulnerabilities/mds"));
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRUSR).unwrap();
    let found = read(at);
    let cpu = &found.value;
    assert_eq!(
        (cpu.model_name.as_deref(), cpu.model.as_deref()),
        (None, Some("7"))
    );
    assert_eq!(cpu.isolated_cpus, None);
    assert_eq!(
        cpu.cores,
        Some(4),
        "the thread beside it still tells of that core"
    );
    assert_eq!(cpu.frequency_mhz.max, Some(4100.0));
    assert_eq!(cpu.vulnerabilities.len(), 1);
    assert!(cpu.caches.iter().any(|cache| cache.level == 3));
    let mut subjects: Vec<&str> = found.warnings.iter().map(|w| w.subject.as_str()).collect();
    subjects.dedup();
    assert_eq!(
        subjects,
        [
            "cpuinfo",
            "cpu1",
            "caches",
            "vulnerabilities",
            "isolated",
            "frequency"
        ]
    );
    assert!(
        found
            .warnings
            .iter()
            .all(|w| w.kind == WarningKind::Malformed)
    );
}

#[test]
fn an_old_kernel_has_masks_and_switches() {
    let root = tempfile::tempdir().unwrap();
    let at = root.path();
    write(at, "proc/cpuinfo", X86);
    for cpu in 0..4 {
        write(
            at,
            &format!("{CPU}/cpu{cpu}/topology/thread_siblings"),
            format!("{:x}", 1 << cpu),
        );
        write(
            at,
            &format!("{CPU}/cpu{cpu}/topology/core_siblings"),
            "00000000,00000007",
        );
        write(at, &format!("{CPU}/cpu{cpu}/cache/index0/level"), "1");
        write(at, &format!("{CPU}/cpu{cpu}/cache/index0/size"), "16K");
        write(
            at,
            &format!("{CPU}/cpu{cpu}/cpufreq/cpuinfo_max_freq"),
            "2600000",
        );
    }
    write(at, &format!("{CPU}/cpu3/online"), "0\n");
    let found = read(at);
    assert_eq!(found.warnings, []);
    let cpu = found.value;
    assert_eq!((cpu.threads, cpu.online_threads), (Some(4), Some(3)));
    assert_eq!((cpu.sockets, cpu.cores), (Some(1), Some(3)));
    assert_eq!(cpu.frequency_mhz.max, Some(2600.0));
    assert_eq!(cpu.frequency_mhz.base, Some(2000.0), "by the name");
    assert_eq!(cpu.caches.first().unwrap().instances, Some(3));
}

#[test]
fn hybrid_intel() {
    let root = two_packages();
    let at = root.path();
    write(at, "sys/devices/cpu_core/cpus", "0,2,4,6");
    write(at, "sys/devices/cpu_atom/cpus", "1,5,7");
    // Favoured cores of one kind have capacities of their own.
    write(at, &format!("{CPU}/cpu0/cpu_capacity"), "1024");
    write(at, &format!("{CPU}/cpu2/cpu_capacity"), "1010");
    let kinds = read(at).value.core_kinds;
    let kinds: Vec<_> = kinds
        .iter()
        .map(|kind| {
            (
                kind.name.as_str(),
                kind.cpus.as_str(),
                kind.cores,
                kind.threads,
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            ("cpu_core", "0,2,4,6", Some(2), Some(4)),
            ("cpu_atom", "1,5,7", Some(2), Some(3)),
        ]
    );
}

#[test]
fn big_and_little() {
    let root = two_packages();
    let at = root.path();
    write(
        at,
        "proc/cpuinfo",
        "CPU implementer: 0x41\nCPU part: 0xd05\nFeatures: fp asimd\n",
    );
    for (cpu, capacity) in [(0, "446"), (1, "446"), (2, "1024"), (7, "1024")] {
        write(at, &format!("{CPU}/cpu{cpu}/cpu_capacity"), capacity);
    }
    let kinds = read(at).value.core_kinds;
    let names: Vec<_> = kinds
        .iter()
        .map(|k| (k.name.as_str(), k.cpus.as_str()))
        .collect();
    assert_eq!(names, [("1024", "2,6-7"), ("446", "0-1,4-5")]);
    for cpu in [2, 7] {
        write(at, &format!("{CPU}/cpu{cpu}/cpu_capacity"), "446");
    }
    assert_eq!(read(at).value.core_kinds, []);
}

#[test]
fn caches_that_only_cpuinfo_tells_of_have_no_count() {
    let root = two_packages();
    write(
        root.path(),
        "proc/cpuinfo",
        "vendor_id: IBM/S390\nfeatures: zarch\n\
         cache0: level=1 type=Data scope=Private size=32K line_size=256 associativity=8\n\
         cache1: level=4 type=Unified scope=Shared size=960M line_size=256 associativity=30\n",
    );
    let caches = read(root.path()).value.caches;
    assert_eq!(caches.len(), 4);
    let last = caches.last().unwrap();
    assert_eq!(
        (last.level, last.size_bytes, last.instances),
        (4, Some(960 << 20), None)
    );
}

/// A machine of `cores` cores of two threads, eight cores a package.
fn machine(cores: usize) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let at = root.path();
    let threads = cores * 2;
    write(at, "proc/cpuinfo", X86.repeat(threads));
    for list in ["present", "online"] {
        write(at, &format!("{CPU}/{list}"), format!("0-{}", threads - 1));
    }
    for cpu in 0..threads {
        let core = cpu % cores;
        let first = core / 8 * 8;
        let pair = format!("{core},{}", core + cores);
        let package = format!(
            "{first}-{},{}-{}",
            first + 7,
            first + cores,
            first + cores + 7
        );
        write(
            at,
            &format!("{CPU}/cpu{cpu}/topology/core_cpus_list"),
            &pair,
        );
        write(
            at,
            &format!("{CPU}/cpu{cpu}/topology/package_cpus_list"),
            &package,
        );
        cache(at, cpu, 0, ("1", "Data", "32K", &pair));
        cache(at, cpu, 1, ("3", "Unified", "32768K", &package));
        let policy = format!("{CPU}/cpufreq/policy{cpu}");
        write(at, &format!("{policy}/cpuinfo_max_freq"), "4000000");
    }
    root
}

#[test]
fn requests_grow_with_the_cores_and_no_faster() {
    let requests = |cores: usize| {
        let root = machine(cores);
        let source = Source::at_root(root.path()).unwrap().recorded();
        let found = probe(&Context::new(&source, &Options::default()));
        assert_eq!(found.value.cores, u32::try_from(cores).ok());
        assert_eq!(found.value.sockets, u32::try_from(cores / 8).ok());
        source.into_recording().iter().count()
    };
    let (few, many) = (requests(16), requests(128));
    assert!(
        many <= few * 8,
        "{few} requests for 16 cores, {many} for 128"
    );
    // Siblings, two of the first cache, its missing successor, clock; a package has three more.
    assert!(many < 128 * 6 + 64, "{many} requests for 128 cores");
}

proptest::proptest! {
    #[test]
    fn any_cpuinfo_and_lists_are_survived(
        content in proptest::collection::vec(proptest::num::u8::ANY, 0..1000),
        list in "[0-9,-]{0,12}",
    ) {
        use crate::source::{ATTRIBUTE_CAP, Recording, Request, TABLE_CAP};
        let mut recording = Recording::default();
        let mut keep = |path: &str, cap, content: &[u8]| {
            recording.keep(Request::Read(path.to_owned(), cap), Ok(content.to_vec()));
        };
        keep("proc/cpuinfo", TABLE_CAP, &content);
        for name in ["present", "online", "isolated", "cpu0/topology/core_cpus_list"] {
            keep(&format!("{CPU}/{name}"), ATTRIBUTE_CAP, list.as_bytes());
        }
        let source = Source::replay(recording);
        let _ = probe(&Context::new(&source, &Options::default()));
    }
}
