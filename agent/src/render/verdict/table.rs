//! A line a rule, nothing wrapped or cut, so that `grep` and `awk` can read it.

use muster_adequacy::compare::{Difference, Weight};
use muster_adequacy::verdict::Severity;

use super::words::{one_line, roles, severity, status};
use super::{BASELINE, Judged};
use crate::render::layout::{Line, Tone, unwrapped};
use crate::render::table::cells::UNKNOWN;

/// Every rule, in the policy's order; then every difference from the baseline.
pub(crate) fn table(judged: &Judged<'_>) -> String {
    let titles = [
        "RULE", "STATUS", "SEVERITY", "ROLES", "HAS", "NEEDS", "DEVICES",
    ];
    let mut rows: Vec<Vec<Line>> = judged
        .outcomes()
        .iter()
        .map(|outcome| {
            let rule = outcome.verdict;
            let of = roles(outcome.roles.iter().copied()).replace(" and ", ",");
            let devices = rule.devices.join(",");
            let devices = Some(devices.as_str()).filter(|devices| !devices.is_empty());
            vec![
                Line::toned(Tone::Name, &rule.id),
                Line::from(status(rule.status).replace(' ', "-")),
                Line::from(severity(rule.severity)),
                Line::from(of),
                Line::from(rule.actual.as_deref().unwrap_or(UNKNOWN)),
                Line::from(one_line(&rule.required)),
                Line::from(devices.unwrap_or(UNKNOWN)),
            ]
        })
        .collect();
    let baseline = judged.verdict.baseline.iter();
    rows.extend(
        baseline
            .flat_map(|comparison| &comparison.differences)
            .map(change),
    );
    unwrapped(&titles.map(str::to_owned), &rows)
}

/// A difference from the baseline among the rules.
fn change(difference: &Difference) -> Vec<Line> {
    let (status, severity) = match difference.weight {
        Weight::Worse => ("WORSE", severity(Severity::Recommended)),
        Weight::Better => ("better", UNKNOWN),
        Weight::Neutral => ("other", UNKNOWN),
    };
    vec![
        Line::toned(Tone::Name, BASELINE),
        Line::from(status),
        Line::from(severity),
        Line::from(UNKNOWN),
        Line::from(&difference.words),
        Line::from(UNKNOWN),
        Line::from(&difference.subject),
    ]
}
