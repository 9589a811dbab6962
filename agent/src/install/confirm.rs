//! Asks somebody at a terminal. Where there is none, nothing is guessed.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _};

use anyhow::bail;

/// Goes on when somebody says yes. `otherwise` is what says so where nobody sits.
///
/// # Errors
/// There is no terminal, or somebody says anything else.
pub(super) fn ask(question: &str, otherwise: &str) -> anyhow::Result<()> {
    // Not standard input: that may be a script on its way into a shell.
    let Ok(mut terminal) = OpenOptions::new().read(true).write(true).open("/dev/tty") else {
        bail!("there is no terminal to ask on: confirm it with {otherwise}. Nothing was changed");
    };
    write!(terminal, "{question} Type yes to go on: ")?;
    terminal.flush()?;
    let mut typed = String::new();
    BufReader::new(terminal).read_line(&mut typed)?;
    match typed.trim() {
        "yes" => Ok(()),
        _ => bail!("that is not yes: nothing was changed"),
    }
}
