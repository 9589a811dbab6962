//! All about one rule.

use muster_adequacy::check::kinds;
use muster_adequacy::policy::Rule;

use super::facts::facts;
use super::words::{mark, roles, severity, some};
use super::{Judged, Outcome};
use crate::render::layout::{Line, Page, Tone};

/// Reasons told before the rest is counted.
const MOST_REASONS: usize = 24;

/// Renders with ANSI styles: what the rule asks for, what came out, and the facts that decide. Nothing
/// when no role that is judged has the rule.
pub(crate) fn explain(judged: &Judged<'_>, id: &str, width: usize) -> Option<String> {
    let mut page = Page::new(width);
    let outcomes = judged.outcomes();
    let mut concerned = outcomes
        .iter()
        .filter(|outcome| outcome.rule.id() == id)
        .peekable();
    let rule = concerned.peek()?.rule;
    page.paragraph(
        &Line::toned(Tone::Name, rule.id())
            .plain(": ")
            .plain(rule.title()),
    );
    asked(&mut page, rule);
    for outcome in concerned {
        came_out(&mut page, judged, outcome);
    }
    Some(page.finish())
}

fn asked(page: &mut Page, rule: &Rule) {
    page.standing_heading(Line::toned(Tone::Title, "What it asks for"));
    page.fact("severity", &Line::from(severity(rule.severity())));
    page.fact("roles", &Line::from(roles(rule.roles().iter().copied())));
    page.fact("when", &Line::from(rule.condition()));
    page.fact("needs", &Line::from(rule.required()));
    let check = rule
        .check()
        .and_then(|name| kinds().find(|kind| kind.name == name));
    if let Some(check) = check {
        let line = Line::toned(Tone::Name, check.name)
            .plain(": ")
            .plain(check.about);
        page.fact("check", &line);
    }
    page.fact("expression", &Line::from(rule.expression()));
}

fn came_out(page: &mut Page, judged: &Judged<'_>, outcome: &Outcome<'_>) {
    let rule = outcome.verdict;
    let mut heading = Line::toned(Tone::Title, "What came out").plain("  ");
    heading = heading.and(mark(rule.status, rule.severity));
    page.standing_heading(heading);
    page.fact("has", &Line::from(rule.actual.as_deref()));
    page.fact("devices", &Line::from(some(&rule.devices, ", ")));
    for (number, reason) in rule.reasons.iter().take(MOST_REASONS).enumerate() {
        let label = if number == 0 { "why" } else { "" };
        page.fact(label, &Line::from(reason));
    }
    let more = rule.reasons.len().saturating_sub(MOST_REASONS);
    if more > 0 {
        let text = format!("and {more} more; -o json has them all");
        page.fact("", &Line::toned(Tone::Faint, &text));
    }
    page.fact("remedy", &Line::from(&rule.remedy));
    page.heading(Line::toned(Tone::Title, "What the machine says"));
    for subject in facts(judged.inventory, outcome.rule, &rule.devices) {
        let pieces = subject
            .facts
            .iter()
            .map(|(field, value)| Line::toned(Tone::Faint, field).plain("\u{a0}").plain(value));
        let name = Line::toned(Tone::Name, &subject.path);
        page.item(&name, 2, &Line::dotted(pieces));
    }
}
