//! Why a value is missing, beside the value.

use serde::{Deserialize, Serialize};

/// What kept a fact from being known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// The kernel, the firmware or a tool does not provide it here.
    Absent,
    /// It is there, but this user may not read it.
    Denied,
    /// It was read, but its content is not what its specification says, or a placeholder.
    Malformed,
    /// The device went away while it was being read.
    Vanished,
    /// No answer within the deadline.
    TimedOut,
    /// This kernel, device or kind of source cannot answer the question.
    Unsupported,
}

/// One reason for one missing or doubtful value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Warning {
    /// The probe that noticed, named as the section that it fills.
    pub probe: String,
    /// The device, file or field concerned, such as `eth0` or `sda`.
    pub subject: String,
    /// The kind of fault.
    pub kind: WarningKind,
    /// What failed, why, and what would help: one sentence without a full stop.
    pub message: String,
    /// The list that may lack elements because of it, as a path in the document: `network`,
    /// `memory.modules`. What such a list has is true; what it lacks may be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
}

/// A value with the warnings that belong to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found<T> {
    /// What was found.
    pub value: T,
    /// Why parts of it are missing.
    pub warnings: Vec<Warning>,
}
