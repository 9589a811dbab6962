//! Interfaces as sysfs lists them, where netlink does not answer: another root, or a failure.

use std::collections::HashMap;

use muster_model::network::{
    AdminState, Bond, Duplex, InterfaceKind, Lacp, NetworkInterface, Vlan,
};

use super::{hardware_address, kind, list_members, may_take_lock};
use crate::Fault;
use crate::notes::Notes;
use crate::parse::ethtool::speed_mbps;
use crate::parse::uevent;
use crate::source::{Dir, Source};

/// One interface an entry of the class.
pub(super) fn interfaces(source: &Source, notes: &mut Notes) -> Vec<NetworkInterface> {
    let listed = notes.require("network", "sys/class/net", source.list("sys/class/net"));
    let mut interfaces: Vec<NetworkInterface> = listed
        .unwrap_or_default()
        .into_iter()
        .filter_map(|name| interface(source, name, notes))
        .collect();
    list_members(&mut interfaces);
    fill_vlans(source, &mut interfaces, notes);
    interfaces
}

/// `None` for what is no interface, such as the file `bonding_masters` or a link that leads nowhere.
fn interface(source: &Source, name: String, notes: &mut Notes) -> Option<NetworkInterface> {
    let directory = source.device(&format!("sys/class/net/{name}"));
    let flags = directory.text("flags");
    let uevent = directory.text("uevent");
    let silent = is_absent(&flags) && is_absent(&uevent);
    if silent && directory.list("").is_err() {
        return None;
    }
    let up = notes
        .keep(&name, "flags", flags)
        .and_then(|flags| u32::from_str_radix(flags.trim_start_matches("0x"), 16).ok())
        .map(|flags| flags & 1 == 1);
    let uevent = notes.keep(&name, "uevent", uevent).unwrap_or_default();
    let kind = kind_of(&directory, &uevent, notes);
    let mut interface = NetworkInterface {
        kind,
        mac: address(&directory, "address", notes),
        admin_state: up.map(|up| if up { AdminState::Up } else { AdminState::Down }),
        oper_state: notes
            .keep(&name, "operstate", directory.text("operstate"))
            .filter(|state| !state.is_empty()),
        mtu: notes.keep(&name, "mtu", directory.number("mtu")),
        master: directory.link_name("master").ok(),
        bond: (kind == Some(InterfaceKind::Bond)).then(|| bond(&directory, notes)),
        name,
        ..NetworkInterface::default()
    };
    if may_take_lock(source.origin()) {
        link_state(&directory, up, &mut interface, notes);
    }
    interface.permanent_mac = permanent_address(&directory, &interface, notes);
    Some(interface)
}

fn is_absent(got: &Result<String, Fault>) -> bool {
    matches!(got, Err(Fault::Absent | Fault::NotAsked))
}

fn kind_of(directory: &Dir<'_>, uevent: &str, notes: &mut Notes) -> Option<InterfaceKind> {
    let hardware_type = notes.keep(directory.name(), "type", directory.number("type"));
    let known = uevent::value(uevent, "DEVTYPE")
        .and_then(kind::by_device_type)
        .or_else(|| hardware_type.and_then(kind::by_hardware_type));
    if known.is_some() || !super::device::is_virtual(directory) {
        return known;
    }
    // Kernels before 2.6.31 and bridges, tunnels and pairs of any age say nothing in `DEVTYPE`.
    Some(if directory.read("tun_flags").is_ok() {
        InterfaceKind::Tun
    } else if directory.read("bonding/mode").is_ok() {
        InterfaceKind::Bond
    } else if directory.read("bridge/bridge_id").is_ok() {
        InterfaceKind::Bridge
    } else {
        InterfaceKind::Virtual
    })
}

/// `Documentation/ABI/testing/sysfs-class-net`: these fail with `EINVAL` while it is down.
fn link_state(
    directory: &Dir<'_>,
    up: Option<bool>,
    interface: &mut NetworkInterface,
    notes: &mut Notes,
) {
    let name = interface.name.clone();
    let known_down = up == Some(false);
    interface.carrier = notes
        .keep(&name, "carrier", directory.switch("carrier").or_else(empty))
        .filter(|_| !known_down);
    let has_speed = super::has_device(interface)
        || matches!(
            interface.kind,
            Some(InterfaceKind::Bond | InterfaceKind::Team)
        );
    if !has_speed {
        return;
    }
    let speed = directory.number::<i64>("speed").or_else(empty);
    interface.speed_mbps = notes
        .keep(&name, "speed", speed)
        .and_then(|speed| u32::try_from(speed).ok())
        .and_then(speed_mbps);
    interface.duplex = match notes
        .keep(&name, "duplex", directory.text("duplex"))
        .as_deref()
    {
        Some("full") => Some(Duplex::Full),
        Some("half") => Some(Duplex::Half),
        _ => None,
    };
}

/// In a recorded tree an attribute that could not be read is an empty file.
fn empty<T>(fault: Fault) -> Result<T, Fault> {
    match fault {
        Fault::Malformed(text) if text.ends_with(": ") => Err(Fault::Absent),
        other => Err(other),
    }
}

fn address(directory: &Dir<'_>, attribute: &str, notes: &mut Notes) -> Option<String> {
    let text = notes.keep(directory.name(), attribute, directory.text(attribute))?;
    let bytes: Result<Vec<u8>, _> = text
        .split(':')
        .map(|part| u8::from_str_radix(part, 16))
        .collect();
    hardware_address(&bytes.ok()?)
}

/// The current address where the kernel says that it is the permanent one (`NET_ADDR_PERM`), or
/// what a bond remembers of its member.
fn permanent_address(
    directory: &Dir<'_>,
    interface: &NetworkInterface,
    notes: &mut Notes,
) -> Option<String> {
    if !super::has_device(interface) {
        return None;
    }
    if interface.master.is_some()
        && let Some(remembered) = address(directory, "bonding_slave/perm_hwaddr", notes)
    {
        return Some(remembered);
    }
    let assigned = directory.number::<u8>("addr_assign_type").or_else(empty);
    match notes.keep(&interface.name, "addr_assign_type", assigned) {
        Some(0) => interface.mac.clone(),
        _ => None,
    }
}

/// `Documentation/networking/bonding.rst`: most attributes are a word, then its number.
fn bond(directory: &Dir<'_>, notes: &mut Notes) -> Bond {
    let bonding = directory.dir("bonding");
    let mut word = |attribute: &str| {
        let text = notes.keep(directory.name(), attribute, bonding.text(attribute))?;
        text.split_whitespace().next().map(str::to_owned)
    };
    let mode = word("mode");
    let lacp = mode.as_deref() == Some("802.3ad");
    Bond {
        active: word("active_slave"),
        lacp: lacp.then(|| Lacp {
            rate: word("lacp_rate"),
            ports: word("ad_num_ports").and_then(|ports| ports.parse().ok()),
            partner_mac: word("ad_partner_mac").filter(|mac| mac != "00:00:00:00:00:00"),
        }),
        mode,
        members: Vec::new(),
    }
}

/// `proc/net/vlan/config`: name, identifier and parent, between bars.
fn fill_vlans(source: &Source, interfaces: &mut [NetworkInterface], notes: &mut Notes) {
    let mut vlans = interfaces
        .iter_mut()
        .filter(|interface| interface.kind == Some(InterfaceKind::Vlan))
        .peekable();
    if vlans.peek().is_none() {
        return;
    }
    let path = "proc/net/vlan/config";
    let table = notes.keep("vlan", path, source.text(path));
    let table = table.unwrap_or_default();
    let mut known: HashMap<&str, Vlan> = table.lines().filter_map(vlan).collect();
    for interface in vlans {
        let found = known.remove(interface.name.as_str());
        interface.vlan = Some(found.unwrap_or_default());
    }
}

fn vlan(line: &str) -> Option<(&str, Vlan)> {
    let mut columns = line.split('|').map(str::trim);
    let name = columns.next()?;
    let id = columns.next()?.parse().ok()?;
    let parent = columns.next()?.to_owned();
    let vlan = Vlan {
        id: Some(id),
        parent: Some(parent),
    };
    Some((name, vlan))
}
