//! Network interfaces.

use muster_model::Section;
use muster_model::network::{AdminState, Duplex, InterfaceKind, NetworkInterface};

use super::{Report, found, known, labelled};
use crate::render::layout::{Column, Grid, Line, Row, Tone};
use muster_model::units;

/// Every interface with its link; the rest of what is known of it below.
pub(super) fn block(report: &mut Report<'_>) {
    let interfaces = &report.document.inventory.network;
    let summary = Line::from(found(interfaces.len(), "interface", "interfaces"));
    if !report.begin("Network", &summary, &[Section::Network]) {
        return;
    }
    let rows = interfaces.iter().map(|interface| row(report, interface));
    let columns = vec![
        Column::fixed("NAME"),
        Column::fixed("KIND"),
        Column::fixed("LINK"),
        Column::fixed("MAC"),
        Column::fixed("DRIVER"),
        Column::flexible("MODEL", 24),
    ];
    let grid = Grid::new(columns, rows.collect());
    report.page.grid(&grid);
}

fn row(report: &Report<'_>, interface: &NetworkInterface) -> Row {
    let device = Line::joined(
        [
            interface.vendor.as_ref().into(),
            interface.model.as_ref().into(),
        ],
        " ",
    );
    let broad = report.is_broad();
    let (driver, model) = match broad {
        true => (interface.driver.as_ref().into(), device.clone()),
        false => Default::default(),
    };
    let mut notes = notes(interface, report.layout.in_full);
    if !broad {
        let driver = labelled("driver", interface.driver.as_ref());
        notes.insert(0, Line::dotted([device, driver]));
    }
    let loopback = interface.kind == Some(InterfaceKind::Loopback);
    Row {
        cells: vec![
            report.name(Section::Network, &interface.name),
            known(interface.kind.map(kind)),
            link(interface),
            if loopback {
                Line::default()
            } else {
                known(interface.mac.as_ref())
            },
            driver,
            model,
        ],
        notes,
    }
}

fn link(interface: &NetworkInterface) -> Line {
    let duplex = interface.duplex.map(|duplex| match duplex {
        Duplex::Full => " full",
        Duplex::Half => " half",
    });
    let tone = match interface.duplex {
        Some(Duplex::Half) => Tone::Attention,
        _ => Tone::Good,
    };
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    let speed = interface
        .speed_mbps
        .map(|speed| units::megabits(speed as f64));
    match (interface.admin_state, interface.carrier, speed) {
        (Some(AdminState::Down), _, _) => Line::toned(Tone::Faint, "off"),
        (_, Some(false), _) => Line::toned(Tone::Attention, "no carrier"),
        (_, Some(true), Some(speed)) => {
            Line::toned(tone, &format!("{speed}{}", duplex.unwrap_or_default()))
        }
        (_, Some(true), None) => Line::toned(Tone::Good, "up"),
        (_, None, _) => known(interface.oper_state.as_ref()),
    }
}

fn notes(interface: &NetworkInterface, in_full: bool) -> Vec<Line> {
    let addresses = interface
        .addresses
        .iter()
        .map(|address| Line::toned(Tone::Name, address));
    let mut notes = vec![
        Line::joined(addresses, "  "),
        membership(interface),
        far_end(interface),
    ];
    let burned_in = interface
        .permanent_mac
        .as_ref()
        .filter(|address| interface.mac.as_ref() != Some(*address));
    let usual_mtu =
        matches!(interface.mtu, Some(1500)) || interface.kind == Some(InterfaceKind::Loopback);
    let virtual_functions = interface.sriov.as_ref().and_then(|sriov| {
        let total = sriov.total_vfs.filter(|total| *total > 0)?;
        Some(format!("{} of {total}", sriov.enabled_vfs.unwrap_or(0)))
    });
    notes.push(Line::dotted([
        labelled("permanent MAC", burned_in),
        labelled(
            "MTU",
            interface
                .mtu
                .filter(|_| !usual_mtu || in_full)
                .map(|mtu| mtu.to_string()),
        ),
        labelled("virtual functions", virtual_functions),
        transceiver(interface),
        labelled("RDMA", interface.rdma_device.as_ref()),
    ]));
    if in_full {
        notes.push(device(interface));
    }
    notes
}

fn membership(interface: &NetworkInterface) -> Line {
    let bond = interface.bond.as_ref().map(|bond| {
        let lacp = bond.lacp.as_ref();
        Line::dotted([
            labelled("bond", bond.mode.as_ref()),
            labelled(
                "of",
                (!bond.members.is_empty()).then(|| bond.members.join(", ")),
            ),
            labelled("active", bond.active.as_ref()),
            labelled("LACP", lacp.and_then(|lacp| lacp.rate.as_ref())),
            labelled("partner", lacp.and_then(|lacp| lacp.partner_mac.as_ref())),
        ])
    });
    let vlan = interface.vlan.as_ref().map(|vlan| {
        Line::joined(
            [
                labelled("VLAN", vlan.id.map(|id| id.to_string())),
                labelled("of", vlan.parent.as_ref()),
            ],
            " ",
        )
    });
    Line::dotted([
        labelled("member of", interface.master.as_ref()),
        bond.unwrap_or_default(),
        vlan.unwrap_or_default(),
    ])
}

fn far_end(interface: &NetworkInterface) -> Line {
    let Some(neighbour) = &interface.neighbour else {
        return Line::default();
    };
    let name = neighbour
        .system_name
        .as_ref()
        .or(neighbour.chassis_id.as_ref());
    Line::dotted([
        labelled("cable leads to", name),
        labelled("port", neighbour.port_id.as_ref()),
        labelled("VLAN", neighbour.vlan.map(|vlan| vlan.to_string())),
    ])
}

fn transceiver(interface: &NetworkInterface) -> Line {
    let Some(module) = &interface.transceiver else {
        return Line::default();
    };
    let parts = [&module.kind, &module.vendor, &module.part_number];
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    labelled("module", (!parts.is_empty()).then(|| parts.join(" ")))
}

fn device(interface: &NetworkInterface) -> Line {
    Line::dotted([
        labelled("PCI", interface.pci_slot.as_ref()),
        labelled("id", interface.device_id.as_ref()),
        labelled("NUMA", interface.numa_node.map(|node| node.to_string())),
        labelled("firmware", interface.firmware_version.as_ref()),
        labelled("driver version", interface.driver_version.as_ref()),
        labelled("port", interface.port.as_ref()),
        labelled(
            "module serial",
            interface
                .transceiver
                .as_ref()
                .and_then(|module| module.serial.as_ref()),
        ),
        labelled(
            "wake on LAN",
            interface
                .wake_on_lan
                .map(|armed| if armed { "armed" } else { "off" }),
        ),
    ])
}

fn kind(kind: InterfaceKind) -> &'static str {
    match kind {
        InterfaceKind::Physical => "physical",
        InterfaceKind::Bond => "bond",
        InterfaceKind::Team => "team",
        InterfaceKind::Bridge => "bridge",
        InterfaceKind::Vlan => "vlan",
        InterfaceKind::Loopback => "loopback",
        InterfaceKind::Wireless => "wireless",
        InterfaceKind::Infiniband => "infiniband",
        InterfaceKind::Wwan => "wwan",
        InterfaceKind::Veth => "veth",
        InterfaceKind::Tun => "tun",
        InterfaceKind::Macvlan => "macvlan",
        InterfaceKind::Tunnel => "tunnel",
        InterfaceKind::Dummy => "dummy",
        InterfaceKind::Vrf => "vrf",
        _ => "virtual",
    }
}
