//! What a network step cannot be, by itself and on a host. Pure.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::networkd::PREFIX;
use super::{Dhcp, Link, Member, Network, NetworkState, judge};
use crate::host::SeenLink;
use crate::step::StepError;
use crate::value::{Cidr, LinkName, Mtu};

const MOST_LINKS: usize = 64;
const MOST_OF_EACH: usize = 64;

/// Whether the step makes sense, whatever the host is.
pub(super) fn sense(step: &Network) -> Result<(), StepError> {
    if !(1..=MOST_LINKS).contains(&step.links.len()) {
        return refused(format!("a step has from 1 to {MOST_LINKS} links"));
    }
    let mut seen = BTreeSet::new();
    let mut members = BTreeSet::new();
    for link in &step.links {
        let name = &link.name;
        if !seen.insert(name) {
            return refused(format!("{name} is named twice"));
        }
        of_link(step, link)?;
        for member in link.members() {
            if !members.insert(member.to_string()) {
                return refused(format!("{member} cannot belong to two links"));
            }
            of_member(step, link, member)?;
        }
    }
    addresses(step)
}

/// Whether it can be done where this was found.
pub(super) fn host(
    step: &Network,
    before: &NetworkState,
    seen: &[SeenLink],
) -> Result<(), StepError> {
    let found = |name: &LinkName| seen.iter().find(|link| link.name == name.as_str());
    for link in &step.links {
        match (link.is_made(), found(&link.name)) {
            (false, None) => return refused(no_link(link.name.as_str())),
            (true, Some(there)) => {
                if let Some(why) = judge::kind(link, there) {
                    return refused(format!(
                        "{why}, and is there already: `ip link delete {}` removes it",
                        link.name
                    ));
                }
            }
            _ => {}
        }
        for member in link.members() {
            let there = member.name(&before.names).and_then(found);
            match there {
                None if member
                    .name(&before.names)
                    .is_some_and(|name| is_made(step, name)) => {}
                None => return refused(no_link(&member.to_string())),
                Some(there) => stays_reachable(step, link, there)?,
            }
        }
    }
    let touched = step.touched(&before.names);
    let touched = seen
        .iter()
        .filter(|link| touched.iter().any(|name| name.as_str() == link.name));
    touched.into_iter().try_for_each(comes_first)
}

fn of_link(step: &Network, link: &Link) -> Result<(), StepError> {
    let name = &link.name;
    let kinds = [
        link.bond.is_some(),
        link.vlan.is_some(),
        link.bridge.is_some(),
    ];
    if kinds.iter().filter(|is| **is).count() > 1 {
        return refused(format!("{name} is one of a bond, a VLAN and a bridge"));
    }
    if link.bond.is_some() && link.members().is_empty() {
        return refused(format!("the bond {name} has no members"));
    }
    if let Some(vlan) = &link.vlan {
        let at = |wanted: &LinkName| step.links.iter().position(|link| link.name == *wanted);
        match (at(&vlan.on), at(name)) {
            (Some(below), Some(own)) if below < own => {}
            _ => {
                return refused(format!(
                    "{} has to be a link of the step, too, before {name}, with the addresses that it keeps",
                    vlan.on
                ));
            }
        }
        let below = step.named(&vlan.on).and_then(|below| below.mtu);
        if let (Some(own), below) = (link.mtu, below)
            && below.is_none_or(|below| below < own)
        {
            return refused(format!(
                "{name} cannot have a larger MTU than {}, which has to name one",
                vlan.on
            ));
        }
    }
    let lists = [
        link.addresses.len(),
        link.routes.len(),
        link.dns.len(),
        link.domains.len(),
        link.members().len(),
    ];
    if lists.iter().any(|length| *length > MOST_OF_EACH) {
        return refused(format!("{name} has more than {MOST_OF_EACH} of something"));
    }
    ways(link)
}

fn ways(link: &Link) -> Result<(), StepError> {
    let name = &link.name;
    for is_kind in [IpAddr::is_ipv4, IpAddr::is_ipv6] {
        if link.gateways.iter().filter(|one| is_kind(one)).count() > 1 {
            return refused(format!(
                "{name} has two gateways of one kind: only one is used; others are routes"
            ));
        }
    }
    let is_near = |way: &IpAddr| {
        let is_link_local = matches!(way, IpAddr::V6(way) if way.is_unicast_link_local());
        let mut networks = link.addresses.iter();
        is_link_local || link.dhcp != Dhcp::No || networks.any(|network| network.contains(*way))
    };
    let ways = link.routes.iter().map(|route| &route.via);
    if let Some(far) = ways.chain(&link.gateways).find(|way| !is_near(way)) {
        return refused(format!("{far} is in no network of {name}"));
    }
    let is_route =
        |to: Cidr, via: IpAddr| to.is_network() && to.address().is_ipv4() == via.is_ipv4();
    if let Some(route) = link
        .routes
        .iter()
        .find(|route| !is_route(route.to, route.via))
    {
        return refused(format!(
            "a route leads to a network by somebody of the same kind: {} by {} does not",
            route.to, route.via
        ));
    }
    let has_ipv6 = link.addresses.iter().any(|one| one.address().is_ipv6());
    match link.mtu.filter(|mtu| *mtu < Mtu::LEAST_FOR_IPV6) {
        Some(mtu) if has_ipv6 => {
            refused(format!("IPv6 does not go over {name} with an MTU of {mtu}"))
        }
        _ => Ok(()),
    }
}

fn of_member(step: &Network, above: &Link, member: &Member) -> Result<(), StepError> {
    let Member::Name(name) = member else {
        return Ok(());
    };
    if *name == above.name {
        return refused(format!("{name} cannot belong to itself"));
    }
    let Some(listed) = step.named(name) else {
        return Ok(());
    };
    if !listed.addresses.is_empty() || listed.dhcp != Dhcp::No {
        return refused(format!(
            "{name} belongs to {}: what has addresses is {}, not {name}",
            above.name, above.name
        ));
    }
    let at = |wanted: &LinkName| step.links.iter().position(|link| link.name == *wanted);
    match listed.is_made() && at(name) > at(&above.name) {
        true => refused(format!("{name} has to be named before {}", above.name)),
        false => Ok(()),
    }
}

/// No two links are in one network, and no address is no host's.
fn addresses(step: &Network) -> Result<(), StepError> {
    let all = step
        .links
        .iter()
        .flat_map(|link| link.addresses.iter().map(move |address| (link, address)));
    let all: Vec<(&Link, &Cidr)> = all.collect();
    for (at, (link, address)) in all.iter().enumerate() {
        if !address.is_of_a_host() {
            return refused(format!("{address} is no address that a host has"));
        }
        for (other, taken) in all.iter().skip(at + 1) {
            let is_other = link.name != other.name;
            if address.address() == taken.address() || is_other && address.overlaps(**taken) {
                return refused(format!(
                    "{address} of {} and {taken} of {} overlap",
                    link.name, other.name
                ));
            }
        }
    }
    Ok(())
}

/// The addresses of what will belong to another link have to be somewhere afterwards.
fn stays_reachable(step: &Network, above: &Link, member: &SeenLink) -> Result<(), StepError> {
    if member
        .master
        .as_deref()
        .is_some_and(|master| master != above.name.as_str())
    {
        let master = member.master.as_deref().unwrap_or_default();
        return refused(format!("{} belongs to {master} already", member.name));
    }
    let is_moved = |address: &Cidr| {
        let mut links = step.links.iter();
        links.any(|link| link.dhcp != Dhcp::No || link.addresses.contains(address))
    };
    let lost = member
        .addresses
        .iter()
        .find(|address| !address.is_link_local() && !is_moved(address));
    match lost {
        None => Ok(()),
        Some(address) => refused(format!(
            "{} has the address {address}, which no link of the step has: name it where it is to be, as in {}",
            member.name, above.name
        )),
    }
}

/// Of all files that fit a link systemd-networkd takes the first by name.
fn comes_first(link: &SeenLink) -> Result<(), StepError> {
    let Some(path) = &link.file else {
        return Ok(());
    };
    let name = path.rsplit('/').next().unwrap_or_default();
    match name < PREFIX {
        true => refused(format!(
            "{path} is about {}, and comes before all that muster writes: give it a name that is after {PREFIX} in the alphabet",
            link.name
        )),
        false => Ok(()),
    }
}

fn is_made(step: &Network, name: &LinkName) -> bool {
    step.named(name).is_some_and(Link::is_made)
}

fn no_link(name: &str) -> String {
    format!("there is no link {name}: `muster discover -s network` tells which there are")
}

fn refused<T>(why: String) -> Result<T, StepError> {
    Err(StepError::refused(why))
}
