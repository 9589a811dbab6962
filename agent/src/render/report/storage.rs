//! Disks, what is on them, and what is made of them.

use muster_model::Section;
use muster_model::disk::{Disk, HealthStatus, Partition, Signature, Transport};

use super::{Report, count, known, labelled};
use crate::render::layout::{Column, Grid, Line, Row, Tone};
use crate::render::units;

/// Disks, arrays, volume groups, file systems.
pub(super) fn blocks(report: &mut Report<'_>) {
    disks(report);
    arrays(report);
    volume_groups(report);
    filesystems(report);
}

fn disks(report: &mut Report<'_>) {
    let disks = &report.document.inventory.disks;
    let free = disks.iter().filter(|disk| disk.available == Some(true));
    let summary = Line::dotted([
        count(disks.len(), "disk", "disks").into(),
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
    let mut notes = vec![identity_note, content(disk), not_free(disk), wear(disk)];
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
    let transport = disk.transport.map(transport);
    let medium = match (disk.rotational, disk.rotation_rpm) {
        (Some(true), Some(rpm)) => Some(format!("{rpm}\u{a0}rpm")),
        (Some(true), None) => Some("rotating".to_owned()),
        (Some(false), _) => Some("solid".to_owned()),
        (None, _) => None,
    };
    known(Line::joined([transport.into(), medium.into()], " "))
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

fn content(disk: &Disk) -> Line {
    let whole = signature(disk.filesystem.as_ref(), &disk.mount_points);
    let partitions = disk.partitions.iter().map(partition);
    let holders = labelled(
        "holds",
        (!disk.holders.is_empty()).then(|| disk.holders.join(", ")),
    );
    Line::dotted([whole].into_iter().chain(partitions).chain([holders]))
}

fn partition(partition: &Partition) -> Line {
    let number = partition.number.map(|number| format!("p{number}"));
    let name = number.unwrap_or_else(|| partition.name.clone());
    Line::joined(
        [
            Line::toned(Tone::Faint, &name),
            partition.size_bytes.map(units::bytes).into(),
            signature(partition.filesystem.as_ref(), &partition.mount_points),
        ],
        "\u{a0}",
    )
}

fn signature(signature: Option<&Signature>, mount_points: &[String]) -> Line {
    let kind = signature.and_then(|signature| signature.kind.as_ref());
    let mounted = mount_points
        .iter()
        .map(|point| Line::toned(Tone::Name, point));
    Line::joined([kind.into(), Line::joined(mounted, ", ")], "\u{a0}")
}

fn not_free(disk: &Disk) -> Line {
    match disk.unavailable_reasons.as_slice() {
        [] => Line::default(),
        reasons => Line::toned(Tone::Faint, "not free: ").plain(&reasons.join("; ")),
    }
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

fn arrays(report: &mut Report<'_>) {
    let arrays = &report.document.inventory.arrays;
    if arrays.is_empty() || !report.begin("Arrays", &Line::default(), &[Section::Arrays]) {
        return;
    }
    for array in arrays {
        let degraded = match array.degraded {
            Some(0) | None => Line::default(),
            Some(missing) => Line::toned(Tone::Bad, &format!("degraded: {missing} missing")),
        };
        let members = array
            .members
            .iter()
            .map(|member| match member.state.as_deref() {
                Some("in_sync") | None => Line::from(&member.name),
                Some(state) => Line::toned(Tone::Attention, &format!("{} ({state})", member.name)),
            });
        let line = Line::dotted([
            array.level.as_ref().into(),
            array.size_bytes.map(units::bytes).into(),
            array.state.as_ref().into(),
            degraded,
            labelled("now", array.sync_action.as_ref()),
            Line::toned(Tone::Faint, "of ").and(Line::joined(members, ", ")),
        ]);
        let name = report.name(Section::Arrays, &array.name);
        report.page.item(&name, 2, &line);
    }
}

fn volume_groups(report: &mut Report<'_>) {
    let groups = &report.document.inventory.volume_groups;
    if groups.is_empty()
        || !report.begin("Volume groups", &Line::default(), &[Section::VolumeGroups])
    {
        return;
    }
    for group in groups {
        let volumes = group.logical_volumes.iter().map(|volume| {
            Line::from(&volume.name)
                .plain("\u{a0}")
                .and(volume.size_bytes.map(units::bytes).into())
        });
        let on = (!group.physical_volumes.is_empty()).then(|| group.physical_volumes.join(", "));
        let line = Line::dotted([labelled("on", on)].into_iter().chain(volumes));
        let name = report.name(Section::VolumeGroups, &group.name);
        report.page.item(&name, 2, &line);
    }
}

fn filesystems(report: &mut Report<'_>) {
    let filesystems = &report.document.inventory.filesystems;
    if filesystems.is_empty()
        || !report.begin("File systems", &Line::default(), &[Section::Filesystems])
    {
        return;
    }
    let rows = filesystems.iter().map(|filesystem| Row {
        cells: vec![
            report.name(Section::Filesystems, &filesystem.mount_point),
            known(filesystem.size_bytes.map(units::bytes)),
            available(filesystem.available_bytes, filesystem.size_bytes),
            known(filesystem.kind.as_ref()),
            known(filesystem.device.as_ref()),
        ],
        notes: Vec::new(),
    });
    let columns = vec![
        Column::flexible("MOUNTED ON", 14),
        Column::numeric("SIZE"),
        Column::numeric("AVAILABLE"),
        Column::fixed("TYPE"),
        Column::flexible("DEVICE", 14),
    ];
    let grid = Grid::new(columns, rows.collect());
    report.page.grid(&grid);
}

/// With its share; less than a tenth needs attention.
fn available(available: Option<u64>, size: Option<u64>) -> Line {
    let Some(bytes) = available else {
        return super::unknown();
    };
    let share = size
        .filter(|size| *size > 0)
        .map(|size| u128::from(bytes) * 100 / u128::from(size));
    let tone = match share {
        Some(percent) if percent < 10 => Tone::Attention,
        _ => Tone::Plain,
    };
    let share = share.map(|percent| format!(" ({percent}\u{a0}%)"));
    Line::toned(
        tone,
        &format!("{}{}", units::bytes(bytes), share.unwrap_or_default()),
    )
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
