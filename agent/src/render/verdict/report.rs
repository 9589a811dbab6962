//! The report: what fails, what cannot be said, and what to do.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use muster_adequacy::verdict::{RuleStatus, RuleVerdict};
use muster_model::{Role, WarningKind};

use super::sentence::sentence;
use super::words::{count, mark, one_line, reasons, roles, some};
use super::{Judged, Outcome};
use crate::render::comparison::since_baseline;
use crate::render::layout::{Column, Grid, Line, Page, Row, Tone};

/// What is said of a rule is indented by this.
const INDENT: usize = 6;

/// How to lay a report out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout<'a> {
    /// Columns to fill.
    pub(crate) width: usize,
    /// Where the policy was found.
    pub(crate) policy_origin: &'a str,
    /// Where the machine was found.
    pub(crate) machine_origin: &'a str,
    /// Where the baseline was found, if there is one.
    pub(crate) baseline_origin: Option<&'a str>,
    /// Whether the rules that pass are listed.
    pub(crate) in_full: bool,
    /// What to tell when a deciding fact was denied.
    pub(crate) when_denied: Option<&'a str>,
}

/// Renders with ANSI styles.
pub(crate) fn report(judged: &Judged<'_>, layout: Layout<'_>) -> String {
    let mut page = Page::new(layout.width);
    page.paragraph(&sentence(judged));
    page.paragraph(&origin(judged, layout));
    let (weighing, light): (Vec<_>, Vec<_>) = judged
        .outcomes()
        .into_iter()
        .partition(|outcome| judged.weighing.counts(outcome.verdict));
    by_roles(
        &mut page,
        judged,
        "Fails",
        &having(&weighing, RuleStatus::Fail),
    );
    let undetermined = having(&weighing, RuleStatus::Undetermined);
    by_roles(&mut page, judged, "Undetermined", &undetermined);
    page.heading(Line::toned(Tone::Title, "Recommended"));
    for status in [RuleStatus::Fail, RuleStatus::Undetermined] {
        for outcome in having(&light, status) {
            item(&mut page, outcome, &of_roles(judged, outcome));
        }
    }
    let settled: Vec<&Outcome<'_>> = weighing
        .iter()
        .chain(&light)
        .filter(|outcome| is_settled(outcome.verdict))
        .collect();
    if layout.in_full {
        listed(&mut page, &settled);
    } else {
        counted(&mut page, &settled);
    }
    if let (Some(baseline), Some(origin)) = (&judged.verdict.baseline, layout.baseline_origin) {
        since_baseline(&mut page, baseline, origin);
    }
    if let Some(advice) = layout.when_denied.filter(|_| something_was_denied(judged)) {
        page.standing_heading(Line::toned(Tone::Name, advice));
    }
    page.finish()
}

/// Needs, why and remedy of a rule, where there are some.
fn details(page: &mut Page, rule: &RuleVerdict) {
    let has = rule
        .actual
        .as_deref()
        .map(|actual| Line::toned(Tone::Label, "has ").plain(actual));
    let needs = Line::toned(Tone::Label, "needs ").plain(&one_line(&rule.required));
    let side_by_side = Line::joined([Line::from(has), needs], ", ");
    page.item(&Line::from(" ".repeat(INDENT - 1)), 0, &side_by_side);
    let mut label = |name: &str, text: &str| {
        if !text.is_empty() {
            let label = Line::toned(Tone::Label, &format!("{name:<7}"));
            page.item(&label, INDENT, &Line::from(text));
        }
    };
    label("devices", &some(&rule.devices, ", "));
    label("why", &one_line(&reasons(&rule.reasons)));
    label("remedy", &rule.remedy);
}

fn origin(judged: &Judged<'_>, layout: Layout<'_>) -> Line {
    let policy = &judged.verdict.policy;
    let named = format!("policy {} {}", policy.name, policy.version);
    let taken = judged.verdict.machine.inventory_captured_at.as_deref();
    let parts = [
        Some(named.as_str()),
        Some(layout.policy_origin),
        Some(layout.machine_origin),
        taken,
    ];
    let parts = parts.into_iter().flatten();
    Line::dotted(parts.map(|part| Line::toned(Tone::Faint, part)))
}

fn having<'a, 'b>(outcomes: &'b [Outcome<'a>], status: RuleStatus) -> Vec<&'b Outcome<'a>> {
    let all = outcomes.iter();
    all.filter(|outcome| outcome.verdict.status == status)
        .collect()
}

/// A block for each set of roles, those of more roles first.
fn by_roles(page: &mut Page, judged: &Judged<'_>, title: &str, outcomes: &[&Outcome<'_>]) {
    let mut blocks: BTreeMap<(Reverse<usize>, &[Role]), Vec<&Outcome<'_>>> = BTreeMap::new();
    for outcome in outcomes {
        let key = (Reverse(outcome.roles.len()), outcome.roles.as_slice());
        blocks.entry(key).or_default().push(outcome);
    }
    for ((_, of), outcomes) in blocks {
        let title = match judged.verdict.roles.len() {
            1 => title.to_owned(),
            _ => format!("{title} for {}", roles(of.iter().copied())),
        };
        page.heading(Line::toned(Tone::Title, &title));
        for outcome in outcomes {
            item(page, outcome, "");
        }
    }
}

/// Names the roles where a rule is not for all that are judged.
fn of_roles(judged: &Judged<'_>, outcome: &Outcome<'_>) -> String {
    if outcome.roles.len() == judged.verdict.roles.len() {
        String::new()
    } else {
        format!(" (for {})", roles(outcome.roles.iter().copied()))
    }
}

fn item(page: &mut Page, outcome: &Outcome<'_>, of_roles: &str) {
    let rule = outcome.verdict;
    let line = Line::toned(Tone::Name, &rule.id)
        .plain(": ")
        .plain(&rule.title)
        .tone(Tone::Faint, of_roles);
    page.item(&mark(rule.status, rule.severity), 2, &line);
    details(page, rule);
}

fn is_settled(rule: &RuleVerdict) -> bool {
    matches!(rule.status, RuleStatus::Pass | RuleStatus::NotApplicable)
}

fn counted(page: &mut Page, settled: &[&Outcome<'_>]) {
    let pass = |outcome: &&&Outcome<'_>| outcome.verdict.status == RuleStatus::Pass;
    let passes = settled.iter().filter(pass).count();
    let others = settled.len() - passes;
    if settled.is_empty() {
        return;
    }
    let mut line = Line::default();
    if passes > 0 {
        line = line.tone(Tone::Good, &count(passes, "rule passes", "rules pass"));
    }
    if others > 0 {
        let rules = match passes {
            0 => count(others, "rule does not apply", "rules do not apply"),
            _ => format!(", {}", count(others, "does not apply", "do not apply")),
        };
        line = line.plain(&rules);
    }
    page.standing_heading(line.tone(Tone::Faint, "; --all shows them"));
}

fn listed(page: &mut Page, settled: &[&Outcome<'_>]) {
    let columns = vec![
        Column::fixed(""),
        Column::flexible("rule", 16),
        Column::flexible("has", 14),
        Column::flexible("needs", 14),
    ];
    let rows = settled.iter().map(|outcome| {
        let rule = outcome.verdict;
        let not_applicable = rule.status == RuleStatus::NotApplicable;
        let why = match not_applicable {
            true => Line::toned(Tone::Faint, &one_line(&reasons(&rule.reasons))),
            false => Line::default(),
        };
        Row {
            cells: vec![
                mark(rule.status, rule.severity),
                Line::toned(Tone::Name, &rule.id),
                Line::from(rule.actual.as_deref()),
                Line::from(one_line(&rule.required)),
            ],
            notes: vec![why],
        }
    });
    page.heading(Line::toned(Tone::Title, "Passes, or does not apply"));
    page.grid(&Grid::new(columns, rows.collect()));
}

/// Whether a rule is undetermined for want of rights.
fn something_was_denied(judged: &Judged<'_>) -> bool {
    let rules = judged.verdict.roles.iter().flat_map(|role| &role.rules);
    let mut reasons = rules
        .filter(|rule| rule.status == RuleStatus::Undetermined)
        .flat_map(|rule| &rule.reasons);
    let warnings = &judged.inventory.warnings;
    reasons.any(|reason| {
        warnings.iter().any(|warning| {
            warning.kind == WarningKind::Denied && reason.ends_with(&warning.message)
        })
    })
}
