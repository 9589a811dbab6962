//! Standard output: how wide it is, whether it takes colour, and writing to it.

use std::io::{ErrorKind, Write, stdout};

use anstream::AutoStream;

pub use anstream::ColorChoice;
use terminal_size::{Width, terminal_size_of};

/// When nothing says how wide the output is.
const USUAL_WIDTH: usize = 80;
/// Below this nothing can be laid out.
const LEAST_WIDTH: usize = 40;

/// Columns to fill: `COLUMNS`, else the terminal's, else 80.
pub fn width() -> usize {
    let told = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    let measured = || terminal_size_of(stdout()).map(|(Width(columns), _)| usize::from(columns));
    told.or_else(measured)
        .filter(|columns| *columns > 0)
        .unwrap_or(USUAL_WIDTH)
        .max(LEAST_WIDTH)
}

/// Who reads standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Somebody, as far as is known.
    Listens,
    /// It went away.
    Gone,
}

/// Writes text with ANSI styles, which go only where `colour` allows them.
///
/// # Errors
/// Standard output takes no more, for another reason than that its reader went away.
pub fn write_styled(text: &str, colour: ColorChoice) -> std::io::Result<Reader> {
    let mut output = AutoStream::new(stdout().lock(), colour);
    let written = output.write_all(text.as_bytes());
    finish(written.and_then(|()| output.flush()))
}

/// Writes bytes as they are.
///
/// # Errors
/// As [`write_styled`].
pub fn write_plain(text: &str) -> std::io::Result<Reader> {
    let mut output = stdout().lock();
    let written = output.write_all(text.as_bytes());
    finish(written.and_then(|()| output.flush()))
}

/// A reader such as `head` that has seen enough is not an error.
fn finish(written: std::io::Result<()>) -> std::io::Result<Reader> {
    match written {
        Ok(()) => Ok(Reader::Listens),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(std::io::Error::new(
            error.kind(),
            format!("cannot write to standard output: {error}"),
        )),
    }
}
