//! Answers as text.
//!
//! Map: `documents` is what programs read: every field that `-o json` and `-o yaml` have; `nodes`, `node`, `tokens`,
//! `events`, `cluster` and `trust` (the authority and administrators, with their documents) are for people; `feed` is what `--watch` prints; `cells` is what stands in a table. Nothing
//! here asks anybody, and the time is told to it.

mod cells;
mod cluster;
mod documents;
mod events;
mod feed;
mod node;
mod nodes;
mod tokens;
mod trust;
mod workloads;

#[cfg(test)]
mod goldens;

use std::io::IsTerminal as _;

use muster_terminal::output::{ColorChoice, Reader, width, write_plain, write_styled};
use muster_terminal::{Column, Grid, Line, Row, screen, unwrapped};
use serde::Serialize;

use super::cli::{Format, Output};

pub(super) use cluster::cluster;
pub(super) use events::{event, events};
pub(super) use feed::Feed;
pub(super) use node::{json_of, node};
pub(super) use nodes::{changed, nodes};
pub(super) use tokens::{Import, created, import, tokens};
pub(super) use trust::{administrators, authority};
pub(super) use workloads::workloads;

/// How an answer is to be shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sheet {
    pub(super) output: Output,
    /// Columns of the terminal; none where there is no terminal: nothing is wrapped then.
    pub(super) room: Option<usize>,
    pub(super) now_unix_ms: i64,
}

/// What is written to standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Text {
    /// For people, with ANSI styles.
    Styled(String),
    /// For programs, to the byte.
    Plain(String),
}

impl Sheet {
    pub(super) fn new(output: Output) -> Self {
        Self {
            output,
            room: std::io::stdout().is_terminal().then(width),
            now_unix_ms: jiff::Timestamp::now().as_millisecond(),
        }
    }

    fn is_wide(&self) -> bool {
        self.output.format == Format::Wide
    }

    fn titles(&self, columns: &[Column]) -> Vec<String> {
        let titles = columns.iter().map(|column| column.title().to_owned());
        match self.output.no_headers {
            true => Vec::new(),
            false => titles.collect(),
        }
    }

    /// Wrapped to a terminal; elsewhere a line a row. Nothing at all for no rows.
    fn table(&self, columns: Vec<Column>, rows: Vec<Vec<Line>>) -> Text {
        let Some(room) = self.room else {
            let titles = self.titles(&columns);
            return Text::Styled(match rows.is_empty() {
                true => String::new(),
                false => unwrapped(&titles, &rows),
            });
        };
        let rows = rows.into_iter().map(|cells| Row {
            cells,
            notes: Vec::new(),
        });
        let grid = Grid::new(columns, rows.collect());
        let grid = match self.output.no_headers {
            true => grid.untitled(),
            false => grid,
        };
        Text::Styled(grid.text(room))
    }
}

/// Writes to standard output; a reader that has seen enough is no error.
pub(super) fn print(text: &Text, colour: ColorChoice) -> std::io::Result<Reader> {
    match text {
        Text::Styled(text) => write_styled(text, colour),
        Text::Plain(text) => write_plain(text),
    }
}

fn json(document: &impl Serialize) -> anyhow::Result<Text> {
    let text = serde_json::to_string_pretty(document)?;
    Ok(Text::Plain(format!("{text}\n")))
}

fn yaml(document: &impl Serialize) -> anyhow::Result<Text> {
    Ok(Text::Plain(serde_saphyr::to_string(document)?))
}

/// Names a line each. They come from elsewhere, and are for a shell to read.
fn lines<'a>(names: impl Iterator<Item = &'a str>) -> Text {
    let lines = names.map(|name| format!("{}\n", screen(name)));
    Text::Plain(lines.collect())
}
