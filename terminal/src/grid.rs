//! Aligned tables.

use super::line::{Line, Tone, wrap};

/// Between columns.
const GAP: usize = 2;

/// One column.
#[derive(Debug, Clone)]
pub struct Column {
    title: &'static str,
    /// Narrowest that its text may be wrapped to; `None` is never wrapped.
    least: Option<usize>,
    numeric: bool,
}

impl Column {
    /// Text that stays on one line.
    pub fn fixed(title: &'static str) -> Self {
        Self {
            title,
            least: None,
            numeric: false,
        }
    }

    /// Text that may be wrapped down to `least` columns.
    pub fn flexible(title: &'static str, least: usize) -> Self {
        Self {
            least: Some(least),
            ..Self::fixed(title)
        }
    }

    /// What stands above it.
    pub fn title(&self) -> &'static str {
        self.title
    }

    /// Aligned to the right.
    pub fn numeric(title: &'static str) -> Self {
        Self {
            numeric: true,
            ..Self::fixed(title)
        }
    }
}

/// One row, and what is said of it below.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// One a column.
    pub cells: Vec<Line>,
    /// Shown under it.
    pub notes: Vec<Line>,
}

/// Rows under titled columns. A column in which no row says anything is left out.
#[derive(Debug, Clone)]
pub struct Grid {
    columns: Vec<Column>,
    rows: Vec<Row>,
    titles: Titles,
}

/// Whether the titles are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Titles {
    Shown,
    LeftOut,
}

impl Grid {
    /// Of columns and the rows under them.
    pub fn new(columns: Vec<Column>, rows: Vec<Row>) -> Self {
        let says = |at: usize| {
            rows.iter()
                .any(|row| row.cells.get(at).is_some_and(|cell| !cell.is_empty()))
        };
        let kept: Vec<bool> = (0..columns.len()).map(says).collect();
        let rows = rows.into_iter().map(|row| Row {
            cells: pick(row.cells, &kept),
            notes: row.notes,
        });
        Self {
            rows: rows.collect(),
            columns: pick(columns, &kept),
            titles: Titles::Shown,
        }
    }

    /// Without the titles.
    #[must_use]
    pub fn untitled(self) -> Self {
        let titles = Titles::LeftOut;
        Self { titles, ..self }
    }

    /// The text in at most `room` columns, with ANSI styles.
    pub fn text(&self, room: usize) -> String {
        let mut text = String::new();
        for line in self.lay_out(room) {
            line.paint(&mut text);
            text.push('\n');
        }
        text
    }

    pub(crate) fn lay_out(&self, room: usize) -> Vec<Line> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        match self.widths(room) {
            Some(widths) => self.aligned(&widths, room),
            None => self.records(room),
        }
    }

    /// The width of each column; `None` when they do not fit at their narrowest.
    fn widths(&self, room: usize) -> Option<Vec<usize>> {
        let mut widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let cells = self.rows.iter().filter_map(|row| row.cells.get(at));
                let widest = cells.map(Line::width).max().unwrap_or(0);
                widest.max(column.title.chars().count())
            })
            .collect();
        let gaps = GAP * widths.len().saturating_sub(1);
        loop {
            let excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(room);
            if excess == 0 {
                return Some(widths);
            }
            // The widest that can give way gives one column.
            let (at, _) = widths
                .iter()
                .enumerate()
                .filter(|(at, width)| {
                    let column = self.columns.get(*at);
                    let least = column.and_then(|column| column.least);
                    least.is_some_and(|least| **width > least)
                })
                .max_by_key(|(_, width)| **width)?;
            *widths.get_mut(at)? -= 1;
        }
    }

    fn aligned(&self, widths: &[usize], room: usize) -> Vec<Line> {
        let titles = self.columns.iter().zip(widths).map(|(column, width)| {
            let title = Line::toned(Tone::Label, column.title);
            pad(title, *width, column.numeric)
        });
        let mut lines = match self.titles {
            Titles::Shown => vec![gapped(titles)],
            Titles::LeftOut => Vec::new(),
        };
        for row in &self.rows {
            let wrapped: Vec<Vec<Line>> = row
                .cells
                .iter()
                .zip(widths)
                .map(|(cell, width)| wrap(cell, *width))
                .collect();
            let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
            for at in 0..height {
                let cells = wrapped.iter().zip(widths).zip(&self.columns);
                lines.push(gapped(cells.map(|((cell, width), column)| {
                    let part = cell.get(at).cloned().unwrap_or_default();
                    pad(part, *width, column.numeric)
                })));
            }
            lines.extend(notes(row, room));
        }
        lines
    }

    /// The first cell, then the others with their titles, wrapped under it.
    fn records(&self, room: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        for row in &self.rows {
            let mut pairs = self.columns.iter().zip(&row.cells);
            if let Some((_, first)) = pairs.next() {
                lines.extend(wrap(first, room));
            }
            let facts = Line::dotted(pairs.filter(|(_, cell)| !cell.is_empty()).map(
                |(column, cell)| {
                    let title = format!("{}\u{a0}", column.title.to_lowercase());
                    Line::toned(Tone::Label, &title).and(cell.clone())
                },
            ));
            lines.extend(indented(&facts, room));
            lines.extend(notes(row, room));
        }
        lines
    }
}

fn notes(row: &Row, room: usize) -> impl Iterator<Item = Line> {
    row.notes
        .iter()
        .filter(|note| !note.is_empty())
        .flat_map(move |note| indented(note, room))
}

fn indented(line: &Line, room: usize) -> Vec<Line> {
    wrap(line, room.saturating_sub(4))
        .into_iter()
        .map(|row| Line::from("    ").and(row))
        .collect()
}

fn pad(cell: Line, width: usize, to_the_right: bool) -> Line {
    let space = " ".repeat(width.saturating_sub(cell.width()));
    if to_the_right {
        Line::from(space).and(cell)
    } else {
        cell.plain(&space)
    }
}

fn gapped(cells: impl Iterator<Item = Line>) -> Line {
    let gap = " ".repeat(GAP);
    cells.enumerate().fold(Line::default(), |line, (at, cell)| {
        let line = if at == 0 { line } else { line.plain(&gap) };
        line.and(cell)
    })
}

fn pick<T>(items: Vec<T>, kept: &[bool]) -> Vec<T> {
    items
        .into_iter()
        .zip(kept)
        .filter_map(|(item, keep)| keep.then_some(item))
        .collect()
}
