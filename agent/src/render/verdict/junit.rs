//! JUnit XML: a suite a role, a case a rule.
//!
//! A case is red exactly where the rule keeps the machine from being adequate: a failure where it
//! fails, an error where it is undetermined. Rules that do not weigh are skipped, with what came out as
//! the message.

use muster_adequacy::verdict::{RoleVerdict, RuleStatus, RuleVerdict};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::words::{severity, status};
use super::{Judged, Weighing};

/// The report of all roles, ending in a line feed.
pub(crate) fn junit(judged: &Judged<'_>) -> anyhow::Result<String> {
    let mut report = Report::new("muster check");
    for role in &judged.verdict.roles {
        report.add_test_suite(suite(judged, role));
    }
    Ok(report.to_string()?)
}

fn suite(judged: &Judged<'_>, role: &RoleVerdict) -> TestSuite {
    let policy = &judged.verdict.policy;
    let machine = &judged.verdict.machine;
    let mut suite = TestSuite::new(format!("{}.{}", policy.name, role.role));
    let properties = [
        ("policy.version", Some(policy.version.as_str())),
        ("machine.hostname", machine.hostname.as_deref()),
        ("machine.serial", machine.serial.as_deref()),
        (
            "inventory.captured_at",
            machine.inventory_captured_at.as_deref(),
        ),
    ];
    for (name, value) in properties {
        if let Some(value) = value {
            suite.add_property(Property::new(name, value));
        }
    }
    for rule in &role.rules {
        let mut case = TestCase::new(rule.id.as_str(), outcome(rule, judged.weighing));
        case.set_classname(suite.name.clone());
        case.add_properties(properties_of(rule));
        suite.add_test_case(case);
    }
    suite
}

fn outcome(rule: &RuleVerdict, weighing: Weighing) -> TestCaseStatus {
    let weighs = weighing.counts(rule);
    let mut outcome = match rule.status {
        RuleStatus::Pass => return TestCaseStatus::success(),
        RuleStatus::Fail if weighs => TestCaseStatus::non_success(NonSuccessKind::Failure),
        RuleStatus::Undetermined if weighs => TestCaseStatus::non_success(NonSuccessKind::Error),
        _ => TestCaseStatus::skipped(),
    };
    let has = rule
        .actual
        .as_deref()
        .map(|actual| format!("has {actual}, "));
    outcome.set_message(format!(
        "{} ({}): {}needs {}",
        status(rule.status),
        severity(rule.severity),
        has.unwrap_or_default(),
        rule.required
    ));
    outcome.set_type(severity(rule.severity));
    let mut description = vec![rule.title.clone()];
    description.extend(rule.reasons.iter().cloned());
    if !rule.remedy.is_empty() {
        description.push(format!("Remedy: {}", rule.remedy));
    }
    outcome.set_description(description.join("\n"));
    outcome
}

fn properties_of(rule: &RuleVerdict) -> Vec<Property> {
    let mut properties = vec![
        Property::new("title", rule.title.as_str()),
        Property::new("severity", severity(rule.severity)),
        Property::new("status", status(rule.status).to_lowercase()),
        Property::new("required", rule.required.as_str()),
    ];
    if let Some(actual) = &rule.actual {
        properties.push(Property::new("actual", actual.as_str()));
    }
    let devices = rule.devices.iter();
    properties.extend(devices.map(|device| Property::new("device", device.as_str())));
    properties
}
