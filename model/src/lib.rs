//! The documents of muster as plain typed data. No I/O, no clock, no logic beyond naming.
//!
//! Map: [`inventory`] is the root document `muster.inventory/v1`; each of its sections has a module
//! of its own; [`reading`] takes it from JSON, [`Inventory::renew`] takes sections over that were read again. [`warning`] says why a value is missing. [`change`]
//! is one line of `--watch`. [`stable`] is an inventory without what changes by itself. [`role`] is what a node is for, [`status`] where it is in its life. [`units`]
//! writes quantities as people do, and [`headline`] a machine in a few words.
//!
//! Invariants: a unit is in the field's name; unknown is `None`, never 0, −1 or `""`; every list is
//! sorted by a natural key; every struct reads a document that lacks fields (they are unknown then)
//! and tolerates fields that it does not know.
//!
//! With the feature `schema` each type derives its JSON Schema.

#![forbid(unsafe_code)]

pub mod change;
pub mod cpu;
pub mod disk;
pub mod headline;
pub mod host;
pub mod inventory;
pub mod machine;
pub mod memory;
pub mod network;
pub mod pci;
pub mod peripheral;
pub mod reading;
mod renewal;
pub mod role;
pub mod software;
pub mod stable;
pub mod status;
pub mod units;
pub mod usage;
pub mod warning;
pub mod workload;

pub use change::{Change, ChangeKind, FieldChange};
pub use inventory::{INVENTORY_SCHEMA, Inventory, Origin, Section};
pub use reading::NoInventory;
pub use role::Role;
pub use status::NodeStatus;
pub use warning::{Found, Warning, WarningKind};
pub use workload::{WORKLOADS_SCHEMA, Workloads};
