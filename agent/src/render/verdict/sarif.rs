//! SARIF 2.1.0: a result for each rule that fails or is undetermined, and for each difference from the baseline that is
//! worse.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>. Rules that pass or do not apply make no result: there is
//! nothing to do about them, and many viewers show every result as a finding.

use std::collections::BTreeMap;

use muster_adequacy::compare::{Difference, Weight};
use muster_adequacy::policy::Rule;
use muster_adequacy::verdict::{RuleStatus, Severity};
use serde::Serialize;
use serde_json::{Value, json};

use super::facts::section_of;
use super::words::severity;
use super::{BASELINE, Judged, Outcome, Weighing, name_of};

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
    let baseline = judged.verdict.baseline.as_ref();
    let worse = baseline.into_iter().flat_map(|comparison| {
        let worse = comparison.of_weight(Weight::Worse);
        worse.map(|difference| change(judged, difference, rules.len()))
    });
    let results = results.chain(worse);
    let descriptors = rules.iter().map(|rule| descriptor(judged, rule));
    let descriptors = descriptors.chain(baseline.map(|_| baseline_descriptor(judged)));
    let machine = &judged.verdict.machine;
    let log = Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "muster",
                    version: env!("CARGO_PKG_VERSION"),
                    rules: descriptors.collect(),
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

fn baseline_descriptor(judged: &Judged<'_>) -> Descriptor {
    let severity_of_changes = Severity::Recommended;
    Descriptor {
        id: BASELINE.to_owned(),
        short_description: text("Nothing got worse"),
        full_description: text("Nothing is worse than in an earlier inventory of the machine"),
        help: text(
            "Find out why it changed; where that was meant, make a new baseline: muster discover -o json",
        ),
        default_configuration: Configuration {
            level: level(severity_of_changes, judged.weighing),
        },
        properties: json!({
            "severity": severity(severity_of_changes),
            "roles": judged.policy.roles(),
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
    Some(Finding {
        rule_id: rule.id.clone(),
        rule_index: place,
        kind,
        level,
        message: text(message(outcome)),
        locations: locations(judged, outcome),
        partial_fingerprints: fingerprints(judged, &rule.id),
        properties: json!({
            "status": rule.status,
            "roles": outcome.roles,
            "actual": rule.actual,
            "required": rule.required,
        }),
    })
}

/// A difference from the baseline that is worse.
fn change(judged: &Judged<'_>, difference: &Difference, rule_index: usize) -> Finding {
    let Difference {
        section, subject, ..
    } = difference;
    let path = match section == subject {
        true => format!("{}/{section}", machine(judged)),
        false => format!("{}/{section}/{subject}", machine(judged)),
    };
    Finding {
        rule_id: BASELINE.to_owned(),
        rule_index,
        kind: "fail",
        level: level(Severity::Recommended, judged.weighing),
        message: text(difference.words.as_str()),
        locations: vec![Location {
            logical_locations: vec![place(subject, path)],
        }],
        partial_fingerprints: fingerprints(judged, &format!("{BASELINE}/{}", name_of(difference))),
        properties: json!({
            "kind": difference.kind,
            "field": difference.field,
            "before": difference.before,
            "after": difference.after,
        }),
    }
}

/// What the same finding has in another run.
fn fingerprints(judged: &Judged<'_>, rule: &str) -> BTreeMap<&'static str, String> {
    let machine = &judged.verdict.machine;
    let identity = machine.machine_id.as_ref().or(machine.hostname.as_ref());
    let fingerprint = identity.map(|it| ("machineAndRule/v1", format!("{it}/{rule}")));
    fingerprint.into_iter().collect()
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
    let machine = machine(judged);
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

fn machine<'a>(judged: &Judged<'a>) -> &'a str {
    let hostname = judged.verdict.machine.hostname.as_deref();
    hostname.unwrap_or("machine")
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
