//! Memory: how much, in which slots.

use maud::{Markup, html};
use muster_model::memory::{Memory, MemoryModule};
use muster_model::{Inventory, units};

use super::processors::share;
use super::why::Reasons;
use crate::parts::{fact, shown, table};
use crate::pictures::{Part, bar};
use crate::words::Words;

/// The memory of the machine.
pub(super) fn section(words: &Words, inventory: &Inventory, why: &Reasons<'_>) -> Markup {
    let memory = &inventory.memory;
    html! {
        section.card #memory {
            h2 { (words.memory) }
            (in_use(words, memory))
            (facts(words, memory))
            @if memory.modules.is_empty() {
                (why.nothing("memory"))
            } @else {
                (slots(words, memory))
                (modules(words, memory, why))
            }
        }
    }
}

fn in_use(words: &Words, memory: &Memory) -> Markup {
    let (Some(total), Some(available)) = (memory.total_bytes, memory.available_bytes) else {
        return html! {};
    };
    let used = total.saturating_sub(available);
    let label = (words.memory_used)(&units::bytes(used), &units::bytes(total));
    let parts = [Part {
        class: "used",
        share: share(used, total),
    }];
    html! { figure { (bar(&label, &parts)) figcaption { (label) } } }
}

fn facts(words: &Words, memory: &Memory) -> Markup {
    let bytes = |bytes: Option<u64>| bytes.map(units::bytes);
    let number = |count: Option<u64>| count.map(|count| count.to_string());
    html! {
        dl.facts.wide {
            (fact(words.total, bytes(memory.total_bytes).as_deref()))
            (fact(words.swap, bytes(memory.swap_total_bytes).as_deref()))
            (fact(words.max_capacity, bytes(memory.max_capacity_bytes).as_deref()))
            (fact(words.error_correction, memory.ecc.kind.as_deref().map(|kind| kind.replace('_', " ")).as_deref()))
            (fact(words.corrected_errors, number(memory.ecc.correctable_errors).as_deref()))
            (fact(words.uncorrected_errors, number(memory.ecc.uncorrectable_errors).as_deref()))
        }
    }
}

/// The slots of the board side by side, the filled ones with what is in them.
fn slots(words: &Words, memory: &Memory) -> Markup {
    const MOST: usize = 256;
    let filled = memory.modules.len();
    let known = memory.slots.and_then(|slots| usize::try_from(slots).ok());
    let empty = known
        .map_or(0, |slots| slots.saturating_sub(filled))
        .min(MOST);
    html! {
        h3 { ((words.slots_filled)(filled, known.map(|slots| slots.max(filled)))) }
        ul.slots {
            @for module in memory.modules.iter().take(MOST) {
                li.filled {
                    span.size { @if let Some(size) = module.size_bytes { (units::bytes(size)) } }
                    span.fine { @if let Some(locator) = &module.locator { (shown(locator)) } }
                }
            }
            @for _ in 0..empty { li.empty { span.size { (words.empty) } } }
        }
    }
}

fn modules(words: &Words, memory: &Memory, why: &Reasons<'_>) -> Markup {
    let heads = [
        words.slot,
        words.size,
        words.kind,
        words.speed,
        words.maker,
        words.part_number,
        words.serial,
    ];
    let modules = memory.modules.iter();
    let rows: Vec<Markup> = modules.map(|module| row(words, module, why)).collect();
    table(words.memory, &heads, &rows)
}

fn row(words: &Words, module: &MemoryModule, why: &Reasons<'_>) -> Markup {
    let locator = module.locator.as_deref().unwrap_or("modules");
    let cell = |value: Option<String>| why.or_why(value, "memory", locator);
    // Slower than it could be is worth to be seen.
    let speed = match (module.configured_mts, module.speed_mts) {
        (Some(now), Some(can)) if now < can => Some((words.speed_of)(now, can)),
        (now, can) => now.or(can).map(|mts| format!("{mts}\u{a0}MT/s")),
    };
    html! {
        th scope="row" { (cell(module.locator.clone())) }
        td { (cell(module.size_bytes.map(units::bytes))) }
        td { (cell(module.kind.clone())) }
        td { (cell(speed)) }
        td { (cell(module.manufacturer.clone())) }
        td { (cell(module.part_number.clone())) }
        td { (cell(module.serial.clone())) }
    }
}
