//! Tables for `grep` and `awk`: nothing wrapped or cut.

use crate::line::{Line, Tone};

/// Between columns.
const GAP: &str = "  ";

/// Columns under titles, nothing wrapped.
pub fn unwrapped(titles: &[String], rows: &[Vec<Line>]) -> String {
    let mut text = String::new();
    let head: Vec<Line> = titles
        .iter()
        .map(|title| Line::toned(Tone::Label, title))
        .collect();
    let width = |at: usize| {
        let cells = rows.iter().chain([&head]).filter_map(|row| row.get(at));
        cells.map(Line::width).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    for row in [&head].into_iter().chain(rows) {
        let mut line = Line::default();
        for (cell, width) in row.iter().zip(&widths) {
            let space = " ".repeat(width.saturating_sub(cell.width()));
            line = line.and(cell.clone()).plain(&space).plain(GAP);
        }
        line.paint(&mut text);
        text.push('\n');
    }
    text
}
