//! The values that steps are written with. Each refuses what it cannot be as it is read, from a profile and from a plan alike.

mod artifact;
mod attributes;
mod content;
mod disk;
mod names;
mod network;
mod opening;
mod path;

pub use artifact::{ProxyUrl, Sha256Digest, Source};
pub use attributes::{Attributes, Mode};
pub use content::{Content, KeptFile};
pub use disk::{DiskLayout, DiskName, FileSystemKind, FileSystemLabel};
pub use names::{
    AccountName, Endpoint, HostName, LinkName, MacAddress, ModuleName, PackageName, ParameterName,
    TimeZoneName, UnitName,
};
pub use network::{BondMode, Cidr, Endpoints, Mtu, VlanId, WindowSeconds};
pub use opening::{Network, Opening, Port, Protocol};
pub use path::HostPath;

/// Why a text is no such value: in words that go on a sentence, such as `a path begins with /`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoValue(pub(crate) String);

impl NoValue {
    pub(crate) fn because(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}
