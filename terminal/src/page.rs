//! A text of headings, facts and tables, wrapped to a width.

use crate::grid::Grid;
use crate::line::{Line, Tone, wrap};

/// Width of the labels at the left.
const LABEL_WIDTH: usize = 14;
/// Everything below a heading is indented by this.
const INDENT: usize = 2;
/// Running text is not wider than this, however wide the terminal.
const TEXT_WIDTH: usize = 110;

/// A text in the making.
///
/// A heading waits for what comes under it: a block of which nothing is known leaves no trace.
#[derive(Debug)]
pub struct Page {
    width: usize,
    text: String,
    heading: Option<Line>,
}

impl Page {
    /// An empty one, `width` columns wide.
    pub fn new(width: usize) -> Self {
        Self {
            width,
            text: String::new(),
            heading: None,
        }
    }

    /// The text, with ANSI styles.
    pub fn finish(self) -> String {
        self.text
    }

    /// A line of its own at the left margin.
    pub fn paragraph(&mut self, line: &Line) {
        self.hang(&Line::default(), 0, 0, line);
    }

    /// Begins a block that is shown once something is known of it.
    pub fn heading(&mut self, line: Line) {
        self.heading = Some(line);
    }

    /// Begins a block that is shown however little is known of it.
    pub fn standing_heading(&mut self, line: Line) {
        self.heading = Some(line);
        self.show_heading();
    }

    fn show_heading(&mut self) {
        if let Some(heading) = self.heading.take() {
            if !self.text.is_empty() {
                self.text.push('\n');
            }
            self.paragraph(&heading);
        }
    }

    /// A label with what is known under it; nothing for an empty line.
    pub fn fact(&mut self, label: &str, line: &Line) {
        if !line.is_empty() {
            let label = Line::toned(Tone::Label, label);
            self.hang(&label, INDENT, INDENT + LABEL_WIDTH, line);
        }
    }

    /// A line under another one, after a mark.
    pub fn item(&mut self, mark: &Line, indent: usize, line: &Line) {
        self.hang(mark, indent, indent + mark.width() + 1, line);
    }

    /// An aligned table, or a record for each row where that does not fit.
    pub fn grid(&mut self, grid: &Grid) {
        for line in grid.lay_out(self.width.saturating_sub(INDENT)) {
            self.emit(INDENT, &line);
        }
    }

    /// `mark` at `indent`, then `line` wrapped with every row beginning at `hang`.
    fn hang(&mut self, mark: &Line, indent: usize, hang: usize, line: &Line) {
        let room = self.width.min(TEXT_WIDTH).saturating_sub(hang);
        for (number, row) in wrap(line, room).into_iter().enumerate() {
            if number == 0 && !mark.is_empty() {
                let gap = hang.saturating_sub(indent + mark.width());
                let first = mark.clone().plain(&" ".repeat(gap)).and(row);
                self.emit(indent, &first);
            } else {
                self.emit(hang, &row);
            }
        }
    }

    fn emit(&mut self, indent: usize, line: &Line) {
        self.show_heading();
        if !line.is_empty() {
            self.text.push_str(&" ".repeat(indent));
            line.paint(&mut self.text);
        }
        self.text.push('\n');
    }
}
