//! Whether the kernel has come to what a step wants. Pure.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Dhcp, Link, Network};
use crate::host::{SeenKind, SeenLink};
use crate::value::{Cidr, LinkName, MacAddress};

/// What is not yet as it is to be, in words; none where all is.
pub(super) fn difference(
    step: &Network,
    names: &BTreeMap<MacAddress, LinkName>,
    seen: &[SeenLink],
) -> Option<String> {
    let found = |name: &LinkName| seen.iter().find(|link| link.name == name.as_str());
    step.links.iter().find_map(|link| {
        let Some(seen) = found(&link.name) else {
            return Some(format!("{} is not there", link.name));
        };
        let lacks = kind(link, seen).or_else(|| of_link(link, seen));
        lacks.or_else(|| {
            let members = link
                .members()
                .iter()
                .filter_map(|member| member.name(names));
            let mut outside = members.filter(|member| {
                let master = found(member).and_then(|seen| seen.master.as_deref());
                master != Some(link.name.as_str())
            });
            outside
                .next()
                .map(|member| format!("{member} does not belong to {}", link.name))
        })
    })
}

/// What a link is that is to be made, and is something else.
pub(super) fn kind(link: &Link, seen: &SeenLink) -> Option<String> {
    let name = &link.name;
    match (&link.bond, &link.vlan, &link.bridge, &seen.kind) {
        (Some(bond), _, _, SeenKind::Bond(Some(mode))) if *mode != bond.mode.to_string() => {
            Some(format!("{name} is a bond by {mode}, not by {}", bond.mode))
        }
        (Some(_), _, _, SeenKind::Bond(_)) | (_, _, Some(_), SeenKind::Bridge) => None,
        (_, Some(vlan), _, SeenKind::Vlan(id, on)) => {
            let is_same =
                *id == Some(u16::from(vlan.id)) && on.as_deref() == Some(vlan.on.as_str());
            (!is_same).then(|| format!("{name} is another VLAN"))
        }
        (None, None, None, _) => None,
        (Some(_), ..) => Some(format!("{name} is no bond")),
        (_, Some(_), ..) => Some(format!("{name} is no VLAN")),
        (.., Some(_), _) => Some(format!("{name} is no bridge")),
    }
}

fn of_link(link: &Link, seen: &SeenLink) -> Option<String> {
    let name = &link.name;
    if let Some(mtu) = link.mtu.filter(|mtu| seen.mtu != Some(u32::from(*mtu))) {
        return Some(format!("{name} has no MTU of {mtu}"));
    }
    let mut missing = link
        .addresses
        .iter()
        .filter(|address| !seen.addresses.contains(address));
    if let Some(address) = missing.next() {
        return Some(format!("{name} has no address {address}"));
    }
    let is_leased = |address: &&Cidr| {
        let is_of_kind = matches!(
            (link.dhcp, address.address()),
            (Dhcp::Ipv4 | Dhcp::Yes, IpAddr::V4(_)) | (Dhcp::Ipv6 | Dhcp::Yes, IpAddr::V6(_))
        );
        is_of_kind && !address.is_link_local() && !link.addresses.contains(address)
    };
    let lacks_lease = link.dhcp != Dhcp::No && !seen.addresses.iter().any(|one| is_leased(&one));
    lacks_lease.then(|| format!("{name} was given no address by DHCP"))
}
