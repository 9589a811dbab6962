//! What undoing would come to, for whoever only looks.

use serde::Serialize;

use crate::host::{Host, HostError};
use crate::step::{Edited, StepError, undo};

use super::{EngineError, store};

/// A step that would be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// The step's name.
    pub id: String,
    /// What it did, in words.
    pub what: String,
    /// What of it would stay, and why.
    pub kept: Vec<String>,
}

/// What [`super::Installer::uninstall`] would undo, in its order, as far as can be told now: of what several installations changed one after
/// the other, each but the last looks edited.
///
/// # Errors
/// A receipt cannot be used; the host does not tell something.
pub fn preview(host: &dyn Host, edited: Edited) -> Result<Vec<Undone>, EngineError> {
    let mut undone = Vec::new();
    for (_, receipt) in store::receipts(host)?.into_iter().rev() {
        for step in receipt.steps.into_iter().rev() {
            let kept = step.action.inspect(host).and_then(|now| {
                let keep = step.action.keep(host, &step.before)?;
                let states = [&step.before, &step.after, &now];
                Ok(undo(states, edited, &keep)?.kept)
            });
            let kept = match kept {
                Err(StepError::Host(error @ HostError::OtherKind { .. })) => {
                    vec![error.to_string()]
                }
                kept => kept.map_err(|why| EngineError::Step {
                    id: step.id.clone(),
                    why,
                })?,
            };
            undone.push(Undone {
                id: step.id,
                what: step.what,
                kept,
            });
        }
    }
    Ok(undone)
}
