use std::path::{Path, PathBuf};

use super::*;

/// What blkid 2.38 said of the images of which the windows are in `discovery/fixtures/signature`:
/// type, label, UUID.
const KNOWN: &[(&str, &str, Option<&str>, Option<&str>)] = &[
    (
        "bcache",
        "bcache",
        None,
        Some("003a79f7-5e3c-40d9-8ce3-366fc85ea9af"),
    ),
    (
        "btrfs",
        "btrfs",
        Some("pool"),
        Some("a9ad36f2-c8d7-479f-8036-f7f489f2d4dd"),
    ),
    ("exfat", "exfat", None, Some("EBC1-F951")),
    (
        "ext2",
        "ext2",
        Some("two"),
        Some("47c79c4c-e233-4195-880f-26ef10907bb1"),
    ),
    (
        "ext3",
        "ext3",
        None,
        Some("2718de56-6009-4863-aa86-9faf16ef5c62"),
    ),
    (
        "ext4",
        "ext4",
        Some("root fs"),
        Some("5cf554aa-c962-4c4d-9fef-849644bde86d"),
    ),
    (
        "iso9660",
        "iso9660",
        Some("CDLABEL"),
        Some("2026-11-21-10-57-34-00"),
    ),
    (
        "luks1",
        "crypto_LUKS",
        None,
        Some("ade5957c-8b1f-41c3-982c-5d93fd84520e"),
    ),
    (
        "luks2",
        "crypto_LUKS",
        Some("sec"),
        Some("2ac2244f-4891-4631-bfef-fae4754be4ce"),
    ),
    (
        "lvm",
        "LVM2_member",
        None,
        Some("vcavdC-qVfi-IX8A-3QD3-IygG-rEl4-1tPm3O"),
    ),
    ("ntfs", "ntfs", None, Some("41F104F55226B9E8")),
    ("squashfs", "squashfs", None, None),
    (
        "swap",
        "swap",
        Some("swp"),
        Some("aa759568-eba3-4050-b315-0e0b435c92fd"),
    ),
    ("vfat16", "vfat", None, Some("91E1-7111")),
    ("vfat32", "vfat", Some("EFI"), Some("91E0-EF9E")),
    (
        "xfs",
        "xfs",
        Some("data"),
        Some("fb7d7965-24a2-41b2-9d71-5e2fe727493f"),
    ),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/signature")
}

#[allow(clippy::disallowed_methods, reason = "the fixtures are not a host")]
fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("{name}.bin"))).unwrap()
}

/// Cuts the windows out of an image, as the running machine does of a disk.
fn windows_of(image: &[u8]) -> Vec<u8> {
    let read = |offset: u64, length: usize| {
        let from = usize::try_from(offset).unwrap();
        let rest = image.get(from..).unwrap_or_default();
        Ok::<_, ()>(rest.get(..length).unwrap_or(rest).to_vec())
    };
    collect(image.len() as u64, read).unwrap()
}

/// Makes the fixtures anew from images that mkfs and its like made: `MUSTER_IMAGES=FOLDER`.
#[allow(clippy::disallowed_methods, reason = "the images are not a host")]
fn make_fixtures_if_asked() {
    let Some(images) = std::env::var_os("MUSTER_IMAGES") else {
        return;
    };
    for image in std::fs::read_dir(images).unwrap() {
        let path = image.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let windows = windows_of(&std::fs::read(&path).unwrap());
        std::fs::write(folder().join(format!("{name}.bin")), windows).unwrap();
    }
}

#[test]
fn every_kind_as_blkid_has_it() {
    make_fixtures_if_asked();
    for (name, kind, label, uuid) in KNOWN {
        let signature = parse(&fixture(name)).unwrap().signature;
        let signature = signature.unwrap_or_else(|| panic!("{name}: nothing found"));
        assert_eq!(signature.kind.as_deref(), Some(*kind), "{name}");
        assert_eq!(signature.label.as_deref(), *label, "{name}");
        assert_eq!(signature.uuid.as_deref(), *uuid, "{name}");
    }
}

#[test]
fn windows_are_small() {
    for (name, ..) in KNOWN {
        assert!(fixture(name).len() <= 2048, "{name}");
    }
}

#[test]
fn nothing_that_opens_a_luks_volume_is_in_an_answer() {
    for name in ["luks1", "luks2"] {
        // Size, and two pieces of at most 72 and 40 bytes with their heads.
        assert!(fixture(name).len() <= 8 + 12 + 72 + 12 + 40, "{name}");
    }
}

#[test]
fn an_empty_device_has_nothing() {
    assert_eq!(parse(&fixture("empty")), Some(Content::default()));
    assert_eq!(parse(&windows_of(&[])), Some(Content::default()));
}

#[test]
fn partition_tables_with_types_and_names() {
    let gpt = parse(&fixture("gpt")).unwrap();
    assert_eq!(gpt.signature, None);
    assert_eq!(gpt.partitions.len(), 2);
    let kind = gpt.partitions[0].kind.as_deref();
    assert_eq!(kind, Some("c12a7328-f81f-11d2-ba4b-00a0c93ec93b"));
    assert_eq!(gpt.partitions[0].label.as_deref(), Some("EFI System"));
    assert_eq!(gpt.partitions[1].label.as_deref(), Some("rööt"));
    assert!(gpt.partitions[1].uuid.is_some());
    let mbr = parse(&fixture("mbr")).unwrap();
    let uuids: Vec<_> = mbr
        .partitions
        .iter()
        .map(|entry| entry.uuid.as_deref())
        .collect();
    assert_eq!(uuids, [Some("1234abcd-01"), Some("1234abcd-02")]);
    assert_eq!(mbr.partitions[1].kind.as_deref(), Some("0x82"));
}

/// An image of 1 MiB with these bytes in it.
fn image(parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut image = vec![0; 1 << 20];
    for (at, bytes) in parts {
        image[*at..at + bytes.len()].copy_from_slice(bytes);
    }
    windows_of(&image)
}

#[test]
fn md_of_every_version() {
    let mut block = vec![0xfc, 0x4e, 0x2b, 0xa9, 1, 0, 0, 0];
    block.resize(16, 0);
    block.extend(1..=16);
    block.extend(b"host:0");
    let end = ((1 << 20) / 512 - 16) * 512;
    for at in [0, 4096, end] {
        let signature = parse(&image(&[(at, &block)])).unwrap().signature.unwrap();
        assert_eq!(signature.kind.as_deref(), Some("linux_raid_member"));
        assert_eq!(signature.label.as_deref(), Some("host:0"));
        let uuid = signature.uuid.as_deref();
        assert_eq!(uuid, Some("01020304-0506-0708-090a-0b0c0d0e0f10"));
    }
    let mut old = vec![0; 64];
    old[..4].copy_from_slice(&0xa92b_4efc_u32.to_le_bytes());
    for (at, word) in [(20, 1_u32), (52, 2), (56, 3), (60, 4)] {
        old[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
    let signature = parse(&image(&[((1 << 20) - (1 << 16), &old)]))
        .unwrap()
        .signature
        .unwrap();
    assert_eq!(signature.kind.as_deref(), Some("linux_raid_member"));
    assert_eq!(
        signature.uuid.as_deref(),
        Some("00000001-0000-0002-0000-000300000004")
    );
}

#[test]
fn a_zfs_label_names_its_pool() {
    let mut list = vec![1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let mut pair = |name: &str, kind: u8, value: &[u8]| {
        let padded = name.len().next_multiple_of(4);
        let length = u8::try_from(12 + padded + 8 + value.len()).unwrap();
        list.extend([0, 0, 0, length, 0, 0, 0, length]);
        list.extend([0, 0, 0, u8::try_from(name.len()).unwrap()]);
        list.extend(
            name.bytes()
                .chain(std::iter::repeat_n(0, padded - name.len())),
        );
        list.extend([0, 0, 0, kind, 0, 0, 0, 1]);
        list.extend(value);
    };
    pair("version", 8, &[0, 0, 0, 0, 0, 0, 0x13, 0x88]);
    pair("name", 9, b"\0\0\0\x04tank");
    pair("pool_guid", 8, &[0, 0, 0, 0, 0, 0, 4, 0xd2]);
    let signature = parse(&image(&[(16384, &list)])).unwrap().signature.unwrap();
    assert_eq!(signature.kind.as_deref(), Some("zfs_member"));
    assert_eq!(signature.label.as_deref(), Some("tank"));
    assert_eq!(signature.uuid.as_deref(), Some("1234"));
}

#[test]
fn other_magic() {
    for (at, magic, kind) in [
        (0, &b"bluestore block device\n"[..], "ceph_bluestore"),
        (3, b"-FVE-FS-", "BitLocker"),
        (1024, &[0x10, 0x20, 0xf5, 0xf2], "f2fs"),
        (1024, &[0xe2, 0xe1, 0xf5, 0xe0], "erofs"),
        (32768, b"JFS1", "jfs"),
        (65536 + 52, b"ReIsEr2Fs", "reiserfs"),
        (34817, b"NSR03", "udf"),
        (65526, b"SWAPSPACE2", "swap"),
        (
            (1 << 20) - 1024,
            b"Intel Raid ISM Cfg Sig. ",
            "isw_raid_member",
        ),
        (
            (1 << 20) - 512,
            &[0xde, 0x11, 0xde, 0x11],
            "ddf_raid_member",
        ),
    ] {
        let signature = parse(&image(&[(at, magic)])).unwrap().signature;
        assert_eq!(
            signature.and_then(|found| found.kind).as_deref(),
            Some(kind)
        );
    }
}

#[test]
fn what_is_no_answer_is_refused() {
    assert_eq!(parse(b"short"), None);
    let mut cut = fixture("ext4");
    cut.truncate(cut.len() - 1);
    assert_eq!(parse(&cut), None);
}
