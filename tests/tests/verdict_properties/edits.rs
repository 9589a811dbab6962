//! Inventories that are none of a real machine, and still are inventories.

use std::sync::LazyLock;

use muster_model::{Inventory, Warning, WarningKind};
use muster_tests::recorded::own;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

/// One of our own machines, with some of its document changed.
pub(crate) fn inventories() -> impl Strategy<Value = Inventory> {
    documents().prop_map(|document| read(&document).expect("an inventory"))
}

/// The same as JSON, which tells a section without devices from one that was not discovered.
pub(crate) fn documents() -> impl Strategy<Value = Value> {
    static OWN: LazyLock<Vec<Value>> = LazyLock::new(|| {
        let documents = own().into_iter().map(|machine| machine.inventory);
        documents
            .map(|it| serde_json::to_value(it).unwrap())
            .collect()
    });
    let edits = prop::collection::vec((any::<Index>(), edit()), 0..24);
    (any::<Index>(), edits).prop_map(|(machine, edits)| {
        let mut document = machine.get(&OWN).clone();
        for (place, edit) in &edits {
            apply(&mut document, place, edit);
        }
        document
    })
}

/// The places of all values that a reader may lack, as JSON pointers: those that are no part of
/// something else that has a meaning when it is absent.
pub(crate) fn leaves(document: &Value) -> Vec<String> {
    let mut places = places(document);
    places.retain(|place| {
        let value = document.pointer(place);
        let is_leaf = value.is_some_and(|it| !it.is_object() && !it.is_array() && !it.is_null());
        is_leaf
            && !place.starts_with("/warnings")
            && !ABSENT.iter().any(|name| place.ends_with(name))
    });
    places
}

/// Null is an answer here: "none", and not "unknown".
const ABSENT: [&str; 1] = ["/master"];

/// The inventory with null at a place and the warning that belongs to it; nothing where it may not be
/// null. Null without a warning may be an answer: there is no TPM.
pub(crate) fn without(document: &Value, place: &str) -> Option<Inventory> {
    let mut poorer = document.clone();
    *poorer.pointer_mut(place)? = Value::Null;
    let section = place.split('/').nth(1)?;
    let mut lost = read(&poorer)?;
    lost.warnings.push(Warning {
        probe: section.to_owned(),
        subject: section.to_owned(),
        kind: WarningKind::Denied,
        message: "lost".to_owned(),
        incomplete: None,
    });
    Some(lost)
}

#[derive(Debug, Clone)]
enum Edit {
    Null,
    Remove,
    Twice,
    Becomes(Value),
}

fn edit() -> impl Strategy<Value = Edit> {
    let numbers = prop_oneof![
        Just(0),
        Just(1),
        2..1000u64,
        Just(u64::from(u32::MAX)),
        Just(u64::MAX)
    ];
    let texts = prop_oneof![
        Just(String::new()),
        "[a-z0-9:.-]{1,12}",
        "\\PC{1,8}",
        Just("10de".to_owned()),
        Just("9".repeat(40)),
    ];
    prop_oneof![
        3 => Just(Edit::Null),
        2 => Just(Edit::Remove),
        2 => Just(Edit::Twice),
        3 => numbers.prop_map(|number| Edit::Becomes(json!(number))),
        3 => texts.prop_map(|text| Edit::Becomes(json!(text))),
        1 => any::<bool>().prop_map(|truth| Edit::Becomes(json!(truth))),
        1 => any::<f64>().prop_map(|number| Edit::Becomes(json!(number))),
        1 => Just(Edit::Becomes(json!([]))),
    ]
}

/// Changes one place, unless the document would be no inventory any more.
fn apply(document: &mut Value, place: &Index, edit: &Edit) {
    let places = places(document);
    let place = place.get(&places);
    let (parent, key) = place.rsplit_once('/').expect("no place is the root");
    let mut edited = document.clone();
    let value = edited
        .pointer(place)
        .expect("a place of the document")
        .clone();
    let parent = edited.pointer_mut(parent).expect("a place has a parent");
    match (edit, parent) {
        (Edit::Null, parent) => set(parent, key, Value::Null),
        (Edit::Becomes(other), parent) => set(parent, key, other.clone()),
        (Edit::Remove, Value::Array(list)) => drop(list.remove(key.parse().unwrap())),
        (Edit::Remove, Value::Object(fields)) => drop(fields.remove(key)),
        (Edit::Twice, Value::Array(list)) => list.push(value),
        (Edit::Remove | Edit::Twice, _) => return,
    }
    if read(&edited).is_some() {
        *document = edited;
    }
}

fn set(parent: &mut Value, key: &str, value: Value) {
    match parent {
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        parent => parent[key] = value,
    }
}

fn places(document: &Value) -> Vec<String> {
    fn below(value: &Value, at: &str, places: &mut Vec<String>) {
        let children: Vec<(String, &Value)> = match value {
            Value::Object(fields) => fields
                .iter()
                .map(|(key, value)| (key.clone(), value))
                .collect(),
            Value::Array(list) => {
                let numbered = list.iter().enumerate();
                numbered
                    .map(|(index, value)| (index.to_string(), value))
                    .collect()
            }
            _ => return,
        };
        for (key, value) in children {
            let at = format!("{at}/{key}");
            places.push(at.clone());
            below(value, &at, places);
        }
    }
    let mut all = Vec::new();
    below(document, "", &mut all);
    all.retain(|place| place != "/schema");
    all
}

pub(crate) fn read(document: &Value) -> Option<Inventory> {
    Inventory::from_json(document.to_string().as_bytes()).ok()
}
