//! Which packets are let in.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::NoValue;

/// Packets that are let in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// To which port.
    pub port: Port,
    /// `tcp` or `udp`.
    #[serde(default)]
    pub protocol: Protocol,
    /// From which network; without, from anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Network>,
}

impl fmt::Display for Opening {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.port.0, self.protocol.name())?;
        match &self.source {
            Some(source) => write!(formatter, " from {}", source.0),
            None => Ok(()),
        }
    }
}

/// What is on top of IP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Connections.
    #[default]
    Tcp,
    /// Datagrams.
    Udp,
}

impl Protocol {
    /// As firewalls write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// From 1 to 65535; a text as well, so that a parameter can say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "WrittenPort", into = "u16")]
pub struct Port(pub(crate) u16);

/// As it is written in profiles; in documents it is a number.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
enum WrittenPort {
    Number(u32),
    Text(String),
}

impl TryFrom<WrittenPort> for Port {
    type Error = NoValue;

    fn try_from(written: WrittenPort) -> Result<Self, NoValue> {
        let number = match written {
            WrittenPort::Number(number) => u16::try_from(number).ok(),
            WrittenPort::Text(text) => text.parse().ok(),
        };
        match number {
            Some(port @ 1..) => Ok(Self(port)),
            _ => Err(NoValue::because("a port is a number from 1 to 65535")),
        }
    }
}

impl From<Port> for u16 {
    fn from(port: Port) -> Self {
        port.0
    }
}

/// A network: an address, `/` and the length of its prefix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Network(String);

impl Network {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `ipv4` or `ipv6`.
    pub(crate) fn family(&self) -> &'static str {
        match self.0.contains(':') {
            true => "ipv6",
            false => "ipv4",
        }
    }
}

impl TryFrom<String> for Network {
    type Error = NoValue;

    fn try_from(text: String) -> Result<Self, NoValue> {
        let parts = text.split_once('/').and_then(|(address, length)| {
            Some((address.parse::<IpAddr>().ok()?, length.parse::<u32>().ok()?))
        });
        let fits = parts.is_some_and(|(address, length)| match address {
            IpAddr::V4(address) => {
                length <= 32 && address.to_bits().checked_shl(length).unwrap_or(0) == 0
            }
            IpAddr::V6(address) => {
                length <= 128 && address.to_bits().checked_shl(length).unwrap_or(0) == 0
            }
        });
        match fits {
            true => Ok(Self(text)),
            false => Err(NoValue::because(
                "a network is an address and the length of its prefix, with zeros behind it, such as 10.0.0.0/8",
            )),
        }
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_ports_are_what_they_are() {
        let network = |text: &str| Network::try_from(text.to_owned());
        for right in [
            "10.0.0.0/8",
            "192.168.1.7/32",
            "0.0.0.0/0",
            "fd00::/8",
            "::1/128",
        ] {
            assert_eq!(network(right).unwrap().as_str(), right);
        }
        for wrong in [
            "",
            "10.0.0.0",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "fd00::1/8",
            "a/8",
            "10.0.0.0/8 drop",
        ] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
        assert_eq!(network("fd00::/8").unwrap().family(), "ipv6");
        let port = |text: &str| serde_json::from_str::<Port>(text);
        assert_eq!(port("6443").unwrap(), port("\"6443\"").unwrap());
        for wrong in ["0", "65536", "-1", "\"\"", "\"http\"", "\"80-90\""] {
            assert!(port(wrong).is_err(), "{wrong}");
        }
    }
}
