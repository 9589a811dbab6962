//! What is made of disks: arrays, volume groups, file systems.

use muster_model::Section;

use super::{Report, disks, known, labelled};
use crate::render::layout::{Column, Grid, Line, Row, Tone};
use muster_model::units;

/// Disks, arrays, volume groups, file systems.
pub(super) fn blocks(report: &mut Report<'_>) {
    disks::disks(report);
    arrays(report);
    volume_groups(report);
    filesystems(report);
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
