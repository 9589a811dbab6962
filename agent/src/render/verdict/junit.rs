//! JUnit XML: a suite a role, a case a rule.
//!
//! A case is red exactly where the rule keeps the machine from being adequate: a failure where it
//! fails, an error where it is undetermined. Rules that do not weigh are skipped, with what came out as
//! the message. What is worse than in the baseline is red in a suite of its own, since whoever asks for a baseline
//! wants to see it.

use muster_adequacy::compare::{Comparison, Weight};
use muster_adequacy::verdict::{MachineName, RoleVerdict, RuleStatus, RuleVerdict};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::words::{severity, status};
use super::{BASELINE, Judged, Weighing, name_of};

/// The report of all roles, ending in a line feed.
pub(crate) fn junit(judged: &Judged<'_>) -> anyhow::Result<String> {
    let mut report = Report::new("muster check");
    for role in &judged.verdict.roles {
        report.add_test_suite(suite(judged, role));
    }
    if let Some(baseline) = &judged.verdict.baseline {
        report.add_test_suite(since(baseline));
    }
    Ok(report.to_string()?)
}

/// A case a difference.
fn since(baseline: &Comparison) -> TestSuite {
    let mut suite = TestSuite::new(BASELINE);
    add_properties(&mut suite, &baseline.before);
    for difference in &baseline.differences {
        let mut outcome = match difference.weight {
            Weight::Worse => TestCaseStatus::non_success(NonSuccessKind::Failure),
            Weight::Better | Weight::Neutral => TestCaseStatus::success(),
        };
        if difference.weight == Weight::Worse {
            outcome.set_message(difference.words.as_str());
            outcome.set_type("worse");
        }
        let mut case = TestCase::new(name_of(difference), outcome);
        case.set_classname(format!("{BASELINE}.{}", difference.section));
        let device = Property::new("device", difference.subject.as_str());
        let words = Property::new("change", difference.words.as_str());
        case.add_properties([device, words]);
        suite.add_test_case(case);
    }
    suite
}

fn suite(judged: &Judged<'_>, role: &RoleVerdict) -> TestSuite {
    let policy = &judged.verdict.policy;
    let mut suite = TestSuite::new(format!("{}.{}", policy.name, role.role));
    suite.add_property(Property::new("policy.version", policy.version.as_str()));
    add_properties(&mut suite, &judged.verdict.machine);
    for rule in &role.rules {
        let mut case = TestCase::new(rule.id.as_str(), outcome(rule, judged.weighing));
        case.set_classname(suite.name.clone());
        case.add_properties(properties_of(rule));
        suite.add_test_case(case);
    }
    suite
}

fn add_properties(suite: &mut TestSuite, machine: &MachineName) {
    let properties = [
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
