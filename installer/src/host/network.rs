//! The network as steps see it: the links that there are, and who looks after each.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::HostError;
use crate::value::{Cidr, Endpoint, LinkName, MacAddress, Mtu};

/// What looks after links by files of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Manager {
    /// systemd-networkd.service(8).
    Networkd,
    /// NetworkManager(8).
    NetworkManager,
    /// netplan(5), which writes what systemd-networkd reads.
    Netplan,
}

/// A link as the kernel has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenLink {
    /// Its name.
    pub name: String,
    /// The address burned in; where it has none, the one that it has.
    pub mac: Option<MacAddress>,
    /// What it is.
    pub kind: SeenKind,
    /// The bond or bridge that it belongs to.
    pub master: Option<String>,
    /// The largest packet.
    pub mtu: Option<u32>,
    /// Its addresses.
    pub addresses: Vec<Cidr>,
    /// Whether what has no other way goes over it.
    pub has_default_route: bool,
    /// Who looks after it.
    pub managers: Vec<Manager>,
    /// The file of systemd-networkd that says how it is.
    pub file: Option<String>,
}

/// What a link is, as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SeenKind {
    /// A port, or made by software of no kind below.
    #[default]
    Other,
    /// Several links as one, with the mode in the kernel's words.
    Bond(Option<String>),
    /// IEEE 802.1Q: the id, and the link below.
    Vlan(Option<u16>, Option<String>),
    /// A software switch.
    Bridge,
}

/// Links, and what looks after them.
pub trait Network {
    /// The links that there are, sorted by name.
    fn links(&self) -> Result<Vec<SeenLink>, HostError>;
    /// Whatever runs that looks after links, sorted.
    fn managers(&self) -> Result<Vec<Manager>, HostError>;
    /// Whether the tools are there that it takes to change what `manager` has.
    fn require_network_tools(&self, manager: Manager) -> Result<(), HostError>;
    /// Has `manager` read its files anew, and do what they say.
    fn reload_network(&mut self, manager: Manager) -> Result<(), HostError>;
    /// Gives a link its largest packet. What looks after it does not put back what it was before.
    fn set_mtu(&mut self, name: &LinkName, mtu: Mtu) -> Result<(), HostError>;
    /// Removes a link that software has made.
    fn remove_link(&mut self, name: &LinkName) -> Result<(), HostError>;
    /// Whether one of them takes a connection within that time. If none does, the time has passed.
    fn reaches(&mut self, any: &[Endpoint], within: Duration) -> Result<bool, HostError>;
}

impl fmt::Display for Manager {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Networkd => "systemd-networkd",
            Self::NetworkManager => "NetworkManager",
            Self::Netplan => "netplan",
        })
    }
}
