//! `muster connect` and `muster forget`.

use super::{block_on, place_of};
use crate::cli::TargetArguments;
use crate::daemon::local::client::{AskError, ask, unknown};
use crate::daemon::local::protocol::{Answer, Call, Connected, Forgetting, Outcome};
use crate::daemon::look::{Origin, look};
use crate::daemon::{Place, State};
use crate::exit::Exit;
use crate::render::screen;
use crate::terminal;
use crate::value::Target;

/// Has the agent ask a controller as well.
pub(crate) fn connect(arguments: &TargetArguments) -> anyhow::Result<Exit> {
    let place = place_of(&arguments.place)?;
    let target = arguments.target.to_string();
    let call = Call::Connect {
        target: target.clone(),
    };
    let connected = match block_on(async { Ok(ask(&place.socket, &call).await) })? {
        Ok(Answer::Connect(connected)) => connected,
        Ok(_) => return Err(unknown(&place.socket).into()),
        Err(AskError::NotRunning { .. }) => add(&place, &arguments.target)?,
        Err(error) => return Err(error.into()),
    };
    terminal::write_plain(&screen(&sentence(&target, &connected)))?;
    terminal::write_plain("\n")?;
    Ok(Exit::Complete)
}

fn sentence(target: &str, connected: &Connected) -> String {
    let known = match connected.is_new {
        true => "is asked from now on",
        false => "is asked already",
    };
    match &connected.outcome {
        Outcome::Reached => format!("{target} {known}, and the agent is connected to it"),
        Outcome::Failed { reason } => format!(
            "{target} {known}; the agent goes on trying, for now: {reason} (`muster doctor` says more)"
        ),
        Outcome::InReserve { behind } => {
            format!("{target} {known}, when {behind} does not answer any more")
        }
        Outcome::Later => format!("{target} {known}; it was not tried yet"),
    }
}

/// Without an agent: kept for when it runs.
fn add(place: &Place, target: &Target) -> anyhow::Result<Connected> {
    let state = State::open(&place.state)?;
    let is_known = origin(place, target)?.is_some();
    let mut kept = state.targets()?;
    if origin(place, target)? != Some(Origin::Configuration) && kept.add(target) {
        state.keep_targets(&kept)?;
    }
    Ok(Connected {
        is_new: !is_known,
        outcome: Outcome::Later,
    })
}

/// Has the agent not ask a controller any more.
pub(crate) fn forget(arguments: &TargetArguments) -> anyhow::Result<Exit> {
    let place = place_of(&arguments.place)?;
    let target = arguments.target.to_string();
    let call = Call::Forget {
        target: target.clone(),
    };
    let forgotten = match block_on(async { Ok(ask(&place.socket, &call).await) })? {
        Ok(Answer::Forget(forgotten)) => forgotten,
        Ok(_) => return Err(unknown(&place.socket).into()),
        Err(AskError::NotRunning { .. }) => remove(&place, &arguments.target)?,
        Err(error) => return Err(error.into()),
    };
    let sentence = match forgotten {
        Forgetting::Done => format!("{target} is not asked any more\n"),
        Forgetting::Unknown => format!("{target} was not asked\n"),
        Forgetting::Configured => anyhow::bail!(
            "{target} is given by the configuration, a variable or a flag; take it out there (`muster config show --origin` says where)"
        ),
    };
    terminal::write_plain(&sentence)?;
    Ok(Exit::Complete)
}

fn remove(place: &Place, target: &Target) -> anyhow::Result<Forgetting> {
    let state = State::open(&place.state)?;
    match origin(place, target)? {
        None => Ok(Forgetting::Unknown),
        Some(Origin::Configuration) => Ok(Forgetting::Configured),
        Some(Origin::Connect | Origin::Controller) => {
            let mut kept = state.targets()?;
            kept.forget(target);
            state.keep_targets(&kept)?;
            Ok(Forgetting::Done)
        }
    }
}

/// From where it is known, if it is.
fn origin(place: &Place, target: &Target) -> anyhow::Result<Option<Origin>> {
    let seen = look(&place.state, &place.controllers)?;
    let name = target.to_string();
    let known = seen.targets.iter().find(|known| known.controller == name);
    Ok(known.map(|known| known.origin))
}
