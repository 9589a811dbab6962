//! Network links: what carries a signal, and what it is.

use maud::{Markup, html};
use muster_model::network::{AdminState, Duplex, InterfaceKind, Neighbour, NetworkInterface};
use muster_model::{Inventory, units};

use super::why::Reasons;
use crate::parts::{joined, marked, shown, table};
use crate::pictures::Mark;
use crate::words::Words;

/// Ports first, then what software made.
pub(super) fn section(words: &Words, inventory: &Inventory, why: &Reasons<'_>) -> Markup {
    let (ports, others): (Vec<&NetworkInterface>, Vec<&NetworkInterface>) =
        inventory.network.iter().partition(|link| is_port(link));
    html! {
        section.card #network {
            h2 { (words.network) }
            @if inventory.network.is_empty() { (why.nothing("network")) }
            @if !ports.is_empty() { (links(words, words.network, &ports, why)) }
            @if !others.is_empty() {
                details {
                    summary { (words.other_links) " (" (others.len()) ")" }
                    (links(words, words.other_links, &others, why))
                }
            }
        }
    }
}

fn is_port(link: &NetworkInterface) -> bool {
    matches!(
        link.kind,
        Some(InterfaceKind::Physical | InterfaceKind::Wireless | InterfaceKind::Infiniband)
    )
}

fn links(words: &Words, label: &str, links: &[&NetworkInterface], why: &Reasons<'_>) -> Markup {
    let heads = [
        words.name,
        words.cable,
        words.speed,
        words.mac,
        words.model,
        words.driver,
        words.addresses,
        words.neighbour,
    ];
    let rows: Vec<Markup> = links.iter().map(|link| row(words, link, why)).collect();
    table(label, &heads, &rows)
}

fn row(words: &Words, link: &NetworkInterface, why: &Reasons<'_>) -> Markup {
    let name = link.name.as_str();
    let cell = |value: Option<String>| why.or_why(value, "network", name);
    let made = [&link.vendor, &link.model].into_iter().flatten();
    let made: Vec<&str> = made.map(String::as_str).collect();
    html! {
        th scope="row" { (shown(name)) (belongs(words, link)) }
        td { (cable(words, link, why)) }
        td { (cell(link.speed_mbps.map(speed))) (duplex(words, link)) }
        td { code { (cell(link.mac.clone().or_else(|| link.permanent_mac.clone()))) } }
        td {
            (cell((!made.is_empty()).then(|| made.join(" "))))
            @if let Some(slot) = &link.pci_slot { div.fine { code { (shown(slot)) } } }
        }
        td { (cell(link.driver.clone())) @if let Some(firmware) = &link.firmware_version { div.fine { (shown(firmware)) } } }
        td { @if link.addresses.is_empty() { span.none { "–" } } @else { (joined(&link.addresses, "<br>")) } }
        td { (neighbour(link.neighbour.as_ref())) }
    }
}

#[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
fn speed(mbps: u64) -> String {
    units::megabits(mbps as f64)
}

fn duplex(words: &Words, link: &NetworkInterface) -> Markup {
    html! { @if link.duplex == Some(Duplex::Half) { div.fine { (words.half_duplex) } } }
}

fn cable(words: &Words, link: &NetworkInterface, why: &Reasons<'_>) -> Markup {
    match (link.carrier, link.admin_state) {
        (Some(true), _) => marked(Mark::Good, words.signal),
        (_, Some(AdminState::Down)) => marked(Mark::Neutral, words.switched_off),
        (Some(false), _) => marked(Mark::Attention, words.no_signal),
        (None, _) => why.why("network", &link.name),
    }
}

/// Bond, bridge or VLAN.
fn belongs(words: &Words, link: &NetworkInterface) -> Markup {
    let vlan = link.vlan.as_ref().and_then(|vlan| vlan.id);
    html! {
        @if let Some(master) = &link.master { div.fine { (words.part_of) " " (shown(master)) } }
        @if let Some(mode) = link.bond.as_ref().and_then(|bond| bond.mode.as_deref()) { div.fine { (shown(mode)) } }
        @if let Some(id) = vlan { div.fine { "VLAN " (id) } }
    }
}

fn neighbour(neighbour: Option<&Neighbour>) -> Markup {
    let said = neighbour.map(|said| {
        let name = said.system_name.as_ref().or(said.chassis_id.as_ref());
        let port = said.port_id.as_ref().or(said.port_description.as_ref());
        let parts: Vec<&str> = [name, port]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        parts.join(" ")
    });
    html! { @match said { Some(said) => (shown(&said)), None => span.none { "–" } } }
}
