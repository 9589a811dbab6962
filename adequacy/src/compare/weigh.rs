//! Whether a difference counts, and whether it is bad news.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

use super::document::Weight;
use super::table::Rule;

/// What a fact that was `before` and is `after` is worth; `None` when that is no difference.
pub(super) fn weigh(rule: Rule, before: &Value, after: &Value) -> Option<Weight> {
    if before == after {
        return None;
    }
    match rule {
        Rule::Volatile | Rule::Derived => None,
        Rule::Identity | Rule::Neutral => Some(Weight::Neutral),
        Rule::More => Some(more(before, after)),
        Rule::Amount => is_another_amount(before, after).then(|| more(before, after)),
        Rule::Less => Some(opposite(more(before, after))),
        Rule::Present => Some(by_order(!before.is_null(), !after.is_null())),
        Rule::Ranked(worst_first) => Some(ranked(worst_first, before, after)),
        Rule::Yes => Some(more(before, after)),
        Rule::No => Some(opposite(more(before, after))),
        Rule::Below(marks) => passed(marks, before, after).then(|| opposite(more(before, after))),
        Rule::Above(marks) => passed(marks, before, after).then(|| more(before, after)),
        Rule::Vulnerability => Some(by_rank(defence(before), defence(after))),
    }
}

/// The weight of the same difference seen from the other side.
pub(super) fn opposite(weight: Weight) -> Weight {
    match weight {
        Weight::Worse => Weight::Better,
        Weight::Better => Weight::Worse,
        Weight::Neutral => Weight::Neutral,
    }
}

/// More is better. None is the least of numbers and lists.
fn more(before: &Value, after: &Value) -> Weight {
    match (before, after) {
        (Value::Bool(before), Value::Bool(after)) => by_order(before, after),
        (Value::Number(before), Value::Number(after)) => {
            by_order_of(before.as_f64().partial_cmp(&after.as_f64()))
        }
        (Value::Array(before), Value::Array(after)) => more_items(before, after),
        _ => by_order(!before.is_null(), !after.is_null()),
    }
}

/// Something was lost, or something was gained; if both, who can tell?
fn more_items(before: &[Value], after: &[Value]) -> Weight {
    let names =
        |items: &[Value]| -> BTreeSet<String> { items.iter().map(ToString::to_string).collect() };
    let (before, after) = (names(before), names(after));
    match (before.is_subset(&after), after.is_subset(&before)) {
        (true, false) => Weight::Better,
        (false, true) => Weight::Worse,
        _ => Weight::Neutral,
    }
}

/// What the kernel manages of the same memory differs a little by its version and its boot.
fn is_another_amount(before: &Value, after: &Value) -> bool {
    match (before.as_u64(), after.as_u64()) {
        (Some(before), Some(after)) => before.abs_diff(after) > before.max(after) / 200,
        _ => true,
    }
}

fn ranked(worst_first: &[&str], before: &Value, after: &Value) -> Weight {
    let rank = |value: &Value| match value {
        // Only where none is a value does this come here.
        Value::Null => Some(0),
        value => {
            let place = worst_first
                .iter()
                .position(|known| value.as_str() == Some(known));
            place.map(|place| place + 1)
        }
    };
    by_rank(rank(before), rank(after))
}

/// How well a processor is defended, by the kernel's words.
fn defence(state: &Value) -> Option<usize> {
    const WORST_FIRST: [&str; 3] = ["Vulnerable", "Mitigation", "Not affected"];
    // KVM's own line has it in front.
    let state = state.as_str()?.trim_start_matches("KVM: ");
    WORST_FIRST.iter().position(|word| state.starts_with(word))
}

/// Whether a mark lies between them.
fn passed(marks: &[u64], before: &Value, after: &Value) -> bool {
    let reached = |value: &Value| {
        let value = value.as_u64();
        value.map(|value| marks.iter().filter(|mark| value >= **mark).count())
    };
    reached(before) != reached(after)
}

fn by_rank(before: Option<usize>, after: Option<usize>) -> Weight {
    match (before, after) {
        (Some(before), Some(after)) => by_order(before, after),
        _ => Weight::Neutral,
    }
}

fn by_order<T: PartialOrd + Copy>(before: T, after: T) -> Weight {
    by_order_of(before.partial_cmp(&after))
}

fn by_order_of(order: Option<Ordering>) -> Weight {
    match order {
        Some(Ordering::Less) => Weight::Better,
        Some(Ordering::Greater) => Weight::Worse,
        _ => Weight::Neutral,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_rule_knows_good_from_bad() {
        use Weight::{Neutral, Worse};
        let cases = [
            (Rule::More, json!(8), json!(4), Some(Worse)),
            (Rule::More, json!(3200.0), json!(2000.0), Some(Worse)),
            (
                Rule::More,
                json!(["aes", "avx"]),
                json!(["aes"]),
                Some(Worse),
            ),
            (Rule::More, json!(["avx"]), json!(["aes"]), Some(Neutral)),
            (Rule::Less, json!(0), json!(12), Some(Worse)),
            (Rule::Amount, json!(1000), json!(996), None),
            (Rule::Amount, json!(1000), json!(900), Some(Worse)),
            (Rule::Present, json!("nvme"), json!(null), Some(Worse)),
            (
                Rule::Present,
                json!("nvme"),
                json!("vfio-pci"),
                Some(Neutral),
            ),
            (
                Rule::Ranked(&["half", "full"]),
                json!("full"),
                json!("half"),
                Some(Worse),
            ),
            (
                Rule::Ranked(&["1.2", "2.0"]),
                json!("2.0"),
                json!(null),
                Some(Worse),
            ),
            (
                Rule::Ranked(&["half", "full"]),
                json!("full"),
                json!("odd"),
                Some(Neutral),
            ),
            (Rule::Yes, json!(true), json!(false), Some(Worse)),
            (Rule::No, json!(false), json!(true), Some(Worse)),
            (Rule::Below(&[80, 90]), json!(79), json!(80), Some(Worse)),
            (Rule::Below(&[80, 90]), json!(80), json!(89), None),
            (Rule::Above(&[10]), json!(10), json!(9), Some(Worse)),
            (Rule::Above(&[10]), json!(100), json!(10), None),
            (Rule::Neutral, json!("a"), json!("b"), Some(Neutral)),
            (Rule::Identity, json!("a"), json!("b"), Some(Neutral)),
            (Rule::Volatile, json!(1), json!(2), None),
            (Rule::Derived, json!(1), json!(2), None),
            (
                Rule::Vulnerability,
                json!("Mitigation: PTI"),
                json!("Vulnerable"),
                Some(Worse),
            ),
            (
                Rule::Vulnerability,
                json!("Unknown: Dependent on hypervisor status"),
                json!("Vulnerable"),
                Some(Neutral),
            ),
        ];
        for (rule, before, after, expected) in cases {
            let told = format!("{rule:?} {before} {after}");
            assert_eq!(weigh(rule, &before, &after), expected, "{told}");
            let mirrored = expected.map(opposite);
            assert_eq!(weigh(rule, &after, &before), mirrored, "{told}, mirrored");
            assert_eq!(weigh(rule, &before, &before), None, "{told}, the same");
        }
    }
}
