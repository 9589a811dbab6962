//! The rules over what may be done to a node, decided on a [`Picture`] of the cluster: pure functions, no I/O, no clock of their own.
//!
//! Map: `maintenance` and `removal` say what stands against an operation; `quorum` counts the control plane; `workloads` says
//! what runs on a node; `stuck` says what keeps a node in its status; `force` has the tickets without which nothing is forced.
//!
//! Invariants: what is not known is never taken for harmless; what is said against an operation says what, why, and what to do.
//!
//! Limits: whether a data pool is degraded no node reports yet, so no rule looks at it.

pub mod force;
mod maintenance;
mod picture;
mod quorum;
mod removal;
mod stuck;
mod workloads;

pub use maintenance::maintenance;
pub use picture::{Picture, Seen};
pub use quorum::{Quorum, advice, advice_while_paused, tolerated};
pub use removal::removal;
pub use stuck::{is_overlong, stuck};

/// What stands against an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// Of what kind it is.
    pub kind: Kind,
    /// What, why, and what to do, for people.
    pub text: String,
}

/// The kinds of [`Objection`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// There is no other node.
    OnlyNode,
    /// The control plane would have no quorum.
    Quorum,
    /// Workloads would be removed with the node.
    Remaining,
    /// No other node could take the workloads.
    NobodyElse,
    /// A workload has a GPU passed through to it, and cannot leave.
    PassedThroughGpu,
    /// The other nodes lack the memory.
    Memory,
    /// It is not known what runs on the node.
    Unknown,
}

impl Kind {
    /// Whether force goes past it.
    pub fn yields_to_force(self) -> bool {
        match self {
            Self::OnlyNode | Self::Quorum | Self::Remaining => false,
            Self::NobodyElse | Self::PassedThroughGpu | Self::Memory | Self::Unknown => true,
        }
    }
}

impl Objection {
    fn new(kind: Kind, text: String) -> Self {
        Self { kind, text }
    }
}

#[cfg(test)]
mod testing;
