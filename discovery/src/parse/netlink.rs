//! Netlink messages of rtnetlink(7): links and addresses.
//!
//! Attributes are decoded one by one and only those that the document needs, so that what the
//! kernel adds or what is malformed costs at most the one attribute, or the one message.

use std::net::IpAddr;

use netlink_packet_core::{NlaBuffer, NlasIterator, Parseable, ParseableParametrized};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::address::{AddressAttribute, AddressHeader};
use netlink_packet_route::link::{
    BondAdInfo, InfoBond, InfoVlan, LinkAttribute, LinkFlags, LinkHeader, State,
};

/// What one link message says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) index: u32,
    pub(crate) name: String,
    /// `ARPHRD_*` of `linux/if_arp.h`.
    pub(crate) hardware_type: u16,
    pub(crate) up: bool,
    pub(crate) loopback: bool,
    pub(crate) address: Vec<u8>,
    pub(crate) permanent_address: Vec<u8>,
    pub(crate) mtu: Option<u32>,
    pub(crate) oper_state: Option<&'static str>,
    pub(crate) carrier: Option<bool>,
    pub(crate) master: Option<u32>,
    /// The interface below, in this network namespace.
    pub(crate) parent: Option<u32>,
    /// `IFLA_INFO_KIND`, such as `bridge`; only interfaces made through netlink have one.
    pub(crate) kind: Option<String>,
    pub(crate) vlan_id: Option<u16>,
    pub(crate) bond: Bond,
}

/// Bonding data of a link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bond {
    pub(crate) mode: Option<String>,
    pub(crate) active: Option<u32>,
    pub(crate) lacp_rate: Option<String>,
    pub(crate) lacp_ports: Option<u32>,
    pub(crate) lacp_partner: Option<[u8; 6]>,
}

/// An address of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Address {
    pub(crate) index: u32,
    pub(crate) address: IpAddr,
    pub(crate) prefix_length: u8,
}

/// What a dump held, and how many of its messages made no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dump<T> {
    pub(crate) items: Vec<T>,
    pub(crate) malformed: usize,
}

/// `RTM_NEWLINK`, `RTM_NEWADDR` of `linux/rtnetlink.h`.
const NEW_LINK: u16 = 16;
const NEW_ADDRESS: u16 = 20;
/// `struct nlmsghdr`.
const HEADER: usize = 16;

/// Every link in a run of messages.
pub(crate) fn links(answer: &[u8]) -> Dump<Link> {
    collect(answer, NEW_LINK, link)
}

/// Every address in a run of messages.
pub(crate) fn addresses(answer: &[u8]) -> Dump<Address> {
    collect(answer, NEW_ADDRESS, address)
}

/// One message: its type, flags and payload.
pub(crate) struct Message<'a> {
    pub(crate) kind: u16,
    pub(crate) flags: u16,
    pub(crate) sequence: u32,
    pub(crate) payload: &'a [u8],
}

/// The messages of a datagram or a dump; ends at the first header that cannot be.
pub(crate) fn messages(bytes: &[u8]) -> impl Iterator<Item = Message<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let word = |range: std::ops::Range<usize>| rest.get(range);
        let length = u32::from_ne_bytes(word(0..4)?.try_into().ok()?);
        let length = usize::try_from(length).ok()?;
        let message = Message {
            kind: u16::from_ne_bytes(word(4..6)?.try_into().ok()?),
            flags: u16::from_ne_bytes(word(6..8)?.try_into().ok()?),
            sequence: u32::from_ne_bytes(word(8..12)?.try_into().ok()?),
            payload: rest.get(HEADER..length)?,
        };
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(message)
    })
}

fn collect<T>(answer: &[u8], kind: u16, parse: fn(&[u8]) -> Option<T>) -> Dump<T> {
    let mut dump = Dump {
        items: Vec::new(),
        malformed: 0,
    };
    for message in messages(answer).filter(|message| message.kind == kind) {
        match parse(message.payload) {
            Some(item) => dump.items.push(item),
            None => dump.malformed += 1,
        }
    }
    dump
}

/// A link; `None` without an index and a name.
fn link(payload: &[u8]) -> Option<Link> {
    let header = LinkHeader::parse(payload).ok()?;
    let mut link = Link {
        index: header.index,
        hardware_type: u16::from_ne_bytes(payload.get(2..4)?.try_into().ok()?),
        up: header.flags.contains(LinkFlags::Up),
        loopback: header.flags.contains(LinkFlags::Loopback),
        ..Link::default()
    };
    let mut other_namespace = false;
    for attribute in attributes(payload.get(LINK_HEADER..)?) {
        match attribute.kind() {
            libc::IFLA_LINKINFO => link_info(attribute.value(), &mut link),
            libc::IFLA_LINK_NETNSID => other_namespace = true,
            kind if WANTED.contains(&kind) => {
                let parsed = LinkAttribute::parse_with_param(&attribute, AddressFamily::Unspec);
                take(parsed.ok(), &mut link);
            }
            _ => {}
        }
    }
    if other_namespace {
        link.parent = None;
    }
    (!link.name.is_empty()).then_some(link)
}

/// `struct ifinfomsg`.
const LINK_HEADER: usize = 16;

/// What [`take`] understands; the rest, such as the statistics, is not decoded at all.
const WANTED: &[u16] = &[
    libc::IFLA_ADDRESS,
    libc::IFLA_IFNAME,
    libc::IFLA_MTU,
    libc::IFLA_LINK,
    libc::IFLA_MASTER,
    libc::IFLA_OPERSTATE,
    libc::IFLA_CARRIER,
    IFLA_PERM_ADDRESS,
];

/// `linux/if_link.h`; the C library's headers are older than it.
const IFLA_PERM_ADDRESS: u16 = 54;

fn take(attribute: Option<LinkAttribute>, link: &mut Link) {
    match attribute {
        Some(LinkAttribute::IfName(name)) => link.name = name,
        Some(LinkAttribute::Address(address)) => link.address = address,
        Some(LinkAttribute::PermAddress(address)) => link.permanent_address = address,
        Some(LinkAttribute::Mtu(mtu)) => link.mtu = Some(mtu),
        Some(LinkAttribute::Link(index)) => link.parent = Some(index).filter(|index| *index != 0),
        Some(LinkAttribute::Controller(index)) => link.master = Some(index),
        Some(LinkAttribute::Carrier(carrier)) => link.carrier = Some(carrier == 1),
        Some(LinkAttribute::OperState(state)) => link.oper_state = oper_state(state),
        _ => {}
    }
}

/// The words of `/sys/class/net/*/operstate`.
fn oper_state(state: State) -> Option<&'static str> {
    Some(match state {
        State::Unknown => "unknown",
        State::NotPresent => "notpresent",
        State::Down => "down",
        State::LowerLayerDown => "lowerlayerdown",
        State::Testing => "testing",
        State::Dormant => "dormant",
        State::Up => "up",
        _ => return None,
    })
}

/// `IFLA_INFO_KIND` and `IFLA_INFO_DATA` of `linux/if_link.h`; the kind comes first.
fn link_info(value: &[u8], link: &mut Link) {
    for attribute in attributes(value) {
        match (attribute.kind(), link.kind.as_deref()) {
            (1, _) => link.kind = text(attribute.value()),
            (2, Some("vlan")) => {
                for data in attributes(attribute.value()) {
                    if let Ok(InfoVlan::Id(id)) = InfoVlan::parse(&data) {
                        link.vlan_id = Some(id);
                    }
                }
            }
            (2, Some("bond")) => {
                for data in attributes(attribute.value()) {
                    bond(InfoBond::parse(&data).ok(), &mut link.bond);
                }
            }
            _ => {}
        }
    }
}

fn bond(data: Option<InfoBond>, bond: &mut Bond) {
    match data {
        Some(InfoBond::Mode(mode)) => bond.mode = bond_mode(mode.into()),
        Some(InfoBond::ActivePort(index)) => bond.active = Some(index).filter(|index| *index != 0),
        Some(InfoBond::AdLacpRate(rate)) => bond.lacp_rate = Some(rate.to_string()),
        Some(InfoBond::AdInfo(info)) => {
            for fact in info {
                match fact {
                    BondAdInfo::NumPorts(ports) => bond.lacp_ports = Some(ports.into()),
                    BondAdInfo::PartnerMac(mac) => bond.lacp_partner = Some(mac),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// The kernel's words for the modes, `Documentation/networking/bonding.rst`.
fn bond_mode(mode: u8) -> Option<String> {
    const MODES: [&str; 7] = [
        "balance-rr",
        "active-backup",
        "balance-xor",
        "broadcast",
        "802.3ad",
        "balance-tlb",
        "balance-alb",
    ];
    MODES.get(usize::from(mode)).map(|mode| (*mode).to_owned())
}

fn address(payload: &[u8]) -> Option<Address> {
    let header = AddressHeader::parse(payload).ok()?;
    let mut local = None;
    let mut peer = None;
    for attribute in attributes(payload.get(ADDRESS_HEADER..)?) {
        match attribute.kind() {
            libc::IFA_ADDRESS | libc::IFA_LOCAL => match AddressAttribute::parse(&attribute) {
                Ok(AddressAttribute::Local(address)) => local = Some(address),
                Ok(AddressAttribute::Address(address)) => peer = Some(address),
                _ => {}
            },
            _ => {}
        }
    }
    // On a point-to-point link IFA_ADDRESS is the other end; without IFA_LOCAL it is this one.
    Some(Address {
        index: header.index,
        address: local.or(peer)?,
        prefix_length: header.prefix_len,
    })
}

/// `struct ifaddrmsg`.
const ADDRESS_HEADER: usize = 8;

fn attributes(bytes: &[u8]) -> impl Iterator<Item = NlaBuffer<&[u8]>> {
    NlasIterator::new(bytes).map_while(Result::ok)
}

fn text(value: &[u8]) -> Option<String> {
    let value = value.split(|byte| *byte == 0).next()?;
    String::from_utf8(value.to_vec()).ok()
}

#[cfg(test)]
mod tests;
