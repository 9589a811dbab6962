//! Network interfaces.

use serde::{Deserialize, Serialize};

/// One network interface.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct NetworkInterface {
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: Option<InterfaceKind>,
    /// Current hardware address, lower case with colons.
    pub mac: Option<String>,
    /// The address burned in, which a bond does not change.
    pub permanent_mac: Option<String>,
    /// Vendor of the device.
    pub vendor: Option<String>,
    /// Model of the device.
    pub model: Option<String>,
    /// Kernel driver.
    pub driver: Option<String>,
    /// Its version, where it has one beside the kernel's.
    pub driver_version: Option<String>,
    /// Firmware of the device.
    pub firmware_version: Option<String>,
    /// PCI function behind it, such as `0000:3b:00.0`.
    pub pci_slot: Option<String>,
    /// `vendor:device` in four hexadecimal digits each.
    pub device_id: Option<String>,
    /// NUMA node of the device.
    pub numa_node: Option<u32>,
    /// Negotiated speed.
    pub speed_mbps: Option<u64>,
    /// Negotiated duplex.
    pub duplex: Option<Duplex>,
    /// Whether it negotiates.
    pub autonegotiation: Option<bool>,
    /// Kind of connector, such as `twisted pair`, `fibre`, `direct attach copper`.
    pub port: Option<String>,
    /// Whether the cable carries a signal.
    pub carrier: Option<bool>,
    /// Whether an administrator switched it on.
    pub admin_state: Option<AdminState>,
    /// Operational state (RFC 2863) in the kernel's words, such as `up`, `down`, `lowerlayerdown`.
    pub oper_state: Option<String>,
    /// Largest packet in bytes.
    pub mtu: Option<u32>,
    /// Addresses with prefix length.
    pub addresses: Vec<String>,
    /// The bond, bridge or VRF that it belongs to.
    pub master: Option<String>,
    /// For a bond.
    pub bond: Option<Bond>,
    /// For a VLAN.
    pub vlan: Option<Vlan>,
    /// Virtual functions.
    pub sriov: Option<Sriov>,
    /// RDMA device on the same function, such as `mlx5_0`.
    pub rdma_device: Option<String>,
    /// Pluggable module.
    pub transceiver: Option<Transceiver>,
    /// What is at the other end of the cable (LLDP).
    pub neighbour: Option<Neighbour>,
    /// Whether a wake-up by network is armed.
    pub wake_on_lan: Option<bool>,
}

/// What an interface is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum InterfaceKind {
    /// A port of a device.
    Physical,
    /// Made by software, of no kind below.
    Virtual,
    /// Several links as one.
    Bond,
    /// Network team.
    Team,
    /// Software switch.
    Bridge,
    /// IEEE 802.1Q.
    Vlan,
    /// Loopback.
    Loopback,
    /// IEEE 802.11.
    Wireless,
    /// InfiniBand.
    Infiniband,
    /// Cellular modem.
    Wwan,
    /// One end of a pair.
    Veth,
    /// TUN or TAP.
    Tun,
    /// MACVLAN or IPVLAN.
    Macvlan,
    /// Any encapsulation: VXLAN, GRE, IP in IP, WireGuard …
    Tunnel,
    /// For tests.
    Dummy,
    /// Virtual routing and forwarding.
    Vrf,
}

/// Duplex mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Duplex {
    /// Both directions at once.
    Full,
    /// One at a time.
    Half,
}

/// Administrative state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AdminState {
    /// Switched on.
    Up,
    /// Switched off.
    Down,
}

/// Bonding.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Bond {
    /// Mode in the kernel's words, such as `802.3ad`.
    pub mode: Option<String>,
    /// Member interfaces.
    pub members: Vec<String>,
    /// The active member, in the modes that have one.
    pub active: Option<String>,
    /// IEEE 802.3ad state.
    pub lacp: Option<Lacp>,
}

/// State of the link aggregation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Lacp {
    /// `slow` or `fast`.
    pub rate: Option<String>,
    /// Members in the active aggregator.
    pub ports: Option<u32>,
    /// Hardware address of the partner.
    pub partner_mac: Option<String>,
}

/// IEEE 802.1Q.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Vlan {
    /// 1 to 4094.
    pub id: Option<u16>,
    /// The interface below.
    pub parent: Option<String>,
}

/// PCI Express SR-IOV.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Sriov {
    /// Most virtual functions of the device.
    pub total_vfs: Option<u32>,
    /// Enabled now.
    pub enabled_vfs: Option<u32>,
    /// For a virtual function: the slot of its physical function.
    pub physical_function: Option<String>,
}

/// A pluggable module (SFF-8079, SFF-8636, CMIS).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Transceiver {
    /// Such as `SFP`, `QSFP28`.
    pub kind: Option<String>,
    /// Vendor.
    pub vendor: Option<String>,
    /// Part number.
    pub part_number: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
}

/// What LLDP said (IEEE 802.1AB).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Neighbour {
    /// Chassis id.
    pub chassis_id: Option<String>,
    /// Port id.
    pub port_id: Option<String>,
    /// Port description.
    pub port_description: Option<String>,
    /// System name.
    pub system_name: Option<String>,
    /// System description.
    pub system_description: Option<String>,
    /// Management addresses.
    pub management_addresses: Vec<String>,
    /// Port VLAN id (IEEE 802.1Q annex D).
    pub vlan: Option<u16>,
    /// Seconds that the answer holds.
    pub ttl_s: Option<u16>,
}
