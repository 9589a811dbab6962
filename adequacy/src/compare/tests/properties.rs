//! What holds for any two machines.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::*;
use super::metal;

/// Every place in the document that has a value or a list of devices.
fn places(document: &Value, place: &str, found: &mut Vec<String>) {
    match document {
        Value::Object(fields) => {
            for (name, value) in fields {
                places(value, &format!("{place}/{name}"), found);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            found.push(place.to_owned());
            for (number, item) in items.iter().enumerate() {
                places(item, &format!("{place}/{number}"), found);
            }
        }
        _ => found.push(place.to_owned()),
    }
}

fn mutated(value: &Value, seed: u8) -> Value {
    match value {
        Value::Bool(truth) => json!(!truth),
        Value::Number(number) => match number.as_u64() {
            Some(number) => json!(number.wrapping_add(u64::from(seed)) % 1_000_000),
            None => json!(number.as_f64().unwrap() * f64::from(seed)),
        },
        Value::String(text) => json!(format!("{text}{seed}")),
        Value::Array(items) if seed.is_multiple_of(2) => items.iter().skip(1).cloned().collect(),
        Value::Array(items) => items.iter().rev().skip(1).rev().cloned().collect(),
        Value::Null | Value::Object(_) => Value::Null,
    }
}

prop_compose! {
    fn machine()(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8)) -> Inventory {
        static PLACES: LazyLock<Vec<String>> = LazyLock::new(|| {
            let mut all = Vec::new();
            for section in Section::ALL {
                let section = section.key();
                places(&metal()[section], &format!("/{section}"), &mut all);
            }
            all
        });
        let mut document = metal();
        for (index, seed) in edits {
            let chosen: &String = index.get(&PLACES);
            // An earlier edit may have taken the device away.
            let Some(place) = document.pointer_mut(chosen) else { continue };
            let was = place.clone();
            *place = if seed == 0 { Value::Null } else { mutated(&was, seed) };
            // Not every text is a word of its field, and not every field can be unknown.
            if serde_json::from_value::<Inventory>(document.clone()).is_err()
                && let Some(place) = document.pointer_mut(chosen)
            {
                *place = was;
            }
        }
        serde_json::from_value(document).unwrap()
    }
}

/// A difference as it is told from the other side.
fn mirrored(difference: &Difference) -> String {
    let kind = match difference.kind {
        DifferenceKind::Removed => DifferenceKind::Added,
        DifferenceKind::Added => DifferenceKind::Removed,
        other => other,
    };
    let weight = weigh::opposite(difference.weight);
    let Difference {
        section,
        field,
        before,
        after,
        ..
    } = difference;
    format!("{section} {field:?} {kind:?} {weight:?} {after} {before}")
}

fn as_told(difference: &Difference) -> String {
    let Difference {
        section,
        field,
        before,
        after,
        kind,
        weight,
        ..
    } = difference;
    format!("{section} {field:?} {kind:?} {weight:?} {before} {after}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_differs_from_itself(machine in machine()) {
        for relation in [Relation::SameMachine, Relation::TwoMachines] {
            let options = Options { relation: Some(relation), identities: true, ..Options::default() };
            let comparison = compare(&machine, &machine, &options);
            prop_assert_eq!(comparison.differences, []);
            prop_assert_eq!(comparison.unknown, []);
        }
    }

    #[test]
    fn the_other_way_round_every_weight_is_the_opposite(before in machine(), after in machine()) {
        for relation in [Relation::SameMachine, Relation::TwoMachines] {
            let options = Options { relation: Some(relation), ..Options::default() };
            let there = compare(&before, &after, &options);
            let back = compare(&after, &before, &options);
            let mut there: Vec<String> = there.differences.iter().map(mirrored).collect();
            let mut back: Vec<String> = back.differences.iter().map(as_told).collect();
            there.sort();
            back.sort();
            prop_assert_eq!(there, back);
        }
    }
}
