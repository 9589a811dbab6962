//! Reading an inventory document that may hold a part of the sections only.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::inventory::{INVENTORY_SCHEMA, Inventory, Section};

/// Why a text is no inventory.
#[derive(Debug)]
pub enum NoInventory {
    /// It is no JSON, or a field has another type; the error has line and column.
    Malformed(serde_json::Error),
    /// It is a document of another kind or version: the value of its `schema`.
    OtherSchema(Option<String>),
}

impl fmt::Display for NoInventory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(_) => formatter.write_str("it is no inventory in JSON"),
            Self::OtherSchema(Some(found)) => write!(
                formatter,
                "it is a document {found:?}, and {INVENTORY_SCHEMA} is wanted"
            ),
            Self::OtherSchema(None) => write!(
                formatter,
                "it has no \"schema\": \"{INVENTORY_SCHEMA}\", which every inventory has"
            ),
        }
    }
}

impl std::error::Error for NoInventory {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Malformed(error) => Some(error),
            Self::OtherSchema(_) => None,
        }
    }
}

impl Inventory {
    /// Reads `muster.inventory/v1` from JSON. Sections that the document lacks, or that are null
    /// without a warning of theirs that says why, are [`Inventory::undiscovered`]; fields that are
    /// not known are passed over.
    ///
    /// # Errors
    /// [`NoInventory`] says what the text is instead.
    pub fn from_json(text: &[u8]) -> Result<Self, NoInventory> {
        let document: Value = serde_json::from_slice(text).map_err(NoInventory::Malformed)?;
        let schema = document.get("schema").and_then(Value::as_str);
        if schema != Some(INVENTORY_SCHEMA) {
            return Err(NoInventory::OtherSchema(schema.map(str::to_owned)));
        }
        // From the text once more, because only the text has lines and columns to tell.
        let mut inventory: Self = serde_json::from_slice(text).map_err(NoInventory::Malformed)?;
        let is_explained = |section: &Section| {
            let mut warnings = inventory.warnings.iter();
            warnings.any(|warning| warning.probe == section.key())
        };
        let lacks = |section: &Section| match document.get(section.key()) {
            None => true,
            Some(value) => value.is_null() && !is_explained(section),
        };
        let undiscovered: BTreeSet<Section> = Section::ALL.into_iter().filter(lacks).collect();
        inventory.undiscovered = undiscovered;
        Ok(inventory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_was_not_discovered() {
        let text = br#"{"schema": "muster.inventory/v1", "cpu": {"threads": 4}, "usage": null, "news": 1}"#;
        let inventory = Inventory::from_json(text).unwrap();
        assert_eq!(inventory.cpu.threads, Some(4));
        assert!(inventory.was_discovered(Section::Cpu));
        assert!(!inventory.was_discovered(Section::Disks));
        assert!(!inventory.was_discovered(Section::Usage));
    }

    #[test]
    fn what_could_not_be_found_out_was_discovered() {
        let text = br#"{"schema": "muster.inventory/v1", "modules": null, "listeners": null,
            "warnings": [{"probe": "listeners", "subject": "tcp", "kind": "denied", "message": "no"}]}"#;
        let inventory = Inventory::from_json(text).unwrap();
        assert!(!inventory.was_discovered(Section::Modules));
        assert!(inventory.was_discovered(Section::Listeners));
        assert_eq!(inventory.listeners, None);
    }

    #[test]
    fn other_documents_are_refused_in_words() {
        let told = |text: &[u8]| {
            let refusal = Inventory::from_json(text).unwrap_err();
            match std::error::Error::source(&refusal) {
                Some(cause) => format!("{refusal}: {cause}"),
                None => refusal.to_string(),
            }
        };
        assert_eq!(
            told(b"[1,"),
            "it is no inventory in JSON: EOF while parsing a value at line 1 column 3"
        );
        assert_eq!(
            told(b"{}"),
            "it has no \"schema\": \"muster.inventory/v1\", which every inventory has"
        );
        assert_eq!(
            told(br#"{"schema": "muster.verdict/v1"}"#),
            "it is a document \"muster.verdict/v1\", and muster.inventory/v1 is wanted"
        );
        assert_eq!(
            told(b"{\"schema\": \"muster.inventory/v1\",\n \"cpu\": {\"threads\": -1}}"),
            "it is no inventory in JSON: invalid value: integer `-1`, expected u32 at line 2 column 22"
        );
    }
}
