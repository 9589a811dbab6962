//! What a journal is made of.

use serde::{Deserialize, Serialize};

use crate::engine::Outcome;
use crate::plan::Plan;
use crate::receipt::Receipt;
use crate::step::{Edited, State};
use crate::value::HostPath;

/// One record. Steps are counted from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Record {
    /// The first: all that is to be done.
    Opened {
        /// RFC 3339.
        at: String,
        work: Work,
        /// Of the receipt that will be written, or that is undone.
        receipt_number: u32,
        /// Folders for muster's records that were not there before.
        folders_made: Vec<HostPath>,
    },
    /// A step is found as it is to be.
    Unchanged { step: usize },
    /// A step is to be done right after this, where this was found right before.
    Begun {
        step: usize,
        before: State,
        wanted: State,
    },
    /// A step was done, and this was found afterwards.
    Done { step: usize, after: State },
    /// A step was not done, or not undone; it may be in the middle.
    Failed { step: usize, why: String },
    /// A step that was begun was done, and is undone unless it is confirmed in time.
    Unconfirmed { step: usize },
    /// A step that was begun was not confirmed in time, for this reason, and is undone: it waits again.
    Withdrawn { step: usize, why: String },
    /// From here on what was done is undone.
    Reverting { edited: Edited },
    /// A step is to be undone right after this, but for what is said.
    Undoing {
        step: usize,
        target: State,
        kept: Vec<String>,
    },
    /// A step was undone.
    Undone { step: usize },
    /// A step is not undone at all.
    Kept { step: usize, why: String },
    /// Nothing is left to do but to keep the receipt, or to drop it.
    Ended { outcome: Outcome },
}

/// What a transaction does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Work {
    /// Applies a plan.
    Install(Plan),
    /// Undoes what a receipt says.
    Uninstall(Receipt),
}
