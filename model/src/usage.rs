//! How busy the machine is: volatile, measured only when asked for.

use serde::{Deserialize, Serialize};

/// Usage over a short span of time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Usage {
    /// How long was measured, in milliseconds.
    pub measured_ms: Option<u64>,
    /// All processors together, in per cent of all.
    pub cpu_percent: Option<f64>,
    /// Runnable and uninterruptible tasks, averaged over 1, 5 and 15 minutes.
    pub load_average: Vec<f64>,
    /// Memory in use.
    pub memory_used_bytes: Option<u64>,
    /// Swap in use.
    pub swap_used_bytes: Option<u64>,
    /// Traffic by interface.
    pub network: Vec<NetworkUsage>,
}

/// Traffic of one interface.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct NetworkUsage {
    /// Interface.
    pub name: String,
    /// Received.
    pub received_bytes_per_s: Option<u64>,
    /// Sent.
    pub transmitted_bytes_per_s: Option<u64>,
}
