use std::fs;

use super::*;
use crate::Options;
use crate::parse::smbios::made;

fn found(files: &[(&str, &[u8])]) -> Found<Memory> {
    let root = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let source = Source::at_root(root.path()).unwrap();
    probe(&Context::new(&source, &Options::default()))
}

fn messages(found: &Found<Memory>) -> Vec<String> {
    let warnings = found.warnings.iter();
    warnings
        .map(|w| format!("{}: {}", w.subject, w.message))
        .collect()
}

#[test]
fn all_of_it() {
    let strings = &["A1", "Bank 0", "Maker", "S1", "Dimm0_AssetTag", "P1"];
    let mut flash = made::array(3, 1, 16384);
    flash[5] = 5;
    let table = [
        made::array(1, 8, 1 << 28),
        made::array(2, 8, 1 << 28),
        flash,
        made::dimm(1, 0x7fff, 65536, strings),
        made::dimm(1, 0, 0, strings),
        made::dimm(2, 0x7fff, 65536, strings),
        made::dimm(3, 16, 0, strings),
    ]
    .concat();
    let entry = made::entry_3((3, 2), u32::try_from(table.len()).unwrap());
    let found = found(&[
        ("sys/firmware/dmi/tables/DMI", &table),
        ("sys/firmware/dmi/tables/smbios_entry_point", &entry),
        (
            "proc/meminfo",
            b"MemTotal: 1000 kB\nMemAvailable: 10 kB\nSwapTotal: 0 kB\n",
        ),
        (
            "sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages",
            b"0\n",
        ),
        (
            "sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages",
            b"0\n",
        ),
        (
            "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
            b"4\n",
        ),
        (
            "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages",
            b"3\n",
        ),
        ("sys/devices/system/edac/mc/mc0/ce_count", b"1\n"),
        ("sys/devices/system/edac/mc/mc0/ue_count", b"0\n"),
        ("sys/devices/system/edac/mc/mc1/ce_count", b"2\n"),
        ("sys/devices/system/edac/mc/mc1/ue_count", b"0\n"),
        ("sys/devices/system/edac/mc/power/control", b"auto\n"),
    ]);
    let memory = &found.value;
    assert_eq!(
        (memory.total_bytes, memory.swap_total_bytes),
        (Some(1_024_000), Some(0))
    );
    assert_eq!(
        (memory.slots, memory.max_capacity_bytes),
        (Some(16), Some(512 << 30))
    );
    assert_eq!(memory.ecc.kind.as_deref(), Some("multi_bit"));
    assert_eq!(memory.ecc.correctable_errors, Some(3));
    assert_eq!(memory.ecc.uncorrectable_errors, Some(0));
    let sizes: Vec<_> = memory
        .hugepages
        .iter()
        .map(|p| (p.size_bytes, p.total))
        .collect();
    assert_eq!(sizes, [(2 << 20, Some(4)), (1 << 30, Some(0))]);
    assert_eq!(memory.modules.len(), 2);
    assert_eq!(memory.modules[0].size_bytes, Some(64 << 30));
    assert_eq!(memory.modules[0].kind.as_deref(), Some("DDR5"));
    assert_eq!(memory.modules[0].serial.as_deref(), Some("S1"));
    assert_eq!(memory.modules[0].asset_tag, None);
    assert_eq!(
        messages(&found),
        [
            "modules: asset_tag: the firmware has only a placeholder for 2 of 2 modules: Dimm0_AssetTag"
        ]
    );
}

#[test]
fn nothing_there() {
    let found = found(&[]);
    assert_eq!(found.value, Memory::default());
    let messages = messages(&found);
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages[0].starts_with("meminfo: proc/meminfo: not there"));
    assert!(messages[1].contains("no SMBIOS tables"));
}

#[test]
fn malformed_parts_cost_themselves_only() {
    let table = [made::array(1, 8, 1 << 20), vec![17, 2, 0, 0]].concat();
    let entry = made::entry_3((3, 2), u32::try_from(table.len()).unwrap());
    let found = found(&[
        ("sys/firmware/dmi/tables/DMI", &table),
        ("sys/firmware/dmi/tables/smbios_entry_point", &entry),
        ("proc/meminfo", b"MemTotal: lots\n"),
        (
            "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
            b"many\n",
        ),
        (
            "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages",
            b"0\n",
        ),
        ("sys/devices/system/edac/mc/mc0/ce_count", b"\xff\n"),
        ("sys/devices/system/edac/mc/mc0/ue_count", b"7\n"),
    ]);
    assert_eq!(found.value.slots, Some(8));
    assert_eq!(found.value.hugepages[0].total, None);
    assert_eq!(found.value.hugepages[0].free, Some(0));
    assert_eq!(found.value.ecc.correctable_errors, None);
    assert_eq!(found.value.ecc.uncorrectable_errors, Some(7));
    let kinds = found.warnings.iter().map(|w| w.kind);
    assert_eq!(
        kinds.filter(|kind| *kind == WarningKind::Malformed).count(),
        4
    );
}

#[test]
fn errors_that_nobody_counts_are_said() {
    let table = made::array(1, 8, 1 << 20);
    let entry = made::entry_3((3, 2), u32::try_from(table.len()).unwrap());
    let found = found(&[
        ("sys/firmware/dmi/tables/DMI", &table),
        ("sys/firmware/dmi/tables/smbios_entry_point", &entry),
        ("proc/meminfo", b"MemTotal: 9 kB\nMemAvailable: 1 kB\n"),
    ]);
    assert!(messages(&found)[0].contains("no EDAC driver"));
}

#[test]
fn an_ordinary_user_is_told_what_root_would_see() {
    use crate::source::{Recording, Request, TABLE_CAP};
    let mut recording = Recording::default();
    let tables = "sys/firmware/dmi/tables/DMI".to_owned();
    recording.keep(Request::Read(tables, TABLE_CAP), Err(Fault::Denied));
    let source = Source::replay(recording);
    let found = probe(&Context::new(&source, &Options::default()));
    let kinds: Vec<_> = found.warnings.iter().map(|warning| warning.kind).collect();
    assert_eq!(kinds, [WarningKind::Denied]);
}
