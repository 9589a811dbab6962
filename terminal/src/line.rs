//! One line of toned text.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthChar as _;

use crate::text::screen;

/// Pieces of facts up to this width stay on one row.
const KEPT_TOGETHER: usize = 40;

/// What a piece of text is; its colour follows from that, and never says more than the words do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Plain,
    /// A heading.
    Title,
    /// What a fact is called.
    Label,
    /// What a device is called.
    Name,
    /// Less important.
    Faint,
    /// As it should be.
    Good,
    /// Needs attention.
    Attention,
    /// Broken.
    Bad,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Title => Style::new().bold().underline(),
            Self::Label => AnsiColor::Cyan.on_default(),
            Self::Name => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Attention => AnsiColor::Yellow.on_default().bold(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
        }
    }
}

/// Characters with their tones. Everything in it is safe for a terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line(Vec<(char, Tone)>);

impl Line {
    /// Text in one tone.
    pub fn toned(tone: Tone, text: &str) -> Self {
        Self::default().tone(tone, text)
    }

    /// The known ones of some pieces, with dots between them. A short piece is not broken.
    pub fn dotted(pieces: impl IntoIterator<Item = Self>) -> Self {
        let pieces = pieces.into_iter().map(|piece| {
            if piece.width() <= KEPT_TOGETHER {
                piece.unbroken()
            } else {
                piece
            }
        });
        Self::joined(pieces, "\u{a0}· ")
    }

    /// The pieces that are not empty, with `separator` between them.
    pub fn joined(pieces: impl IntoIterator<Item = Self>, separator: &str) -> Self {
        let mut line = Self::default();
        for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
            if !line.is_empty() {
                line = line.tone(Tone::Faint, separator);
            }
            line = line.and(piece);
        }
        line
    }

    /// Adds text in a tone.
    #[must_use]
    pub fn tone(mut self, tone: Tone, text: &str) -> Self {
        self.0
            .extend(screen(text).chars().map(|character| (character, tone)));
        self
    }

    /// Adds text.
    #[must_use]
    pub fn plain(self, text: &str) -> Self {
        self.tone(Tone::Plain, text)
    }

    /// Adds another line.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    fn unbroken(mut self) -> Self {
        for (character, _) in &mut self.0 {
            if *character == ' ' {
                *character = '\u{a0}';
            }
        }
        self
    }

    /// Whether it has no character.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Columns that it takes on a terminal.
    pub fn width(&self) -> usize {
        self.0
            .iter()
            .map(|(character, _)| columns(*character))
            .sum()
    }

    /// Appends it with ANSI styles, without trailing spaces.
    pub fn paint(&self, text: &mut String) {
        let end = self.0.iter().rposition(|(character, _)| *character != ' ');
        let shown = self
            .0
            .get(..end.map_or(0, |end| end + 1))
            .unwrap_or_default();
        for run in shown.chunk_by(|(_, left), (_, right)| left == right) {
            let Some((_, tone)) = run.first() else {
                continue;
            };
            let style = tone.style();
            let _ = write!(text, "{style}");
            text.extend(run.iter().map(|(character, _)| match character {
                '\u{a0}' => ' ',
                other => *other,
            }));
            let _ = write!(text, "{style:#}");
        }
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Self::toned(Tone::Plain, text)
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl<T: Into<Line>> From<Option<T>> for Line {
    fn from(text: Option<T>) -> Self {
        text.map(Into::into).unwrap_or_default()
    }
}

impl From<&String> for Line {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

/// Rows of at most `room` columns, broken at spaces, and within a word that is longer than a row.
pub(crate) fn wrap(line: &Line, room: usize) -> Vec<Line> {
    let room = room.max(1);
    let mut rows = Vec::new();
    let mut row = Line::default();
    let mut used = 0;
    for word in line.0.split_inclusive(|(character, _)| *character == ' ') {
        let bare = word.strip_suffix(&[(' ', Tone::Plain)]).unwrap_or(word);
        let needed: usize = bare
            .iter()
            .filter(|(character, _)| *character != ' ')
            .map(|(character, _)| columns(*character))
            .sum();
        if used > 0 && used + needed > room {
            rows.push(std::mem::take(&mut row));
            used = 0;
        }
        for (character, tone) in word {
            let wide = columns(*character);
            if used + wide > room && *character != ' ' {
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
            row.0.push((*character, *tone));
            used += wide;
        }
    }
    rows.push(row);
    rows
}

fn columns(character: char) -> usize {
    character.width().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, room: usize) -> Vec<String> {
        wrap(&Line::from(text), room)
            .iter()
            .map(|row| {
                let mut text = String::new();
                row.paint(&mut text);
                text
            })
            .collect()
    }

    #[test]
    fn breaks_at_spaces() {
        assert_eq!(rows("one two three", 8), ["one two", "three"]);
        assert_eq!(rows("", 8), [""]);
    }

    #[test]
    fn breaks_within_a_word_only_when_it_must() {
        assert_eq!(rows("ab abcdefghij k", 4), ["ab", "abcd", "efgh", "ij k"]);
    }

    #[test]
    fn keeps_a_number_and_its_unit_together() {
        assert_eq!(rows("total 3.49\u{a0}TiB", 12), ["total", "3.49 TiB"]);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(rows("磁盘磁盘", 4), ["磁盘", "磁盘"]);
    }

    #[test]
    fn foreign_text_cannot_style() {
        assert_eq!(rows("a\x1b[31m", 20), ["a\\x1b[31m"]);
    }
}
