//! PCI, GPUs, USB, sensors, IOMMU, watchdogs.

use std::collections::BTreeMap;

use muster_model::Section;
use muster_model::pci::{PciFunction, PciLink};
use muster_model::peripheral::Sensor;

use super::{Report, count, known, labelled};
use crate::render::layout::{Column, Grid, Line, Row, Tone};
use muster_model::units;

/// Every block of devices that is neither network nor storage.
pub(super) fn blocks(report: &mut Report<'_>) {
    gpus(report);
    pci(report);
    usb(report);
    sensors(report);
    watchdogs(report);
    usage(report);
}

fn gpus(report: &mut Report<'_>) {
    let gpus = &report.document.inventory.gpus;
    if gpus.is_empty() || !report.begin("GPUs", &Line::default(), &[Section::Gpus]) {
        return;
    }
    for gpu in gpus {
        let slot = gpu.pci_slot.as_deref().unwrap_or("–");
        let line = Line::dotted([
            Line::joined([gpu.vendor.as_ref().into(), gpu.model.as_ref().into()], " "),
            labelled("memory", gpu.memory_bytes.map(units::bytes)),
            labelled("driver", gpu.driver.as_ref()),
            gpu.uuid.as_ref().into(),
        ]);
        let name = report.name(Section::Gpus, slot);
        report.page.item(&name, 2, &known(line));
    }
}

fn pci(report: &mut Report<'_>) {
    let functions = &report.document.inventory.pci;
    let iommu = &report.document.inventory.iommu;
    let state = match (iommu.enabled, iommu.kind.as_deref()) {
        (Some(true), kind) => Some(format!("IOMMU on {}", kind.unwrap_or_default())),
        (Some(false), _) => Some("IOMMU off".to_owned()),
        (None, _) => None,
    };
    let summary = Line::dotted([
        Line::from(
            (!functions.is_empty()).then(|| count(functions.len(), "function", "functions")),
        ),
        Line::from(state.filter(|_| report.has(Section::Iommu))),
    ]);
    if !report.begin("PCI", &summary, &[Section::Pci, Section::Iommu]) || !report.has(Section::Pci)
    {
        return;
    }
    if report.layout.in_full {
        pci_in_full(report, functions);
    } else {
        pci_by_class(report, functions);
    }
}

fn pci_by_class(report: &mut Report<'_>, functions: &[PciFunction]) {
    let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
    for function in functions {
        let class = function.class.as_deref().or(function.class_code.as_deref());
        *classes.entry(class.unwrap_or("unknown")).or_default() += 1;
    }
    let classes = classes.into_iter().map(|(class, number)| match number {
        1 => Line::from(class),
        _ => Line::from(format!("{number} × {class}")),
    });
    report.page.fact("classes", &Line::dotted(classes));
    let narrow = functions
        .iter()
        .filter(|function| is_narrow(&function.link));
    let narrow = narrow.map(|function| {
        let name = report.name(Section::Pci, &function.slot);
        name.plain("\u{a0}").and(link(&function.link))
    });
    let narrow = Line::dotted(narrow);
    report.page.fact("narrow links", &narrow);
}

fn pci_in_full(report: &mut Report<'_>, functions: &[PciFunction]) {
    let rows = functions.iter().map(|function| {
        let ids = format!(
            "{}:{}",
            function.vendor_id.as_deref().unwrap_or("–"),
            function.device_id.as_deref().unwrap_or("–")
        );
        let name = Line::joined(
            [
                function.vendor.as_ref().into(),
                function.device.as_ref().into(),
            ],
            " ",
        );
        Row {
            cells: vec![
                report.name(Section::Pci, &function.slot),
                ids.into(),
                known(function.class.as_ref().or(function.class_code.as_ref())),
                known(name),
                function.driver.as_ref().into(),
                link(&function.link),
                function.iommu_group.map(|group| group.to_string()).into(),
            ],
            notes: vec![pci_note(function)],
        }
    });
    let columns = vec![
        Column::fixed("SLOT"),
        Column::fixed("ID"),
        Column::flexible("CLASS", 12),
        Column::flexible("DEVICE", 16),
        Column::fixed("DRIVER"),
        Column::flexible("LINK", 12),
        Column::numeric("GROUP"),
    ];
    let grid = Grid::new(columns, rows.collect());
    report.page.grid(&grid);
}

fn pci_note(function: &PciFunction) -> Line {
    let passthrough = match (
        function.passthrough.ready,
        function.passthrough.reasons.as_slice(),
    ) {
        (Some(true), _) => Line::toned(Tone::Good, "ready for passthrough"),
        (Some(false), []) | (None, _) => Line::default(),
        (Some(false), reasons) => {
            Line::toned(Tone::Faint, "no passthrough: ").plain(&reasons.join("; "))
        }
    };
    Line::dotted([
        labelled("subsystem", function.subsystem.as_ref()),
        labelled("NUMA", function.numa_node.map(|node| node.to_string())),
        labelled("below", function.parent.as_ref()),
        passthrough,
    ])
}

/// `8 GT/s ×8`, and what it could be.
fn link(link: &PciLink) -> Line {
    let shown = |speed: Option<f64>, width: Option<u32>| {
        Some(format!("{} ×{}", units::with_unit(speed?, "GT/s"), width?))
    };
    let Some(now) = shown(link.speed_gts, link.width) else {
        return Line::default();
    };
    match shown(link.max_speed_gts, link.max_width) {
        Some(best) if is_narrow(link) => Line::toned(Tone::Attention, &format!("{now} of {best}")),
        _ => now.into(),
    }
}

/// Fewer lanes than the device has. A lower rate alone is how an idle link saves power.
fn is_narrow(link: &PciLink) -> bool {
    matches!((link.width, link.max_width), (Some(now), Some(most)) if now > 0 && now < most)
}

fn usb(report: &mut Report<'_>) {
    let devices = &report.document.inventory.usb;
    if devices.is_empty() || !report.begin("USB", &Line::default(), &[Section::Usb]) {
        return;
    }
    for device in devices {
        let ids = [&device.vendor_id, &device.product_id];
        let ids: Vec<&str> = ids.into_iter().flatten().map(String::as_str).collect();
        let line = Line::dotted([
            Line::joined(
                [
                    device.vendor.as_ref().into(),
                    device.product.as_ref().into(),
                ],
                " ",
            ),
            Line::toned(Tone::Faint, &ids.join(":")),
            device.speed_mbps.map(units::megabits).into(),
            labelled("serial", device.serial.as_ref()),
            labelled(
                "driver",
                (!device.drivers.is_empty()).then(|| device.drivers.join(", ")),
            ),
        ]);
        let name = report.name(Section::Usb, &device.path);
        report.page.item(&name, 2, &line);
    }
}

fn sensors(report: &mut Report<'_>) {
    let sensors = &report.document.inventory.sensors;
    let alarms = sensors
        .iter()
        .filter(|sensor| sensor.alarm == Some(true))
        .count();
    let summary = match alarms {
        0 => Line::default(),
        _ => Line::toned(Tone::Bad, &count(alarms, "alarm", "alarms")),
    };
    if sensors.is_empty() || !report.begin("Sensors", &summary, &[Section::Sensors]) {
        return;
    }
    let mut chips: BTreeMap<&str, Vec<Line>> = BTreeMap::new();
    for sensor in sensors {
        chips.entry(&sensor.chip).or_default().push(reading(sensor));
    }
    for (chip, readings) in chips {
        report.page.fact(chip, &Line::dotted(readings));
    }
}

fn usage(report: &mut Report<'_>) {
    let Some(usage) = &report.document.inventory.usage else {
        return;
    };
    let over = usage.measured_ms.map(|ms| format!("over {ms}\u{a0}ms"));
    if !report.begin("Usage", &over.into(), &[Section::Usage]) {
        return;
    }
    let load: Vec<String> = usage
        .load_average
        .iter()
        .copied()
        .map(units::digits)
        .collect();
    let rate = |bytes: Option<u64>| bytes.map(|bytes| format!("{}/s", units::bytes(bytes)));
    let page = &mut report.page;
    let busy = usage.cpu_percent.map(|share| units::with_unit(share, "%"));
    let load = labelled("load", (!load.is_empty()).then(|| load.join(" ")));
    page.fact("processors", &Line::dotted([busy.into(), load]));
    let memory = labelled("used", usage.memory_used_bytes.map(units::bytes));
    let swap = labelled("swap", usage.swap_used_bytes.map(units::bytes));
    page.fact("memory", &Line::dotted([memory, swap]));
    for interface in &usage.network {
        let line = Line::dotted([
            labelled("in", rate(interface.received_bytes_per_s)),
            labelled("out", rate(interface.transmitted_bytes_per_s)),
        ]);
        page.fact(&interface.name, &line);
    }
}

fn reading(sensor: &Sensor) -> Line {
    let unit = sensor.unit.as_deref().unwrap_or_default();
    let value = sensor.value.map(|value| units::with_unit(value, unit));
    let line = labelled(&sensor.label, Some(value.as_deref().unwrap_or("–")));
    match sensor.alarm {
        Some(true) => line.tone(Tone::Bad, " alarm"),
        _ => line,
    }
}

fn watchdogs(report: &mut Report<'_>) {
    let watchdogs = &report.document.inventory.watchdogs;
    if watchdogs.is_empty() || !report.begin("Watchdogs", &Line::default(), &[Section::Watchdogs]) {
        return;
    }
    for watchdog in watchdogs {
        let state = watchdog
            .active
            .map(|active| if active { "runs" } else { "off" });
        let line = Line::dotted([
            watchdog.identity.as_ref().into(),
            state.into(),
            labelled(
                "timeout",
                watchdog.timeout_s.map(|s| units::seconds(u64::from(s))),
            ),
        ]);
        let name = report.name(Section::Watchdogs, &watchdog.name);
        report.page.item(&name, 2, &line);
    }
}
