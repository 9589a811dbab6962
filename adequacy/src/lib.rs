//! Does a machine pass muster? A policy and an inventory in, a verdict out, down to the single fact.
//!
//! ```
//! use muster_adequacy::{Policy, judge, verdict::Standing};
//! use muster_model::Inventory;
//!
//! let policy = Policy::parse(
//!     r#"
//!     schema = "muster.policy/v1"
//!     name = "small"
//!     version = "1"
//!     roles = ["worker"]
//!
//!     [[rules]]
//!     id = "memory-total"
//!     title = "Enough memory"
//!     severity = "required"
//!     check.memory_total = { at_least = "4 GiB" }
//!     remedy = "Add memory modules."
//!     "#,
//! )?;
//! let mut inventory = Inventory::default();
//! assert_eq!(judge(&policy, &inventory).standing, Standing::Undetermined);
//! inventory.memory.total_bytes = Some(8 << 30);
//! assert_eq!(judge(&policy, &inventory).standing, Standing::Adequate);
//! # Ok::<(), muster_adequacy::policy::Faults>(())
//! ```
//!
//! Map: [`policy`] is what machines are judged by, and its reading from TOML; [`check`] has the ready-made
//! checks, one file a subject; `expression` evaluates CEL; `machine` is the inventory as rules see it, where
//! a fact is known, or unknown for a reason; `judge` puts them together into a [`verdict`]. [`compare`] says what
//! differs between two inventories.
//!
//! Invariants: pure and deterministic, no I/O, no clock; a fact that is unknown never passes or
//! fails a rule silently: it leaves the rule undetermined, with the inventory's reason.

#![forbid(unsafe_code)]

pub mod check;
pub mod compare;
mod expression;
mod judge;
mod listed;
mod machine;
pub mod policy;
pub mod verdict;

pub use judge::judge;
pub use policy::{POLICY_SCHEMA, Policy};
pub use verdict::{VERDICT_SCHEMA, Verdict};
