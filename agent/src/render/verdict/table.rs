//! A line a rule, nothing wrapped or cut, so that `grep` and `awk` can read it.

use super::Judged;
use super::words::{roles, severity, status};
use crate::render::layout::{Line, Tone};
use crate::render::table::cells::UNKNOWN;
use crate::render::table::unwrapped;

/// Every rule, in the policy's order.
pub(crate) fn table(judged: &Judged<'_>) -> String {
    let titles = [
        "RULE", "STATUS", "SEVERITY", "ROLES", "HAS", "NEEDS", "DEVICES",
    ];
    let rows: Vec<Vec<Line>> = judged
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
                Line::from(&rule.required),
                Line::from(devices.unwrap_or(UNKNOWN)),
            ]
        })
        .collect();
    unwrapped(&titles.map(str::to_owned), &rows)
}
