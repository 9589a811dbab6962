//! Network interfaces: how many links of a sort, by which drivers, and how they are bonded.

mod bonds;
mod drivers;
mod links;

use muster_model::Section;
use muster_model::network::{AdminState, InterfaceKind, NetworkInterface};

use super::{Check, Finding, Kind, Outcome, counting, finding, parameters, read};
use crate::machine::{Fact, Machine};

pub(super) const KINDS: &[Kind] = &[links::KIND, drivers::KIND, bonds::KIND];

fn interfaces<'a>(machine: &Machine<'a>) -> Fact<&'a [NetworkInterface]> {
    machine.list(Section::Network, &machine.inventory().network)
}

fn fact<T>(
    machine: &Machine<'_>,
    interface: &NetworkInterface,
    field: &str,
    value: Option<T>,
) -> Fact<T> {
    machine.device_fact(Section::Network, &interface.name, field, value)
}

/// Whether a link has a signal: one that is switched off has none, though the kernel does not say.
fn has_signal(machine: &Machine<'_>, interface: &NetworkInterface) -> Fact<bool> {
    match (interface.carrier, interface.admin_state) {
        (None, Some(AdminState::Down)) => Ok(false),
        (carrier, _) => fact(machine, interface, "carrier", carrier),
    }
}

/// What a link without a signal is.
fn without_signal(interface: &NetworkInterface) -> &'static str {
    match interface.admin_state {
        Some(AdminState::Down) => "switched off",
        _ => "no signal",
    }
}

/// Whether an interface is one of these kinds.
fn is_of_kind(
    machine: &Machine<'_>,
    interface: &NetworkInterface,
    kinds: &[InterfaceKind],
) -> Fact<bool> {
    let kind = fact(machine, interface, "kind", interface.kind)?;
    Ok(kinds.contains(&kind))
}
