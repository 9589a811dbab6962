//! `muster schema`: the JSON Schema of a document, as published in `docs/`.

use crate::cli::Document;
use crate::exit::Exit;
use crate::terminal;

/// Prints the schema of `document`.
pub(crate) fn print(document: Document) -> anyhow::Result<Exit> {
    terminal::write_plain(match document {
        Document::Inventory => include_str!("../../docs/inventory.schema.json"),
        Document::Change => include_str!("../../docs/change.schema.json"),
        Document::Verdict => include_str!("../../docs/verdict.schema.json"),
        Document::Workloads => include_str!("../../docs/workloads.schema.json"),
        Document::Plan => include_str!("../../docs/plan.schema.json"),
        Document::Receipt => include_str!("../../docs/receipt.schema.json"),
        Document::Comparison => include_str!("../../docs/comparison.schema.json"),
    })?;
    Ok(Exit::Complete)
}
