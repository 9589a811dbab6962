//! One of the two inventories, and why it lacks what it lacks.

use muster_model::{Inventory, Origin, Section, Warning};
use serde_json::Value;

use super::document::Side;
use crate::verdict::MachineName;

/// An inventory with its document.
pub(super) struct Known<'a> {
    inventory: &'a Inventory,
    document: Value,
    pub(super) side: Side,
}

impl<'a> Known<'a> {
    pub(super) fn new(inventory: &'a Inventory, side: Side) -> Self {
        Self {
            inventory,
            // Plain data with text keys: there is nothing in it that JSON cannot say.
            document: serde_json::to_value(inventory).unwrap_or_default(),
            side,
        }
    }

    pub(super) fn name(&self) -> MachineName {
        MachineName::of(self.inventory)
    }

    pub(super) fn section(&self, section: Section) -> Value {
        self.document
            .get(section.key())
            .cloned()
            .unwrap_or_default()
    }

    pub(super) fn was_discovered(&self, section: Section) -> bool {
        self.inventory.was_discovered(section)
    }

    /// The warning about one of `subjects`, the best first.
    pub(super) fn warning(&self, section: Section, subjects: &[&str]) -> Option<&'a str> {
        let warnings = &self.inventory.warnings;
        let about = |subject: &&str| {
            let is_it =
                |warning: &&Warning| warning.probe == section.key() && warning.subject == *subject;
            warnings.iter().find(is_it)
        };
        let found = subjects.iter().find_map(about);
        found.map(|warning| warning.message.as_str())
    }

    /// The warning about the section as a whole, or about all that its source could tell.
    pub(super) fn warning_of_all(&self, section: Section) -> Option<&'a str> {
        let found = self.warning(section, &[section.key()]);
        let of_firmware = || match section {
            // One reader fills all four, and warns under the name of the first.
            Section::Board | Section::Chassis | Section::Bios => {
                self.warning(Section::System, &[Section::System.key()])
            }
            _ => None,
        };
        found.or_else(of_firmware).or_else(|| self.files_only())
    }

    /// Why the list at `path` of the document may lack elements.
    pub(super) fn lacking(&self, path: &str) -> Option<&'a str> {
        let mut warnings = self.inventory.warnings.iter();
        let found = warnings.find(|warning| warning.incomplete.as_deref() == Some(path));
        found.map(|warning| warning.message.as_str())
    }

    /// Another root directory has no running kernel that could be asked.
    pub(super) fn files_only(&self) -> Option<&'a str> {
        let is_root = self.inventory.source == Some(Origin::Root);
        let mut warnings = self.inventory.warnings.iter();
        let found = warnings.find(|warning| is_root && warning.probe == "source");
        found.map(|warning| warning.message.as_str())
    }
}
