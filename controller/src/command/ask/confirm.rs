//! What somebody has to say before something is done that cannot be undone, or is done to many.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use muster_terminal::screen;

use crate::exit::{Ended, Exit};

/// Names that a question lists before it says how many more there are.
const MOST_NAMES: usize = 8;

/// The name of a node as somebody typed it, or gave it on the command line. The controller compares it.
pub(super) fn name(given: Option<String>, what: &str, name: &str) -> anyhow::Result<String> {
    if let Some(given) = given {
        return Ok(given);
    }
    let name = screen(name);
    let question =
        format!("This will {what} {name}, and cannot be undone. Type its name to go on: ");
    match ask(&question)? {
        Some(typed) if typed == name => Ok(typed),
        Some(_) => Err(Ended::with(
            Exit::Refused,
            "that is not its name: nothing was done",
        )),
        None => Err(Ended::with(
            Exit::Refused,
            format!("this cannot be undone: confirm it with --confirm {name}"),
        )),
    }
}

/// Goes on when somebody knows how many nodes there are.
pub(super) fn count(what: &str, names: &[&str], given: Option<usize>) -> anyhow::Result<()> {
    let found = names.len();
    let refused = |message: String| Err(Ended::with(Exit::Refused, message));
    if let Some(given) = given {
        return match given == found {
            true => Ok(()),
            false => refused(format!(
                "{found} nodes match, and --count says {given}: nothing was done"
            )),
        };
    }
    let shown = names.iter().take(MOST_NAMES).map(|name| screen(name));
    let shown = shown.collect::<Vec<_>>().join(", ");
    let more = match found.saturating_sub(MOST_NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let question =
        format!("This will {what} {found} nodes: {shown}{more}. Type {found} to go on: ");
    match ask(&question)? {
        Some(typed) if typed.parse() == Ok(found) => Ok(()),
        Some(_) => refused("that is not their number: nothing was done".to_owned()),
        None => refused(format!(
            "{found} nodes match: confirm it with --count {found}"
        )),
    }
}

/// A line from whoever sits there; none where nobody does.
fn ask(question: &str) -> anyhow::Result<Option<String>> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(None);
    }
    let mut stderr = std::io::stderr();
    stderr.write_all(question.as_bytes())?;
    stderr.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(Some(line.trim().to_owned()))
}
