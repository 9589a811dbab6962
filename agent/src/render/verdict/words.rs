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

/// Reasons in words: facts that are unknown for the same reason are named together.
pub(super) fn reasons(reasons: &[String]) -> String {
    const UNKNOWN: &str = " is unknown: ";
    let mut groups: Vec<(Vec<String>, Option<&str>)> = Vec::new();
    for reason in reasons {
        let (subject, why) = match reason.split_once(UNKNOWN) {
            Some((fact, why)) => (fact, Some(why)),
            None => (reason.as_str(), None),
        };
        let same = groups
            .iter_mut()
            .find(|(_, known)| known.is_some() && *known == why);
        match same {
            Some((facts, _)) => facts.push(subject.to_owned()),
            None => groups.push((vec![subject.to_owned()], why)),
        }
    }
    let told: Vec<String> = groups
        .iter()
        .map(|(facts, why)| {
            let verb = if facts.len() == 1 { "is" } else { "are" };
            match why {
                Some(why) => format!("{} {verb} unknown: {why}", some(facts, ", ")),
                None => some(facts, ", "),
            }
        })
        .collect();
    some(&told, "; ")
}

/// An expression that a policy has over several lines, for where there is one. Only its line ends and what
/// indents the next line go; other characters that have no place there are left for `screen` to show.
pub(crate) fn one_line(text: &str) -> String {
    let lines = text.split('\n').map(|line| line.trim_matches(' '));
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    lines.join(" ")
}

/// A count with its noun.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number}\u{a0}{}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_of_several_lines_becomes_one() {
        assert_eq!(one_line("a.all(it,\n    it > 0)\n"), "a.all(it, it > 0)");
        assert_eq!(one_line("a == 'b  c'"), "a == 'b  c'");
        assert_eq!(one_line("a\x1b[2J\n"), "a\x1b[2J");
    }

    #[test]
    fn what_is_unknown_for_the_same_reason_is_named_together() {
        let told = |all: &[&str]| {
            let all: Vec<String> = all.iter().map(|reason| (*reason).to_owned()).collect();
            reasons(&all)
        };
        assert_eq!(
            told(&[
                "a.b is unknown: no",
                "a.c is unknown: busy",
                "a.d is unknown: no"
            ]),
            "a.b, a.d are unknown: no; a.c is unknown: busy"
        );
        assert_eq!(
            told(&["sda fails", "sda fails too"]),
            "sda fails; sda fails too"
        );
        let many: Vec<String> = (0..9)
            .map(|number| format!("d{number} is unknown: no"))
            .collect();
        assert_eq!(
            reasons(&many),
            "d0, d1, d2, d3, d4, d5 and 3 more are unknown: no"
        );
        assert_eq!(told(&[]), "");
    }
}
