//! One line of `muster discover --watch`.

use serde::{Deserialize, Serialize};

/// One change of one device, as it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// When it was noticed: RFC 3339, UTC, milliseconds.
    pub at: String,
    /// The document's key of the section, such as `network`.
    pub section: String,
    /// The device by its natural key, such as `eth0`.
    pub subject: String,
    /// What happened.
    pub kind: ChangeKind,
    /// The fields that changed, by their path in the device, such as `speed_mbps`; empty when the
    /// whole device came or went.
    pub fields: Vec<FieldChange>,
}

/// One field before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FieldChange {
    /// Path in the device, such as `bond.active`.
    pub field: String,
    /// Value before; `null` when it was unknown.
    pub before: serde_json::Value,
    /// Value after; `null` when it is unknown.
    pub after: serde_json::Value,
}

/// What happened to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// One of its facts changed.
    Changed,
    /// It has another name: `fields` holds `name` before and after.
    Renamed,
}
