//! The report: an inventory for people.
//!
//! Map: `headline` says in a sentence what machine this is; each block has a file; `footnotes`
//! numbers the warnings and puts their numbers where a fact is missing.

mod devices;
mod disks;
mod footnotes;
mod headline;
mod machine;
mod memory;
mod network;
mod processors;
mod software;
mod storage;

use muster_model::{Origin, Section};

use super::Document;
use super::layout::{Line, Page, Tone};
use footnotes::Footnotes;

/// From this width on, models have a column of their own.
const BROAD: usize = 116;

/// How to lay a report out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// Columns to fill.
    pub(crate) width: usize,
    /// Whether warnings and hints are told.
    pub(crate) explain: bool,
    /// Whether root would see more: the reader is not root, and reads the running machine.
    pub(crate) root_sees_more: bool,
    /// Whether some sections were chosen: no headline, and long lists in full.
    pub(crate) in_full: bool,
}

/// Renders with ANSI styles.
pub(crate) fn render(document: &Document<'_>, layout: Layout) -> String {
    let footnotes = Footnotes::new(document.inventory, layout);
    let mut report = Report {
        document,
        layout,
        footnotes: &footnotes,
        page: Page::new(layout.width),
    };
    if !layout.in_full {
        report.page.paragraph(&headline::line(document.inventory));
        report.page.paragraph(&origin(document));
    }
    machine::blocks(&mut report);
    processors::block(&mut report);
    memory::blocks(&mut report);
    network::block(&mut report);
    storage::blocks(&mut report);
    devices::blocks(&mut report);
    software::blocks(&mut report);
    footnotes.block(&mut report.page);
    report.page.finish()
}

struct Report<'a> {
    document: &'a Document<'a>,
    layout: Layout,
    footnotes: &'a Footnotes,
    page: Page,
}

impl Report<'_> {
    /// Whether a table has room for long names beside the short facts.
    fn is_broad(&self) -> bool {
        self.layout.width >= BROAD
    }

    /// Begins a block if one of its sections is shown; `true` when it is.
    fn begin(&mut self, title: &str, summary: &Line, sections: &[Section]) -> bool {
        let shown = sections.iter().any(|section| self.has(*section));
        if shown {
            let mut heading = Line::toned(Tone::Title, title);
            if !summary.is_empty() {
                heading = heading.plain("  ").and(summary.clone());
            }
            let marks = self.footnotes.of_sections(sections);
            let heading = heading.and(marks);
            if summary.is_empty() && !self.layout.in_full {
                self.page.heading(heading);
            } else {
                self.page.standing_heading(heading);
            }
        }
        shown
    }

    fn has(&self, section: Section) -> bool {
        self.document.has(section)
    }

    /// A device's name with the numbers of its footnotes.
    fn name(&self, section: Section, name: &str) -> Line {
        let marks = self.footnotes.of_device(section, name);
        Line::toned(Tone::Name, name).and(marks)
    }
}

fn origin(document: &Document<'_>) -> Line {
    let from = match document.inventory.source {
        Some(Origin::Live) | None => "this machine",
        Some(Origin::Root) => "another root directory",
        Some(Origin::Capture) => "a capture",
    };
    let at = document.inventory.captured_at.as_deref();
    Line::toned(
        Tone::Faint,
        &match at {
            Some(at) => format!("{from}, {at}"),
            None => from.to_owned(),
        },
    )
}

/// An unknown value.
fn unknown() -> Line {
    Line::toned(Tone::Faint, "–")
}

/// The value, or the dash that says it is unknown.
fn known(value: impl Into<Line>) -> Line {
    let line = value.into();
    if line.is_empty() { unknown() } else { line }
}

/// A label and a value, or nothing.
fn labelled(label: &str, value: Option<impl AsRef<str>>) -> Line {
    match value {
        Some(value) => Line::toned(Tone::Faint, label)
            .plain("\u{a0}")
            .plain(value.as_ref()),
        None => Line::default(),
    }
}

/// The same of a list, which may be empty because nothing could be read.
fn found(number: usize, one: &str, many: &str) -> String {
    match number {
        0 => "none found".to_owned(),
        _ => count(number, one, many),
    }
}

/// A count with its noun.
fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number}\u{a0}{}", if number == 1 { one } else { many })
}
