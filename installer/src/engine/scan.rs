//! What can still be told of muster's changes to a host when its own records of them cannot be used.

use serde::Serialize;

use crate::host::Host;
use crate::journal;
use crate::plan::{Wish, Wishes};
use crate::receipt::{Receipt, ReceiptError, ReceiptStep};
use crate::value::HostPath;

use super::{EngineError, store};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scan {
    /// Why the journal cannot be used; none where it can, or where there is none.
    pub journal_fault: Option<String>,
    /// Each receipt, the oldest first, and what could be read of it.
    pub receipts: Vec<ScannedReceipt>,
    /// What profiles would do, each once, and whether the host is so.
    pub traces: Vec<Trace>,
}

/// A receipt, or what is left of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScannedReceipt {
    /// Where it is.
    pub path: HostPath,
    /// Why it cannot be used as it is; none where it can.
    pub fault: Option<String>,
    /// The steps that can be read, with the states before and after, in the order in which they were done.
    pub steps: Vec<ReceiptStep>,
    /// Of how many more there are pieces that cannot be read.
    pub lost: usize,
}

/// A step of a profile, beside the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// The profile that has it.
    pub profile: String,
    /// Its name there.
    pub id: String,
    /// What it does, in words.
    pub what: String,
    /// Whether the host is as it would leave it, whoever did it; none where that cannot be told.
    pub is_there: Option<bool>,
}

/// Looks at muster's records, and for what those wishes would have made. Changes nothing, and is not kept from it by records that are damaged.
///
/// # Errors
/// The folder of the records, or a receipt in it, cannot be read at all.
pub fn scan(host: &dyn Host, wishes: &[Wishes]) -> Result<Scan, EngineError> {
    let journal = journal::look(host, &store::journal());
    let receipts = store::receipt_paths(host)?.into_iter();
    let receipts = receipts.map(|(_, path)| {
        let text = host.read(&path)?.unwrap_or_default();
        Ok(scanned(path, &text))
    });
    let mut scan = Scan {
        journal_fault: journal.err().map(|error| error.to_string()),
        receipts: receipts.collect::<Result<_, EngineError>>()?,
        traces: Vec::new(),
    };
    for wishes in wishes {
        for wish in &wishes.steps {
            let trace = trace(host, &wishes.profile.name, wish);
            if !scan.traces.iter().any(|known| known.what == trace.what) {
                scan.traces.push(trace);
            }
        }
    }
    Ok(scan)
}

fn scanned(path: HostPath, text: &[u8]) -> ScannedReceipt {
    match Receipt::from_json(text) {
        Ok(receipt) => ScannedReceipt {
            path,
            fault: None,
            steps: receipt.steps,
            lost: 0,
        },
        Err(why @ ReceiptError::Version { .. }) => ScannedReceipt {
            path,
            fault: Some(why.to_string()),
            steps: Vec::new(),
            lost: 0,
        },
        Err(why) => {
            let pieces = pieces(&String::from_utf8_lossy(text));
            let steps: Vec<ReceiptStep> = pieces
                .iter()
                .filter_map(|piece| serde_json::from_str(piece).ok())
                .collect();
            ScannedReceipt {
                path,
                fault: Some(why.to_string()),
                lost: pieces.len().saturating_sub(steps.len()),
                steps,
            }
        }
    }
}

/// What may be steps: receipts are written indented, so that a step begins and ends with a brace at its depth, and damage to one leaves the
/// others.
fn pieces(text: &str) -> Vec<String> {
    const BEGINS: &str = "    {";
    const ENDS: [&str; 2] = ["    }", "    },"];
    let mut pieces: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        if line == BEGINS {
            pieces.push(String::new());
            is_open = true;
        }
        let ends = ENDS.contains(&line);
        if let Some(piece) = pieces.last_mut().filter(|_| is_open) {
            piece.push_str(line.strip_suffix(',').filter(|_| ends).unwrap_or(line));
            piece.push('\n');
        }
        is_open &= !ends;
    }
    pieces
}

fn trace(host: &dyn Host, profile: &str, wish: &Wish) -> Trace {
    let is_there = wish.action.inspect(host).and_then(|found| {
        let wanted = wish.action.wanted(&found)?;
        Ok(wanted == found)
    });
    Trace {
        profile: profile.to_owned(),
        id: wish.id.clone(),
        what: wish.action.title(),
        is_there: is_there.ok(),
    }
}
