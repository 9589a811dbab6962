//! Network interfaces.

use super::*;

/// Without a signal, or switched off, there is nothing negotiated to be known.
const LINK: &[&str] = &["network.carrier", "network.admin_state"];

pub(super) const FIELDS: &[Field] = &[
    derived("network.name"),
    neutral("network.kind", "kind"),
    identity("network.mac", "MAC address").steady(is_hardware),
    identity("network.permanent_mac", "permanent MAC address"),
    neutral("network.vendor", "vendor"),
    neutral("network.model", "model"),
    present("network.driver", "driver"),
    neutral("network.driver_version", "driver version").beside(&["network.driver"]),
    neutral("network.firmware_version", "firmware"),
    neutral("network.pci_slot", "PCI slot"),
    neutral("network.device_id", "PCI id").beside(&["network.model"]),
    neutral("network.numa_node", "NUMA node"),
    yes("network.carrier", "carrier", ["there", "lost"]).beside(&["network.admin_state"]),
    more("network.speed_mbps", "link").beside(LINK),
    ranked("network.duplex", "duplex", &["half", "full"]).beside(LINK),
    either("network.autonegotiation", "autonegotiation", ON).beside(LINK),
    neutral("network.port", "connector").beside(LINK),
    ranked("network.admin_state", "state", &["down", "up"]),
    neutral("network.oper_state", "operational state").beside(LINK),
    neutral("network.mtu", "MTU"),
    identity("network.addresses", "addresses"),
    neutral("network.master", "bond or bridge")
        .or_none()
        .naming(),
    neutral("network.bond", "bonding").or_none(),
    neutral("network.bond.mode", "bonding mode"),
    more("network.bond.members", "bond members").naming(),
    neutral("network.bond.active", "active bond member")
        .or_none()
        .naming(),
    neutral("network.bond.lacp", "LACP").or_none(),
    neutral("network.bond.lacp.rate", "LACP rate"),
    more("network.bond.lacp.ports", "ports in the active aggregator"),
    identity("network.bond.lacp.partner_mac", "LACP partner"),
    neutral("network.vlan", "VLAN").or_none(),
    neutral("network.vlan.id", "VLAN id"),
    neutral("network.vlan.parent", "VLAN parent").naming(),
    neutral("network.sriov", "SR-IOV").or_none(),
    more("network.sriov.total_vfs", "possible virtual functions"),
    neutral("network.sriov.enabled_vfs", "enabled virtual functions"),
    neutral("network.sriov.physical_function", "physical function"),
    neutral("network.rdma_device", "RDMA device").or_none(),
    present("network.transceiver", "transceiver").or_none_unless_warned(),
    neutral("network.transceiver.kind", "kind of transceiver"),
    neutral("network.transceiver.vendor", "transceiver vendor"),
    neutral("network.transceiver.part_number", "transceiver part number"),
    identity("network.transceiver.serial", "transceiver serial number"),
    // What is at the other end is another place for each of two machines.
    identity("network.neighbour", "neighbour"),
    identity("network.neighbour.chassis_id", "neighbour chassis"),
    identity("network.neighbour.port_id", "neighbour port"),
    identity(
        "network.neighbour.port_description",
        "neighbour port description",
    ),
    identity("network.neighbour.system_name", "neighbour"),
    neutral(
        "network.neighbour.system_description",
        "neighbour description",
    ),
    identity(
        "network.neighbour.management_addresses",
        "neighbour management addresses",
    ),
    neutral("network.neighbour.vlan", "neighbour port VLAN"),
    volatile("network.neighbour.ttl_s"),
    either("network.wake_on_lan", "wake-up by network", ON),
];

/// The kernel gives what is made by software another address at each start.
fn is_hardware(interface: &Value) -> bool {
    let kind = interface["kind"].as_str().unwrap_or_default();
    matches!(kind, "physical" | "wireless" | "infiniband" | "wwan")
}
