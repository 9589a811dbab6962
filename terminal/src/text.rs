//! Foreign text made safe for a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text in which nothing drives a terminal or turns its direction: such characters are written as
/// `\x1b` or `\u{202e}`. What a name on firmware, a disk or the wire may hold is anybody's choice.
pub fn screen(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if !is_unsafe(character) {
            safe.push(character);
        } else if character.is_ascii() {
            let _ = write!(safe, "\\x{:02x}", u32::from(character));
        } else {
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(character));
        }
    }
    Cow::Owned(safe)
}

/// Control characters, and Unicode's invisible ones: zero width, line and paragraph separators,
/// bidirectional controls (UAX #9, section 2), byte order mark, tags.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays() {
        assert!(matches!(screen("naïve 磁盘 °C"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_drives_a_terminal_is_written_out() {
        assert_eq!(screen("a\x1b[31mb"), "a\\x1b[31mb");
        assert_eq!(screen("a\nb\tc\x7f"), "a\\x0ab\\x09c\\x7f");
        assert_eq!(screen("\u{9b}2J"), "\\u{9b}2J");
        assert_eq!(screen("x\u{202e}gpj"), "x\\u{202e}gpj");
    }
}
