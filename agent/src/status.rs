//! `muster status`.

use anstream::ColorChoice;

use crate::cli::{StatusArguments, StatusFormat};
use crate::daemon::look::look;
use crate::exit::Exit;
use crate::{render, terminal};

/// Looks at the agent's state and shows it.
pub(crate) fn run(arguments: &StatusArguments) -> anyhow::Result<Exit> {
    let seen = look(&arguments.state)?;
    match arguments.output {
        StatusFormat::Json => terminal::write_plain(&render::json(&seen)?),
        StatusFormat::Report => {
            let text = render::status::render(&seen, terminal::width());
            terminal::write_styled(&text, ColorChoice::Auto)
        }
    }?;
    Ok(Exit::Complete)
}
