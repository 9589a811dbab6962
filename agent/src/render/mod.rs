//! Documents as text. Nothing here reads or writes anything.
//!
//! Map: `document` is the part of an inventory that was asked for; `report` is for people; `table`
//! shows any section as rows; `verdict` and `policy` show those; `comparison` is what differs, for
//! people; `install` is what will be, is and was installed; `status` is what the agent is and does; `layout` is the room `terminal/`: it wraps and aligns, and
//! keeps foreign text from driving the terminal.

mod columns;
pub(crate) mod comparison;
mod document;
mod install;
pub(crate) mod policy;
pub(crate) mod report;
pub(crate) mod status;
mod table;
pub(crate) mod verdict;

#[cfg(test)]
mod goldens;

use muster_terminal as layout;

pub(crate) use document::{Document, by_default};
pub(crate) use install::{plan, scan, status as install_status, undone};
pub(crate) use muster_terminal::screen;
pub(crate) use table::{table, wide};

use serde::Serialize;

/// The document as JSON, indented by two spaces, ending in a line feed.
pub(crate) fn json(document: &impl Serialize) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    Ok(text)
}

/// The document as YAML 1.2, whose strings also old readers take for strings.
pub(crate) fn yaml(document: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_saphyr::to_string(document)?)
}
