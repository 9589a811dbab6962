//! One file a probe, all alike; none imports another.

pub(crate) mod cpu;
pub(crate) mod host;
pub(crate) mod numa;
pub(crate) mod usage;
