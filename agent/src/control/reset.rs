//! `muster reset`.

use std::io::{BufRead as _, IsTerminal as _, Write as _, stdin};

use anyhow::{Context as _, bail};

use super::{block_on, place_of};
use crate::cli::ResetArguments;
use crate::daemon::local::client::{AskError, ask, unknown};
use crate::daemon::local::protocol::{Answer, Call};
use crate::daemon::{Place, State, reset_here};
use crate::exit::Exit;
use crate::terminal;

/// Makes this machine one that no controller has seen.
pub(crate) fn reset(arguments: &ResetArguments) -> anyhow::Result<Exit> {
    let place = place_of(&arguments.place)?;
    let name = name(&place)?;
    if !arguments.yes && !confirmed(&name)? {
        bail!("that is not {name}: nothing was done");
    }
    match block_on(async { Ok(ask(&place.socket, &Call::Reset).await) })? {
        Ok(Answer::Reset) => {}
        Ok(_) => return Err(unknown(&place.socket).into()),
        Err(AskError::NotRunning { .. }) if is_blank(&place)? => {
            terminal::write_plain("this machine is no node: there is nothing to reset\n")?;
            return Ok(Exit::Complete);
        }
        Err(AskError::NotRunning { .. }) => {
            block_on(async { Ok(reset_here(&place).await?) })?;
        }
        Err(error) => return Err(error.into()),
    }
    let text = format!(
        "{name} is no node any more; it can join with a new token\n\
         its record is still with the controller: remove it there with `muster-controller nodes`\n"
    );
    terminal::write_plain(&text)?;
    Ok(Exit::Complete)
}

/// Whether there is nothing of a node on this machine.
fn is_blank(place: &Place) -> anyhow::Result<bool> {
    let state = State::look(&place.state);
    Ok(!state.is_resetting()? && state.node_id()?.is_none() && state.enrolment()?.is_none())
}

fn name(place: &Place) -> anyhow::Result<String> {
    if let Some(name) = &place.name {
        return Ok(name.clone());
    }
    let name = nix::unistd::gethostname().context("this machine's name cannot be read")?;
    Ok(name.to_string_lossy().into_owned())
}

fn confirmed(name: &str) -> anyhow::Result<bool> {
    if !stdin().is_terminal() {
        bail!("confirm it with --yes: standard input is no terminal to ask for the node's name on");
    }
    let mut told = anstream::stderr();
    write!(
        told,
        "This stops the workloads of {name} and deletes its identity.\nType the node's name to confirm: "
    )?;
    told.flush()?;
    let mut typed = String::new();
    stdin().lock().read_line(&mut typed)?;
    Ok(typed.trim() == name)
}
