//! Changes a host as one transaction: a plan is made, confirmed by its digest and applied; a receipt is left, and undone when all is to be
//! as it was. The only code of muster that changes a host for an operator.
//!
//! Map: [`profile`] is what an operator writes; [`step`] has the kinds of steps, one file each; [`value`] what they are written with; [`plan`] and [`receipt`] are the documents;
//! `journal` is the file that tells after a crash what was being done; [`engine`] does and undoes; [`host`] is the only way to the host.
//!
//! Invariants: nothing is changed before it is in the journal, with what was there before; each change can be done again from wherever a crash
//! left it; what somebody changed since is not overwritten without being asked for; whatever is given a `&dyn Host` changes nothing.
//!
//! Limits: what a program or a service does with files besides is not known here, and not undone. A file that is changed has up to 1 MiB.

#![forbid(unsafe_code)]

mod canonical;
pub mod engine;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod host;
mod journal;
pub mod plan;
pub mod profile;
pub mod receipt;
pub mod step;
pub mod value;

pub use engine::{EngineError, Installer, status};
pub use plan::{PLAN_SCHEMA, Plan};
pub use profile::{PROFILE_SCHEMA, Profile};
pub use receipt::{RECEIPT_SCHEMA, Receipt};
pub use step::Edited;
