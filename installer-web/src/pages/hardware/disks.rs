//! Disks: what is on them, how they are, and whether an installation may take them.

use maud::{Markup, html};
use muster_model::disk::{Disk, HealthStatus, Partition};
use muster_model::{Inventory, units};

use super::processors::share;
use super::why::Reasons;
use crate::parts::{fact, joined, marked, shown};
use crate::pictures::{Mark, Part, bar};
use crate::words::Words;

/// A box a disk.
pub(super) fn section(words: &Words, inventory: &Inventory, why: &Reasons<'_>) -> Markup {
    html! {
        section.card #disks {
            h2 { (words.disks) }
            @if inventory.disks.is_empty() { (why.nothing("disks")) }
            div.nodes.disks {
                @for disk in &inventory.disks { (disk_box(words, disk, why)) }
            }
        }
    }
}

fn disk_box(words: &Words, disk: &Disk, why: &Reasons<'_>) -> Markup {
    let cell = |value: Option<String>| why.or_why(value, "disks", &disk.name);
    let made = [&disk.vendor, &disk.model].into_iter().flatten();
    let made: Vec<&str> = made.map(String::as_str).collect();
    html! {
        article.node {
            h3 { (shown(&disk.name)) " " span.size { (cell(disk.size_bytes.map(units::decimal_bytes))) } }
            p { (cell((!made.is_empty()).then(|| made.join(" ")))) }
            p.tags { (available(words, disk)) " " (health(words, disk, why)) }
            (content(words, disk))
            (reasons(words, disk))
            dl.facts {
                div { dt { (words.serial) } dd { (cell(disk.serial.clone())) } }
                (fact(words.attached_by, transport(disk).as_deref()))
                (fact("WWN", disk.wwn.as_deref()))
                (fact(words.firmware, disk.firmware.as_deref()))
                (fact(words.temperature, disk.health.temperature_c.map(|degrees| format!("{degrees}\u{a0}°C")).as_deref()))
                (fact(words.worn, disk.health.percentage_used.map(|worn| format!("{worn}\u{a0}%")).as_deref()))
                (fact(words.powered_on, disk.health.power_on_hours.map(|hours| format!("{hours}\u{a0}h")).as_deref()))
            }
        }
    }
}

/// In the word of the document, such as `nvme`.
fn transport(disk: &Disk) -> Option<String> {
    let word = serde_json::to_value(disk.transport?).ok()?;
    Some(word.as_str()?.replace('_', " "))
}

fn available(words: &Words, disk: &Disk) -> Markup {
    match disk.available {
        Some(true) => marked(Mark::Good, words.free_to_take),
        Some(false) => marked(Mark::Neutral, words.in_use),
        None => marked(Mark::Unknown, words.maybe_in_use),
    }
}

fn health(words: &Words, disk: &Disk, why: &Reasons<'_>) -> Markup {
    match disk.health.status {
        Some(HealthStatus::Ok) => marked(Mark::Good, words.healthy),
        Some(HealthStatus::Warning) => marked(Mark::Attention, words.needs_attention),
        Some(HealthStatus::Failing) => marked(Mark::Bad, words.failing),
        None => html! { (words.health) ": " (why.why("disks", &disk.name)) },
    }
}

/// The partitions as they lie on the disk, drawn and told.
fn content(words: &Words, disk: &Disk) -> Markup {
    let whole = disk
        .filesystem
        .as_ref()
        .and_then(|found| found.kind.clone());
    let label = match (disk.partitions.len(), &whole) {
        (0, Some(kind)) => kind.clone(),
        (0, None) => words.no_partitions.to_owned(),
        (count, _) => (words.partitions_counted)(count),
    };
    html! {
        figure {
            (bar(&shown(&label), &parts(disk)))
            figcaption {
                @if disk.partitions.is_empty() { (shown(&label)) (mounted(&disk.mount_points)) }
                @else {
                    ul.plain {
                        @for partition in &disk.partitions { li { (partition_line(partition)) } }
                    }
                }
            }
        }
    }
}

fn parts(disk: &Disk) -> Vec<Part> {
    let whole = disk.size_bytes.unwrap_or_default();
    let classes = ["one", "two", "three"].into_iter().cycle();
    let partitions = disk.partitions.iter();
    let drawn = partitions.zip(classes).map(|(partition, class)| Part {
        class,
        share: share(partition.size_bytes.unwrap_or_default(), whole),
    });
    drawn.collect()
}

fn partition_line(partition: &Partition) -> Markup {
    let kind = partition
        .filesystem
        .as_ref()
        .and_then(|found| found.kind.as_deref());
    html! {
        (shown(&partition.name))
        @if let Some(size) = partition.size_bytes { " " (units::bytes(size)) }
        @if let Some(kind) = kind { " " (shown(kind)) }
        (mounted(&partition.mount_points))
    }
}

fn mounted(points: &[String]) -> Markup {
    html! { @if !points.is_empty() { " → " (joined(points, ", ")) } }
}

fn reasons(words: &Words, disk: &Disk) -> Markup {
    html! {
        @if !disk.unavailable_reasons.is_empty() {
            p.fine { (words.not_free_because) " " (joined(&disk.unavailable_reasons, "; ")) }
        }
    }
}
