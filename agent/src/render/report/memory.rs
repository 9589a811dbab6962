//! Memory and NUMA nodes.

use std::collections::BTreeMap;

use muster_model::Section;
use muster_model::memory::{Memory, MemoryModule};

use super::{Report, count, known, labelled};
use crate::render::layout::{Column, Grid, Line, Row, Tone};
use muster_model::units;

/// Memory, DIMMs, NUMA nodes.
pub(super) fn blocks(report: &mut Report<'_>) {
    let memory = &report.document.inventory.memory;
    let summary = Line::from(memory.total_bytes.map(units::bytes));
    if report.begin("Memory", &summary, &[Section::Memory]) {
        facts(report, memory);
        modules(report, memory);
    }
    let nodes = report.document.inventory.numa.len();
    if report.layout.in_full || nodes > 1 {
        numa(report);
    }
}

fn facts(report: &mut Report<'_>, memory: &Memory) {
    let swap = match memory.swap_total_bytes {
        Some(0) => Some("none".to_owned()),
        other => other.map(units::bytes),
    };
    report.page.fact(
        "in use",
        &Line::dotted([
            labelled("available", memory.available_bytes.map(units::bytes)),
            labelled("swap", swap),
        ]),
    );
    let pools = memory.hugepages.iter().filter(|pool| pool.total > Some(0));
    let pools = pools.map(|pool| {
        let number = |pages: Option<u64>| pages.map_or("–".to_owned(), |pages| pages.to_string());
        Line::from(format!(
            "{} × {}, {} free",
            number(pool.total),
            units::bytes(pool.size_bytes),
            number(pool.free)
        ))
    });
    report.page.fact("huge pages", &Line::dotted(pools));
    let filled = memory.slots.map(|slots| {
        let fitted = memory.modules.len();
        format!("{fitted} of {slots} filled")
    });
    let capacity = labelled("takes up to", memory.max_capacity_bytes.map(units::bytes));
    report
        .page
        .fact("slots", &Line::dotted([filled.into(), capacity]));
    report.page.fact("ECC", &ecc(memory));
}

fn ecc(memory: &Memory) -> Line {
    let errors = |number: Option<u64>, what: &str, tone: Tone| match number {
        None => Line::default(),
        Some(0) => Line::from(format!("0 {what}")),
        Some(number) => Line::toned(tone, &format!("{number} {what}")),
    };
    Line::dotted([
        Line::from(memory.ecc.kind.as_ref().map(|kind| kind.replace('_', "-"))),
        errors(
            memory.ecc.correctable_errors,
            "corrected errors",
            Tone::Attention,
        ),
        errors(
            memory.ecc.uncorrectable_errors,
            "uncorrected errors",
            Tone::Bad,
        ),
    ])
}

/// Equal modules in one line.
fn modules(report: &mut Report<'_>, memory: &Memory) {
    let mut alike: BTreeMap<String, Vec<&MemoryModule>> = BTreeMap::new();
    for module in &memory.modules {
        alike.entry(description(module)).or_default().push(module);
    }
    for (number, (description, modules)) in alike.iter().enumerate() {
        let places: Vec<&str> = modules
            .iter()
            .filter_map(|module| module.locator.as_deref())
            .collect();
        let label = if number == 0 { "modules" } else { "" };
        let line = Line::from(format!("{} × {description}", modules.len()));
        let places = Line::toned(Tone::Faint, &places.join(" "));
        report.page.fact(label, &Line::dotted([line, places]));
        if report.layout.in_full {
            serials(report, modules);
        }
    }
}

fn serials(report: &mut Report<'_>, modules: &[&MemoryModule]) {
    for module in modules {
        let line = Line::dotted([
            labelled("serial", module.serial.as_ref()),
            labelled("asset tag", module.asset_tag.as_ref()),
            labelled("bank", module.bank.as_ref()),
        ]);
        let name = module.locator.as_deref().unwrap_or("–");
        report.page.item(&Line::toned(Tone::Name, name), 16, &line);
    }
}

fn description(module: &MemoryModule) -> String {
    let speed = match (module.configured_mts, module.speed_mts) {
        (Some(runs), Some(can)) if runs != can => Some(format!("{runs} of {can}\u{a0}MT/s")),
        (Some(speed), _) | (None, Some(speed)) => Some(format!("{speed}\u{a0}MT/s")),
        (None, None) => None,
    };
    let parts = [
        module.size_bytes.map(units::bytes),
        module.kind.clone(),
        module.form_factor.clone(),
        speed,
        module.manufacturer.clone(),
        module.part_number.clone(),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn numa(report: &mut Report<'_>) {
    let nodes = &report.document.inventory.numa;
    let summary = Line::from(count(nodes.len(), "node", "nodes"));
    if !report.begin("NUMA", &summary, &[Section::Numa]) {
        return;
    }
    let rows = nodes.iter().map(|node| Row {
        cells: vec![
            report.name(Section::Numa, &node.id.to_string()),
            known(node.memory_total_bytes.map(units::bytes)),
            known(node.memory_free_bytes.map(units::bytes)),
            Line::from(
                node.distances
                    .iter()
                    .map(u32::to_string)
                    .collect::<Vec<_>>()
                    .join(" "),
            ),
            known(node.cpus.as_ref()),
        ],
        notes: Vec::new(),
    });
    let columns = vec![
        Column::fixed("NODE"),
        Column::numeric("MEMORY"),
        Column::numeric("FREE"),
        Column::fixed("DISTANCES"),
        Column::flexible("CPUS", 12),
    ];
    let grid = Grid::new(columns, rows.collect());
    report.page.grid(&grid);
}
