//! `muster status`.

use anstream::ColorChoice;

use super::{block_on, place_of, seen};
use crate::cli::{Shown, StatusArguments, StatusFormat};
use crate::exit::Exit;
use crate::{render, terminal};

/// Shows how the agent is doing.
pub(crate) fn status(arguments: &StatusArguments) -> anyhow::Result<Exit> {
    let place = place_of(&arguments.place)?;
    let seen = block_on(seen(&place))?;
    let shown = arguments.shown();
    match arguments.output {
        StatusFormat::Json => terminal::write_plain(&match shown {
            Shown::Summary => render::json(&seen)?,
            Shown::Targets => render::json(&seen.targets)?,
            Shown::Connections => render::json(&seen.connections)?,
            Shown::Peers => render::json(&seen.peers)?,
        }),
        StatusFormat::Report => {
            let width = terminal::width();
            let text = match shown {
                Shown::Summary => render::status::summary(&seen, width),
                Shown::Targets => render::status::targets(&seen, width),
                Shown::Connections => render::status::connections(&seen, width),
                Shown::Peers => render::status::peers(&seen, width),
            };
            terminal::write_styled(&text, ColorChoice::Auto)
        }
    }?;
    Ok(Exit::Complete)
}
