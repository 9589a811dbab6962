//! `muster metrics`.

use super::{block_on, place_of};
use crate::cli::PlaceArguments;
use crate::daemon::local::client::{ask, unknown};
use crate::daemon::local::protocol::{Answer, Call};
use crate::exit::Exit;
use crate::terminal;

/// Prints what the running agent measures of itself.
pub(crate) fn metrics(arguments: &PlaceArguments) -> anyhow::Result<Exit> {
    let place = place_of(arguments)?;
    match block_on(async { Ok(ask(&place.socket, &Call::Metrics).await?) })? {
        Answer::Metrics(text) => terminal::write_plain(&text)?,
        _ => return Err(unknown(&place.socket).into()),
    };
    Ok(Exit::Complete)
}
