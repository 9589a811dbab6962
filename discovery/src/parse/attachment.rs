//! How a disk is attached, by its path below `/sys/devices`: the names of the buses on the way are
//! the kernel's, and stable.

use muster_model::disk::Transport;

/// What the path alone says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attachment {
    /// This transport.
    Known(Transport),
    /// NVM Express: the controller's `transport` says over what.
    Nvme,
    /// ATA, serial or parallel.
    Ata,
    /// Fibre Channel, or that over Ethernet.
    FibreChannel,
    /// A SCSI host whose driver says whether its disks are volumes of a RAID controller.
    ScsiHost,
    /// Nothing.
    Unknown,
}

/// Reads the path of a disk named `name`.
pub(crate) fn of_path(path: &str, name: &str) -> Attachment {
    if let Some(attachment) = by_name(name) {
        return attachment;
    }
    let parts: Vec<&str> = path.split('/').collect();
    let any = |matches: &dyn Fn(&str) -> bool| parts.iter().any(|part| matches(part));
    let known = |transport| Attachment::Known(transport);
    // The last bus before the disk decides: a USB adapter sits on PCI, an ATA disk may sit on USB.
    if any(&|part| numbered(part, "usb")) {
        known(Transport::Usb)
    } else if any(&|part| numbered(part, "ata")) {
        Attachment::Ata
    } else if any(&|part| part.starts_with("end_device-")) {
        known(Transport::Sas)
    } else if any(&|part| numbered(part, "session")) {
        known(Transport::Iscsi)
    } else if any(&|part| part.starts_with("rport-")) {
        Attachment::FibreChannel
    } else if any(&|part| numbered(part, "virtio")) {
        known(Transport::Virtio)
    } else if any(&|part| numbered(part, "fw")) {
        known(Transport::Firewire)
    } else if any(&|part| part.starts_with("VMBUS") || part.starts_with("vmbus")) {
        known(Transport::Hyperv)
    } else if any(&|part| part.starts_with("vbd-")) {
        known(Transport::Xen)
    } else if any(&|part| numbered(part, "host")) {
        Attachment::ScsiHost
    } else {
        Attachment::Unknown
    }
}

fn by_name(name: &str) -> Option<Attachment> {
    const NAMES: &[(&str, Attachment)] = &[
        ("nvme", Attachment::Nvme),
        ("mmcblk", Attachment::Known(Transport::Mmc)),
        ("xvd", Attachment::Known(Transport::Xen)),
        ("dasd", Attachment::Known(Transport::Dasd)),
        ("scm", Attachment::Known(Transport::Dasd)),
        ("pmem", Attachment::Known(Transport::Nvdimm)),
        ("nbd", Attachment::Known(Transport::Network)),
        ("rbd", Attachment::Known(Transport::Network)),
        ("drbd", Attachment::Known(Transport::Network)),
        ("etherd", Attachment::Known(Transport::Network)),
        ("cciss", Attachment::Known(Transport::Raid)),
        ("ida", Attachment::Known(Transport::Raid)),
        ("hd", Attachment::Known(Transport::Ide)),
    ];
    NAMES
        .iter()
        .find(|(prefix, _)| name.starts_with(prefix))
        .map(|(_, attachment)| *attachment)
}

/// Whether disks of this SCSI host driver (`proc_name`) are volumes of a RAID controller.
pub(crate) fn is_raid_driver(driver: &str) -> bool {
    const DRIVERS: &[&str] = &[
        "3w-9xxx",
        "3w-sas",
        "3w-xxxx",
        "aacraid",
        "arcmsr",
        "hpsa",
        "hptiop",
        "ips",
        "megaraid",
        "megaraid_legacy",
        "megaraid_mbox",
        "megaraid_sas",
        "mpi3mr",
        "mpt2sas",
        "mpt3sas",
        "mptsas",
        "mvumi",
        "pmcraid",
        "smartpqi",
        "stex",
    ];
    DRIVERS.contains(&driver)
}

/// The last PCI function on the way.
pub(crate) fn pci_slot(path: &str) -> Option<&str> {
    path.split('/').rev().find(|part| is_pci_slot(part))
}

/// The path up to that function.
pub(crate) fn pci_path(path: &str) -> Option<&str> {
    let slot = pci_slot(path)?;
    let at = path.rfind(slot)?;
    path.get(..at + slot.len())
}

/// The path up to and with the first part that is `prefix` and a number, such as `host3`.
pub(crate) fn path_to<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let part = path.split('/').find(|part| numbered(part, prefix))?;
    let at = path.find(&format!("/{part}/"))?;
    path.get(..=at + part.len())
}

/// `dddd:bb:dd.f`, the domain of four to eight digits (pciutils knows both).
fn is_pci_slot(part: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut fields = part.split([':', '.']);
    let (Some(domain), Some(bus), Some(device), Some(function), None) = (
        fields.next(),
        fields.next(),
        fields.next(),
        fields.next(),
        fields.next(),
    ) else {
        return false;
    };
    (4..=8).contains(&domain.len())
        && (bus.len(), device.len(), function.len()) == (2, 2, 1)
        && [domain, bus, device, function].into_iter().all(hex)
        && part.as_bytes().get(part.len() - 2) == Some(&b'.')
}

fn numbered(part: &str, prefix: &str) -> bool {
    part.strip_prefix(prefix)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bus_has_its_name_in_the_path() {
        let pci = "sys/devices/pci0000:00/0000:00:1f.2";
        for (path, name, expected) in [
            (
                "ata1/host0/target0:0:0/0:0:0:0/block/sda",
                "sda",
                Attachment::Ata,
            ),
            (
                "usb1/1-4/1-4:1.0/host3/target3:0:0/3:0:0:0/block/sdb",
                "sdb",
                Attachment::Known(Transport::Usb),
            ),
            (
                "host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0/block/sdc",
                "sdc",
                Attachment::Known(Transport::Sas),
            ),
            (
                "host7/rport-7:0-0/target7:0:0/7:0:0:0/block/sdd",
                "sdd",
                Attachment::FibreChannel,
            ),
            (
                "virtio1/block/vda",
                "vda",
                Attachment::Known(Transport::Virtio),
            ),
            (
                "virtio1/host2/target2:0:0/2:0:0:0/block/sde",
                "sde",
                Attachment::Known(Transport::Virtio),
            ),
            (
                "host0/target0:2:0/0:2:0:0/block/sdf",
                "sdf",
                Attachment::ScsiHost,
            ),
            ("nvme/nvme0/nvme0n1", "nvme0n1", Attachment::Nvme),
        ] {
            assert_eq!(of_path(&format!("{pci}/{path}"), name), expected, "{name}");
        }
        let iscsi = "sys/devices/platform/host6/session1/target6:0:0/6:0:0:1/block/sdg";
        assert_eq!(of_path(iscsi, "sdg"), Attachment::Known(Transport::Iscsi));
        assert_eq!(
            of_path("sys/devices/virtual/block/nbd0", "nbd0"),
            Attachment::Known(Transport::Network)
        );
        assert_eq!(of_path("sys/block/sda", "sda"), Attachment::Unknown);
    }

    #[test]
    fn the_last_pci_function_is_the_controller() {
        let path = "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/nvme/nvme0/nvme0n1";
        assert_eq!(pci_slot(path), Some("0000:01:00.0"));
        assert_eq!(
            pci_path(path),
            Some("sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0")
        );
        let wide = "sys/devices/pci10000:e0/10000:e0:06.0/10000:e1:00.0/nvme/nvme0/nvme0n1";
        assert_eq!(pci_slot(wide), Some("10000:e1:00.0"));
        assert_eq!(pci_slot("sys/devices/virtual/block/sda/0:0:0:0"), None);
        assert_eq!(pci_slot("é:00:00.0"), None);
    }

    #[test]
    fn path_to_the_scsi_host() {
        let path = "sys/devices/pci0000:00/0000:00:05.0/host12/target12:2:0/12:2:0:0/block/sda";
        assert_eq!(
            path_to(path, "host"),
            Some("sys/devices/pci0000:00/0000:00:05.0/host12")
        );
        assert_eq!(path_to("sys/block/sda", "host"), None);
    }
}
