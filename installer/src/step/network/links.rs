//! What a network step says of each link.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::value::{BondMode, Cidr, HostName, LinkName, MacAddress, Mtu, VlanId};

/// A link as it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Its name.
    pub name: LinkName,
    /// It is a bond.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bond: Option<Bond>,
    /// It is a VLAN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlan: Option<Vlan>,
    /// It is a bridge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<Bridge>,
    /// Whether it asks for addresses.
    #[serde(default)]
    pub dhcp: Dhcp,
    /// Its addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Cidr>,
    /// Where goes what has no other way: up to one of IPv4 and one of IPv6.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<IpAddr>,
    /// Other ways.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// Who is asked for names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<IpAddr>,
    /// What is put behind names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<HostName>,
    /// Its largest packet; without, the kernel's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<Mtu>,
}

/// Several links as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Bond {
    /// How its members are used.
    pub mode: BondMode,
    /// Which they are.
    pub members: Vec<Member>,
}

/// IEEE 802.1Q.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Vlan {
    /// Its number.
    pub id: VlanId,
    /// The link below, which is one of the step.
    pub on: LinkName,
}

/// A software switch, without a spanning tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Bridge {
    /// Its ports; none: only what comes later.
    #[serde(default)]
    pub members: Vec<Member>,
}

/// A link that belongs to another one, by its name or its hardware address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Member {
    /// Six pairs of hexadecimal digits.
    Mac(MacAddress),
    /// A name.
    Name(LinkName),
}

/// Whether a link asks for addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Dhcp {
    /// It does not.
    #[default]
    No,
    /// Of IPv4.
    Ipv4,
    /// Of IPv6.
    Ipv6,
    /// Of both.
    Yes,
}

/// Where to goes what is for a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The network.
    pub to: Cidr,
    /// By whom.
    pub via: IpAddr,
}

impl Link {
    /// Those that belong to it.
    pub(super) fn members(&self) -> &[Member] {
        match (&self.bond, &self.bridge) {
            (Some(bond), _) => &bond.members,
            (None, Some(bridge)) => &bridge.members,
            (None, None) => &[],
        }
    }

    /// Whether software makes it.
    pub(super) fn is_made(&self) -> bool {
        self.bond.is_some() || self.vlan.is_some() || self.bridge.is_some()
    }

    /// In words, such as `bond0 (bond of eth0, eth1)`.
    pub(super) fn words(&self) -> String {
        let mut words = Vec::new();
        let members = |members: &[Member]| {
            let names: Vec<String> = members.iter().map(Member::to_string).collect();
            names.join(", ")
        };
        words.extend(
            self.bond
                .as_ref()
                .map(|bond| format!("bond of {} by {}", members(&bond.members), bond.mode)),
        );
        words.extend(
            self.vlan
                .as_ref()
                .map(|vlan| format!("VLAN {} on {}", vlan.id, vlan.on)),
        );
        words.extend(self.bridge.as_ref().map(|bridge| match &*bridge.members {
            [] => "bridge".to_owned(),
            ports => format!("bridge of {}", members(ports)),
        }));
        words.extend(self.addresses.iter().map(Cidr::to_string));
        words.extend((self.dhcp != Dhcp::No).then(|| "DHCP".to_owned()));
        match words.is_empty() {
            true => self.name.to_string(),
            false => format!("{} ({})", self.name, words.join(", ")),
        }
    }
}

impl Member {
    /// What it is called; none where nothing has its hardware address.
    pub(super) fn name<'a>(
        &'a self,
        names: &'a BTreeMap<MacAddress, LinkName>,
    ) -> Option<&'a LinkName> {
        match self {
            Self::Name(name) => Some(name),
            Self::Mac(mac) => names.get(mac),
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(formatter),
            Self::Mac(mac) => mac.fmt(formatter),
        }
    }
}
