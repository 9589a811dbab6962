//! The software side of a host: what its kernel can do, which ports are taken, which units there are.
//! Read only when it is asked for.

use serde::{Deserialize, Serialize};

/// Kernel modules by name, as the kernel writes them: `_` where a file may have `-`. Each list is
/// sorted, and `None` where its source cannot be read, as in most containers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Modules {
    /// Loaded now; those that are built in are not among them.
    pub loaded: Option<Vec<String>>,
    /// Part of the kernel itself.
    pub built_in: Option<Vec<String>>,
    /// On disk for the running kernel, loaded or not.
    pub loadable: Option<Vec<String>>,
}

/// A local address that is taken: by a TCP socket that listens, or by an unconnected UDP socket.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Listener {
    /// Transport.
    pub protocol: Option<TransportProtocol>,
    /// IPv4 or IPv6; `0.0.0.0` and `::` are every address, and `::` may take in IPv4 too.
    pub address: String,
    /// Port.
    pub port: u16,
}

/// A transport of the internet protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TransportProtocol {
    /// Transmission Control Protocol.
    Tcp,
    /// User Datagram Protocol.
    Udp,
}

/// A service or a socket that systemd knows by a unit file, an alias or an instance that is enabled.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Service {
    /// With its suffix, such as `ssh.service`, `cups.socket`, `getty@.service`.
    pub name: String,
    /// Whether the administrator's or the runtime's folders have a link by which it starts on its
    /// own: a `.wants`, `.requires` or `.upholds` one, or an alias. What only the vendor's folders
    /// want is not enabled in this sense.
    pub enabled: Option<bool>,
    /// Whether it is linked to `/dev/null`, so that nothing can start it.
    pub masked: Option<bool>,
}
