//! How the last run of `muster-install.service` ended, for whoever followed it or asks later: a file that is gone after a restart.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use anyhow::Context as _;
use muster_installer::engine::{Ended, Outcome};
use serde::{Deserialize, Serialize};

/// The service's `RuntimeDirectory=`.
const FOLDER: &str = "/run/muster-install";
const FILE: &str = "/run/muster-install/last.json";
const UNFINISHED: &str = "/run/muster-install/last.json.unfinished";
/// As large as it may be.
const LARGEST_BYTES: u64 = 1 << 20;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Report {
    /// When: RFC 3339.
    pub(super) at: String,
    /// The digest of the plan that was applied or undone.
    pub(super) plan: Option<String>,
    /// None: it was stopped between two steps, or failed.
    pub(super) outcome: Option<Outcome>,
    /// What was not put back, and why, in words.
    pub(super) kept: Vec<String>,
    /// Why it failed, and what to do.
    pub(super) error: Option<String>,
}

impl Report {
    pub(super) fn of(
        at: String,
        plan: Option<String>,
        ended: &Result<Ended, anyhow::Error>,
    ) -> Self {
        let ok = ended.as_ref().ok();
        Self {
            at,
            plan,
            outcome: ok.and_then(|ended| ended.outcome),
            kept: ok.map(|ended| ended.kept.clone()).unwrap_or_default(),
            error: ended.as_ref().err().map(|error| format!("{error:#}")),
        }
    }

    /// The last one, where there was one since the last start.
    pub(super) fn last() -> anyhow::Result<Option<Self>> {
        let failed = || format!("cannot read {FILE}");
        let file = match File::open(FILE) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.with_context(failed)?,
        };
        let mut json = String::new();
        file.take(LARGEST_BYTES)
            .read_to_string(&mut json)
            .with_context(failed)?;
        serde_json::from_str(&json).map(Some).with_context(failed)
    }

    /// Before another one is begun, so that it is not taken for that one's.
    pub(super) fn forget() -> anyhow::Result<()> {
        match fs::remove_file(FILE) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {FILE}"))
            }
            _ => Ok(()),
        }
    }

    /// Keeps it, where systemd has made the folder for it.
    pub(super) fn keep(&self) -> anyhow::Result<()> {
        if !Path::new(FOLDER).is_dir() {
            return Ok(());
        }
        let json = serde_json::to_string(self)?;
        let kept = fs::write(UNFINISHED, json).and_then(|()| fs::rename(UNFINISHED, FILE));
        kept.with_context(|| format!("cannot write {FILE}"))
    }
}
