//! The commands that look at the agent of this machine and control it.
//!
//! A running agent is asked on its socket; without one its state on disk tells, where that is enough.

mod bundle;
mod config;
mod inspect;
mod logs;
mod metrics;
mod page;
mod redact;
mod reset;
mod status;
mod targets;
mod wait;

use std::future::Future;
use std::path::Path;

use anyhow::Context as _;

pub(crate) use bundle::support_bundle;
pub(crate) use config::config;
pub(crate) use inspect::inspect;
pub(crate) use logs::logs;
pub(crate) use metrics::metrics;
pub(crate) use page::page;
pub(crate) use reset::reset;
pub(crate) use status::status;
pub(crate) use targets::{connect, forget};
pub(crate) use wait::wait;

use crate::cli::PlaceArguments;
use crate::daemon::local::client::{AskError, ask, unknown};
use crate::daemon::local::protocol::{Answer, Call};
use crate::daemon::look::{Seen, look};
use crate::daemon::{Place, place};

/// Runs what waits, to its end.
pub(crate) fn block_on<T>(task: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    runtime.block_on(task)
}

/// The agent that is meant.
fn place_of(arguments: &PlaceArguments) -> anyhow::Result<Place> {
    Ok(place(arguments)?)
}

/// What the running agent says, else its state on disk.
async fn seen(place: &Place) -> anyhow::Result<Seen> {
    match ask_for_status(&place.socket).await {
        Ok(seen) => Ok(seen),
        Err(AskError::NotRunning { .. }) => Ok(look(&place.state, &place.controllers)?),
        Err(error) => Err(error.into()),
    }
}

async fn ask_for_status(socket: &Path) -> Result<Seen, AskError> {
    match ask(socket, &Call::Status).await? {
        Answer::Status(seen) => Ok(*seen),
        _ => Err(unknown(socket)),
    }
}
