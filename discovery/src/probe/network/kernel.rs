//! Interfaces as netlink lists them.

use std::collections::HashMap;

use muster_model::WarningKind;
use muster_model::network::{AdminState, Bond, InterfaceKind, Lacp, NetworkInterface, Vlan};

use super::{hardware_address, kind, list_members};
use crate::notes::Notes;
use crate::parse::netlink::{self, Address, Link};

/// One interface a link message; a kind where the kernel says one.
pub(super) fn interfaces(
    links: &[u8],
    addresses: &[u8],
    notes: &mut Notes,
) -> Vec<NetworkInterface> {
    let links = netlink::links(links);
    let mut addresses = netlink::addresses(addresses);
    note_malformed("network", "links", links.malformed, notes);
    note_malformed("network.addresses", "addresses", addresses.malformed, notes);
    addresses.items.sort_unstable();
    let names: HashMap<u32, &str> = links
        .items
        .iter()
        .map(|link| (link.index, link.name.as_str()))
        .collect();
    let mut by_interface: HashMap<u32, Vec<String>> = HashMap::new();
    for Address {
        index,
        address,
        prefix_length,
    } in addresses.items
    {
        let texts = by_interface.entry(index).or_default();
        texts.push(format!("{address}/{prefix_length}"));
    }
    let mut interfaces: Vec<NetworkInterface> = links
        .items
        .iter()
        .map(|link| NetworkInterface {
            addresses: by_interface.remove(&link.index).unwrap_or_default(),
            ..interface(link, &names)
        })
        .collect();
    list_members(&mut interfaces);
    interfaces
}

fn interface(link: &Link, names: &HashMap<u32, &str>) -> NetworkInterface {
    let name = |index: Option<u32>| Some((*names.get(&index?)?).to_owned());
    let kind = match &link.kind {
        Some(word) => Some(kind::by_link_info(word)),
        None if link.loopback => Some(InterfaceKind::Loopback),
        None => kind::by_hardware_type(link.hardware_type),
    };
    NetworkInterface {
        name: link.name.clone(),
        kind,
        mac: hardware_address(&link.address),
        permanent_mac: hardware_address(&link.permanent_address),
        // The carrier of an interface that is switched off is what it was before.
        carrier: link.carrier.filter(|_| link.up),
        admin_state: Some(match link.up {
            true => AdminState::Up,
            false => AdminState::Down,
        }),
        oper_state: link.oper_state.map(str::to_owned),
        mtu: link.mtu,
        master: name(link.master),
        bond: (kind == Some(InterfaceKind::Bond)).then(|| bond(&link.bond, &name)),
        vlan: (kind == Some(InterfaceKind::Vlan)).then(|| Vlan {
            id: link.vlan_id,
            parent: name(link.parent),
        }),
        ..NetworkInterface::default()
    }
}

fn bond(bond: &netlink::Bond, name: &impl Fn(Option<u32>) -> Option<String>) -> Bond {
    let lacp = bond.mode.as_deref() == Some("802.3ad");
    Bond {
        mode: bond.mode.clone(),
        members: Vec::new(),
        active: name(bond.active),
        lacp: lacp.then(|| Lacp {
            rate: bond.lacp_rate.clone(),
            ports: bond.lacp_ports,
            partner_mac: bond.lacp_partner.and_then(|mac| hardware_address(&mac)),
        }),
    }
}

fn note_malformed(list: &str, subject: &str, count: usize, notes: &mut Notes) {
    if count > 0 {
        let message = format!("{count} netlink messages could not be read and are left out");
        notes.lacks(list, subject, WarningKind::Malformed, message);
    }
}
