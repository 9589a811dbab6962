use std::fs;
use std::path::Path;

use super::*;
use crate::parse::smbios::made;
use crate::{Options, Source};

fn write(root: &Path, files: &[(&str, &[u8])]) {
    for (name, content) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

fn found(files: &[(&str, &[u8])]) -> Found<Machine> {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), files);
    let source = Source::at_root(root.path()).unwrap();
    probe(&Context::new(&source, &Options::default()))
}

fn messages(found: &Found<Machine>) -> Vec<String> {
    let warnings = found.warnings.iter();
    warnings
        .map(|w| format!("{} {}: {}", w.probe, w.subject, w.message))
        .collect()
}

#[test]
fn tables_are_read_and_placeholders_are_said() {
    let table = [
        made::structure(0, 0, &[1, 2, 0, 0, 3], &["Maker", "1.0", "31.12.2020"]),
        made::structure(3, 3, &[1, 0x17, 0, 2, 0], &["Maker", "Default string"]),
    ]
    .concat();
    let entry = made::entry_3((3, 2), u32::try_from(table.len()).unwrap());
    let found = found(&[
        ("sys/firmware/dmi/tables/DMI", &table),
        ("sys/firmware/dmi/tables/smbios_entry_point", &entry),
    ]);
    assert_eq!(found.value.bios.version.as_deref(), Some("1.0"));
    assert_eq!(found.value.bios.date, None);
    assert_eq!(
        found.value.chassis.kind.as_deref(),
        Some("rack mount chassis")
    );
    assert_eq!(found.value.chassis.serial, None);
    assert_eq!(
        messages(&found),
        [
            "chassis chassis: serial: the firmware has only a placeholder: Default string",
            "bios bios: date: not mm/dd/yyyy: 31.12.2020",
        ]
    );
}

#[test]
fn damaged_tables_are_said() {
    let found = found(&[
        ("sys/firmware/dmi/tables/DMI", &[3, 2, 0, 0]),
        ("sys/firmware/dmi/tables/smbios_entry_point", b"_SM3_"),
    ]);
    assert_eq!(found.value, Machine::default());
    assert_eq!(found.warnings.len(), 2);
    assert!(
        found
            .warnings
            .iter()
            .all(|w| w.kind == WarningKind::Malformed)
    );
}

#[test]
fn the_kernels_excerpt_stands_in_and_a_container_says_whose_it_is() {
    let found = found(&[
        ("sys/class/dmi/id/sys_vendor", b"Maker\n"),
        (
            "sys/class/dmi/id/product_uuid",
            b"03000200-0400-0500-0006-000700080009\n",
        ),
        ("sys/class/dmi/id/chassis_type", b"23\n"),
        ("sys/class/dmi/id/bios_date", b"04/12/2021\n"),
        ("sys/class/dmi/id/bios_release", b"2.2\n"),
        (".dockerenv", b""),
    ]);
    assert_eq!(found.value.system.vendor.as_deref(), Some("Maker"));
    assert_eq!(found.value.system.uuid, None);
    assert_eq!(
        found.value.chassis.kind.as_deref(),
        Some("rack mount chassis")
    );
    assert_eq!(found.value.bios.date.as_deref(), Some("2021-04-12"));
    assert_eq!(found.value.bios.revision.as_deref(), Some("2.2"));
    let messages = messages(&found);
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages[0].contains("placeholder"));
    assert!(messages[1].starts_with("system container: these are the host's"));
}

#[test]
fn a_device_tree_stands_in() {
    let found = found(&[
        (
            "sys/firmware/devicetree/base/model",
            b"Raspberry Pi 4 Model B Rev 1.4\0",
        ),
        (
            "sys/firmware/devicetree/base/compatible",
            b"raspberrypi,4-model-b\0brcm,bcm2711\0",
        ),
        (
            "sys/firmware/devicetree/base/serial-number",
            b"10000000abcdef01\0",
        ),
    ]);
    let system = found.value.system;
    assert_eq!(system.vendor.as_deref(), Some("raspberrypi"));
    assert_eq!(
        system.product.as_deref(),
        Some("Raspberry Pi 4 Model B Rev 1.4")
    );
    assert_eq!(system.serial.as_deref(), Some("10000000abcdef01"));
    assert!(found.warnings.is_empty());
}

#[test]
fn power_and_s390_have_their_own() {
    let power = found(&[
        ("proc/device-tree/model", b"IBM,9009-42A\0"),
        ("proc/device-tree/system-id", b"IBM,027804A8A\0"),
    ]);
    assert_eq!(power.value.system.vendor.as_deref(), Some("IBM"));
    assert_eq!(power.value.system.product.as_deref(), Some("9009-42A"));
    assert_eq!(power.value.system.serial.as_deref(), Some("IBM,027804A8A"));
    let sysinfo = b"Manufacturer:         IBM             \nType:                 2817\n\
        Model:                721              M49             \n\
        Sequence Code:        0000000000089F25\n";
    let s390 = found(&[("proc/sysinfo", sysinfo)]).value.system;
    assert_eq!(s390.product.as_deref(), Some("2817"));
    assert_eq!(s390.version.as_deref(), Some("721 M49"));
    assert_eq!(s390.serial.as_deref(), Some("0000000000089F25"));
}

#[test]
fn a_machine_that_says_nothing_is_said() {
    let found = found(&[]);
    assert_eq!(found.value, Machine::default());
    assert_eq!(found.warnings[0].kind, WarningKind::Unsupported);
}

#[test]
fn an_ordinary_user_is_told_what_root_would_see() {
    use crate::source::{ATTRIBUTE_CAP, Recording, Request, TABLE_CAP};
    let mut recording = Recording::default();
    let tables = "sys/firmware/dmi/tables/DMI".to_owned();
    recording.keep(Request::Read(tables, TABLE_CAP), Err(Fault::Denied));
    let attribute = |name: &str| Request::Read(format!("sys/class/dmi/id/{name}"), ATTRIBUTE_CAP);
    recording.keep(attribute("sys_vendor"), Ok(b"Maker\n".to_vec()));
    for name in ["product_serial", "product_uuid", "board_serial"] {
        recording.keep(attribute(name), Err(Fault::Denied));
    }
    let source = Source::replay(recording);
    let found = probe(&Context::new(&source, &Options::default()));
    assert_eq!(found.value.system.vendor.as_deref(), Some("Maker"));
    assert!(found.warnings.iter().all(|w| w.kind == WarningKind::Denied));
    assert_eq!(
        messages(&found),
        [
            "system system: serial, uuid: permission denied; run as root to read it",
            "board board: serial: permission denied; run as root to read it",
        ]
    );
}
