//! Processors.

use muster_model::Section;
use muster_model::cpu::{Cache, CacheKind, Cpu, CpuVirtualization};

use super::{Report, labelled};
use crate::render::layout::{Column, Grid, Line, Row, Tone};
use muster_model::units;

/// The processors of the machine.
pub(super) fn block(report: &mut Report<'_>) {
    let cpu = &report.document.inventory.cpu;
    let model = Line::from(cpu.model_name.as_ref());
    if !report.begin("Processors", &model, &[Section::Cpu]) {
        return;
    }
    let page = &mut report.page;
    page.fact("topology", &topology(cpu));
    page.fact("clock", &clock(cpu));
    page.fact("caches", &Line::dotted(cpu.caches.iter().map(cache)));
    page.fact(
        "kinds",
        &Line::dotted(cpu.core_kinds.iter().map(|kind| {
            let threads = kind.threads.map(|threads| format!("{threads} × "));
            Line::from(format!(
                "{}{} ({})",
                threads.unwrap_or_default(),
                kind.name,
                kind.cpus
            ))
        })),
    );
    page.fact("identity", &identity(cpu));
    page.fact("isolated", &cpu.isolated_cpus.as_ref().into());
    page.fact("weaknesses", &vulnerabilities(cpu));
    if report.layout.in_full {
        report.page.fact("flags", &cpu.flags.join(" ").into());
        let rows = cpu.vulnerabilities.iter().map(|(name, text)| Row {
            cells: vec![Line::from(name), Line::toned(tone_of(text), text)],
            notes: Vec::new(),
        });
        let columns = vec![Column::fixed("WEAKNESS"), Column::flexible("STATE", 20)];
        report.page.grid(&Grid::new(columns, rows.collect()));
    }
}

fn topology(cpu: &Cpu) -> Line {
    let counted = |number: Option<u32>, one: &str, many: &str| {
        let number = number.and_then(|number| usize::try_from(number).ok());
        Line::from(number.map(|number| super::count(number, one, many)))
    };
    let online = match (cpu.threads, cpu.online_threads) {
        (Some(threads), Some(online)) if online < threads => {
            Line::toned(Tone::Attention, &format!("{online} online"))
        }
        _ => Line::default(),
    };
    let threads = counted(cpu.threads, "thread", "threads");
    let a_core = cpu
        .threads_per_core
        .map(|threads| format!(" ({threads} a core)"));
    Line::dotted([
        counted(cpu.sockets, "socket", "sockets"),
        counted(cpu.cores, "core", "cores"),
        threads.and(a_core.into()),
        online,
    ])
}

fn clock(cpu: &Cpu) -> Line {
    let range = &cpu.frequency_mhz;
    Line::dotted([
        labelled("from", range.min.map(units::megahertz)),
        labelled("base", range.base.map(units::megahertz)),
        labelled("up to", range.max.map(units::megahertz)),
    ])
}

fn cache(cache: &Cache) -> Line {
    let kind = match cache.kind {
        Some(CacheKind::Data) => "d",
        Some(CacheKind::Instruction) => "i",
        Some(CacheKind::Unified) | None => "",
    };
    let size = cache
        .size_bytes
        .map_or_else(|| "–".to_owned(), units::bytes);
    Line::toned(Tone::Faint, &format!("L{}{kind}\u{a0}", cache.level)).plain(&match cache.instances
    {
        Some(instances) => format!("{instances}\u{a0}×\u{a0}{size}"),
        None => size,
    })
}

fn identity(cpu: &Cpu) -> Line {
    let virtualization = cpu
        .virtualization
        .map(|virtualization| match virtualization {
            CpuVirtualization::VtX => "VT-x",
            CpuVirtualization::AmdV => "AMD-V",
        });
    Line::dotted([
        cpu.architecture.as_ref().into(),
        cpu.vendor_id.as_ref().into(),
        labelled("family", cpu.family.as_ref()),
        labelled("model", cpu.model.as_ref()),
        labelled("stepping", cpu.stepping.as_ref()),
        labelled("microcode", cpu.microcode.as_ref()),
        virtualization.into(),
    ])
}

/// Counts by verdict, and names what is open.
fn vulnerabilities(cpu: &Cpu) -> Line {
    let with = |tone: Tone| {
        cpu.vulnerabilities
            .iter()
            .filter(move |(_, text)| tone_of(text) == tone)
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
    };
    let (open, mitigated, safe) = (with(Tone::Bad), with(Tone::Plain), with(Tone::Good));
    let counted = |names: &[&str], tone: Tone, what: &str| match names.len() {
        0 => Line::default(),
        number => Line::toned(tone, &format!("{number} {what}")),
    };
    let mut vulnerable = counted(&open, Tone::Bad, "vulnerable");
    if !open.is_empty() {
        vulnerable = vulnerable.plain(&format!(": {}", open.join(", ")));
    }
    Line::dotted([
        vulnerable,
        counted(&mitigated, Tone::Plain, "mitigated"),
        counted(&safe, Tone::Good, "not affected"),
    ])
}

/// The kernel's words begin with these three (Documentation/ABI/testing/sysfs-devices-system-cpu).
fn tone_of(text: &str) -> Tone {
    if text.starts_with("Not affected") {
        Tone::Good
    } else if text.starts_with("Vulnerable") {
        Tone::Bad
    } else {
        Tone::Plain
    }
}
