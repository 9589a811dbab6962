//! What changed between two readings of the same sections: by natural key, field by field.

use std::collections::{BTreeMap, BTreeSet};

use muster_model::{Change, ChangeKind, FieldChange, Inventory, Section, WarningKind};
use serde_json::{Map, Value};

use crate::parse::natural;

/// Devices by their natural key.
type Devices = BTreeMap<String, Map<String, Value>>;

/// What is known of the watched sections, without what changes all the time.
pub(super) struct Known {
    sections: BTreeMap<Section, Devices>,
}

impl Known {
    pub(super) fn new(inventory: &Inventory, sections: &BTreeSet<Section>) -> Self {
        let document = document(inventory);
        let sections = sections
            .iter()
            .map(|section| (*section, devices(&document, *section)))
            .collect();
        Self { sections }
    }

    /// Takes over what was found now, and says what is different. `renames` are interfaces by
    /// their name before and after.
    pub(super) fn update(
        &mut self,
        inventory: &Inventory,
        sections: &BTreeSet<Section>,
        renames: &[(String, String)],
        at: &str,
    ) -> Vec<Change> {
        let document = document(inventory);
        let mut changes = Vec::new();
        for section in sections {
            let mut after = devices(&document, *section);
            let before = self.sections.remove(section).unwrap_or_default();
            keep_unanswered(inventory, *section, &before, &mut after);
            let renames = match section {
                Section::Network => renames,
                _ => &[],
            };
            changes.extend(compare(&before, &after, renames).into_iter().map(
                |(subject, kind, fields)| Change {
                    at: at.to_owned(),
                    section: section.key().to_owned(),
                    subject,
                    kind,
                    fields,
                },
            ));
            self.sections.insert(*section, after);
        }
        changes
    }
}

/// Fields that no event tells of; a reading of them now and then would be a change by chance.
const VOLATILE: &[(Section, &str)] = &[
    (Section::Host, "uptime_s"),
    (Section::Host, "time"),
    (Section::Memory, "available_bytes"),
    (Section::Memory, "hugepages"),
    (Section::Memory, "ecc"),
    (Section::Numa, "memory_free_bytes"),
    (Section::Numa, "hugepages"),
    (Section::Disks, "health"),
    (Section::Filesystems, "available_bytes"),
    (Section::Network, "neighbour"),
];

/// The natural key of the devices in a section that is a list.
fn key_of(section: Section) -> Option<&'static str> {
    Some(match section {
        Section::Network
        | Section::Disks
        | Section::Arrays
        | Section::VolumeGroups
        | Section::Watchdogs => "name",
        Section::Filesystems => "mount_point",
        Section::Pci => "slot",
        Section::Gpus => "pci_slot",
        Section::Usb => "path",
        Section::Numa => "id",
        _ => return None,
    })
}

fn document(inventory: &Inventory) -> Map<String, Value> {
    match serde_json::to_value(inventory) {
        Ok(Value::Object(document)) => document,
        _ => Map::new(),
    }
}

/// A section that is one object is one device, by the section's own key. Sensors are readings
/// only, and are left out.
fn devices(document: &Map<String, Value>, section: Section) -> Devices {
    let steady = |fields: &Map<String, Value>| -> Map<String, Value> {
        fields
            .iter()
            .filter(|(name, _)| !VOLATILE.contains(&(section, name.as_str())))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    match (document.get(section.key()), key_of(section)) {
        (Some(Value::Object(fields)), _) => {
            Devices::from([(section.key().to_owned(), steady(fields))])
        }
        (Some(Value::Array(list)), Some(key)) => list
            .iter()
            .filter_map(Value::as_object)
            .map(|fields| (text(fields.get(key)), steady(fields)))
            .collect(),
        _ => Devices::new(),
    }
}

/// A device that did not answer this time has not lost what it said before.
fn keep_unanswered(inventory: &Inventory, section: Section, before: &Devices, after: &mut Devices) {
    for warning in &inventory.warnings {
        if warning.probe != section.key() || warning.kind != WarningKind::TimedOut {
            continue;
        }
        let (Some(before), Some(after)) = (
            before.get(&warning.subject),
            after.get_mut(&warning.subject),
        ) else {
            continue;
        };
        for (name, value) in after.iter_mut().filter(|(_, value)| value.is_null()) {
            if let Some(known) = before.get(name) {
                *value = known.clone();
            }
        }
    }
}

type Difference = (String, ChangeKind, Vec<FieldChange>);

fn compare(before: &Devices, after: &Devices, renames: &[(String, String)]) -> Vec<Difference> {
    // Names may have been swapped, so each side is looked up by its own.
    let old_name = |new: &str| {
        renames
            .iter()
            .find(|(_, after)| after == new)
            .map(|(old, _)| old)
    };
    let new_name = |old: &str| {
        renames
            .iter()
            .find(|(before, _)| before == old)
            .map(|(_, new)| new)
    };
    let mut differences = Vec::new();
    for (name, fields) in before {
        let now = new_name(name).unwrap_or(name);
        let is_another = new_name(name).is_none() && old_name(name).is_some();
        match after.get(now).filter(|_| !is_another) {
            None => differences.push((name.clone(), ChangeKind::Removed, Vec::new())),
            Some(found) => {
                let changed = fields_changed(fields, found);
                let kind = match now == name {
                    true => ChangeKind::Changed,
                    false => ChangeKind::Renamed,
                };
                if !changed.is_empty() {
                    differences.push((now.clone(), kind, changed));
                }
            }
        }
    }
    for name in after.keys() {
        let was = old_name(name).unwrap_or(name);
        let is_another = old_name(name).is_none() && new_name(name).is_some();
        if is_another || !before.contains_key(was) {
            differences.push((name.clone(), ChangeKind::Added, Vec::new()));
        }
    }
    differences.sort_by(|a, b| rank(a.1).cmp(&rank(b.1)).then(natural::compare(&a.0, &b.0)));
    differences
}

/// In this order a reader who applies one after the other never has two devices of one name,
/// unless names were swapped.
fn rank(kind: ChangeKind) -> u8 {
    match kind {
        ChangeKind::Removed => 0,
        ChangeKind::Renamed => 1,
        ChangeKind::Added => 2,
        ChangeKind::Changed => 3,
    }
}

fn fields_changed(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<FieldChange> {
    let mut changed = Vec::new();
    compare_objects("", before, after, &mut changed);
    // The order of a JSON object depends on a feature that any crate of a program may switch on.
    changed.sort_by(|a, b| a.field.cmp(&b.field));
    changed
}

/// Objects field by field, with the path; lists and plain values as a whole.
fn compare_objects(
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    changed: &mut Vec<FieldChange>,
) {
    let added = after.keys().filter(|name| !before.contains_key(*name));
    for name in before.keys().chain(added) {
        let old = before.get(name).unwrap_or(&Value::Null);
        let new = after.get(name).unwrap_or(&Value::Null);
        let field = match path {
            "" => name.clone(),
            path => format!("{path}.{name}"),
        };
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => compare_objects(&field, old, new, changed),
            (old, new) if old != new => changed.push(FieldChange {
                field,
                before: old.clone(),
                after: new.clone(),
            }),
            _ => {}
        }
    }
}

fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
