//! Network interfaces.
//!
//! Netlink says what the kernel knows of each interface in one dump; sysfs adds the device behind
//! it, ethtool what only its driver knows. Where netlink may not be asked, sysfs says it all.

mod device;
mod driver;
mod files;
mod kernel;
mod kind;
mod neighbours;

use std::collections::BTreeMap;

use muster_model::network::{InterfaceKind, NetworkInterface};
use muster_model::{Found, Origin};

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::natural;
use crate::source::{Answer, Query, Request};

/// Fills `network`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Vec<NetworkInterface>> {
    let mut notes = Notes::new("network");
    let mut interfaces = known_to_kernel(context, &mut notes)
        .unwrap_or_else(|| files::interfaces(context.source, &mut notes));
    interfaces.sort_by(|a, b| natural::compare(&a.name, &b.name));
    device::fill(context, &mut interfaces, &mut notes);
    driver::fill(context, &mut interfaces, &mut notes);
    neighbours::fill(context, &mut interfaces, &mut notes);
    notes.with(interfaces)
}

/// What netlink says; `None` where it may not be asked or does not answer.
fn known_to_kernel(context: &Context<'_>, notes: &mut Notes) -> Option<Vec<NetworkInterface>> {
    // A driver that hangs while it holds the kernel's lock over all interfaces holds this up too.
    let questions = vec![Request::Ask(Query::Links), Request::Ask(Query::Addresses)];
    let deadline = context.options.device_deadline;
    let mut answers = context
        .source
        .within(deadline, vec![questions])
        .into_iter()
        .flatten();
    let mut next = || -> Answer { answers.next().unwrap_or(Err(Fault::TimedOut)) };
    let (links, addresses) = (next(), next());
    let links = notes.require("links", "the kernel's list of interfaces (netlink)", links)?;
    let addresses = notes.require("addresses", "addresses (netlink)", addresses);
    let addresses = addresses.unwrap_or_default();
    Some(kernel::interfaces(&links, &addresses, notes))
}

/// Whether there is, or may be, a device of its own behind an interface.
fn has_device(interface: &NetworkInterface) -> bool {
    use InterfaceKind::{Infiniband, Physical, Wireless, Wwan};
    matches!(
        interface.kind,
        None | Some(Physical | Wireless | Infiniband | Wwan)
    )
}

/// Whether the values may be read from files that take the kernel's lock over all interfaces:
/// on the running machine that lock may be held by a driver that hangs, and netlink has them.
fn may_take_lock(origin: Origin) -> bool {
    origin != Origin::Live
}

/// A hardware address as the document has it; `None` for none, all zeros, and what tunnels have in
/// its place.
fn hardware_address(bytes: &[u8]) -> Option<String> {
    /// Ethernet, IEEE 1394 and EUI-64, InfiniBand.
    const LENGTHS: [usize; 3] = [6, 8, 20];
    if !LENGTHS.contains(&bytes.len()) || bytes.iter().all(|byte| *byte == 0) {
        return None;
    }
    let parts: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(parts.join(":"))
}

/// Writes into each bond which interfaces name it as their master.
fn list_members(interfaces: &mut [NetworkInterface]) {
    let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for interface in interfaces.iter() {
        if let Some(master) = &interface.master {
            let names = members.entry(master.clone()).or_default();
            names.push(interface.name.clone());
        }
    }
    for interface in interfaces {
        if let Some(bond) = &mut interface.bond {
            bond.members = members.remove(&interface.name).unwrap_or_default();
            bond.members.sort_by(|a, b| natural::compare(a, b));
        }
    }
}

#[cfg(test)]
mod tests;
