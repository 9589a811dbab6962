//! Kernel modules, addresses that are taken, services: shown when they were asked for.

use muster_model::Section;
use muster_model::software::{Service, TransportProtocol};

use super::{Report, count, found, known, labelled};
use crate::render::layout::{Column, Grid, Line, Row, Tone};

/// Every block of software.
pub(super) fn blocks(report: &mut Report<'_>) {
    modules(report);
    listeners(report);
    services(report);
}

/// Of some thousands that are on disk, only the number.
fn modules(report: &mut Report<'_>) {
    let Some(modules) = &report.document.inventory.modules else {
        return;
    };
    let number = |names: &Option<Vec<String>>| names.as_ref().map(|names| names.len().to_string());
    let summary = Line::dotted([
        labelled("loaded", number(&modules.loaded)),
        labelled("built in", number(&modules.built_in)),
        labelled("loadable", number(&modules.loadable)),
    ]);
    if report.begin("Kernel modules", &summary, &[Section::Modules]) {
        let loaded = modules.loaded.iter().flatten().map(Line::from);
        report.page.fact("loaded", &Line::joined(loaded, ", "));
    }
}

fn listeners(report: &mut Report<'_>) {
    let Some(listeners) = &report.document.inventory.listeners else {
        return;
    };
    let summary = Line::from(found(listeners.len(), "address", "addresses"));
    if !report.begin("Listeners", &summary, &[Section::Listeners]) {
        return;
    }
    let rows = listeners.iter().map(|listener| Row {
        cells: vec![
            known(listener.protocol.map(|protocol| match protocol {
                TransportProtocol::Tcp => "tcp",
                TransportProtocol::Udp => "udp",
            })),
            listener.port.to_string().into(),
            (&listener.address).into(),
        ],
        notes: Vec::new(),
    });
    let columns = vec![
        Column::fixed("PROTOCOL"),
        Column::numeric("PORT"),
        Column::flexible("ADDRESS", 15),
    ];
    let grid = Grid::new(columns, rows.collect());
    report.page.grid(&grid);
}

fn services(report: &mut Report<'_>) {
    let Some(services) = &report.document.inventory.services else {
        return;
    };
    let enabled = services.iter().filter(|it| it.enabled == Some(true));
    let summary = Line::dotted([
        count(services.len(), "unit", "units").into(),
        labelled("enabled", Some(enabled.count().to_string())),
    ]);
    if !report.begin("Services", &summary, &[Section::Services]) {
        return;
    }
    let rows = services.iter().map(|service| Row {
        cells: vec![
            report.name(Section::Services, &service.name),
            state(service),
        ],
        notes: Vec::new(),
    });
    let columns = vec![Column::flexible("UNIT", 20), Column::fixed("STATE")];
    let grid = Grid::new(columns, rows.collect());
    report.page.grid(&grid);
}

/// A masked one starts in no way, whatever else enables it.
fn state(service: &Service) -> Line {
    match (service.masked, service.enabled) {
        (Some(true), _) => Line::from("masked"),
        (_, Some(true)) => Line::toned(Tone::Good, "enabled"),
        (_, Some(false)) => Line::toned(Tone::Faint, "not enabled"),
        (_, None) => super::unknown(),
    }
}
