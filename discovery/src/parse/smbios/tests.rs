use super::controller::Controller;
use super::*;
use crate::parse::placeholder::Screened;

fn read(structures: &[Vec<u8>]) -> Smbios {
    let table = structures.concat();
    let entry = made::entry_3((3, 7), u32::try_from(table.len()).unwrap());
    Smbios::parse(&entry, table)
}

fn value(text: &str) -> Screened {
    Screened::Value(text.to_owned())
}

#[test]
fn the_machine_is_read() {
    let mut system = vec![1, 2, 0, 3];
    system.extend((0..16u8).map(|byte| byte * 7 + 3));
    system.extend([6, 4, 0]);
    let mut bios = vec![1, 2, 0, 0xf0, 3, 0x0f];
    bios.extend([0; 10]);
    bios.extend([3, 11, 0xff, 0xff]);
    let smbios = read(&[
        made::structure(0, 0, &bios, &["Maker", "1.2a", "02/30/2024"]),
        made::structure(
            1,
            1,
            &system,
            &["Maker", "Box 3", "S-1  ", "Default string"],
        ),
        made::structure(3, 3, &[1, 0x97, 0, 2, 3], &["Maker", "C-9", "T-1"]),
        made::structure(127, 4, &[], &[]),
    ]);
    assert_eq!(smbios.faults, Vec::<String>::new());
    let firmware = smbios.firmware().unwrap();
    assert_eq!(firmware.version, value("1.2a"));
    assert_eq!(firmware.revision.as_deref(), Some("3.11"));
    let identity = smbios.identity().unwrap();
    assert_eq!(identity.serial, value("S-1"));
    assert_eq!(identity.uuid, value("18110a03-261f-342d-3b42-4950575e656c"));
    assert_eq!(identity.sku, Screened::Placeholder("Default string".into()));
    assert_eq!(identity.family, Screened::Empty);
    let enclosure = smbios.enclosure().unwrap();
    assert_eq!(enclosure.kind, Some("rack mount chassis"));
    assert_eq!(enclosure.asset_tag, value("T-1"));
}

#[test]
fn a_uuid_of_before_version_2_6_is_big_endian_throughout() {
    let mut system = vec![0; 4];
    system.extend((0..16u8).map(|byte| byte * 7 + 3));
    let table = made::structure(1, 1, &system, &[]);
    let entry = made::entry_2((2, 5), u16::try_from(table.len()).unwrap(), 1);
    let identity = Smbios::parse(&entry, table).identity().unwrap();
    assert_eq!(identity.uuid, value("030a1118-1f26-2d34-3b42-4950575e656c"));
}

#[test]
fn of_several_boards_the_motherboard_is_taken() {
    let board = |handle, features, kind| {
        let body = [1, 2, 0, 3, 0, features, 0, 0, 0, kind, 0];
        let product = format!("B{handle}");
        made::structure(2, handle, &body, &["Maker", &product, "S"])
    };
    let product = |smbios: &Smbios| smbios.baseboard().unwrap().product;
    assert_eq!(
        product(&read(&[board(1, 1, 0x0b), board(2, 0, 0x0a)])),
        value("B2")
    );
    assert_eq!(
        product(&read(&[board(1, 0, 0x0b), board(2, 1, 0x07)])),
        value("B2")
    );
    assert_eq!(
        product(&read(&[board(1, 0, 0x0b), board(2, 0, 0x07)])),
        value("B1")
    );
    assert_eq!(read(&[]).baseboard(), None);
}

#[test]
fn sizes_of_memory_in_every_form() {
    let strings = &["A1", "B", "Maker", "S", "T", "P"];
    let sizes = [
        made::dimm(1, 16384, 0, strings),
        made::dimm(1, 0x7fff, 65536, strings),
        made::dimm(1, 0x7fff, 0x8000_0000 | 131_072, strings),
        made::dimm(1, 0x8000 | 512, 0, strings),
        made::dimm(1, 0, 0, strings),
        made::dimm(1, 0xffff, 0, strings),
        made::dimm(1, 0x7fff, 0, strings),
    ];
    let devices: Vec<Device> = read(&sizes).memory_devices().collect();
    let found: Vec<Size> = devices.iter().map(|device| device.size).collect();
    let expected = [
        Size::Bytes(16 << 30),
        Size::Bytes(64 << 30),
        Size::Bytes(128 << 30),
        Size::Bytes(512 << 10),
        Size::Empty,
        Size::Unknown,
        Size::Unknown,
    ];
    assert_eq!(found, expected);
    let first = &devices[0];
    assert_eq!(
        (first.kind, first.form_factor),
        (Some("DDR5"), Some("DIMM"))
    );
    assert_eq!(
        (first.speed_mts, first.configured_mts),
        (Some(4800), Some(4400))
    );
    assert_eq!((first.rank, first.voltage_mv), (Some(2), Some(1100)));
    assert_eq!(first.part_number, value("P"));
}

#[test]
fn capacity_of_an_array_may_be_extended() {
    let mut extended = made::array(1, 32, 0x8000_0000);
    extended[15..23].copy_from_slice(&(8u64 << 40).to_le_bytes());
    let smbios = read(&[extended, made::array(2, 4, 0)]);
    let capacities: Vec<_> = smbios
        .memory_arrays()
        .map(|a| a.max_capacity_bytes)
        .collect();
    assert_eq!(capacities, [Some(8 << 40), None]);
}

#[test]
fn a_broken_table_gives_what_stands_before_the_break() {
    let good = made::array(1, 8, 1 << 20);
    let cases: [(&[u8], &str); 4] = [
        (&[17, 3, 0, 0, 0, 0], "less than its header"),
        (&[17, 0, 0, 0, 0, 0], "less than its header"),
        (&[17, 40, 0, 0, 1, 2], "within the structure"),
        (&[17, 40], "within the header"),
    ];
    for (rest, expected) in cases {
        let smbios = read(&[good.clone(), rest.to_vec()]);
        assert_eq!(smbios.memory_arrays().count(), 1, "{expected}");
        assert!(smbios.faults[0].contains(expected), "{:?}", smbios.faults);
    }
}

#[test]
fn a_last_structure_without_its_end_is_kept() {
    let mut last = made::structure(38, 2, &[1, 0x20], &["x"]);
    last.pop();
    let smbios = read(&[made::array(1, 8, 1 << 20), last]);
    assert_eq!(smbios.controller().unwrap().interface, Some("kcs"));
    assert!(smbios.faults.is_empty());
}

#[test]
fn what_follows_the_end_or_the_announced_size_is_not_read() {
    let end = made::structure(127, 9, &[], &[]);
    let smbios = read(&[end, made::array(1, 8, 1 << 20)]);
    assert_eq!(smbios.memory_arrays().count(), 0);
    let table = [made::array(1, 8, 1), made::array(2, 8, 1)].concat();
    let half = u32::try_from(table.len() / 2).unwrap();
    let smbios = Smbios::parse(&made::entry_3((3, 0), half), table.clone());
    assert_eq!(smbios.memory_arrays().count(), 1);
    let two = Smbios::parse(&made::entry_2((2, 8), 900, 7), table);
    assert_eq!(two.memory_arrays().count(), 2);
    assert_eq!(two.faults.len(), 2);
}

#[test]
fn without_an_entry_point_the_table_still_counts() {
    let smbios = Smbios::parse(b"", made::array(1, 8, 1 << 20));
    assert_eq!(smbios.memory_arrays().count(), 1);
    assert!(smbios.faults[0].contains("anchor"));
    assert_eq!(Smbios::parse(b"", vec![0; 64]).spans.len(), 0);
}

#[test]
fn a_redfish_interface_is_a_controller_too() {
    let smbios = read(&[made::structure(42, 1, &[0x40, 0, 0], &[])]);
    assert_eq!(smbios.controller(), Some(Controller { interface: None }));
    let smbios = read(&[made::structure(42, 1, &[0x02, 0, 0], &[])]);
    assert_eq!(smbios.controller(), None);
}

#[test]
fn dates_become_iso() {
    assert_eq!(iso_date("03/24/2014").as_deref(), Some("2014-03-24"));
    assert_eq!(iso_date("4/1/2014").as_deref(), Some("2014-04-01"));
    assert_eq!(iso_date("12/31/99").as_deref(), Some("1999-12-31"));
    assert_eq!(iso_date("01/02/05").as_deref(), Some("2005-01-02"));
    for wrong in [
        "",
        "2014-03-24",
        "13/01/2014",
        "1/2",
        "a/b/c",
        "1/2/20145",
        "01/01/+999",
    ] {
        assert_eq!(iso_date(wrong), None, "{wrong}");
    }
}
