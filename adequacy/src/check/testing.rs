//! What the tests of checks share.

use muster_model::Inventory;
use serde_json::{Value, json};

use super::{Check, Finding, Outcome, kind};
use crate::machine::Machine;

/// The check `name` with parameters as in a policy, on an inventory of these sections.
pub(super) fn judged(name: &str, parameters: &str, sections: Value) -> Finding {
    made(name, parameters).judge(&Machine::new(&inventory(sections)))
}

/// The check `name` with parameters as in a policy.
pub(super) fn made(name: &str, parameters: &str) -> Box<dyn Check> {
    let text = format!("parameters = {parameters}");
    let mut document = toml_span::parse(&text).unwrap();
    let parameters = document.pointer_mut("/parameters").unwrap();
    (kind(name).unwrap().read)(parameters).unwrap()
}

/// An inventory of these sections; the others were not discovered.
pub(crate) fn inventory(mut sections: Value) -> Inventory {
    sections["schema"] = json!(muster_model::INVENTORY_SCHEMA);
    Inventory::from_json(sections.to_string().as_bytes()).unwrap()
}

/// The sections with a warning of `probe` on `subject`.
pub(super) fn with_warning(mut sections: Value, probe: &str, subject: &str) -> Value {
    let warning =
        json!({"probe": probe, "subject": subject, "kind": "denied", "message": "proc: denied"});
    sections["warnings"] = json!([warning]);
    sections
}

/// Holds a check to a table: parameters, sections, what comes out, and what the machine has.
pub(super) fn hold(name: &str, cases: &[(&str, Value, Outcome, Option<&str>)]) {
    for outcome in [Outcome::Pass, Outcome::Fail, Outcome::Undetermined] {
        let has = cases.iter().any(|case| case.2 == outcome);
        assert!(has, "{name}: no case is {outcome:?}");
    }
    for (parameters, sections, outcome, actual) in cases {
        let finding = judged(name, parameters, sections.clone());
        assert_eq!(
            finding.outcome, *outcome,
            "{name} {parameters} on {sections}: {finding:?}"
        );
        assert_eq!(
            finding.actual.as_deref(),
            *actual,
            "{name} {parameters} on {sections}"
        );
        let alike = *actual == Some(&required(name, parameters));
        let alike = finding.outcome == Outcome::Fail && alike;
        assert!(
            !alike,
            "{name} {parameters} on {sections}: it needs what it has"
        );
        let unexplained = finding.outcome == Outcome::Undetermined && finding.reasons.is_empty();
        assert!(!unexplained, "{name} {parameters} on {sections}: no reason");
    }
}

/// What the check `name` asks for.
pub(super) fn required(name: &str, parameters: &str) -> String {
    made(name, parameters).required()
}

/// The mistake in parameters of the check `name`.
pub(super) fn fault(name: &str, parameters: &str) -> String {
    let text = format!("parameters = {parameters}");
    let mut document = toml_span::parse(&text).unwrap();
    let parameters = document.pointer_mut("/parameters").unwrap();
    let error = (kind(name).unwrap().read)(parameters).unwrap_err();
    match error.errors.as_slice() {
        [one] => one.to_string(),
        others => panic!("one mistake, not {others:?}"),
    }
}
