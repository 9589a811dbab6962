//! The document `muster.comparison/v1`: what differs between two inventories.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::verdict::MachineName;

/// The value of [`Comparison::schema`].
pub const COMPARISON_SCHEMA: &str = "muster.comparison/v1";

/// What differs between two inventories, in the order of their sections and devices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Comparison {
    /// Always [`COMPARISON_SCHEMA`].
    pub schema: String,
    /// The machine of the first inventory.
    pub before: MachineName,
    /// The machine of the second.
    pub after: MachineName,
    /// Whether both are of one machine.
    pub relation: Relation,
    /// What tells so.
    pub relation_by: RelationBy,
    /// What differs.
    pub differences: Vec<Difference>,
    /// What is known of one side only, and is no difference therefore.
    pub unknown: Vec<UnknownFact>,
}

impl Comparison {
    /// The differences of one weight, in their order.
    pub fn of_weight(&self, weight: Weight) -> impl Iterator<Item = &Difference> {
        let differences = self.differences.iter();
        differences.filter(move |difference| difference.weight == weight)
    }
}

/// How the machines of two inventories stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// One machine at two times: a device is known again by its serial number or address.
    SameMachine,
    /// Two machines: a device is compared with that in the same place.
    TwoMachines,
}

/// What tells the relation of two inventories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RelationBy {
    /// Whoever compares said so.
    Asked,
    /// `system.uuid`.
    SystemUuid,
    /// `system.serial`.
    SystemSerial,
    /// `host.machine_id`, where the firmware names the machine on one side at most.
    MachineId,
    /// Nothing identifies both; they are taken for two machines.
    Nothing,
}

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Difference {
    /// The inventory's key of the section, such as `disks`.
    pub section: String,
    /// The device by its natural key, such as `sda`, or `sda/sda1` for what is in a device; the
    /// section's key where the section is one object. By its name after, where it has two.
    pub subject: String,
    /// What happened.
    pub kind: DifferenceKind,
    /// The field by its path in the section, such as `health.media_errors`; unknown where the whole
    /// device came or went.
    pub field: Option<String>,
    /// What was there: the field's value, or the whole device.
    pub before: Value,
    /// What is there, likewise.
    pub after: Value,
    /// Whether that is bad news.
    pub weight: Weight,
    /// The same as a sentence with units, without a full stop.
    pub words: String,
}

/// What happened to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// It is on the first side only.
    Removed,
    /// It is on the second side only.
    Added,
    /// It has another name or place.
    Moved,
    /// One of its facts differs.
    Changed,
}

/// Whether a difference is bad news, going from the first inventory to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Less of what is wanted, or more of what is not.
    Worse,
    /// The other way round.
    Better,
    /// Other, but neither.
    Neutral,
}

/// A fact, a device list or a section that one side does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnknownFact {
    /// A path in the inventory: `disks[sda].health.status`, `memory.modules`, `pci`.
    pub fact: String,
    /// The side that does not know it.
    pub side: Side,
    /// Why, by that inventory's warnings.
    pub reason: String,
}

/// One of the two inventories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The first.
    Before,
    /// The second.
    After,
}
