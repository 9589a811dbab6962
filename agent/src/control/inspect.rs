//! `muster inspect`.

use serde_json::{Value, json};

use super::{block_on, place_of};
use crate::cli::PlaceArguments;
use crate::daemon::local::client::{AskError, ask, unknown};
use crate::daemon::local::protocol::{Answer, Call};
use crate::daemon::look::look;
use crate::daemon::{Place, State};
use crate::exit::Exit;
use crate::{render, terminal};

/// Prints all that is known of the agent.
pub(crate) fn inspect(arguments: &PlaceArguments) -> anyhow::Result<Exit> {
    let place = place_of(arguments)?;
    let document = block_on(document(&place))?;
    terminal::write_plain(&render::json(&document)?)?;
    Ok(Exit::Complete)
}

/// What the running agent says, else its state on disk.
pub(super) async fn document(place: &Place) -> anyhow::Result<Value> {
    match ask(&place.socket, &Call::Inspect).await {
        Ok(Answer::Inspect(document)) => Ok(document),
        Ok(_) => Err(unknown(&place.socket).into()),
        Err(AskError::NotRunning { .. }) => {
            let state = State::look(&place.state);
            Ok(json!({
                "version": env!("CARGO_PKG_VERSION"),
                "process": null,
                "status": look(&place.state, &place.controllers)?,
                "told": state.told()?,
                "kept_targets": state.targets()?,
            }))
        }
        Err(error) => Err(error.into()),
    }
}
