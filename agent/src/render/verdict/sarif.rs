//! SARIF 2.1.0: a result for each rule that fails or is undetermined.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>. Rules that pass or do not apply make no result: there is
//! nothing to do about them, and many viewers show every result as a finding.

use std::collections::BTreeMap;

use muster_adequacy::policy::Rule;
use muster_adequacy::verdict::{RuleStatus, Severity};
use serde::Serialize;
use serde_json::{Value, json};

use super::facts::section_of;
use super::words::severity;
use super::{Judged, Outcome, Weighing};

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
struct Run {
    tool: Tool,
    results: Vec<Finding>,
    properties: Value,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: String,
    short_description: Message,
    full_description: Message,
    help: Message,
    default_configuration: Configuration,
    properties: Value,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: String,
    rule_index: usize,
    kind: &'static str,
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    properties: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    logical_locations: Vec<LogicalLocation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

/// The log, ending in a line feed.
pub(crate) fn sarif(judged: &Judged<'_>) -> anyhow::Result<String> {
    let rules = judged.policy.rules();
    let outcomes = judged.outcomes();
    let results = outcomes.iter().filter_map(|outcome| {
        let place = rules.iter().position(|rule| rule.id() == outcome.rule.id());
        result(judged, outcome, place?)
    });
    let machine = &judged.verdict.machine;
    let log = Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "muster",
                    version: env!("CARGO_PKG_VERSION"),
                    rules: rules.iter().map(|rule| descriptor(judged, rule)).collect(),
                },
            },
            results: results.collect(),
            properties: json!({
                "policy": judged.verdict.policy,
                "machine": machine,
                "standing": judged.verdict.standing,
            }),
        }],
    };
    crate::render::json(&log)
}

fn descriptor(judged: &Judged<'_>, rule: &Rule) -> Descriptor {
    Descriptor {
        id: rule.id().to_owned(),
        short_description: text(rule.title()),
        full_description: text(format!("{}: needs {}", rule.title(), rule.required())),
        help: text(rule.remedy()),
        default_configuration: Configuration {
            level: level(rule.severity(), judged.weighing),
        },
        properties: json!({
            "severity": severity(rule.severity()),
            "roles": rule.roles(),
        }),
    }
}

fn result(judged: &Judged<'_>, outcome: &Outcome<'_>, place: usize) -> Option<Finding> {
    let rule = outcome.verdict;
    // What is not a failure has the level "none" (section 3.27.10), and what could not be decided is
    // "open" (section 3.27.9).
    let (kind, level) = match rule.status {
        RuleStatus::Fail => ("fail", level(rule.severity, judged.weighing)),
        RuleStatus::Undetermined => ("open", "none"),
        RuleStatus::Pass | RuleStatus::NotApplicable => return None,
    };
    let machine = &judged.verdict.machine;
    let identity = machine.machine_id.as_ref().or(machine.hostname.as_ref());
    let fingerprint =
        identity.map(|identity| ("machineAndRule/v1", format!("{identity}/{}", rule.id)));
    Some(Finding {
        rule_id: rule.id.clone(),
        rule_index: place,
        kind,
        level,
        message: text(message(outcome)),
        locations: locations(judged, outcome),
        partial_fingerprints: fingerprint.into_iter().collect(),
        properties: json!({
            "status": rule.status,
            "roles": outcome.roles,
            "actual": rule.actual,
            "required": rule.required,
        }),
    })
}

/// `warning` and `error` are how viewers tell what has to be done from what should be.
fn level(severity: Severity, weighing: Weighing) -> &'static str {
    match (severity, weighing) {
        (Severity::Required, _) | (_, Weighing::Strict) => "error",
        (Severity::Recommended, Weighing::Required) => "warning",
    }
}

fn message(outcome: &Outcome<'_>) -> String {
    let rule = outcome.verdict;
    let has = match &rule.actual {
        Some(actual) => format!("has {actual}, needs {}", rule.required),
        None => format!("needs {}", rule.required),
    };
    let mut parts = vec![format!("{}: {has}", rule.title)];
    parts.extend(rule.reasons.iter().cloned());
    parts.push(rule.remedy.clone());
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// The machine's parts that are concerned: where findings of other tools name a file.
fn locations(judged: &Judged<'_>, outcome: &Outcome<'_>) -> Vec<Location> {
    let rule = outcome.verdict;
    let hostname = judged.verdict.machine.hostname.as_deref();
    let machine = hostname.unwrap_or("machine");
    let mut places: Vec<LogicalLocation> = rule
        .devices
        .iter()
        .map(|device| {
            let section = section_of(judged.inventory, outcome.rule, device);
            let path = match section {
                Some(section) => format!("{machine}/{}/{device}", section.key()),
                None => format!("{machine}/{device}"),
            };
            place(device, path)
        })
        .collect();
    if places.is_empty() {
        let sections = outcome.rule.sections();
        places.extend(sections.iter().map(|section| {
            let key = section.key();
            place(key, format!("{machine}/{key}"))
        }));
    }
    let locations = places.into_iter().map(|place| Location {
        logical_locations: vec![place],
    });
    locations.collect()
}

fn place(name: &str, path: String) -> LogicalLocation {
    LogicalLocation {
        name: name.to_owned(),
        fully_qualified_name: path,
        kind: "resource",
    }
}

fn text(text: impl Into<String>) -> Message {
    Message { text: text.into() }
}
