//! What will be done to a host, what is installed, and what would be undone, for people.

use muster_installer::Plan;
use muster_installer::engine::{Scan, ScannedReceipt, Status, Trace, Undone};
use muster_installer::plan::PlannedStep;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::layout::{Line, Page, Tone};

/// Digits of a digest that are shown and are enough.
const DIGITS: usize = 12;
/// Lines of a file's content that are shown around what changes.
const CONTEXT: usize = 2;
/// What a change is shown under.
const INDENT: usize = 4;

/// A plan: each step with what changes, and those that are so already in one line.
pub(crate) fn plan(plan: &Plan, width: usize) -> String {
    let mut page = Page::new(width);
    let changes: Vec<&PlannedStep> = plan
        .steps()
        .iter()
        .filter(|step| step.is_change())
        .collect();
    let unchanged = plan.steps().len() - changes.len();
    page.paragraph(&headline(plan, changes.len()));
    for step in &changes {
        let (mark, tone) = match step.destructive {
            true => ("! ", Tone::Bad),
            false => ("~ ", Tone::Attention),
        };
        let heading = Line::toned(tone, mark).tone(Tone::Name, &step.what);
        page.standing_heading(heading.tone(Tone::Faint, &format!(" ({})", step.id)));
        page.item(
            &Line::default(),
            INDENT - 2,
            &Line::toned(Tone::Faint, &step.why),
        );
        if step.destructive {
            let told = Line::toned(Tone::Bad, "this cannot be undone");
            page.item(&Line::default(), INDENT - 2, &told);
        }
        for note in &step.notes {
            page.item(
                &Line::default(),
                INDENT - 2,
                &Line::toned(Tone::Attention, note),
            );
        }
        differences(&mut page, step);
    }
    if unchanged > 0 {
        let steps = plan.steps().iter().filter(|step| !step.is_change());
        let names = steps.map(|step| Line::default().plain(&step.id));
        let line = Line::toned(Tone::Faint, "As it is to be already: ");
        page.standing_heading(line.and(Line::joined(names, ", ")));
    }
    if !changes.is_empty() {
        let digest = plan.digest().get(..DIGITS).unwrap_or_default();
        let told = Line::default().plain("Digest ").tone(Tone::Name, digest);
        let does = format!("; `muster install --plan {digest}` does this and nothing else");
        page.standing_heading(told.tone(Tone::Faint, &does));
    }
    page.finish()
}

/// What was begun and what is installed.
pub(crate) fn status(status: &Status, width: usize) -> String {
    let mut page = Page::new(width);
    if let Some(holder) = &status.at_work {
        page.paragraph(&Line::toned(Tone::Attention, "at work: ").plain(holder));
    }
    if let Some(unfinished) = &status.unfinished {
        let told = format!(
            "{} the profile {} since {}",
            unfinished.work, unfinished.profile.name, unfinished.begun_at
        );
        page.paragraph(&Line::toned(Tone::Attention, "not finished: ").plain(&told));
        for step in &unfinished.steps {
            let tone = match step.state {
                "done" | "unchanged" => Tone::Good,
                "begun" | "undoing" => Tone::Attention,
                _ => Tone::Faint,
            };
            let mut line = Line::toned(tone, step.state).plain(&format!(" · {}", step.what));
            if let Some(why) = &step.failed {
                line = line.tone(Tone::Bad, &format!(": {why}"));
            }
            page.item(&Line::default(), 0, &line);
        }
        page.paragraph(&Line::toned(Tone::Faint, &advice(status)));
    }
    for installed in &status.installed {
        let told = format!("{} {}", installed.profile.name, installed.profile.version);
        let line = Line::toned(Tone::Name, &told)
            .tone(Tone::Faint, &format!(" since {}", installed.installed_at));
        page.paragraph(&Line::default().plain("installed: ").and(line));
        for what in &installed.steps {
            page.item(
                &Line::toned(Tone::Good, "✓"),
                0,
                &Line::default().plain(what),
            );
        }
    }
    if status.installed.is_empty() && status.unfinished.is_none() {
        page.paragraph(&Line::default().plain("nothing is installed on this host by muster"));
    }
    page.finish()
}

/// What can be done about something that is not finished.
fn advice(status: &Status) -> String {
    let goes_on = match status.at_work {
        Some(_) => "`muster install --follow` shows how it goes on",
        None => "`muster install --resume` goes on",
    };
    let at_boot = match status.at_work.is_none() && status.goes_on_at_boot {
        true => "; without either, muster-install.service goes on at the next boot",
        false => "",
    };
    format!("{goes_on}, `muster install --cancel` puts back what was done{at_boot}")
}

/// What would be undone.
pub(crate) fn undone(steps: &[Undone], width: usize) -> String {
    let mut page = Page::new(width);
    let count = steps.len();
    page.paragraph(&Line::toned(
        Tone::Name,
        &format!("{count} to be put back, the last first"),
    ));
    for step in steps {
        page.item(
            &Line::toned(Tone::Attention, "~"),
            0,
            &Line::default().plain(&step.what),
        );
        for kept in &step.kept {
            let line = Line::toned(Tone::Attention, "stays: ").plain(kept);
            page.item(&Line::default(), INDENT - 2, &line);
        }
    }
    page.finish()
}

/// What is left of muster's records, and what of its profiles.
pub(crate) fn scan(scan: &Scan, width: usize) -> String {
    let mut page = Page::new(width);
    if let Some(fault) = &scan.journal_fault {
        page.paragraph(&Line::toned(Tone::Bad, "the journal: ").plain(fault));
    }
    for receipt in &scan.receipts {
        scanned(&mut page, receipt);
    }
    if scan.receipts.is_empty() {
        page.paragraph(&Line::default().plain("there is no receipt of an installation"));
    }
    let there: Vec<&Trace> = scan
        .traces
        .iter()
        .filter(|trace| trace.is_there == Some(true))
        .collect();
    let told = match there.is_empty() {
        true => "nothing here is as a known profile would leave it",
        false => "as a known profile would leave it, whoever did it:",
    };
    page.standing_heading(Line::toned(Tone::Name, told));
    for trace in there {
        let from = format!(" ({}, {})", trace.profile, trace.id);
        let line = Line::default().plain(&trace.what).tone(Tone::Faint, &from);
        page.item(&Line::toned(Tone::Attention, "~"), 0, &line);
    }
    page.finish()
}

fn scanned(page: &mut Page, receipt: &ScannedReceipt) {
    let path = receipt.path.to_string();
    let (tone, told) = match &receipt.fault {
        None => (Tone::Good, "whole; `muster uninstall` undoes it".to_owned()),
        Some(fault) => (Tone::Bad, fault.clone()),
    };
    page.paragraph(&Line::toned(Tone::Name, &path).tone(tone, &format!(": {told}")));
    for step in &receipt.steps {
        let line = Line::default().plain(&step.what);
        page.item(&Line::toned(Tone::Attention, "~"), 0, &line);
    }
    if receipt.lost > 0 {
        let told = format!("and {} that cannot be read", receipt.lost);
        page.item(
            &Line::toned(Tone::Bad, "?"),
            0,
            &Line::toned(Tone::Bad, &told),
        );
    }
    if receipt.fault.is_some() && !receipt.steps.is_empty() {
        let advice = "what was there before each is in `muster uninstall --scan -o json`";
        page.paragraph(&Line::toned(Tone::Faint, advice));
    }
}

fn headline(plan: &Plan, changes: usize) -> Line {
    let profile = plan.profile();
    let told = match changes {
        0 => "Nothing to do".to_owned(),
        1 => "1 change".to_owned(),
        changes => format!("{changes} changes"),
    };
    let from = format!(" by the profile {} {}", profile.name, profile.version);
    Line::toned(Tone::Name, &told).plain(&from)
}

/// What a step changes, field by field.
fn differences(page: &mut Page, step: &PlannedStep) {
    let fields = |state: &muster_installer::step::State| {
        let state = serde_json::to_value(state).unwrap_or_default();
        let kinds = state
            .as_object()
            .and_then(|state| state.values().next().cloned());
        kinds.unwrap_or_default()
    };
    let (before, after) = (fields(&step.before), fields(&step.after));
    walk(page, "", &before, &after);
}

/// Down to the values that are not the same.
fn walk(page: &mut Page, name: &str, before: &Value, after: &Value) {
    match (before, after) {
        (before, after) if before == after => {}
        (before, Value::Object(afters)) if afters.contains_key("mode") => {
            field(
                page,
                "owner and mode",
                &attributes(before),
                &attributes(after),
            );
        }
        (before, Value::Object(afters)) => {
            // One of several files, each of which is a field.
            if name.starts_with('/') {
                page.item(&Line::default(), INDENT, &Line::toned(Tone::Label, name));
            }
            for (gone, before) in before.as_object().into_iter().flatten() {
                if !afters.contains_key(gone) {
                    walk(page, gone, before, &Value::Null);
                }
            }
            for (field, after) in afters {
                walk(
                    page,
                    field,
                    before.get(field).unwrap_or(&Value::Null),
                    after,
                );
            }
        }
        (before, Value::String(after)) if name == "content" => {
            content(page, before.as_str().unwrap_or_default(), after);
        }
        (before, after) => field(page, &name.replace('_', " "), &shown(before), &shown(after)),
    }
}

fn field(page: &mut Page, name: &str, before: &str, after: &str) {
    let line = Line::toned(Tone::Label, &format!("{name}: "));
    let line = line.tone(Tone::Faint, before).plain(" → ");
    page.item(&Line::default(), INDENT, &line.tone(Tone::Good, after));
}

fn attributes(value: &Value) -> String {
    let part = |name: &str| value.get(name).and_then(Value::as_str);
    match (part("owner"), part("group"), part("mode")) {
        (Some(owner), Some(group), Some(mode)) => format!("{owner}:{group} {mode}"),
        _ => "nothing".to_owned(),
    }
}

fn content(page: &mut Page, before: &str, after: &str) {
    let diff = TextDiff::from_lines(before, after);
    for group in diff.grouped_ops(CONTEXT) {
        for change in group
            .iter()
            .flat_map(|operation| diff.iter_changes(operation))
        {
            let (mark, tone) = match change.tag() {
                ChangeTag::Delete => ("-", Tone::Bad),
                ChangeTag::Insert => ("+", Tone::Good),
                ChangeTag::Equal => (" ", Tone::Faint),
            };
            let text = change.value().trim_end_matches('\n');
            page.item(&Line::toned(tone, mark), INDENT, &Line::toned(tone, text));
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Array(members) if members.is_empty() => "nothing".to_owned(),
        Value::Array(members) => members.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(_) => "other content".to_owned(),
        other => other.to_string(),
    }
}
