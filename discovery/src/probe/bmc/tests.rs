use std::fs;

use super::*;
use crate::parse::smbios::made;
use crate::source::{Recording, Source};
use crate::{Options, Query};

/// A recording of a machine with these answers and no others: the only kind of source but the
/// running machine that answers an IPMI request.
fn recorded(answers: Vec<(Request, Answer)>) -> Found<Bmc> {
    let mut recording = Recording::default();
    for (request, answer) in answers {
        recording.keep(request, answer);
    }
    let source = Source::replay(recording);
    probe(&Context::new(&source, &Options::default()))
}

fn at_root(files: &[(&str, &[u8])]) -> Found<Bmc> {
    let root = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let source = Source::at_root(root.path()).unwrap();
    probe(&Context::new(&source, &Options::default()))
}

fn device() -> (Request, Answer) {
    (Request::List(CLASS.to_owned()), Ok(b"ipmi0\0".to_vec()))
}

fn asked(query: Query, answer: &[u8]) -> (Request, Answer) {
    (Request::Ask(query), Ok(answer.to_vec()))
}

fn lan(channel: u8) -> Vec<(Request, Answer)> {
    let mut dynamic = vec![0, 0x11, 0, 2, 0x20, 1];
    dynamic.extend([0; 13]);
    dynamic.extend([9, 64, 0]);
    vec![
        asked(
            requests::get_lan(channel, Lan::Ipv4Address),
            &[0, 0x11, 192, 0, 2, 7],
        ),
        asked(
            requests::get_lan(channel, Lan::MacAddress),
            &[0, 0x11, 2, 0, 0, 0, 0, 7],
        ),
        asked(requests::get_lan(channel, Lan::Ipv6Static), &[0x80]),
        asked(requests::get_lan(channel, Lan::Ipv6Dynamic), &dynamic),
    ]
}

fn path(name: &str) -> Request {
    Request::Read(format!("{CLASS}/ipmi0/device/{name}"), ATTRIBUTE_CAP)
}

#[test]
fn a_controller_that_answers() {
    let mut answers = vec![
        device(),
        (path("type"), Ok(b"kcs\n".to_vec())),
        asked(requests::get_device_id(), &[0, 0x20, 1, 3, 0x45, 2]),
    ];
    answers.extend(lan(1));
    let found = recorded(answers);
    let expected = Bmc {
        present: Some(true),
        interface: Some("kcs".to_owned()),
        firmware: Some("3.45".to_owned()),
        ipv4: Some("192.0.2.7".to_owned()),
        ipv6: Some("2001::9".to_owned()),
        mac: Some("02:00:00:00:00:07".to_owned()),
    };
    assert_eq!(found.value, expected);
    assert_eq!(found.warnings, []);
}

#[test]
fn a_lan_on_another_channel_is_found() {
    let refused = [0xcc];
    let mut answers = vec![
        device(),
        asked(requests::get_device_id(), &[0, 0x20, 1, 3, 5, 2]),
    ];
    answers.push(asked(requests::get_lan(1, Lan::MacAddress), &refused));
    let channels = OTHER_CHANNELS.map(|channel| {
        let medium = if channel == 8 { 4 } else { 0x0c };
        asked(
            requests::get_channel_info(channel),
            &[0, channel, medium, 1],
        )
    });
    let mut none = answers.clone();
    answers.extend(channels);
    answers.extend(lan(8));
    let found = recorded(answers);
    assert_eq!(found.value.ipv4.as_deref(), Some("192.0.2.7"));
    assert_eq!(found.warnings, []);
    none.extend(OTHER_CHANNELS.map(|channel| asked(requests::get_channel_info(channel), &refused)));
    let none = recorded(none);
    assert_eq!(none.value.ipv4, None);
    assert!(none.warnings[0].message.contains("is a LAN"));
}

#[test]
fn no_channel_is_looked_for_in_vain() {
    let unknown = [0xc1];
    let first = vec![
        device(),
        (path("bmc/firmware_revision"), Ok(b"3.5\n".to_vec())),
        asked(requests::get_lan(1, Lan::MacAddress), &unknown),
    ];
    let without_lan = recorded(first.clone());
    assert!(without_lan.warnings[0].message.contains("is a LAN"));
    let second = vec![
        device(),
        asked(requests::get_device_id(), &[0, 0x20, 1, 3, 5, 2]),
        asked(requests::get_lan(1, Lan::MacAddress), &[0xcc]),
        asked(requests::get_channel_info(2), &unknown),
    ];
    assert_eq!(recorded(second.clone()).warnings, without_lan.warnings);
    // Silence is not the same as none.
    let mut silent = second;
    silent[3].1 = Err(Fault::TimedOut);
    let silent = recorded(silent);
    assert_eq!(silent.warnings[0].kind, WarningKind::TimedOut);
    assert_eq!(silent.warnings.len(), 1);
}

#[test]
fn an_ordinary_user_gets_what_the_kernel_tells_everybody() {
    let found = recorded(vec![
        device(),
        (path("type"), Ok(b"bt\n".to_vec())),
        (path("bmc/firmware_revision"), Ok(b"3.5\n".to_vec())),
        (
            Request::Ask(requests::get_lan(1, Lan::MacAddress)),
            Err(Fault::Denied),
        ),
    ]);
    assert_eq!(found.value.interface.as_deref(), Some("bt"));
    assert_eq!(found.value.firmware.as_deref(), Some("3.05"));
    assert_eq!(found.warnings.len(), 1);
    assert_eq!(found.warnings[0].kind, WarningKind::Denied);
    assert!(found.warnings[0].message.starts_with("addresses: "));
}

#[test]
fn a_controller_that_hangs_or_babbles_is_said_once() {
    for (answer, kind) in [
        (Err(Fault::TimedOut), WarningKind::TimedOut),
        (Ok(vec![0, 1]), WarningKind::Malformed),
    ] {
        let id = (Request::Ask(requests::get_device_id()), answer);
        let found = recorded(vec![device(), id]);
        assert_eq!(found.value.present, Some(true));
        let kinds: Vec<_> = found.warnings.iter().map(|warning| warning.kind).collect();
        assert_eq!(kinds, [kind]);
    }
}

#[test]
fn the_tables_know_of_one_without_a_driver() {
    let table = made::structure(38, 1, &[4, 0x20], &[]);
    let entry = made::entry_3((3, 0), u32::try_from(table.len()).unwrap());
    let found = at_root(&[
        ("sys/firmware/dmi/tables/DMI", &table),
        ("sys/firmware/dmi/tables/smbios_entry_point", &entry),
    ]);
    assert_eq!(found.value.present, Some(true));
    assert_eq!(found.value.interface.as_deref(), Some("ssif"));
    assert_eq!(found.warnings, []);
    let read = |name: &str, cap| Request::Read(format!("sys/firmware/dmi/tables/{name}"), cap);
    let live = recorded(vec![
        (Request::List(CLASS.to_owned()), Err(Fault::Absent)),
        (read("DMI", crate::source::TABLE_CAP), Ok(table)),
        (read("smbios_entry_point", ATTRIBUTE_CAP), Ok(entry)),
    ]);
    assert!(live.warnings[0].message.contains("modprobe"));
}

#[test]
fn whether_there_is_one_is_only_denied_where_it_can_be_known() {
    let table = made::structure(127, 1, &[], &[]);
    let none = at_root(&[("sys/firmware/dmi/tables/DMI", &table)]);
    assert_eq!(none.value.present, Some(false));
    let unknown = at_root(&[]);
    assert_eq!(unknown.value.present, None);
    assert_eq!(unknown.warnings[0].kind, WarningKind::Absent);
}
