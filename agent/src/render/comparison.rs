//! What differs between two machines, for people: the worst first.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use muster_adequacy::compare::{Comparison, Relation, RelationBy, Side, UnknownFact, Weight};
use muster_adequacy::verdict::MachineName;

use super::layout::{Line, Page, Tone};

/// Facts named in one line before the rest is counted.
const NAMED_FACTS: usize = 6;
/// Added to what changed on the machine that a page is about.
const SINCE: &str = " since the baseline";

/// Renders with ANSI styles. `sources` are where the two inventories came from.
pub(crate) fn render(comparison: &Comparison, sources: &[String; 2], width: usize) -> String {
    let mut page = Page::new(width);
    page.paragraph(&headline(comparison, ""));
    let [before, after] = sources;
    page.fact("first", &machine(before, &comparison.before));
    page.fact("second", &machine(after, &comparison.after));
    differences(&mut page, comparison);
    unknown(&mut page, &comparison.unknown, ["the first", "the second"]);
    page.finish()
}

/// Adds to a page about a machine what changed on it since its baseline, which came from `source`.
pub(super) fn since_baseline(page: &mut Page, comparison: &Comparison, source: &str) {
    page.standing_heading(headline(comparison, SINCE));
    page.fact("baseline", &machine(source, &comparison.before));
    differences(page, comparison);
    unknown(
        page,
        &comparison.unknown,
        ["the baseline", "the machine now"],
    );
}

/// How much changed since the baseline, in one line.
pub(super) fn changes_counted(comparison: &Comparison) -> Line {
    headline(comparison, SINCE)
}

/// How much differs, and between what.
fn headline(comparison: &Comparison, since: &str) -> Line {
    let between = match (comparison.relation, comparison.relation_by) {
        (Relation::SameMachine, RelationBy::Asked) if !since.is_empty() => {
            "taken for one machine: nothing tells whether it is".to_owned()
        }
        (Relation::SameMachine, by) => format!("one machine{}", known_by(by)),
        (Relation::TwoMachines, by) => format!("two machines{}", known_by(by)),
    };
    let numbers = [
        (Weight::Worse, Tone::Bad, "worse"),
        (Weight::Better, Tone::Good, "better"),
        (Weight::Neutral, Tone::Plain, "other"),
    ];
    let numbers = numbers.map(
        |(weight, tone, word)| match comparison.of_weight(weight).count() {
            0 => Line::default(),
            number => Line::toned(tone, &format!("{number} {word}")),
        },
    );
    let line = match comparison.differences.len() {
        0 => Line::toned(Tone::Name, &format!("No difference{since}")),
        1 => Line::toned(Tone::Name, &format!("1 difference{since}")).plain(": "),
        number => Line::toned(Tone::Name, &format!("{number} differences{since}")).plain(": "),
    };
    line.and(Line::joined(numbers, ", "))
        .tone(Tone::Faint, &format!(" ({between})"))
}

fn known_by(by: RelationBy) -> &'static str {
    match by {
        RelationBy::Asked => "",
        RelationBy::SystemUuid => ", by the system's UUID",
        RelationBy::SystemSerial => ", by the system's serial number",
        RelationBy::MachineId => ", by machine-id",
        RelationBy::Nothing => ": nothing tells whether they are one",
    }
}

fn machine(source: &str, name: &MachineName) -> Line {
    let serial = name.serial.as_ref();
    let at = name.inventory_captured_at.as_deref();
    Line::dotted([
        Line::toned(Tone::Name, source),
        Line::from(name.hostname.as_ref()),
        Line::from(serial.map(|serial| format!("serial {serial}"))),
        Line::toned(Tone::Faint, at.unwrap_or_default()),
    ])
}

fn differences(page: &mut Page, comparison: &Comparison) {
    for weight in [Weight::Worse, Weight::Better, Weight::Neutral] {
        of_weight(page, comparison, weight);
    }
}

fn of_weight(page: &mut Page, comparison: &Comparison, weight: Weight) {
    let (title, mark, tone) = match weight {
        Weight::Worse => ("Worse", "▼", Tone::Bad),
        Weight::Better => ("Better", "▲", Tone::Good),
        Weight::Neutral => ("Other", "•", Tone::Plain),
    };
    page.heading(Line::toned(Tone::Title, title));
    for difference in comparison.of_weight(weight) {
        let line = Line::toned(tone, &with_units_kept(&difference.words));
        page.item(&Line::toned(tone, mark), 2, &line);
    }
}

/// A number and its unit are not parted at the end of a row.
fn with_units_kept(words: &str) -> String {
    const UNITS: [&str; 18] = [
        "B", "KiB", "MiB", "GiB", "TiB", "PiB", "Mb/s", "Gb/s", "Tb/s", "MHz", "GHz", "GT/s",
        "MT/s", "V", "rpm", "°C", "%", "h",
    ];
    let mut text = String::new();
    for word in words.split(' ') {
        let bare = word.trim_end_matches([')', ',']);
        let after_number = text.ends_with(|last: char| last.is_ascii_digit());
        let gap = match after_number && UNITS.contains(&bare) {
            true => '\u{a0}',
            false => ' ',
        };
        if !text.is_empty() {
            text.push(gap);
        }
        text.push_str(word);
    }
    text
}

/// Facts that one side does not know for one reason are told together. `sides` is what the two are called.
fn unknown(page: &mut Page, facts: &[UnknownFact], [before, after]: [&str; 2]) {
    page.heading(Line::toned(Tone::Title, "Known of one side only"));
    let mut told: Vec<(Side, &str, Vec<&str>)> = Vec::new();
    for UnknownFact { fact, side, reason } in facts {
        let same = told
            .iter_mut()
            .find(|(other, why, _)| other == side && *why == reason);
        match same {
            Some((_, _, facts)) => facts.push(fact),
            None => told.push((*side, reason, vec![fact])),
        }
    }
    for (side, reason, facts) in told {
        let lacking = match side {
            Side::Before => before,
            Side::After => after,
        };
        let mut named = facts.iter().take(NAMED_FACTS).copied();
        let mut list = named.by_ref().collect::<Vec<_>>().join(", ");
        let more = facts.len().saturating_sub(NAMED_FACTS);
        if more > 0 {
            let _ = write!(list, " and {more} more");
        }
        let line = Line::toned(Tone::Attention, &format!("not known of {lacking}: "))
            .plain(&list)
            .tone(Tone::Faint, &format!(" – {reason}"));
        page.item(&Line::toned(Tone::Attention, "?"), 2, &line);
    }
}
