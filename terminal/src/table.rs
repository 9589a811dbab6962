//! Tables for `grep` and `awk`: nothing wrapped or cut.

use crate::line::{Line, Tone};

/// Between columns.
const GAP: &str = "  ";

/// Columns under titles, nothing wrapped. Without titles there are the rows alone.
pub fn unwrapped(titles: &[String], rows: &[Vec<Line>]) -> String {
    let head: Vec<Line> = titles
        .iter()
        .map(|title| Line::toned(Tone::Label, title))
        .collect();
    let head = (!head.is_empty()).then_some(&head);
    let all = || head.into_iter().chain(rows);
    let mut widths = Widths::default();
    all().for_each(|row| widths.fit(row));
    let mut text = String::new();
    all().for_each(|row| widths.paint(row, &mut text));
    text
}

/// How wide the columns of a table are that grows row by row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Widths(Vec<usize>);

impl Widths {
    /// Makes room for a row.
    pub fn fit(&mut self, row: &[Line]) {
        if self.0.len() < row.len() {
            self.0.resize(row.len(), 0);
        }
        for (width, cell) in self.0.iter_mut().zip(row) {
            *width = cell.width().max(*width);
        }
    }

    /// Appends a row with ANSI styles. What is wider than its column pushes the rest to the right.
    pub fn paint(&self, row: &[Line], text: &mut String) {
        let mut line = Line::default();
        for (cell, width) in row.iter().zip(&self.0) {
            let space = " ".repeat(width.saturating_sub(cell.width()));
            line = line.and(cell.clone()).plain(&space).plain(GAP);
        }
        line.paint(text);
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: [&str; 2]) -> Vec<Line> {
        cells.map(Line::from).into()
    }

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let rows = [row(["a", "b"]), row(["磁盘", "\u{1b}[31m"])];
        assert_eq!(unwrapped(&[], &rows), "a     b\n磁盘  \\x1b[31m\n");
        let titles = ["NAME".to_owned(), "X".to_owned()];
        let text = unwrapped(&titles, &rows);
        assert!(text.ends_with("a     b\n磁盘  \\x1b[31m\n"), "{text}");
        assert_eq!(text.lines().count(), 3);
        assert_eq!(unwrapped(&[], &[]), "");
    }
}
