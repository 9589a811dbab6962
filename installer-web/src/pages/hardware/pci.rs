//! PCI functions: what is plugged in, how fast, and whether it can be given to a virtual machine.

use maud::{Markup, html};
use muster_model::pci::{PciFunction, PciLink};
use muster_model::{Inventory, units};

use super::why::Reasons;
use crate::parts::{joined, marked, shown, table};
use crate::pictures::Mark;
use crate::words::Words;

/// A row a function.
pub(super) fn section(words: &Words, inventory: &Inventory, why: &Reasons<'_>) -> Markup {
    let heads = [
        words.slot,
        words.device,
        words.driver,
        words.link,
        words.numa_node,
        words.passthrough,
    ];
    let functions = inventory.pci.iter();
    let rows: Vec<Markup> = functions
        .map(|function| row(words, function, why))
        .collect();
    html! {
        section.card #pci {
            h2 { (words.pci) }
            @if rows.is_empty() { (why.nothing("pci")) } @else { (table(words.pci, &heads, &rows)) }
        }
    }
}

fn row(words: &Words, function: &PciFunction, why: &Reasons<'_>) -> Markup {
    let cell = |value: Option<String>| why.or_why(value, "pci", &function.slot);
    let named = [&function.vendor, &function.device].into_iter().flatten();
    let named: Vec<&str> = named.map(String::as_str).collect();
    html! {
        th scope="row" { code { (shown(&function.slot)) } }
        td {
            (cell((!named.is_empty()).then(|| named.join(" "))))
            @if let Some(class) = &function.class { div.fine { (shown(class)) } }
        }
        td { (cell(function.driver.clone())) }
        td { (link(words, &function.link)) }
        td { (cell(function.numa_node.map(|node| node.to_string()))) }
        td { (passthrough(words, function)) }
    }
}

/// `16 GT/s × 8`, and what it could be where it is less.
fn link(words: &Words, link: &PciLink) -> Markup {
    let told = |speed: Option<f64>, width: Option<u32>| {
        let speed = units::with_unit(speed?, "GT/s");
        Some(format!("{speed} ×\u{a0}{}", width?))
    };
    let now = told(link.speed_gts, link.width);
    let most = told(link.max_speed_gts, link.max_width);
    html! {
        @match &now { Some(now) => (now), None => span.none { "–" } }
        @if let (Some(now), Some(most)) = (&now, &most) {
            @if now != most { div.fine { (words.at_most) " " (most) } }
        }
    }
}

fn passthrough(words: &Words, function: &PciFunction) -> Markup {
    let passthrough = &function.passthrough;
    html! {
        @match passthrough.ready {
            Some(true) => (marked(Mark::Good, words.ready)),
            Some(false) => (marked(Mark::Neutral, words.not_ready)),
            None => span.none { "–" },
        }
        @if !passthrough.reasons.is_empty() { div.fine { (joined(&passthrough.reasons, "; ")) } }
    }
}
