//! No field of the published schema goes unnoticed, and no row of the table is of nothing.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::super::table::{self, Rule};
use super::super::*;
use super::inventory;

const SCHEMA: &str = include_str!("../../../../docs/inventory.schema.json");

/// A path in the table's form, and two values that it may have.
pub(super) type Leaf = (String, [Value; 2]);

/// The leaves of the inventory by its schema.
pub(super) fn leaves() -> Vec<Leaf> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut found = Vec::new();
    for section in Section::ALL {
        let property = &schema["properties"][section.key()];
        gather(&schema, section.key(), property, &mut found);
    }
    found
}

fn gather(schema: &Value, path: &str, node: &Value, found: &mut Vec<Leaf>) {
    if let Some(reference) = node["$ref"].as_str() {
        let target = schema.pointer(reference.trim_start_matches('#')).unwrap();
        return gather(schema, path, target, found);
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        if let Some(choices) = node[choice].as_array() {
            let words: Vec<Value> = choices
                .iter()
                .filter_map(|it| it.get("const"))
                .cloned()
                .collect();
            if let [first, second, ..] = words.as_slice() {
                found.push((path.to_owned(), [first.clone(), second.clone()]));
                return;
            }
            for choice in choices.iter().filter(|choice| choice["type"] != "null") {
                gather(schema, path, choice, found);
            }
            return;
        }
    }
    if let Some(words) = node["enum"].as_array() {
        found.push((path.to_owned(), [words[0].clone(), words[1].clone()]));
        return;
    }
    if let Some(fields) = node["properties"].as_object() {
        for (name, field) in fields {
            gather(schema, &format!("{path}.{name}"), field, found);
        }
        return;
    }
    if node["additionalProperties"].is_object() {
        let values = [json!("Not affected"), json!("Vulnerable")];
        found.push((format!("{path}.some_key"), values));
        return;
    }
    let kinds = node["type"].to_string();
    let two = |kinds: &str| match kinds {
        kinds if kinds.contains("string") => [json!("a"), json!("b")],
        kinds if kinds.contains("boolean") => [json!(false), json!(true)],
        kinds if kinds.contains("integer") => [json!(1), json!(100)],
        kinds if kinds.contains("number") => [json!(1.0), json!(100.0)],
        other => panic!("{path} has the type {other}"),
    };
    if kinds.contains("array") {
        let items = &node["items"];
        let is_device = items.get("$ref").is_some();
        if is_device {
            return gather(schema, path, items, found);
        }
        let [first, second] = two(&items["type"].to_string());
        found.push((path.to_owned(), [json!([first]), json!([second])]));
        return;
    }
    found.push((path.to_owned(), two(&kinds)));
}

/// An inventory in which nothing but `path` is known; lists on the way have one device with a key.
pub(super) fn only(path: &str, value: &Value) -> Inventory {
    let mut inner = value.clone();
    let mut path = path.to_owned();
    while let Some((outer, name)) = path.clone().rsplit_once('.') {
        let kind = kinds::of(outer);
        inner = match kind {
            Some(kind) => {
                let mut device = json!({ name: inner });
                let places = kind.places.iter().chain(kind.identities).flat_map(|it| *it);
                let needed = kind.key.iter().chain(places);
                // Some fields are told of hardware only.
                let needed = needed.chain((outer == "network").then_some(&"kind"));
                for field in needed.filter(|field| **field != name) {
                    device[*field] = sample(outer, field);
                }
                json!([device])
            }
            None => json!({ name: inner }),
        };
        path = outer.to_owned();
    }
    inventory(&json!({"schema": muster_model::INVENTORY_SCHEMA, path: inner}))
}

fn sample(list: &str, field: &str) -> Value {
    let path = format!("{list}.{field}");
    static LEAVES: LazyLock<Vec<Leaf>> = LazyLock::new(leaves);
    let (_, [value, _]) = LEAVES.iter().find(|(leaf, _)| *leaf == path).unwrap();
    value.clone()
}

#[test]
fn every_field_is_told_or_left_out_on_purpose() {
    let all = leaves();
    assert!(all.len() > 200, "{} fields", all.len());
    let compared = all.iter().filter(|(path, _)| !path.starts_with("usage."));
    for (path, [first, second]) in compared {
        let (before, after) = (only(path, first), only(path, second));
        let relation = Some(Relation::SameMachine);
        let options = Options {
            relation,
            ..Options::default()
        };
        let differences = compare(&before, &after, &options).differences;
        let rule = table::row(path).map(|(_, field)| field.rule);
        if matches!(rule, Some(Rule::Volatile | Rule::Derived)) {
            let is_key = |difference: &Difference| difference.kind != DifferenceKind::Changed;
            assert!(differences.iter().all(is_key), "{path}: {differences:?}");
            continue;
        }
        assert!(!differences.is_empty(), "{path} went unnoticed");
        let relation = Some(Relation::TwoMachines);
        let options = Options {
            relation,
            ..Options::default()
        };
        let differences = compare(&before, &after, &options).differences;
        let is_identity = matches!(rule, Some(Rule::Identity));
        assert_eq!(
            differences.is_empty(),
            is_identity,
            "{path}: {differences:?}"
        );
    }
}

#[test]
fn every_row_is_a_field() {
    let schema = leaves();
    for field in table::all() {
        let start = field.path.trim_end_matches('*');
        let inner = format!("{start}.");
        let is_it = |path: &str| {
            path == start
                || path.starts_with(&inner)
                || field.path.ends_with('*') && path.starts_with(start)
        };
        assert!(
            schema.iter().any(|(path, _)| is_it(path)),
            "no field {}",
            field.path
        );
        let rows = table::all().filter(|other| other.path == field.path);
        assert_eq!(rows.count(), 1, "{} has two rows", field.path);
        for beside in field.beside {
            assert!(table::row(beside).is_some(), "{}: {beside}", field.path);
        }
    }
}

#[test]
fn a_field_without_a_row_is_neutral_news() {
    let label = table::label(&table::UNLISTED, "cooling.pump_rpm");
    assert_eq!(label, "cooling pump rpm");
    assert_eq!(
        weigh::weigh(table::UNLISTED.rule, &json!(1), &json!(2)),
        Some(Weight::Neutral)
    );
}
