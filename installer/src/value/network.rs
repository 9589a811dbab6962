//! What links of the network are described with.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Endpoint, NoValue};

/// An address with the length of its network's prefix, or a network: `10.0.0.2/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(with = "String"))]
#[serde(try_from = "String", into = "String")]
pub struct Cidr(IpNet);

/// The largest packet of a link in bytes, without its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "u32", into = "u32")]
pub struct Mtu(u32);

/// IEEE 802.1Q: 1 to 4094.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "u16", into = "u16")]
pub struct VlanId(u16);

/// How long it may take until somebody is reached: 5 to 600 seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "u32", into = "u32")]
pub struct WindowSeconds(u32);

/// How a bond uses its members, in the kernel's words (Documentation/networking/bonding.rst).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum BondMode {
    /// In turns.
    BalanceRr,
    /// One at a time.
    ActiveBackup,
    /// By a hash of the addresses.
    BalanceXor,
    /// All on all.
    Broadcast,
    /// By link aggregation, which the switch has to do, too.
    #[serde(rename = "802.3ad")]
    Lacp,
    /// By load, outgoing.
    BalanceTlb,
    /// By load, both ways.
    BalanceAlb,
}

/// What is to be reached: a list, or a text with commas or spaces between; up to 16.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(with = "Vec<Endpoint>"))]
#[serde(try_from = "Written", into = "Vec<Endpoint>")]
pub struct Endpoints(Vec<Endpoint>);

/// As it is written: a parameter of a profile is one text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    List(Vec<String>),
}

impl Cidr {
    /// The address.
    pub fn address(self) -> IpAddr {
        self.0.addr()
    }

    /// Whether both have addresses in common.
    pub fn overlaps(self, other: Self) -> bool {
        let [one, two] = [self.0.trunc(), other.0.trunc()];
        one.contains(&two) || two.contains(&one)
    }

    /// Whether an address is in its network.
    pub fn contains(self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// Whether it is a network, and not an address in one.
    pub fn is_network(self) -> bool {
        self.0.trunc() == self.0
    }

    /// Whether it is good for the link alone: RFC 3927, RFC 4291.
    pub fn is_link_local(self) -> bool {
        match self.address() {
            IpAddr::V4(address) => address.is_link_local(),
            IpAddr::V6(address) => address.is_unicast_link_local(),
        }
    }

    /// Whether a host can have it: neither nothing, nor a loop, nor many hosts.
    pub fn is_of_a_host(self) -> bool {
        let address = self.address();
        !address.is_unspecified() && !address.is_loopback() && !address.is_multicast()
    }
}

impl TryFrom<String> for Cidr {
    type Error = NoValue;

    fn try_from(text: String) -> Result<Self, NoValue> {
        text.parse().map(Self).map_err(|_| {
            NoValue::because("an address has its prefix length, such as 10.0.0.2/24 or fd00::2/64")
        })
    }
}

impl From<Cidr> for String {
    fn from(cidr: Cidr) -> Self {
        cidr.to_string()
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Mtu {
    /// RFC 8200: the least that IPv6 takes.
    pub const LEAST_FOR_IPV6: Self = Self(1280);
}

impl TryFrom<u32> for Mtu {
    type Error = NoValue;

    fn try_from(bytes: u32) -> Result<Self, NoValue> {
        // RFC 791; linux/if_ether.h, ETH_MAX_MTU.
        match (68..=65535).contains(&bytes) {
            true => Ok(Self(bytes)),
            false => Err(NoValue::because("an MTU is from 68 to 65535 bytes")),
        }
    }
}

impl From<Mtu> for u32 {
    fn from(mtu: Mtu) -> Self {
        mtu.0
    }
}

impl fmt::Display for Mtu {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl TryFrom<u16> for VlanId {
    type Error = NoValue;

    fn try_from(id: u16) -> Result<Self, NoValue> {
        match (1..=4094).contains(&id) {
            true => Ok(Self(id)),
            false => Err(NoValue::because("a VLAN has an id from 1 to 4094")),
        }
    }
}

impl From<VlanId> for u16 {
    fn from(id: VlanId) -> Self {
        id.0
    }
}

impl fmt::Display for VlanId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Default for WindowSeconds {
    fn default() -> Self {
        Self(60)
    }
}

impl TryFrom<u32> for WindowSeconds {
    type Error = NoValue;

    fn try_from(seconds: u32) -> Result<Self, NoValue> {
        match (5..=600).contains(&seconds) {
            true => Ok(Self(seconds)),
            false => Err(NoValue::because("a window is from 5 to 600 seconds")),
        }
    }
}

impl From<WindowSeconds> for u32 {
    fn from(window: WindowSeconds) -> Self {
        window.0
    }
}

impl fmt::Display for WindowSeconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for BondMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::BalanceRr => "balance-rr",
            Self::ActiveBackup => "active-backup",
            Self::BalanceXor => "balance-xor",
            Self::Broadcast => "broadcast",
            Self::Lacp => "802.3ad",
            Self::BalanceTlb => "balance-tlb",
            Self::BalanceAlb => "balance-alb",
        })
    }
}

impl Endpoints {
    /// Each of them.
    pub fn as_slice(&self) -> &[Endpoint] {
        &self.0
    }
}

impl TryFrom<Written> for Endpoints {
    type Error = NoValue;

    fn try_from(written: Written) -> Result<Self, NoValue> {
        const MOST: usize = 16;
        let texts = match written {
            Written::List(texts) => texts,
            Written::Text(text) => text
                .split([',', ' '])
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
        };
        if texts.len() > MOST {
            return Err(NoValue::because(format!("up to {MOST} can be named")));
        }
        let endpoints = texts.into_iter().map(Endpoint::try_from);
        endpoints.collect::<Result<_, _>>().map(Self)
    }
}

impl From<Endpoints> for Vec<Endpoint> {
    fn from(endpoints: Endpoints) -> Self {
        endpoints.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    fn is<T: serde::de::DeserializeOwned>(value: Value) -> bool {
        from_value::<T>(value).is_ok()
    }

    #[test]
    fn numbers_are_within_their_bounds() {
        for right in [68, 1500, 9000, 65535] {
            assert!(is::<Mtu>(json!(right)), "{right}");
        }
        for right in [1, 4094] {
            assert!(is::<VlanId>(json!(right)), "{right}");
        }
        for (wrong_mtu, wrong_vlan, wrong_window) in [(67, 0, 4), (65536, 4095, 601), (-1, -1, -1)]
        {
            assert!(!is::<Mtu>(json!(wrong_mtu)));
            assert!(!is::<VlanId>(json!(wrong_vlan)));
            assert!(!is::<WindowSeconds>(json!(wrong_window)));
        }
        assert!(is::<WindowSeconds>(json!(5)) && is::<WindowSeconds>(json!(600)));
    }

    #[test]
    fn addresses_have_prefixes_and_networks_overlap_or_not() {
        let cidr = |text: &str| Cidr::try_from(text.to_owned());
        for wrong in [
            "",
            "10.0.0.1",
            "10.0.0.1/33",
            "10.0.0/24",
            "fd00::/129",
            "a/8",
            " 10.0.0.1/8",
        ] {
            assert!(cidr(wrong).is_err(), "{wrong:?}");
        }
        let overlap = |one, two| cidr(one).unwrap().overlaps(cidr(two).unwrap());
        assert!(overlap("10.0.0.1/24", "10.0.0.2/16"));
        assert!(!overlap("10.0.0.1/24", "10.0.1.1/24"));
        assert!(!overlap("10.0.0.1/24", "fd00::1/64"));
        assert!(cidr("169.254.1.1/16").unwrap().is_link_local());
        assert!(cidr("fe80::1/64").unwrap().is_link_local());
        assert!(!cidr("0.0.0.0/0").unwrap().is_of_a_host());
    }

    #[test]
    fn what_is_to_be_reached_is_a_list_or_a_text() {
        let read = |value| from_value::<Endpoints>(value).map(|read| read.as_slice().len());
        assert_eq!(read(json!(["a:1", "b:2"])).unwrap(), 2);
        assert_eq!(read(json!("a:1, b:2 c:3")).unwrap(), 3);
        assert_eq!(read(json!("")).unwrap(), 0);
        assert!(read(json!("a")).is_err() && read(json!(vec!["a:1"; 17])).is_err());
    }

    #[test]
    fn bonds_have_the_modes_of_the_kernel() {
        for mode in [
            "balance-rr",
            "active-backup",
            "balance-xor",
            "broadcast",
            "802.3ad",
            "balance-tlb",
            "balance-alb",
        ] {
            assert_eq!(
                from_value::<BondMode>(json!(mode)).unwrap().to_string(),
                mode
            );
        }
        assert!(!is::<BondMode>(json!("lacp")) && !is::<BondMode>(json!("1")));
    }
}
