//! Accelerators, the management controller, and sensors.

use maud::{Markup, html};
use muster_model::pci::Gpu;
use muster_model::peripheral::{Bmc, Sensor};
use muster_model::{Inventory, units};

use super::why::Reasons;
use crate::parts::{fact, marked, shown, table};
use crate::pictures::Mark;
use crate::words::Words;

/// A row an accelerator.
pub(super) fn gpus(words: &Words, inventory: &Inventory, why: &Reasons<'_>) -> Markup {
    let heads = [words.model, words.memory, words.driver, words.slot, "UUID"];
    let rows: Vec<Markup> = inventory.gpus.iter().map(|gpu| row(gpu, why)).collect();
    html! {
        section.card #gpus {
            h2 { (words.gpus) }
            @if rows.is_empty() { (why.nothing("gpus")) } @else { (table(words.gpus, &heads, &rows)) }
        }
    }
}

fn row(gpu: &Gpu, why: &Reasons<'_>) -> Markup {
    let slot = gpu.pci_slot.as_deref().unwrap_or("gpus");
    let cell = |value: Option<String>| why.or_why(value, "gpus", slot);
    let named = [&gpu.vendor, &gpu.model].into_iter().flatten();
    let named: Vec<&str> = named.map(String::as_str).collect();
    html! {
        th scope="row" { (cell((!named.is_empty()).then(|| named.join(" ")))) }
        td { (cell(gpu.memory_bytes.map(units::bytes))) }
        td { (cell(gpu.driver.clone())) }
        td { code { (cell(gpu.pci_slot.clone())) } }
        td { (cell(gpu.uuid.clone())) }
    }
}

/// The controller beside the machine, and what it and others measure.
pub(super) fn bmc_and_sensors(words: &Words, inventory: &Inventory, why: &Reasons<'_>) -> Markup {
    let heads = [words.sensor, words.reading, words.state];
    let rows: Vec<Markup> = inventory
        .sensors
        .iter()
        .map(|sensor| reading(words, sensor))
        .collect();
    html! {
        section.card #sensors {
            h2 { (words.bmc_and_sensors) }
            (bmc(words, &inventory.bmc, why))
            @if rows.is_empty() {
                p.none { (words.no_sensors) }
            } @else {
                (table(words.sensor, &heads, &rows))
            }
        }
    }
}

fn bmc(words: &Words, bmc: &Bmc, why: &Reasons<'_>) -> Markup {
    html! {
        @match bmc.present {
            Some(true) => dl.facts.wide {
                div { dt { (words.bmc) } dd { (marked(Mark::Good, words.present)) } }
                (fact(words.attached_by, bmc.interface.as_deref()))
                (fact(words.firmware, bmc.firmware.as_deref()))
                (fact("IPv4", bmc.ipv4.as_deref()))
                (fact("IPv6", bmc.ipv6.as_deref()))
                (fact(words.mac, bmc.mac.as_deref()))
            },
            Some(false) => p { (words.no_bmc) },
            None => p { (words.bmc) ": " (why.why("bmc", "bmc")) },
        }
    }
}

fn reading(words: &Words, sensor: &Sensor) -> Markup {
    let unit = sensor.unit.as_deref().unwrap_or_default();
    html! {
        th scope="row" { (shown(&sensor.label)) div.fine { (shown(&sensor.chip)) } }
        td {
            @match sensor.value {
                Some(value) => (shown(&units::with_unit(value, unit))),
                None => span.none { "–" },
            }
        }
        td {
            @match sensor.alarm {
                Some(true) => (marked(Mark::Bad, words.alarm)),
                Some(false) => (marked(Mark::Good, words.no_alarm)),
                None => span.none { "–" },
            }
        }
    }
}
