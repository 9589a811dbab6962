//! Does a machine pass muster? A policy and an inventory in, a verdict out, down to the single fact.
//!
//! Map: `verdict` is what comes out. `machine` is the inventory as rules see it, where a fact is
//! known, or unknown for a reason.
//!
//! Invariants: pure and deterministic, no I/O, no clock; a fact that is unknown never passes or
//! fails a rule silently: it leaves the rule undetermined, with the inventory's reason.

#![forbid(unsafe_code)]

mod expression;
mod machine;
pub mod verdict;

pub use verdict::{VERDICT_SCHEMA, Verdict};
