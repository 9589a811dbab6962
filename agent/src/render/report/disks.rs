//! Disks and what is on them.

use muster_model::Section;
use muster_model::disk::{Disk, HealthStatus, Partition, Signature, Transport};

use super::{Report, found, known, labelled};
use crate::render::layout::{Column, Grid, Line, Row, Tone};
use muster_model::units;

/// Mount points, or reasons, of one disk: a host of containers has hundreds of both.
const MOST_NAMED: usize = 4;

/// A line a disk, and below it what is on it.
pub(super) fn disks(report: &mut Report<'_>) {
    let disks = &report.document.inventory.disks;
    let free = disks.iter().filter(|disk| disk.available == Some(true));
    let summary = Line::dotted([
        found(disks.len(), "disk", "disks").into(),
        Line::from(match free.count() {
            0 => None,
            free => Some(format!("{free} free to use")),
        }),
    ]);
    if !report.begin("Disks", &summary, &[Section::Disks]) {
        return;
    }
    let rows = disks.iter().map(|disk| disk_row(report, disk));
    let columns = vec![
        Column::fixed("NAME"),
        Column::numeric("SIZE"),
        Column::fixed("KIND"),
        Column::flexible("MODEL", 20),
        Column::fixed("SERIAL"),
        Column::fixed("HEALTH"),
        Column::fixed("FREE"),
    ];
    let grid = Grid::new(columns, rows.collect());
    report.page.grid(&grid);
}

fn disk_row(report: &Report<'_>, disk: &Disk) -> Row {
    let model = Line::joined(
        [disk.vendor.as_ref().into(), disk.model.as_ref().into()],
        " ",
    );
    let free = match disk.available {
        Some(true) => Line::toned(Tone::Good, "yes"),
        Some(false) => Line::from("no"),
        None => super::unknown(),
    };
    let (model, serial, identity_note) = match report.is_broad() {
        true => (known(model), known(disk.serial.as_ref()), Line::default()),
        false => {
            let serial = labelled("serial", disk.serial.as_ref());
            let note = Line::dotted([model, serial]);
            (Line::default(), Line::default(), note)
        }
    };
    let most = match report.layout.in_full {
        true => usize::MAX,
        false => MOST_NAMED,
    };
    let mut notes = vec![
        identity_note,
        content(disk, most),
        not_free(disk, most),
        wear(disk),
    ];
    if report.layout.in_full {
        notes.push(identity(disk));
    }
    Row {
        cells: vec![
            report.name(Section::Disks, &disk.name),
            known(disk.size_bytes.map(units::bytes)),
            kind(disk),
            model,
            serial,
            health(disk),
            free,
        ],
        notes,
    }
}

fn kind(disk: &Disk) -> Line {
    let medium = disk.transport.filter(|it| is_virtual(*it)).is_none();
    let medium = medium.then(|| medium_of(disk)).flatten();
    let transport = disk.transport.map(transport);
    known(Line::joined([transport.into(), medium.into()], " "))
}

/// What nothing is known of whose medium: the kernel takes for turning what does not say otherwise.
fn is_virtual(transport: Transport) -> bool {
    use Transport::{Hyperv, Network, Virtio, Xen};
    matches!(transport, Virtio | Xen | Hyperv | Network)
}

fn medium_of(disk: &Disk) -> Option<String> {
    match (disk.rotational, disk.rotation_rpm) {
        (Some(true), Some(rpm)) => Some(format!("{rpm}\u{a0}rpm")),
        (Some(true), None) => Some("rotating".to_owned()),
        (Some(false), _) => Some("solid".to_owned()),
        (None, _) => None,
    }
}

fn health(disk: &Disk) -> Line {
    match disk.health.status {
        Some(HealthStatus::Ok) => Line::toned(Tone::Good, "ok"),
        Some(HealthStatus::Warning) => Line::toned(Tone::Attention, "warning"),
        Some(HealthStatus::Failing) => Line::toned(Tone::Bad, "failing"),
        None => super::unknown(),
    }
}

fn wear(disk: &Disk) -> Line {
    let health = &disk.health;
    let errors = |label: &str, number: Option<u64>| match number {
        None | Some(0) => Line::default(),
        Some(number) => Line::toned(Tone::Bad, &format!("{number} {label}")),
    };
    Line::dotted([
        Line::from(
            health
                .temperature_c
                .map(|degrees| format!("{degrees}\u{a0}°C")),
        ),
        labelled(
            "worn",
            health
                .percentage_used
                .map(|percent| format!("{percent}\u{a0}%")),
        ),
        labelled(
            "spare",
            health
                .available_spare
                .map(|percent| format!("{percent}\u{a0}%")),
        ),
        labelled(
            "on for",
            health.power_on_hours.map(|hours| format!("{hours}\u{a0}h")),
        ),
        errors("media errors", health.media_errors),
        errors("reallocated sectors", health.reallocated_sectors),
    ])
}

fn content(disk: &Disk, most: usize) -> Line {
    let whole = signature(disk.filesystem.as_ref(), &disk.mount_points, most);
    let partitions = disk.partitions.iter().map(|it| partition(it, most));
    let holders = labelled(
        "holds",
        (!disk.holders.is_empty()).then(|| disk.holders.join(", ")),
    );
    Line::dotted([whole].into_iter().chain(partitions).chain([holders]))
}

fn partition(partition: &Partition, most: usize) -> Line {
    let number = partition.number.map(|number| format!("p{number}"));
    let name = number.unwrap_or_else(|| partition.name.clone());
    Line::joined(
        [
            Line::toned(Tone::Faint, &name),
            partition.size_bytes.map(units::bytes).into(),
            signature(partition.filesystem.as_ref(), &partition.mount_points, most),
        ],
        "\u{a0}",
    )
}

fn signature(signature: Option<&Signature>, mount_points: &[String], most: usize) -> Line {
    let kind = signature.and_then(|signature| signature.kind.as_ref());
    let mounted = mount_points.iter().take(most);
    let mounted = mounted.map(|point| Line::toned(Tone::Name, point));
    let rest = rest(mount_points, most).map(|rest| Line::toned(Tone::Faint, &rest));
    let mounted = Line::joined(mounted.chain(rest), ", ");
    Line::joined([kind.into(), mounted], "\u{a0}")
}

fn not_free(disk: &Disk, most: usize) -> Line {
    let reasons = &disk.unavailable_reasons;
    if reasons.is_empty() {
        return Line::default();
    }
    let named = reasons.iter().take(most).cloned();
    let named: Vec<String> = named.chain(rest(reasons, most)).collect();
    Line::toned(Tone::Faint, "not free: ").plain(&named.join("; "))
}

/// How many a short list leaves out.
fn rest(all: &[String], most: usize) -> Option<String> {
    let left_out = all.len().saturating_sub(most);
    (left_out > 0).then(|| format!("{left_out}\u{a0}more"))
}

fn identity(disk: &Disk) -> Line {
    let sectors = disk
        .logical_sector_bytes
        .map(|logical| match disk.physical_sector_bytes {
            Some(physical) if physical != logical => format!("{logical} of {physical} B"),
            _ => format!("{logical} B"),
        });
    let facts = Line::dotted([
        labelled("WWN", disk.wwn.as_ref()),
        labelled("firmware", disk.firmware.as_ref()),
        labelled("PCI", disk.pci_slot.as_ref()),
        labelled("NUMA", disk.numa_node.map(|node| node.to_string())),
        labelled("sectors", sectors),
    ]);
    let links = disk.links.iter().map(Line::from);
    Line::dotted([facts].into_iter().chain(links))
}

fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::Nvme => "NVMe",
        Transport::NvmeFabrics => "NVMe-oF",
        Transport::Sata => "SATA",
        Transport::Ide => "IDE",
        Transport::Sas => "SAS",
        Transport::Scsi => "SCSI",
        Transport::Usb => "USB",
        Transport::Virtio => "virtio",
        Transport::Iscsi => "iSCSI",
        Transport::Fc => "FC",
        Transport::Fcoe => "FCoE",
        Transport::Mmc => "MMC",
        Transport::Raid => "RAID",
        Transport::Firewire => "FireWire",
        Transport::Xen => "Xen",
        Transport::Nvdimm => "NVDIMM",
        Transport::Dasd => "DASD",
        Transport::Network => "network",
        Transport::Hyperv => "Hyper-V",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &Line) -> String {
        let mut painted = String::new();
        line.paint(&mut painted);
        anstream::adapter::strip_str(&painted)
            .to_string()
            .replace('\u{a0}', " ")
    }

    #[test]
    fn only_what_can_turn_is_said_to_turn() {
        let mut disk = Disk {
            rotational: Some(true),
            transport: Some(Transport::Virtio),
            ..Disk::default()
        };
        assert_eq!(text(&kind(&disk)), "virtio");
        disk.transport = Some(Transport::Sata);
        assert_eq!(text(&kind(&disk)), "SATA rotating");
        disk.rotation_rpm = Some(7200);
        assert_eq!(text(&kind(&disk)), "SATA 7200 rpm");
    }

    #[test]
    fn hundreds_of_mounts_are_counted() {
        let points: Vec<String> = (0..300).map(|it| format!("/var/pods/{it}")).collect();
        let disk = Disk {
            unavailable_reasons: points.iter().map(|it| format!("mounted at {it}")).collect(),
            mount_points: points,
            ..Disk::default()
        };
        let line = text(&content(&disk, MOST_NAMED));
        assert!(
            line.ends_with("/var/pods/2, /var/pods/3, 296 more"),
            "{line}"
        );
        assert!(text(&not_free(&disk, MOST_NAMED)).ends_with("; 296 more"));
        assert!(!text(&content(&disk, usize::MAX)).contains("more"));
    }
}
