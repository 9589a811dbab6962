//! What the renderings of verdicts and policies share.

use muster_adequacy::verdict::{RuleStatus, Severity};
use muster_model::Role;

use crate::render::layout::{Line, Tone};

/// Names listed before the rest is counted.
const LISTED: usize = 6;

/// `control and worker`.
pub(crate) fn roles(roles: impl IntoIterator<Item = Role>) -> String {
    let names: Vec<&str> = roles.into_iter().map(Role::key).collect();
    names.join(" and ")
}

/// As it is written in policies.
pub(crate) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Required => "required",
        Severity::Recommended => "recommended",
    }
}

/// What came out, in a word.
pub(super) fn status(status: RuleStatus) -> &'static str {
    match status {
        RuleStatus::Pass => "pass",
        RuleStatus::Fail => "FAIL",
        RuleStatus::Undetermined => "undetermined",
        RuleStatus::NotApplicable => "not applicable",
    }
}

/// A mark and the word.
pub(super) fn mark(of: RuleStatus, severity: Severity) -> Line {
    let (sign, tone) = match (of, severity) {
        (RuleStatus::Pass, _) => ("✓", Tone::Good),
        (RuleStatus::Fail, Severity::Required) => ("✗", Tone::Bad),
        (RuleStatus::Fail, Severity::Recommended) => ("✗", Tone::Attention),
        (RuleStatus::Undetermined, _) => ("?", Tone::Attention),
        (RuleStatus::NotApplicable, _) => ("–", Tone::Faint),
    };
    Line::toned(
        tone,
        &format!("{sign}\u{a0}{}", status(of).replace(' ', "\u{a0}")),
    )
}

/// Some names, and how many more there are.
pub(super) fn some(names: &[String], separator: &str) -> String {
    let mut text = names
        .iter()
        .take(LISTED)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(separator);
    if names.len() > LISTED {
        text.push_str(&format!(" and {} more", names.len() - LISTED));
    }
    text
}

/// A count with its noun.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number}\u{a0}{}", if number == 1 { one } else { many })
}
