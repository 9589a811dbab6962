//! One file a probe, all alike; none imports another.

pub(crate) mod host;
pub(crate) mod usage;
pub(crate) mod pci;
