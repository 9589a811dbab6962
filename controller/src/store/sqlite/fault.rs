//! What goes wrong while SQL runs.

use crate::store::StoreError;

/// An error of the store, or of SQLite.
pub(super) enum Fault {
    Store(StoreError),
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

pub(super) fn damaged(kind: &str, id: &str, source: serde_json::Error) -> Fault {
    Fault::Store(StoreError::Damaged {
        what: format!("{kind} {id}"),
        source: source.into(),
    })
}

pub(super) fn unavailable(
    operation: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Unavailable {
        operation,
        source: source.into(),
    }
}

/// A conflict unless it holds.
pub(super) fn hold(holds: bool, kind: &str, id: &str) -> Result<(), Fault> {
    if holds {
        Ok(())
    } else {
        let what = format!("{kind} {id}");
        Err(Fault::Store(StoreError::Conflict { what }))
    }
}
