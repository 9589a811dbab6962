use std::fs;

use muster_model::Inventory;
use muster_model::disk::{Disk, Partition, Signature, VolumeGroup};
use muster_model::network::{Neighbour, NetworkInterface};
use serde_json::Value;

use super::{Scrubber, scrub, scrub_with_salt};
use crate::source::{Query, Recording, Request, Source};
use crate::{Options, discover};

const SALT: [u8; 32] = [7; 32];
const MAC: [u8; 6] = [0x52, 0x54, 0x00, 0xab, 0xcd, 0xef];
const UUID: &str = "4c4c4544-0042-3510-8052-b4c04f4e5931";

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn machine() -> Inventory {
    let mut inventory = Inventory::default();
    inventory.host.hostname = some("rack7-db3.corp.example");
    inventory.host.machine_id = some("0123456789abcdef0123456789abcdee");
    inventory.system.serial = some("J4B5Y1X");
    inventory.system.uuid = some(UUID);
    inventory.chassis.asset_tag = some("Tag 0042");
    inventory.bmc.ipv4 = some("10.20.30.40");
    inventory.network = vec![NetworkInterface {
        name: "eth0".to_owned(),
        mac: some("52:54:00:ab:cd:ef"),
        addresses: vec![
            "192.168.77.5/24".to_owned(),
            "2001:db8::5054:ff:feab:cdef/64".to_owned(),
        ],
        neighbour: Some(Neighbour {
            system_name: some("leaf-switch-12"),
            ..Neighbour::default()
        }),
        ..NetworkInterface::default()
    }];
    inventory.disks = vec![Disk {
        name: "sda".to_owned(),
        model: some("QEMU HARDDISK"),
        serial: some("WD-WCAV5A0001"),
        wwn: some("0x5000c500a1b2c3d4"),
        partitions: vec![Partition {
            kind: some("c12a7328-f81f-11d2-ba4b-00a0c93ec93b"),
            label: some("Payroll Data"),
            filesystem: Some(Signature {
                label: some("payroll"),
                uuid: some("7D1E-9F2A"),
                ..Signature::default()
            }),
            mount_points: vec!["/home/agnesia/books".to_owned()],
            ..Partition::default()
        }],
        ..Disk::default()
    }];
    inventory.volume_groups = vec![VolumeGroup {
        name: "vg_finance".to_owned(),
        ..VolumeGroup::default()
    }];
    inventory
}

/// Every original in every form in which it is planted below.
fn originals() -> Vec<Vec<u8>> {
    let mut originals: Vec<Vec<u8>> = [
        "rack7-db3",
        "corp.example",
        "0123456789abcdef",
        "J4B5Y1X",
        UUID,
        "Tag 0042",
        "Tag_0042",
        "10.20.30.40",
        "52:54:00:ab:cd:ef",
        "52-54-00-AB-CD-EF",
        "525400abcdef",
        "192.168.77.5",
        "feab:cdef",
        "leaf-switch-12",
        "WD-WCAV5A0001",
        "DWW-AC5V0A001",
        "5000c500a1b2c3d4",
        "Payroll",
        "payroll",
        "7D1E-9F2A",
        "agnesia",
        "vg_finance",
        "hunter2hunter2",
        "PF2SERIAL",
        "NVMESER1AL",
        "DIMM5ER1AL",
        "PCISER1AL9",
        "AA0011223344",
        "files.corp",
        "vault-user",
        "Service Tag 99",
        "6001405deadbeef0",
        "00112233445566778899aabbccddeeff",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    originals.push(MAC.to_vec());
    originals.push(vec![0x00, 0x42, 0x35, 0x10]);
    originals.push(vec![0x44, 0x45, 0x4c, 0x4c, 0x42, 0x00, 0x10, 0x35]);
    originals.push(vec![0x50, 0x00, 0xc5, 0x00, 0xa1, 0xb2, 0xc3, 0xd4]);
    originals.push(vec![8, 0, 2, 0, 192, 168, 77, 5]);
    originals.push(
        "J4B5Y1X"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect(),
    );
    originals
}

fn smbios() -> Vec<u8> {
    let uuid = [
        0x44, 0x45, 0x4c, 0x4c, 0x42, 0x00, 0x10, 0x35, 0x80, 0x52, 0xb4, 0xc0, 0x4f, 0x4e, 0x59,
        0x31,
    ];
    let mut table = vec![1, 0x1b, 1, 0, 1, 2, 0, 3];
    table.extend(uuid);
    table.extend([6, 0, 0]);
    table.extend(b"Maker Inc.\0PowerThing\0J4B5Y1X\0\0");
    let mut module = vec![0; 0x1c];
    module[0] = 17;
    module[1] = 0x1c;
    module[0x17] = 1;
    module[0x18] = 2;
    table.extend(module);
    table.extend(b"Samsung\0DIMM5ER1AL\0\0");
    table.extend([11, 5, 2, 0, 1]);
    table.extend(b"Service Tag 99\0\0");
    table.extend([127, 4, 3, 0, 0, 0]);
    table
}

fn ata() -> Vec<u8> {
    let mut plain = vec![0_u8; 512];
    plain[20..40].copy_from_slice(b"       WD-WCAV5A0001");
    plain[54..67].copy_from_slice(b"QEMU HARDDISK");
    plain[216..224].copy_from_slice(&[0x50, 0x00, 0xc5, 0x00, 0xa1, 0xb2, 0xc3, 0xd4]);
    let mut answer: Vec<u8> = plain
        .chunks(2)
        .flat_map(|pair| [pair[1], pair[0]])
        .collect();
    answer[510] = 0xa5;
    let sum = answer
        .iter()
        .fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    answer[511] = sum.wrapping_neg();
    answer
}

fn nvme() -> Vec<u8> {
    let mut answer = vec![0; 4096];
    answer[4..24].copy_from_slice(b"NVMESER1AL          ");
    answer[24..30].copy_from_slice(b"Model ");
    answer[768..794].copy_from_slice(b"nqn.2014.08:x NVMESER1AL\0\0");
    answer
}

fn netlink() -> (Vec<u8>, Vec<u8>) {
    let message = |kind: u16, fixed: usize, attributes: &[(u16, &[u8])]| {
        let mut body = vec![0; fixed];
        for (kind, value) in attributes {
            body.extend((u16::try_from(value.len()).unwrap() + 4).to_ne_bytes());
            body.extend(kind.to_ne_bytes());
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let mut message = (u32::try_from(body.len()).unwrap() + 16)
            .to_ne_bytes()
            .to_vec();
        message.extend(kind.to_ne_bytes());
        message.resize(16, 0);
        message.extend(body);
        message
    };
    let links = message(16, 16, &[(3, b"eth0\0"), (1, &MAC), (2, &[0xff; 6])]);
    let addresses = message(
        20,
        8,
        &[
            (1, &[192, 168, 77, 5]),
            (2, &[192, 168, 77, 5]),
            (4, &[192, 168, 77, 255]),
        ],
    );
    (links, addresses)
}

fn recording() -> Recording {
    let mut recording = Recording::default();
    let mut read = |path: &str, content: &[u8]| {
        recording.keep(
            Request::Read(path.to_owned(), 1 << 20),
            Ok(content.to_vec()),
        );
    };
    read("proc/sys/kernel/hostname", b"rack7-db3.corp.example\n");
    read("etc/machine-id", b"0123456789abcdef0123456789abcdee\n");
    read("proc/cmdline", b"root=UUID=00112233-4455-6677-8899-aabbccddeeff ip=10.9.8.7::10.9.8.1:255.255.255.0:rack7-db3:eth0 rootpw=hunter2hunter2 url=http://vault-user:x@files.corp.example/a quiet console=ttyS0\n");
    read(
        "proc/cpuinfo",
        b"processor\t: 0\nSerial\t\t: AA0011223344\n",
    );
    read("proc/self/mounts", b"files.corp.example:/export/agnesia /home/agnesia/books nfs4 rw,addr=10.20.30.40 0 0\n/dev/mapper/vg_finance-root / ext4 rw 0 0\n");
    read(
        "sys/class/net/enx525400abcdef/address",
        b"52:54:00:ab:cd:ef\n",
    );
    read("sys/class/dmi/id/product_serial", b"PF2SERIAL\n");
    read("sys/class/dmi/id/product_uuid", UUID.as_bytes());
    read("sys/class/dmi/id/chassis_asset_tag", b"Tag 0042\n");
    read("sys/firmware/dmi/tables/DMI", &smbios());
    read(
        "sys/firmware/efi/efivars/Loader-8be4df61-93ca-11d2-aa0d-00e098032b8c",
        &"J4B5Y1X"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<_>>(),
    );
    read(
        "sys/block/sda/device/vpd_pg80",
        b"\0\x80\0\x0dWD-WCAV5A0001",
    );
    read(
        "sys/block/sda/device/vpd_pg83",
        &[
            &[0, 0x83, 0, 12, 1, 3, 0, 8][..],
            &[0x50, 0x00, 0xc5, 0x00, 0xa1, 0xb2, 0xc3, 0xd4],
        ]
        .concat(),
    );
    read("sys/block/sda/wwid", b"naa.5000c500a1b2c3d4\n");
    read(
        "sys/block/sdb/wwid",
        b"naa.6001405deadbeef00112233445566778\n",
    );
    read("sys/block/sdc/serial", b"s1\n");
    read(
        "sys/devices/pci0/vpd",
        b"\x90\x10\x00SN\x0aPCISER1AL9RV\x01\x00",
    );
    read("run/udev/data/b8:1", b"S:disk/by-id/ata-QEMU_HARDDISK_WD-WCAV5A0001-part1\nS:disk/by-id/wwn-0x5000c500a1b2c3d4-part1\nE:ID_SERIAL=QEMU_HARDDISK_WD-WCAV5A0001\nE:ID_FS_LABEL=payroll\nE:ID_FS_UUID=7D1E-9F2A\nE:ID_PART_ENTRY_NAME=Payroll\\x20Data\nE:ID_PART_ENTRY_TYPE=c12a7328-f81f-11d2-ba4b-00a0c93ec93b\nE:ID_CHASSIS=Tag_0042\nE:DM_NAME=s1\n");
    read("etc/os-release", b"ID=debian\nVERSION_ID=\"12\"\n");
    let (links, addresses) = netlink();
    let mut ask = |query, answer: Vec<u8>| recording.keep(Request::Ask(query), Ok(answer));
    ask(Query::Links, links);
    ask(Query::Addresses, addresses);
    ask(
        Query::AtaIdentify {
            device: "sda".to_owned(),
        },
        ata(),
    );
    ask(
        Query::NvmeIdentify {
            device: "nvme0".to_owned(),
        },
        nvme(),
    );
    ask(
        Query::FileSystem {
            mount_point: "/home/agnesia/books".to_owned(),
        },
        b"1".to_vec(),
    );
    ask(
        Query::Uname,
        b"rack7-db3.corp.example\n6.1.0\nx86_64".to_vec(),
    );
    ask(
        Query::Ipmi {
            net_fn: 0x0c,
            command: 2,
            data: vec![1, 3, 0, 0],
        },
        vec![0, 0x11, 10, 20, 30, 40],
    );
    ask(
        Query::Ipmi {
            net_fn: 0x0c,
            command: 2,
            data: vec![1, 5, 0, 0],
        },
        [&[0, 0x11][..], &MAC].concat(),
    );
    let mut link = |path: &str, target: &str| {
        recording.keep(
            Request::Link(path.to_owned()),
            Ok(target.as_bytes().to_vec()),
        );
    };
    link(
        "sys/class/net/enx525400abcdef",
        "../../devices/virtual/net/enx525400abcdef",
    );
    link("dev/disk/by-label/payroll", "../../sda1");
    let names = b"ata-QEMU_HARDDISK_WD-WCAV5A0001\0wwn-0x5000c500a1b2c3d4\0";
    recording.keep(
        Request::List("dev/disk/by-id".to_owned()),
        Ok(names.to_vec()),
    );
    recording
}

fn read(recording: &Recording, path: &str) -> Vec<u8> {
    let request = Request::Read(path.to_owned(), 1 << 20);
    recording.answer(&request).expect("it is there")
}

#[test]
fn no_original_survives() {
    let (recording, inventory) = (recording(), machine());
    let plain = decompressed(&recording);
    let survivors = |archive: &[u8]| -> Vec<String> {
        let left = |it: &&Vec<u8>| archive.windows(it.len()).any(|window| window == *it);
        originals()
            .iter()
            .filter(left)
            .map(|it| String::from_utf8_lossy(it).into_owned())
            .collect()
    };
    assert!(
        survivors(&plain).len() > 30,
        "the originals are planted: {:?}",
        survivors(&plain)
    );
    let scrubbed = scrub(&recording, &inventory).expect("scrubbed");
    assert!(scrubbed.is_scrubbed());
    assert_eq!(scrubbed.len(), recording.len());
    assert_eq!(survivors(&decompressed(&scrubbed)), Vec::<String>::new());
    for ((_, before), (_, after)) in recording.iter().zip(scrubbed.iter()) {
        assert_eq!(before.as_ref().map(Vec::len), after.as_ref().map(Vec::len));
    }
}

fn decompressed(recording: &Recording) -> Vec<u8> {
    let mut file = Vec::new();
    crate::capture::write(recording, &mut file).expect("written");
    zstd::decode_all(file.as_slice()).expect("decompressed")
}

#[test]
fn an_original_has_one_pseudonym_everywhere() {
    let (recording, inventory) = (recording(), machine());
    let scrubbed = scrub_with_salt(&recording, &inventory, SALT);
    assert_eq!(scrub_with_salt(&recording, &inventory, SALT), scrubbed);
    assert_ne!(scrub_with_salt(&recording, &inventory, [8; 32]), scrubbed);
    let scrubber = Scrubber::new(&recording, &inventory, SALT);
    let text = |original: &str| scrubber.needles.replace_text(original);

    let mac = text("52:54:00:ab:cd:ef");
    assert!(mac.starts_with("52:54:00:"));
    let path = text("sys/class/net/enx525400abcdef/address");
    assert_eq!(
        path,
        format!("sys/class/net/enx{}/address", mac.replace(':', ""))
    );
    assert_eq!(read(&scrubbed, &path), format!("{mac}\n").as_bytes());
    let links = scrubbed.answer(&Request::Ask(Query::Links)).expect("there");
    let binary: String = links[48..54]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(binary, mac.replace(':', ""));

    let serial = text("WD-WCAV5A0001");
    let by_id = Request::List("dev/disk/by-id".to_owned());
    let by_id = String::from_utf8(scrubbed.answer(&by_id).expect("there")).expect("text");
    assert!(by_id.starts_with(&format!("ata-QEMU_HARDDISK_{serial}\0wwn-0x5000c50")));
    let identify = Query::AtaIdentify {
        device: "sda".to_owned(),
    };
    let identify = scrubbed.answer(&Request::Ask(identify)).expect("there");
    let plain: Vec<u8> = identify
        .chunks(2)
        .flat_map(|pair| [pair[1], pair[0]])
        .collect();
    assert_eq!(&plain[20..40], format!("{serial:>20}").as_bytes());
    assert_eq!(&plain[54..67], b"QEMU HARDDISK");
    assert_eq!(
        identify
            .iter()
            .fold(0_u8, |sum, byte| sum.wrapping_add(*byte)),
        0
    );

    let label = text("payroll");
    let partition = String::from_utf8(read(&scrubbed, "run/udev/data/b8:1")).expect("text");
    assert!(partition.contains(&format!("E:ID_FS_LABEL={label}\n")));
    assert!(partition.contains("E:ID_PART_ENTRY_TYPE=c12a7328-f81f-11d2-ba4b-00a0c93ec93b\n"));
    let link = Request::Link(format!("dev/disk/by-label/{label}"));
    assert_eq!(scrubbed.answer(&link), Ok(b"../../sda1".to_vec()));
    // Two characters, replaced where they are a whole value.
    assert_ne!(read(&scrubbed, "sys/block/sdc/serial"), b"s1\n");
    assert!(!partition.contains("DM_NAME=s1\n"));

    let addresses = scrubbed
        .answer(&Request::Ask(Query::Addresses))
        .expect("there");
    let address = text("192.168.77.5");
    assert_eq!(
        address,
        format!("192.168.{}.{}", addresses[30], addresses[31])
    );
    assert_eq!(addresses[44..48], [192, 168, addresses[30], 255]);
    assert_eq!(
        read(&scrubbed, "etc/os-release"),
        b"ID=debian\nVERSION_ID=\"12\"\n"
    );
    let line = String::from_utf8(read(&scrubbed, "proc/cmdline")).expect("text");
    assert!(
        line.ends_with(" quiet console=ttyS0\n") && line.contains(":255.255.255.0:"),
        "{line}"
    );
}

#[test]
fn a_common_name_does_not_take_facts_with_it() {
    let mut recording = Recording::default();
    let mut read_as = |path: &str, content: &str| {
        let request = Request::Read(path.to_owned(), 1 << 20);
        recording.keep(request, Ok(content.as_bytes().to_vec()));
    };
    read_as("proc/sys/kernel/hostname", "slackware\n");
    read_as("etc/os-release", "ID=slackware\n");
    read_as("proc/meminfo", "MemTotal: 1234567 kB\n");
    let mut inventory = Inventory::default();
    inventory.host.hostname = some("slackware");
    inventory.host.os.id = some("slackware");
    inventory.system.serial = some("12345");
    let scrubbed = scrub_with_salt(&recording, &inventory, SALT);
    assert_eq!(read(&scrubbed, "etc/os-release"), b"ID=slackware\n");
    assert_ne!(read(&scrubbed, "proc/sys/kernel/hostname"), b"slackware\n");
    assert_eq!(read(&scrubbed, "proc/meminfo"), b"MemTotal: 1234567 kB\n");
}

/// Every text of a document replaced, lists in a fixed order.
fn replaced(scrubber: &Scrubber, inventory: &Inventory) -> Value {
    fn sorted(value: Value) -> Value {
        match value {
            Value::Array(list) => {
                let mut list: Vec<Value> = list.into_iter().map(sorted).collect();
                list.sort_by_key(Value::to_string);
                Value::Array(list)
            }
            Value::Object(map) => map.into_iter().map(|(key, it)| (key, sorted(it))).collect(),
            other => other,
        }
    }
    let mut value = serde_json::to_value(inventory).expect("a document");
    value["source"] = Value::Null;
    // Part of it is replaced by its place: see `what_init_is_told_goes`.
    value["host"]["kernel"]["command_line"] = Value::Null;
    // Too short to be replaced in other places.
    if let Some(pseudonym) = value["host"]["hostname"]
        .as_str()
        .and_then(|it| scrubber.needles.alone(it))
    {
        value["host"]["hostname"] = pseudonym.into();
    }
    sorted(scrubber.value(value))
}

#[test]
fn a_scrubbed_recording_gives_the_scrubbed_inventory() {
    let folder = tempfile::tempdir().expect("a folder");
    for (request, answer) in recording().iter() {
        let Request::Read(path, _) = request else {
            continue;
        };
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, answer.as_ref().expect("content")).expect("made");
    }
    let live = Source::live().expect("live");
    for source in [Source::at_root(folder.path()).expect("a root"), live] {
        let source = source.recorded();
        let found = discover(&source, &Options::default()).inventory;
        let recording = source.into_recording();
        let mut again = discover(&Source::replay(recording.clone()), &Options::default()).inventory;
        again.source = found.source;
        assert_eq!(again, found, "a replay is exact");
        let scrubber = Scrubber::new(&recording, &found, SALT);
        let scrubbed = scrub_with_salt(&recording, &found, SALT);
        let pseudonymous = discover(&Source::replay(scrubbed), &Options::default()).inventory;
        let nothing = Scrubber::new(&Recording::default(), &Inventory::default(), SALT);
        assert_eq!(
            replaced(&nothing, &pseudonymous),
            replaced(&scrubber, &found)
        );
    }
}

#[test]
fn what_init_is_told_goes() {
    let mut recording = Source::live()
        .expect("a machine")
        .recorded()
        .into_recording();
    let line = "quiet rdinit=/site_agent console=ttyS0 -- --listen 10.1.2.3:2024 --auth-required\n";
    let request = Request::Read("proc/cmdline".to_owned(), 1 << 20);
    recording.keep(request, Ok(line.as_bytes().to_vec()));

    let scrubbed = scrub_with_salt(&recording, &Inventory::default(), SALT);
    let after = String::from_utf8(read(&scrubbed, "proc/cmdline")).expect("text");

    assert_eq!(after.len(), line.len());
    assert!(after.starts_with("quiet rdinit=/"), "{after}");
    assert!(after.contains(" console=ttyS0 -- --"), "{after}");
    for word in ["site_agent", "listen", "10.1.2.3", "2024", "auth"] {
        assert!(!after.contains(word), "{word} survives in {after}");
    }
}

#[test]
fn names_in_the_table_of_mounts_go() {
    let mut recording = Source::live()
        .expect("a machine")
        .recorded()
        .into_recording();
    let mounts = "20 1 0:30 / /run rw - tmpfs tmpfs rw\n21 1 0:31 / /x rw - tmpfs site_scratch rw\n\
        22 1 8:1 /tmp/site_tree /usr rw - ext4 /dev/sda1 rw\n\
        23 1 8:1 /var/lib/docker/containers/\
        97dcf1e4b2f04a01a9c5d1f6d0d9a9bb97dcf1e4b2f04a01a9c5d1f6d0d9a9bb/hosts /etc/hosts rw - ext4 /dev/sda1 rw\n";
    let request = Request::Read("proc/self/mountinfo".to_owned(), 1 << 20);
    recording.keep(request, Ok(mounts.as_bytes().to_vec()));

    let scrubbed = scrub_with_salt(&recording, &Inventory::default(), SALT);
    let after = String::from_utf8(read(&scrubbed, "proc/self/mountinfo")).expect("text");

    assert!(after.contains("/run rw - tmpfs tmpfs rw"), "{after}");
    assert!(after.contains("/usr rw - ext4 /dev/sda1 rw"), "{after}");
    for name in ["site_scratch", "site_tree", "97dcf1e4"] {
        assert!(!after.contains(name), "{name} survives in {after}");
    }
}
