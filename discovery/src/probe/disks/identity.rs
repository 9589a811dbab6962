//! What a disk is and how it is attached: by what its bus has in sysfs, completed by udev's record.
//! sysfs comes first where it has the name in full.

use muster_model::disk::{Disk, Transport};

use super::{Draft, Reader};
use crate::notes::Notes;
use crate::parse::attachment::{self, Attachment};
use crate::parse::disk_health::ata;
use crate::parse::scsi_vpd;
use crate::parse::udev_database::Record;
use crate::source::Dir;

/// Fills names, numbers and transport.
pub(super) fn read(
    reader: &mut Reader<'_>,
    device: &Dir<'_>,
    draft: &mut Draft,
    notes: &mut Notes,
) {
    let name = draft.disk.name.clone();
    let unit = unit(device, &name);
    let attachment = attachment::of_path(device.path(), &name);
    let mut path = device.path().to_owned();
    match attachment {
        Attachment::Nvme => path = nvme(reader, device, &unit, &mut draft.disk),
        Attachment::Known(Transport::Mmc) => mmc(&unit, &mut draft.disk),
        Attachment::Known(Transport::Dasd) => dasd(&unit, &mut draft.disk),
        _ if name.starts_with("sd") => scsi(&unit, draft, notes),
        _ => draft.disk.serial = text(device, "serial"),
    }
    if let Some(record) = &draft.record {
        complete(&mut draft.disk, record);
    }
    if draft.disk.transport.is_none() {
        draft.disk.transport = transport(reader, attachment, &path, draft);
    }
    if draft.disk.transport == Some(Transport::Usb) {
        usb_serial(reader, &path, draft);
    }
    draft.disk.pci_slot = attachment::pci_slot(&path).map(str::to_owned);
    draft.disk.numa_node = reader.numa_node(&path);
}

impl Reader<'_> {
    fn numa_node(&mut self, path: &str) -> Option<u32> {
        let function = attachment::pci_path(path)?;
        if let Some(known) = self.numa_nodes.get(function) {
            return *known;
        }
        // -1 where the firmware does not say.
        let node = self
            .context
            .source
            .dir(function)
            .number::<i64>("numa_node")
            .ok();
        let node = node.and_then(|node| u32::try_from(node).ok());
        self.numa_nodes.insert(function.to_owned(), node);
        node
    }

    fn scsi_driver(&mut self, path: &str) -> Option<String> {
        let host = attachment::path_to(path, "host")?;
        if let Some(known) = self.scsi_drivers.get(host) {
            return known.clone();
        }
        let directory = self.context.source.dir(host);
        let driver = text(
            &directory,
            &format!("scsi_host/{}/proc_name", directory.name()),
        );
        self.scsi_drivers.insert(host.to_owned(), driver.clone());
        driver
    }
}

/// The directory of the device that the disk is the block device of.
fn unit<'a>(device: &Dir<'a>, name: &str) -> Dir<'a> {
    match device.path().strip_suffix(&format!("/block/{name}")) {
        Some("sys") | None if !device.path().starts_with("sys/devices") => device.dir("device"),
        Some(_) => device.dir("../.."),
        None => device.dir(".."),
    }
}

/// Attributes of the controller, and of the subsystem where there are several paths. Gives back the
/// path of one controller.
fn nvme(reader: &Reader<'_>, device: &Dir<'_>, unit: &Dir<'_>, disk: &mut Disk) -> String {
    disk.model = text(unit, "model");
    disk.serial = text(unit, "serial");
    disk.firmware = text(unit, "firmware_rev");
    disk.wwn = text(device, "wwid");
    let mut controller = None;
    if unit.name().starts_with("nvme-subsys") {
        let names = unit.list("").unwrap_or_default();
        let is_controller = |name: &&String| {
            name.strip_prefix("nvme")
                .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let first = names.iter().find(is_controller);
        controller = first.map(|name| {
            reader
                .context
                .source
                .device(&format!("{}/{name}", unit.path()))
        });
    }
    let controller = controller.as_ref().unwrap_or(unit);
    // Kernels without the attribute know only PCI Express.
    disk.transport = match text(controller, "transport").as_deref() {
        Some("pcie" | "apple-nvme") | None => Some(Transport::Nvme),
        Some(_) => Some(Transport::NvmeFabrics),
    };
    format!("{}/{}", controller.path(), disk.name)
}

/// The card's identification (Documentation/driver-api/mmc/mmc-dev-attrs.rst).
fn mmc(unit: &Dir<'_>, disk: &mut Disk) {
    disk.model = text(unit, "name");
    disk.serial = text(unit, "serial");
    disk.firmware = text(unit, "fwrev").or_else(|| text(unit, "prv"));
}

/// `vendor.serial.…`.
fn dasd(unit: &Dir<'_>, disk: &mut Disk) {
    let uid = text(unit, "uid").unwrap_or_default();
    let mut parts = uid
        .split('.')
        .map(str::to_owned)
        .filter(|part| !part.is_empty());
    disk.vendor = parts.next();
    disk.serial = parts.next();
}

/// Standard inquiry data and vital product data, which the kernel kept when it found the disk.
fn scsi(unit: &Dir<'_>, draft: &mut Draft, notes: &mut Notes) {
    let vendor = text(unit, "vendor");
    // SAT puts `ATA` in the place of a vendor.
    draft.is_ata = vendor.as_deref() == Some("ATA");
    let page = |notes: &mut Notes, name: &str| {
        notes
            .keep(&draft.disk.name, name, unit.read(name))
            .unwrap_or_default()
    };
    let designators = scsi_vpd::designators(&page(notes, "vpd_pg83"));
    let serial = scsi_vpd::serial(&page(notes, "vpd_pg80"));
    let mut identity = ata::Identity::default();
    if draft.is_ata {
        let page = page(notes, "vpd_pg89");
        let found = scsi_vpd::ata_identify(&page).and_then(ata::identity);
        draft.lacks_identity = found.is_none();
        identity = found.unwrap_or_default();
    } else if draft.disk.rotational == Some(true) {
        identity.rotation_rpm = scsi_vpd::rotation_rpm(&page(notes, "vpd_pgb1"));
    }
    let record = draft.record.as_ref();
    let full = |key: &str| {
        record
            .and_then(|record| record.decoded(key))
            .filter(|_| draft.is_ata)
    };
    let disk = &mut draft.disk;
    disk.vendor = vendor.filter(|_| !draft.is_ata);
    disk.model = identity
        .model
        .or(designators.ata_model)
        .or_else(|| full("ID_MODEL_ENC"));
    disk.model = disk.model.take().or_else(|| text(unit, "model"));
    disk.serial = identity.serial.or(serial).or(designators.ata_serial);
    disk.wwn = designators.wwn.or(identity.wwn);
    disk.firmware = identity
        .firmware
        .or_else(|| full("ID_REVISION"))
        .or_else(|| text(unit, "rev"));
    disk.rotation_rpm = identity.rotation_rpm;
    disk.transport = match identity.is_serial {
        Some(false) => Some(Transport::Ide),
        _ => None,
    };
}

/// What sysfs did not have.
fn complete(disk: &mut Disk, record: &Record) {
    let fill = |place: &mut Option<String>, value: Option<String>| {
        if place.is_none() {
            *place = value;
        }
    };
    fill(
        &mut disk.model,
        record
            .decoded("ID_MODEL_ENC")
            .or_else(|| record.first(&["ID_MODEL"])),
    );
    fill(&mut disk.firmware, record.first(&["ID_REVISION"]));
    fill(
        &mut disk.wwn,
        record.first(&["ID_WWN_WITH_EXTENSION", "ID_WWN"]),
    );
    let serial = ["ID_SCSI_SERIAL", "SCSI_IDENT_SERIAL", "ID_SERIAL_SHORT"];
    fill(&mut disk.serial, record.first(&serial));
    if disk.name.starts_with("sd") {
        let vendor = record.decoded("ID_VENDOR_ENC");
        fill(&mut disk.vendor, vendor.filter(|vendor| vendor != "ATA"));
    }
    if disk.rotation_rpm.is_none() {
        let rate = record.property("ID_ATA_ROTATION_RATE_RPM");
        disk.rotation_rpm = rate
            .and_then(|rate| rate.parse().ok())
            .filter(|rate| *rate > 0);
    }
}

fn transport(
    reader: &mut Reader<'_>,
    attachment: Attachment,
    path: &str,
    draft: &Draft,
) -> Option<Transport> {
    match attachment {
        Attachment::Known(transport) => Some(transport),
        Attachment::Nvme => Some(Transport::Nvme),
        Attachment::Ata => {
            let sata = draft
                .record
                .as_ref()
                .and_then(|record| record.property("ID_ATA_SATA"));
            let driver = || {
                let function = reader.context.source.dir(attachment::pci_path(path)?);
                function.link_name("driver").ok()
            };
            let parallel = sata.is_none()
                && draft.lacks_identity
                && driver().is_some_and(|driver| driver.starts_with("pata_"));
            Some(if parallel {
                Transport::Ide
            } else {
                Transport::Sata
            })
        }
        Attachment::FibreChannel => Some(fibre_channel(reader, path)),
        Attachment::ScsiHost => {
            let driver = reader.scsi_driver(path);
            let raid = driver.is_some_and(|driver| attachment::is_raid_driver(&driver));
            Some(match (raid, draft.is_ata) {
                (_, true) => Transport::Sata,
                (true, _) => Transport::Raid,
                _ => Transport::Scsi,
            })
        }
        Attachment::Unknown => None,
    }
}

/// The host of one over Ethernet says so in its name, `… over eth0`.
fn fibre_channel(reader: &Reader<'_>, path: &str) -> Transport {
    let host = attachment::path_to(path, "host").and_then(|host| host.rsplit('/').next());
    let name = host.and_then(|host| {
        let path = format!("sys/class/fc_host/{host}/symbolic_name");
        reader.context.source.text(&path).ok()
    });
    match name {
        Some(name) if name.contains(" over eth") => Transport::Fcoe,
        _ => Transport::Fc,
    }
}

/// The serial number of a USB device is in its descriptor; what its bridge says as a SCSI disk is
/// often the same for all of a kind.
fn usb_serial(reader: &Reader<'_>, path: &str, draft: &mut Draft) {
    let known = draft
        .record
        .as_ref()
        .and_then(|record| record.first(&["ID_SERIAL_SHORT"]));
    let own = || {
        // The interface `1-4:1.0` is below the device `1-4`.
        let interface = path
            .split('/')
            .rfind(|part| part.contains(':') && part.contains('-'))?;
        let end = path.find(&format!("/{interface}/"))?;
        text(&reader.context.source.dir(path.get(..end)?), "serial")
    };
    draft.disk.serial = known.or_else(own).or(draft.disk.serial.take());
}

/// A text that says something.
fn text(directory: &Dir<'_>, name: &str) -> Option<String> {
    directory.text(name).ok().filter(|text| !text.is_empty())
}
