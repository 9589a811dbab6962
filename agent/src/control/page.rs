//! `muster page`.

use std::fmt::Write as _;

use super::{block_on, place_of};
use crate::cli::PageCommand;
use crate::daemon::local::client::{ask, unknown};
use crate::daemon::local::protocol::{Answer, Call};
use crate::daemon::page::Opening;
use crate::exit::Exit;
use crate::terminal;

/// Has the running agent make a code for its page, and shows it.
pub(crate) fn page(command: &PageCommand) -> anyhow::Result<Exit> {
    let PageCommand::Code(arguments) = command;
    let place = place_of(arguments)?;
    match block_on(async { Ok(ask(&place.socket, &Call::PageCode).await?) })? {
        Answer::PageCode(opening) => terminal::write_plain(&text(&opening))?,
        _ => return Err(unknown(&place.socket).into()),
    };
    Ok(Exit::Complete)
}

fn text(opening: &Opening) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    for url in &opening.urls {
        let _ = writeln!(text, "{}", crate::render::screen(url));
    }
    let minutes = opening.lasts_s / 60;
    let _ = writeln!(
        text,
        "Code: {} (good once, for {minutes} minutes)",
        opening.code
    );
    let _ = writeln!(text, "Certificate (SHA-256): {}", opening.fingerprint);
    text
}
