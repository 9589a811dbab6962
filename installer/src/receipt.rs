//! What was done, so that it can be undone.

use std::collections::BTreeMap;

use muster_model::Role;
use serde::{Deserialize, Serialize};

use crate::plan::ProfileName;
use crate::step::{Action, State};
use crate::value::HostPath;

/// The value of `schema` in a receipt.
pub const RECEIPT_SCHEMA: &str = "muster.receipt/v1";

/// `muster.receipt/v1`: what an installation changed on a host. What it found as it was to be is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Receipt {
    /// `muster.receipt/v1`.
    pub schema: String,
    /// The digest of the plan that was applied.
    pub plan: String,
    /// What was installed.
    pub profile: ProfileName,
    /// What the host is.
    pub role: Option<Role>,
    /// The values of the profile's parameters.
    pub parameters: BTreeMap<String, String>,
    /// When it was installed: RFC 3339, in UTC.
    pub installed_at: String,
    /// Folders for muster's own records that were not there before, the outermost first.
    pub folders_made: Vec<HostPath>,
    /// In the order in which they were done.
    pub steps: Vec<ReceiptStep>,
}

/// A step that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReceiptStep {
    /// Its name, unique in the receipt.
    pub id: String,
    /// What was done, in words.
    pub what: String,
    /// What was done.
    pub action: Action,
    /// What was found right before.
    pub before: State,
    /// What was left.
    pub after: State,
    /// How often undoing is tried.
    pub attempts: u32,
}

/// Why a receipt cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Another version of muster wrote it.
    #[error(
        "it is {found:?}, and {RECEIPT_SCHEMA} is understood here: use the version of muster that wrote it"
    )]
    Version {
        /// What it says that it is.
        found: String,
    },
    /// It is damaged.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

impl Receipt {
    /// Reads a receipt.
    ///
    /// # Errors
    /// It is one of another version, or damaged.
    pub fn from_json(json: &[u8]) -> Result<Self, ReceiptError> {
        #[derive(Deserialize)]
        struct Version {
            schema: String,
        }
        let damaged = |error: serde_json::Error| ReceiptError::Damaged(error.to_string());
        // First of all: a later version may have anything else.
        let version: Version = serde_json::from_slice(json).map_err(damaged)?;
        match version.schema == RECEIPT_SCHEMA {
            true => serde_json::from_slice(json).map_err(damaged),
            false => Err(ReceiptError::Version {
                found: version.schema,
            }),
        }
    }
}
