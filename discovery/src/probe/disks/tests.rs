use muster_model::disk::Transport;

use super::*;
use crate::testing::{Tree, found};

const SDA: &str = "sys/devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sda";

/// A SATA disk of 100 GiB with two partitions, of which the second holds a volume group with `/`.
fn sata() -> Tree {
    let tree = Tree::new(&[
        ("sys/devices/pci0000:00/0000:00:1f.2/numa_node", "1\n"),
        (&format!("{SDA}/size"), "209715200\n"),
        (&format!("{SDA}/dev"), "8:0\n"),
        (&format!("{SDA}/ro"), "0\n"),
        (&format!("{SDA}/removable"), "0\n"),
        (&format!("{SDA}/queue/logical_block_size"), "512\n"),
        (&format!("{SDA}/queue/physical_block_size"), "4096\n"),
        (&format!("{SDA}/queue/rotational"), "1\n"),
        (&format!("{SDA}/queue/zoned"), "none\n"),
        (
            &format!("{SDA}/sda1/uevent"),
            "MAJOR=8\nMINOR=1\nPARTN=1\nPARTNAME=EFI\n",
        ),
        (&format!("{SDA}/sda1/start"), "2048\n"),
        (&format!("{SDA}/sda1/size"), "2048\n"),
        (&format!("{SDA}/sda2/dev"), "8:2\n"),
        (&format!("{SDA}/sda2/partition"), "2\n"),
        (&format!("{SDA}/sda2/start"), "4096\n"),
        (&format!("{SDA}/sda2/size"), "204800\n"),
        (&format!("{SDA}/../../vendor"), "ATA     \n"),
        (&format!("{SDA}/../../model"), "MAKER LONG MODEL\n"),
        (&format!("{SDA}/../../rev"), "BBF0\n"),
        ("sys/block/dm-0/dm/name", "vg0-root\n"),
        (
            "sys/block/dm-0/dm/uuid",
            &format!("LVM-{}\n", "a".repeat(64)),
        ),
        ("sys/block/dm-0/dev", "253:0\n"),
        ("sys/block/dm-0/size", "2048\n"),
        ("sys/block/dm-0/slaves/sda2/x", ""),
        ("sys/block/loop0/size", "2048\n"),
        (
            "proc/1/mountinfo",
            "21 1 253:0 / / rw - xfs /dev/mapper/vg0-root rw\n",
        ),
        ("proc/swaps", "Filename Type Size Used Priority\n"),
        (
            "run/udev/data/b8:0",
            "S:disk/by-id/ata-MAKER_1\nS:disk/by-diskseq/1\nS:disk/by-path/pci-0000:00:1f.2-ata-1\n\
             E:ID_MODEL_ENC=MAKER\\x20LONG\\x20MODEL\\x20NAME\\x20240G\\x20\\x20\nE:ID_SERIAL_SHORT=S1\n\
             E:ID_ATA_SATA=1\nE:ID_ATA_ROTATION_RATE_RPM=7200\nE:ID_WWN=0x5000c500a1b2c3d4\n",
        ),
        (
            "run/udev/data/b8:1",
            "E:ID_FS_TYPE=vfat\nE:ID_FS_UUID=1234-ABCD\nE:ID_FS_LABEL_ENC=EFI\\x20SYS\n\
             E:ID_PART_ENTRY_TYPE=c12a7328-f81f-11d2-ba4b-00a0c93ec93b\nE:ID_PART_ENTRY_UUID=u-1\n",
        ),
        ("run/udev/data/b8:2", "E:ID_FS_TYPE=LVM2_member\n"),
    ]);
    tree.link("sys/block/sda", &format!("../../{SDA}"));
    tree
}

#[test]
fn a_disk_with_everything() {
    let (disks, warnings) = found(&sata(), probe);
    assert_eq!(warnings, []);
    assert_eq!(disks.len(), 1);
    let disk = &disks[0];
    assert_eq!(disk.model.as_deref(), Some("MAKER LONG MODEL NAME 240G"));
    assert_eq!(disk.vendor, None);
    assert_eq!(disk.serial.as_deref(), Some("S1"));
    assert_eq!(disk.wwn.as_deref(), Some("0x5000c500a1b2c3d4"));
    assert_eq!(disk.firmware.as_deref(), Some("BBF0"));
    assert_eq!(disk.rotation_rpm, Some(7200));
    assert_eq!(disk.transport, Some(Transport::Sata));
    assert_eq!(disk.pci_slot.as_deref(), Some("0000:00:1f.2"));
    assert_eq!(disk.numa_node, Some(1));
    assert_eq!(disk.size_bytes, Some(100 << 30));
    assert_eq!(disk.physical_sector_bytes, Some(4096));
    assert_eq!(
        disk.links,
        [
            "/dev/disk/by-id/ata-MAKER_1",
            "/dev/disk/by-path/pci-0000:00:1f.2-ata-1"
        ]
    );
    assert_eq!(disk.holders, ["lvm:vg0"]);
    assert_eq!(disk.available, Some(false));
    assert_eq!(
        disk.unavailable_reasons,
        [
            "is the boot disk",
            "mounted at /",
            "is a member of volume group vg0",
            "has partitions"
        ]
    );
}

#[test]
fn partitions_from_events_and_from_attributes() {
    let (disks, _) = found(&sata(), probe);
    let [first, second] = disks[0].partitions.as_slice() else {
        panic!("not two partitions");
    };
    assert_eq!((first.number, first.start_bytes), (Some(1), Some(1 << 20)));
    assert_eq!(first.label.as_deref(), Some("EFI"));
    assert_eq!(first.uuid.as_deref(), Some("u-1"));
    let filesystem = first.filesystem.as_ref().unwrap();
    assert_eq!(filesystem.kind.as_deref(), Some("vfat"));
    assert_eq!(filesystem.label.as_deref(), Some("EFI SYS"));
    assert_eq!(filesystem.uuid.as_deref(), Some("1234-ABCD"));
    assert_eq!(
        (second.number, second.size_bytes),
        (Some(2), Some(100 << 20))
    );
}

#[test]
fn without_block_devices_that_is_said() {
    let (disks, warnings) = found(&Tree::new(&[]), probe);
    assert_eq!(disks, []);
    assert_eq!(warnings.len(), 1);
    let none = Tree::new(&[("sys/block/loop0/size", "1\n"), ("proc/1/mountinfo", "")]);
    assert_eq!(found(&none, probe), (vec![], vec![]));
}

#[test]
fn a_disk_is_free_only_when_all_that_may_hold_it_is_known() {
    let mounts = "21 1 0:5 / /proc rw - proc proc rw\n";
    let empty_disk = |alter: &dyn Fn(&Tree)| {
        let tree = Tree::new(&[
            ("sys/block/vda/size", "209715200\n"),
            ("sys/block/vda/dev", "252:0\n"),
            ("run/udev/data/b252:0", "E:ID_SERIAL=x\n"),
            ("proc/1/mountinfo", mounts),
        ]);
        alter(&tree);
        let (disks, warnings) = found(&tree, probe);
        let told = warnings.iter().map(|warning| warning.message.clone());
        (disks[0].available, told.collect::<Vec<_>>())
    };
    assert_eq!(empty_disk(&|_| {}), (Some(true), vec![]));
    let odd = format!("{mounts}22 1 nonsense\n");
    let unreadable_mounts = |tree: &Tree| tree.file("proc/1/mountinfo", odd.as_bytes());
    let unreadable_swaps = |tree: &Tree| tree.file("proc/swaps/x", b"");
    // A link to itself cannot be followed.
    let unreadable_slaves = |tree: &Tree| tree.link("sys/block/dm-0/slaves", "slaves");
    for (what, (available, told)) in [
        ("mounts", empty_disk(&unreadable_mounts)),
        ("proc/swaps", empty_disk(&unreadable_swaps)),
        ("what dm-0 is made of", empty_disk(&unreadable_slaves)),
    ] {
        assert_eq!(available, None, "{what}");
        let begin = format!("whether disks are free: {what}");
        assert!(told.iter().any(|it| it.starts_with(&begin)), "{told:?}");
    }
}

#[test]
fn malformed_attributes_cost_their_fields() {
    let tree = sata();
    tree.file(&format!("{SDA}/size"), b"many\n");
    tree.file(&format!("{SDA}/queue/rotational"), b"2\n");
    tree.file("run/udev/data/b8:0", b"\xff\xfe\nE:\n");
    tree.file(
        &format!("{SDA}/../../vpd_pg83"),
        &[0, 0x83, 0xff, 0xff, 1, 3, 0, 8, 5],
    );
    let (disks, warnings) = found(&tree, probe);
    assert_eq!(disks[0].size_bytes, None);
    assert_eq!(disks[0].rotational, None);
    assert_eq!(disks[0].wwn, None);
    assert_eq!(disks[0].model.as_deref(), Some("MAKER LONG MODEL"));
    let subjects: Vec<&str> = warnings
        .iter()
        .map(|warning| warning.subject.as_str())
        .collect();
    assert_eq!(subjects, ["sda", "sda"]);
}

#[test]
fn without_udev_what_is_on_it_is_not_known_and_links_are_listed() {
    let tree = Tree::new(&[
        ("sys/block/vda/size", "209715200\n"),
        ("sys/block/vda/serial", "disk-1\n"),
        ("proc/1/mountinfo", ""),
    ]);
    tree.link("dev/disk/by-id/virtio-disk-1", "../../vda");
    tree.link("dev/disk/by-id/virtio-disk-1-part1", "../../vda1");
    let (disks, _) = found(&tree, probe);
    assert_eq!(disks[0].serial.as_deref(), Some("disk-1"));
    assert_eq!(disks[0].links, ["/dev/disk/by-id/virtio-disk-1"]);
    assert_eq!(disks[0].available, None);
    assert_eq!(disks[0].unavailable_reasons, Vec::<String>::new());
}

#[test]
fn a_namespace_with_two_paths_is_one_disk() {
    let head = "sys/devices/virtual/nvme-subsystem/nvme-subsys0";
    let path = "sys/devices/pci0000:00/0000:3b:00.0/nvme/nvme0";
    let tree = Tree::new(&[
        (
            &format!("{head}/model"),
            "A NVMe MODEL WITH A LONG NAME           \n",
        ),
        (&format!("{head}/serial"), "S2   \n"),
        (&format!("{head}/firmware_rev"), "1.0\n"),
        (&format!("{head}/nvme0n1/size"), "209715200\n"),
        (&format!("{head}/nvme0n1/wwid"), "eui.0025385b71b0f0a1\n"),
        (&format!("{path}/transport"), "pcie\n"),
        (&format!("{path}/nvme0c0n1/size"), "209715200\n"),
        ("proc/1/mountinfo", ""),
    ]);
    tree.link(
        &format!("{head}/nvme0"),
        "../../../pci0000:00/0000:3b:00.0/nvme/nvme0",
    );
    tree.link("sys/block/nvme0n1", &format!("../../{head}/nvme0n1"));
    tree.link("sys/block/nvme0c0n1", &format!("../../{path}/nvme0c0n1"));
    let (disks, _) = found(&tree, probe);
    assert_eq!(disks.len(), 1);
    assert_eq!(
        disks[0].model.as_deref(),
        Some("A NVMe MODEL WITH A LONG NAME")
    );
    assert_eq!(disks[0].wwn.as_deref(), Some("eui.0025385b71b0f0a1"));
    assert_eq!(disks[0].transport, Some(Transport::Nvme));
    assert_eq!(disks[0].pci_slot.as_deref(), Some("0000:3b:00.0"));
}

#[test]
fn the_driver_of_a_host_says_whether_it_is_a_raid_controller() {
    for (driver, transport) in [
        ("megaraid_sas", Transport::Raid),
        ("sym53c8xx", Transport::Scsi),
    ] {
        let host = "sys/devices/pci0000:00/0000:00:05.0/host0";
        let path = format!("{host}/target0:2:0/0:2:0:0/block/sda");
        let tree = Tree::new(&[
            (&format!("{path}/size"), "209715200\n"),
            (&format!("{path}/../../vendor"), "MAKER\n"),
            (
                &format!("{host}/scsi_host/host0/proc_name"),
                &format!("{driver}\n"),
            ),
            ("proc/1/mountinfo", ""),
        ]);
        tree.link("sys/block/sda", &format!("../../{path}"));
        let (disks, _) = found(&tree, probe);
        assert_eq!(disks[0].transport, Some(transport));
        assert_eq!(disks[0].vendor.as_deref(), Some("MAKER"));
    }
}

#[test]
fn a_usb_disk_has_the_serial_of_its_descriptor() {
    let usb = "sys/devices/pci0000:00/0000:00:14.0/usb1/1-4";
    let path = format!("{usb}/1-4:1.0/host3/target3:0:0/3:0:0:0/block/sdb");
    let tree = Tree::new(&[
        (&format!("{path}/size"), "209715200\n"),
        (&format!("{path}/removable"), "1\n"),
        (&format!("{usb}/serial"), "USB-1\n"),
        ("proc/1/mountinfo", ""),
    ]);
    tree.link("sys/block/sdb", &format!("../../{path}"));
    tree.file("sys/block/sdc/size", b"0\n");
    tree.file("sys/block/sdc/removable", b"1\n");
    let (disks, _) = found(&tree, probe);
    assert_eq!(disks.len(), 1, "a reader without a card is no disk");
    assert_eq!(disks[0].serial.as_deref(), Some("USB-1"));
    assert_eq!(disks[0].transport, Some(Transport::Usb));
    assert_eq!(disks[0].unavailable_reasons, ["is removable"]);
}

#[test]
fn names_of_disks_and_of_others() {
    for name in [
        "sda",
        "nvme0n1",
        "vda",
        "mmcblk0",
        "xvda",
        "dasda",
        "pmem0",
        "cciss!c0d0",
        "mda1x",
    ] {
        assert!(is_disk(name), "{name}");
    }
    for name in [
        "loop0",
        "ram1",
        "zram0",
        "dm-0",
        "md127",
        "md_d0",
        "sr0",
        "fd0",
        "bcache0",
        "zd16",
        "nvme0c0n1",
        "mmcblk0boot0",
        "mmcblk0rpmb",
        "mtdblock3",
    ] {
        assert!(!is_disk(name), "{name}");
    }
}
