//! What an inventory says of the sections that a rule looks at.
//!
//! It works on the document as JSON: a device is found by its name in any list of any section, a
//! fact by its path.

use muster_adequacy::policy::Rule;
use muster_model::{Inventory, Section};
use serde_json::Value;

use crate::render::Document;
use crate::render::columns::usual;
use crate::render::table::cells::{Detail, UNKNOWN, shown, title_of};
use crate::render::table::flatten;

/// A longer list is only counted.
const MOST_DEVICES: usize = 16;
/// What devices are called, the fields that name them best first.
const KEYS: [&str; 6] = ["name", "slot", "pci_slot", "locator", "mount_point", "path"];

/// A device or a section, with its facts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subject {
    /// `disks[sda]`, or `memory`.
    pub(super) path: String,
    /// Field and value.
    pub(super) facts: Vec<(String, String)>,
}

/// What a rule was decided by: the devices concerned, else what its sections have; for an expression the
/// facts that it names.
pub(super) fn facts(inventory: &Inventory, rule: &Rule, devices: &[String]) -> Vec<Subject> {
    let sections: Vec<Section> = rule
        .sections()
        .into_iter()
        .filter(|section| inventory.was_discovered(*section))
        .collect();
    let document = Document {
        inventory,
        sections: sections.clone(),
    };
    let Ok(whole) = serde_json::to_value(&document) else {
        return Vec::new();
    };
    let expressions = [rule.expression(), rule.condition()];
    let named: Vec<&str> = expressions.into_iter().flatten().flat_map(paths).collect();
    let (mut concerned, mut others) = (Vec::new(), Vec::new());
    for section in sections {
        let sought = Sought {
            section,
            named: &named,
        };
        if let Some(value) = whole.get(section.key()) {
            sought.concerned(section.key(), value, devices, &mut concerned);
            others.extend(sought.whole(value));
        }
    }
    if concerned.is_empty() {
        others
    } else {
        concerned
    }
}

/// The section in which a device is, such as `disks` for `sda`.
pub(super) fn section_of(inventory: &Inventory, rule: &Rule, device: &str) -> Option<Section> {
    let sections: Vec<Section> = rule.sections().into_iter().collect();
    let document = Document {
        inventory,
        sections: sections.clone(),
    };
    let whole = serde_json::to_value(&document).ok()?;
    let has = |section: &Section| {
        let value = whole.get(section.key());
        value.is_some_and(|value| names(value, device))
    };
    sections.iter().copied().find(has)
}

/// Which facts of a section are told.
struct Sought<'a> {
    section: Section,
    /// What an expression names: `memory.total_bytes`, `disk.size_bytes`.
    named: &'a [&'a str],
}

impl Sought<'_> {
    /// The objects in lists under `value` that bear the name of one of `devices`.
    fn concerned(&self, path: &str, value: &Value, devices: &[String], found: &mut Vec<Subject>) {
        match value {
            Value::Array(items) => {
                for item in items {
                    match name_of(item).filter(|name| devices.iter().any(|it| it == name)) {
                        Some(_) => found.push(self.device(path, item)),
                        None => self.concerned(path, item, devices, found),
                    }
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.concerned(&format!("{path}.{name}"), value, devices, found);
                }
            }
            _ => {}
        }
    }

    /// The section, or each device of a short list.
    fn whole(&self, value: &Value) -> Vec<Subject> {
        let path = self.section.key();
        match value {
            Value::Array(items) if items.is_empty() || items.len() > MOST_DEVICES => {
                let number = ("number".to_owned(), items.len().to_string());
                vec![Subject {
                    path: path.to_owned(),
                    facts: vec![number],
                }]
            }
            Value::Array(items) => items.iter().map(|item| self.device(path, item)).collect(),
            _ => {
                let is_named = |field: &str| self.is_named(field);
                let mut facts = facts_of(value, is_named);
                if facts.is_empty() {
                    facts = facts_of(value, |field| usual(self.section).contains(&field));
                }
                vec![Subject {
                    path: path.to_owned(),
                    facts,
                }]
            }
        }
    }

    fn device(&self, path: &str, item: &Value) -> Subject {
        let name = name_of(item).unwrap_or(UNKNOWN);
        let usual = usual(self.section);
        // A list within a section has no usual facts, and is short.
        let in_full = path != self.section.key();
        let is_key = |field: &str| KEYS.contains(&field);
        let wanted = |field: &str| in_full || usual.contains(&field) || self.is_named(field);
        Subject {
            path: format!("{path}[{name}]"),
            facts: facts_of(item, |field| wanted(field) && !is_key(field)),
        }
    }

    fn is_named(&self, field: &str) -> bool {
        let ending = format!(".{field}");
        self.named.iter().any(|path| path.ends_with(&ending))
    }
}

fn name_of(item: &Value) -> Option<&str> {
    KEYS.iter().find_map(|key| item.get(key)?.as_str())
}

/// Whether a device of that name is anywhere in `value`.
fn names(value: &Value, device: &str) -> bool {
    match value {
        Value::Array(items) => items
            .iter()
            .any(|item| name_of(item) == Some(device) || names(item, device)),
        Value::Object(fields) => fields.values().any(|value| names(value, device)),
        _ => false,
    }
}

/// The wanted fields of an object, with those whose value is unknown.
fn facts_of(object: &Value, wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let leaves = flatten(object).into_iter();
    leaves
        .filter(|(field, _)| wanted(field))
        .map(|(field, value)| {
            let cell = shown(&field, &value, Detail::Usual);
            (title_of(&field).to_lowercase(), cell)
        })
        .collect()
}

/// The words of an expression that may be paths in the inventory: `memory.total_bytes`.
fn paths(expression: &str) -> impl Iterator<Item = &str> {
    let is_path = |character: char| character.is_ascii_alphanumeric() || "._".contains(character);
    expression.split(move |character| !is_path(character))
}

#[cfg(test)]
mod tests {
    use muster_adequacy::Policy;

    use super::*;

    fn facts_of(test: &str, devices: &[&str]) -> Vec<(String, Vec<String>)> {
        let rich = include_str!("../../../../tests/golden/rich.json");
        let inventory: Inventory = serde_json::from_str(rich).unwrap();
        let text = format!(
            "schema = \"muster.policy/v1\"\nname = \"a\"\nversion = \"1\"\nroles = [\"worker\"]\n\
             [[rules]]\nid = \"a\"\ntitle = \"A\"\nseverity = \"required\"\nremedy = \"B\"\n{test}\n"
        );
        let policy = Policy::parse(&text).unwrap();
        let devices: Vec<String> = devices.iter().map(|name| (*name).to_owned()).collect();
        let subjects = facts(&inventory, &policy.rules()[0], &devices).into_iter();
        subjects
            .map(|subject| {
                let fields = subject.facts.into_iter().map(|(field, _)| field);
                (subject.path, fields.collect())
            })
            .collect()
    }

    #[test]
    fn devices_are_found_by_their_names() {
        let found = facts_of("check.disks = { at_least = 1 }", &["sda", "nvme0n1"]);
        let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["disks[nvme0n1]", "disks[sda]"]);
        assert!(found[0].1.contains(&"size".to_owned()), "{found:?}");
    }

    #[test]
    fn without_devices_a_section_shows_its_usual_facts() {
        let found = facts_of("check.memory_total = { at_least = \"1 GiB\" }", &[]);
        assert_eq!(found[0].0, "memory");
        assert!(found[0].1.contains(&"total".to_owned()), "{found:?}");
    }
}
