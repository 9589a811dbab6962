//! Rules as they are shown: what came out, what there is, what is asked for, and what to do.

use maud::{Markup, html};
use muster_adequacy::verdict::{RoleVerdict, RuleStatus, RuleVerdict, Severity};

use crate::parts::{joined, marked, shown};
use crate::pictures::Mark;
use crate::words::Words;

/// So many devices are named, and the rest is counted.
const LISTED: usize = 8;
/// Of a sentence no more is shown.
const LONGEST: usize = 4096;

/// What a rule is worth that came out so.
pub(super) fn mark(rule: &RuleVerdict) -> Mark {
    match (rule.status, rule.severity) {
        (RuleStatus::Pass, _) => Mark::Good,
        (RuleStatus::Fail, Severity::Required) => Mark::Bad,
        (RuleStatus::Fail, Severity::Recommended) => Mark::Attention,
        (RuleStatus::Undetermined, _) => Mark::Unknown,
        (RuleStatus::NotApplicable, _) => Mark::Neutral,
    }
}

pub(super) fn status(words: &Words, status: RuleStatus) -> &'static str {
    match status {
        RuleStatus::Pass => words.passes,
        RuleStatus::Fail => words.fails,
        RuleStatus::Undetermined => words.undetermined,
        RuleStatus::NotApplicable => words.not_applicable,
    }
}

pub(super) fn severity(words: &Words, severity: Severity) -> &'static str {
    match severity {
        Severity::Required => words.required,
        Severity::Recommended => words.recommended,
    }
}

/// In the order in which somebody has to care.
pub(super) fn rank(rule: &RuleVerdict) -> (u8, Severity) {
    let of_status = match (rule.status, rule.severity) {
        (RuleStatus::Fail, Severity::Required) => 0,
        (RuleStatus::Undetermined, Severity::Required) => 1,
        (RuleStatus::Fail, Severity::Recommended) => 2,
        (RuleStatus::Undetermined, Severity::Recommended) => 3,
        (RuleStatus::Pass, _) => 4,
        (RuleStatus::NotApplicable, _) => 5,
    };
    (of_status, rule.severity)
}

/// A rule as one of the things to care about. `roles` are those that have it.
pub(super) fn concern(words: &Words, rule: &RuleVerdict, roles: &[&RoleVerdict]) -> Markup {
    let roles: Vec<&str> = roles.iter().map(|role| role.role.key()).collect();
    html! {
        li class=(format!("concern {}", mark(rule).class())) {
            h3 { (shown(&rule.title)) }
            p.tags {
                (marked(mark(rule), status(words, rule.status)))
                span.tag { (severity(words, rule.severity)) }
                @for role in roles { span.tag { (role) } }
            }
            (comparison(words, rule))
            (reasons(rule))
            @if !rule.remedy.is_empty() {
                p.remedy { strong { (words.what_to_do) } " " (said(&rule.remedy)) }
            }
        }
    }
}

/// What there is, beside what is asked for.
fn comparison(words: &Words, rule: &RuleVerdict) -> Markup {
    html! {
        dl.facts {
            div {
                dt { (words.actual) }
                dd { @match &rule.actual { Some(actual) => (shown(actual)), None => em { (words.unknown) } } }
            }
            div { dt { (words.wanted) } dd { (said(&rule.required)) } }
            @if !rule.devices.is_empty() {
                div { dt { (words.devices) } dd { (devices(words, &rule.devices)) } }
            }
        }
    }
}

/// Why it came out so.
pub(super) fn reasons(rule: &RuleVerdict) -> Markup {
    html! {
        @if !rule.reasons.is_empty() {
            ul.reasons {
                @for reason in rule.reasons.iter().take(LISTED) { li { (said(reason)) } }
            }
        }
    }
}

/// Some of them by name, the rest counted.
pub(super) fn devices(words: &Words, devices: &[String]) -> Markup {
    let listed: Vec<String> = devices.iter().take(LISTED).cloned().collect();
    let more = devices.len().saturating_sub(LISTED);
    html! {
        (joined(&listed, ", "))
        @if more > 0 { " " ((words.and_more)(more)) }
    }
}

/// Sentences of a policy: longer than what a device says of itself, and screened all the same. What stands between backticks is to be
/// typed.
pub(super) fn said(text: &str) -> Markup {
    let text = crate::parts::shown_in(text, LONGEST);
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
